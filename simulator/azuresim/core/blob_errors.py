"""What the blob service refuses with: one table from code to status and sentence.

Codes and sentences: "Blob service error codes" and "Status and error codes" of the REST reference, and Azurite's StorageErrorFactory.
"""

from __future__ import annotations

from azuresim.core.errors import ServiceError

_NOT_MET = "The condition specified using HTTP conditional header(s) is not met."
_FAILED = "Server failed to authenticate the request."
_NOT_AUTHORIZED = "This request is not authorized to perform this operation"
_LEASE_MISMATCH = "The lease ID specified did not match the lease ID for the"

_TABLE: dict[str, tuple[int, str]] = {
    "AccessTierNotSupportedForBlobType": (400, "The access tier is not supported for this blob type."),
    "AuthenticationFailed": (
        403,
        f"{_FAILED} Make sure the value of Authorization header is formed correctly including the signature.",
    ),
    "AuthorizationFailure": (403, f"{_NOT_AUTHORIZED}."),
    "AuthorizationPermissionMismatch": (403, f"{_NOT_AUTHORIZED} using this permission."),
    "AuthorizationProtocolMismatch": (403, f"{_NOT_AUTHORIZED} using this protocol."),
    "AuthorizationResourceTypeMismatch": (403, f"{_NOT_AUTHORIZED} using this resource type."),
    "AuthorizationServiceMismatch": (403, f"{_NOT_AUTHORIZED} using this service."),
    "AuthorizationSourceIPMismatch": (403, f"{_NOT_AUTHORIZED} using this source IP."),
    "KeyBasedAuthenticationNotPermitted": (403, "Key based authentication is not permitted on this storage account."),
    "BlobAccessTierNotSupportedForAccountType": (400, "The blob access tier is not supported for this account type."),
    "BlobAlreadyExists": (409, "The specified blob already exists."),
    "BlobNotFound": (404, "The specified blob does not exist."),
    "BlobOverwritten": (409, "The blob has been recreated since the previous snapshot was taken."),
    "BlockListTooLong": (400, "The block list may not contain more than 50,000 blocks."),
    "ConditionNotMet": (412, _NOT_MET),
    "ContainerAlreadyExists": (409, "The specified container already exists."),
    "ContainerBeingDeleted": (409, "The specified container is being deleted. Try operation later."),
    "ContainerNotFound": (404, "The specified container does not exist."),
    "CopyIdMismatch": (409, "The specified copy ID did not match the copy ID for the pending copy operation."),
    "Crc64Mismatch": (400, "The CRC64 value specified in the request did not match with the CRC64 value calculated by the server."),
    "EmptyMetadataKey": (400, "The key for one of the metadata key-value pairs is empty."),
    "FeatureNotSupportedForAccount": (409, "This feature is not supported for the account."),
    "InfiniteLeaseDurationRequired": (412, "The lease ID matched, but the specified lease must be an infinite-duration lease."),
    "InvalidBlobType": (409, "The blob type is invalid for this operation."),
    "InvalidBlockId": (
        400,
        "The specified block ID is invalid. The block ID must be Base64-encoded and all IDs of a blob must be of the same length.",
    ),
    "InvalidBlockList": (400, "The specified block list is invalid."),
    "InvalidHeaderValue": (400, "The value for one of the HTTP headers is not in the correct format."),
    "InvalidInput": (400, "One of the request inputs is not valid."),
    "InvalidMd5": (400, "The MD5 value specified in the request is invalid. MD5 value must be 128 bits and base64 encoded."),
    "InvalidMetadata": (400, "The metadata specified is invalid. It has characters that are not permitted."),
    "InvalidOperation": (400, "Invalid operation against a blob snapshot."),
    "InvalidPageRange": (416, "The page range specified is invalid."),
    "InvalidQueryParameterValue": (400, "Value for one of the query parameters specified in the request URI is invalid."),
    "InvalidRange": (416, "The range specified is invalid for the current size of the resource."),
    "InvalidResourceName": (400, "The specified resource name contains invalid characters."),
    "InvalidSourceBlobType": (409, "The copy source blob type is invalid for this operation."),
    "InvalidTag": (400, "The tags specified are invalid. It contains characters that are not permitted."),
    "InvalidUri": (400, "The requested URI does not represent any resource on the server."),
    "InvalidXmlDocument": (400, "XML specified is not syntactically valid."),
    "InvalidXmlNodeValue": (400, "The value for one of the XML nodes is not in the correct format."),
    "LeaseAlreadyPresent": (409, "There is already a lease present."),
    "LeaseIdMismatchWithBlobOperation": (412, f"{_LEASE_MISMATCH} blob."),
    "LeaseIdMismatchWithContainerOperation": (412, f"{_LEASE_MISMATCH} container."),
    "LeaseIdMismatchWithLeaseOperation": (409, f"{_LEASE_MISMATCH} blob."),
    "LeaseIdMissing": (412, "There is currently a lease on the blob and no lease ID was specified in the request."),
    "LeaseIsBreakingAndCannotBeAcquired": (
        409,
        "The lease ID matched, but the lease is currently in breaking state and cannot be acquired until it is broken.",
    ),
    "LeaseIsBreakingAndCannotBeChanged": (409, "The lease ID matched, but the lease is currently in breaking state and cannot be changed."),
    "LeaseIsBrokenAndCannotBeRenewed": (409, "The lease ID matched, but the lease has been broken explicitly and cannot be renewed."),
    "LeaseLost": (412, "A lease ID was specified, but the lease for the blob has expired."),
    "LeaseNotPresentWithBlobOperation": (412, "There is currently no lease on the blob."),
    "LeaseNotPresentWithContainerOperation": (412, "There is currently no lease on the container."),
    "LeaseNotPresentWithLeaseOperation": (409, "There is currently no lease on the blob."),
    "Md5Mismatch": (400, "The MD5 value specified in the request did not match with the MD5 value calculated by the server."),
    "MetadataTooLarge": (400, "The size of the specified metadata exceeds the maximum size permitted."),
    "MissingContentLengthHeader": (411, "The Content-Length header was not specified."),
    "MissingRequiredHeader": (400, "An HTTP header that's mandatory for this request is not specified."),
    "MissingRequiredQueryParameter": (400, "A required query parameter was not specified for this request."),
    "NoAuthenticationInformation": (
        401,
        f"{_FAILED} Please refer to the information in the www-authenticate header.",
    ),
    "NoPendingCopyOperation": (409, "There is currently no pending copy operation."),
    "OutOfRangeInput": (400, "One of the request inputs is out of range."),
    "OutOfRangeQueryParameterValue": (
        400,
        "One of the query parameters specified in the request URI is outside the permissible range.",
    ),
    "PendingCopyOperation": (409, "There is currently a pending copy operation."),
    "PreviousSnapshotCannotBeNewer": (400, "The prevsnapshot query parameter value cannot be newer than snapshot query parameter value."),
    "PreviousSnapshotNotFound": (409, "The previous snapshot is not found."),
    "PublicAccessNotPermitted": (409, "Public access is not permitted on this storage account."),
    "RequestBodyTooLarge": (413, "The request body is too large and exceeds the maximum permissible limit."),
    "ResourceNotFound": (404, "The specified resource does not exist."),
    "SequenceNumberConditionNotMet": (412, "The sequence number condition specified was not met."),
    "SequenceNumberIncrementTooLarge": (409, "The sequence number increment cannot be performed because it would result in overflow."),
    "SnapshotsPresent": (409, "This operation is not permitted because the blob has snapshots."),
    "SourceConditionNotMet": (412, "The source condition specified using HTTP conditional header(s) is not met."),
    "TargetConditionNotMet": (412, "The target condition specified using HTTP conditional header(s) is not met."),
    "UnauthorizedBlobOverwrite": (403, "This request is not authorized to perform blob overwrites."),
    "UnsupportedHeader": (400, "One of the HTTP headers specified in the request is not supported."),
}


def refusal(code: str, message: str | None = None, **details: str) -> ServiceError:
    """The service's refusal; ``details`` become further elements of the XML envelope."""
    status, usual = _TABLE[code]
    return ServiceError(status, code, message or usual, values=tuple(details.items()))


def bad_header(name: str, value: str = "") -> ServiceError:
    """400 for a header's value."""
    return refusal("InvalidHeaderValue", HeaderName=name, HeaderValue=value)


def bad_parameter(name: str, value: str, reason: str = "Invalid query parameter value.") -> ServiceError:
    """400 for a query parameter's value."""
    return refusal("InvalidQueryParameterValue", QueryParameterName=name, QueryParameterValue=value, Reason=reason)
