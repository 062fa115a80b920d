"""The blob service, below `/blob/{account}`: its operations and the right each asks for."""

from __future__ import annotations

from azuresim.core.blob_errors import bad_parameter, refusal
from azuresim.core.errors import ServiceError
from azuresim.wire import blob_account, blob_containers, blob_content, blob_leases, blob_lists, blob_pages, blob_writes
from azuresim.wire.blob_headers import check_version, stamp
from azuresim.wire.blob_rights import Handler, guarded
from azuresim.wire.blob_xml import XML_TYPE, document, element, texts
from azuresim.wire.http import Response
from azuresim.wire.routing import Call, Route, Service
from azuresim.wire.sas_rights import Level
from azuresim.wire.timestamps import batch_time

_NOT_MODIFIED = 304
Query = tuple[tuple[str, str | None], ...]


def _admit(call: Call) -> None:
    """Credentials are looked at by each operation, which knows what it needs."""
    check_version(call.request)


def _render_error(call: Call, error: ServiceError) -> Response:
    """The XML envelope; details beside code and message. 304 and HEAD have headers only."""
    headers = {**stamp(call), "x-ms-error-code": error.code, **error.headers}
    if call.request.method == "HEAD" or error.status == _NOT_MODIFIED:
        return Response(error.status, headers)
    text = f"{error.message}\nRequestId:{headers['x-ms-request-id']}\nTime:{batch_time(call.now)}"
    body = element("Error", texts((("Code", error.code), ("Message", text), *error.values)))
    return Response(error.status, {**headers, "Content-Type": XML_TYPE}, document(body))


def _unknown_operation(call: Call) -> Response:
    """`comp` and `restype` name operations; others than these the service does not know, or not for this account."""
    if call.request.query.get("comp", "").lower() in _NOT_FOR_THIS_ACCOUNT:
        raise refusal("FeatureNotSupportedForAccount")
    name = "comp" if "comp" in call.request.query else "restype"
    raise bad_parameter(name, call.request.query[name])


# Operations of the service that the simulator does without: neither VHDs nor pools need them.
_NOT_FOR_THIS_ACCOUNT = frozenset(
    {"appendblock", "batch", "expiry", "immutabilitypolicies", "incrementalcopy", "legalhold", "query", "rename", "seal", "stats"}
)
_ACCOUNT = "/blob/{account}"
_CONTAINER = f"{_ACCOUNT}/{{container}}"
_BLOB = f"{_CONTAINER}/{{blob...}}"
_OF_CONTAINER: Query = (("restype", "container"),)
_OF_SERVICE: Query = (("restype", "service"),)
_OF_ACCOUNT: Query = (("restype", "account"),)


def _comp(name: str | None) -> Query:
    return (("comp", name),)


_PLACES: tuple[tuple[str, str, Level], ...] = (
    (_ACCOUNT, "Service", "service"),
    (_CONTAINER, "Container", "container"),
    (_BLOB, "Blob", "blob"),
)
# Method, path, operation, handler, query, where the right must hold, and which permissions give it (one is enough; none: any token).
Row = tuple[str, str, str, Handler, Query, Level, str]
_ROWS: tuple[Row, ...] = (
    ("GET", _ACCOUNT, "Service_ListContainers", blob_lists.list_containers, _comp("list"), "service", "l"),
    (
        "POST",
        _ACCOUNT,
        "Service_GetUserDelegationKey",
        blob_account.delegation_key,
        (*_OF_SERVICE, *_comp("userdelegationkey")),
        "service",
        "",
    ),
    ("GET", _ACCOUNT, "Service_GetProperties", blob_account.service_properties, (*_OF_SERVICE, *_comp("properties")), "service", "r"),
    ("GET", _ACCOUNT, "Service_GetAccountInfo", blob_account.information, _OF_ACCOUNT, "service", "r"),
    ("HEAD", _ACCOUNT, "Service_GetAccountInfo", blob_account.information, _OF_ACCOUNT, "service", "r"),
    ("GET", _ACCOUNT, "Service_FilterBlobs", blob_lists.find_by_tags, _comp("blobs"), "service", "f"),
    ("GET", _CONTAINER, "Container_ListBlobs", blob_lists.list_blobs, (*_OF_CONTAINER, *_comp("list")), "container", "l"),
    ("PUT", _CONTAINER, "Container_Lease", blob_leases.lease_container, (*_OF_CONTAINER, *_comp("lease")), "container", "wd"),
    ("GET", _CONTAINER, "Container_GetAccessPolicy", blob_containers.get_policies, (*_OF_CONTAINER, *_comp("acl")), "container", "r"),
    ("PUT", _CONTAINER, "Container_SetAccessPolicy", blob_containers.set_policies, (*_OF_CONTAINER, *_comp("acl")), "container", "w"),
    ("PUT", _CONTAINER, "Container_SetMetadata", blob_containers.set_metadata, (*_OF_CONTAINER, *_comp("metadata")), "container", "w"),
    ("GET", _CONTAINER, "Container_GetMetadata", blob_containers.properties, (*_OF_CONTAINER, *_comp("metadata")), "container", "r"),
    ("HEAD", _CONTAINER, "Container_GetMetadata", blob_containers.properties, (*_OF_CONTAINER, *_comp("metadata")), "container", "r"),
    ("GET", _CONTAINER, "Container_FilterBlobs", blob_lists.find_by_tags, (*_OF_CONTAINER, *_comp("blobs")), "container", "f"),
    ("GET", _CONTAINER, "Container_GetAccountInfo", blob_account.information, _OF_ACCOUNT, "container", "r"),
    ("PUT", _BLOB, "PageBlob_UploadPages", blob_pages.put_page, _comp("page"), "blob", "w"),
    ("GET", _BLOB, "PageBlob_GetPageRanges", blob_pages.list_pages, _comp("pagelist"), "blob", "r"),
    ("PUT", _BLOB, "BlockBlob_StageBlock", blob_writes.put_block, _comp("block"), "blob", "cw"),
    ("PUT", _BLOB, "BlockBlob_CommitBlockList", blob_writes.put_block_list, _comp("blocklist"), "blob", "cw"),
    ("GET", _BLOB, "BlockBlob_GetBlockList", blob_writes.get_block_list, _comp("blocklist"), "blob", "r"),
    ("PUT", _BLOB, "Blob_SetMetadata", blob_content.set_metadata, _comp("metadata"), "blob", "w"),
    ("GET", _BLOB, "Blob_GetMetadata", blob_content.metadata, _comp("metadata"), "blob", "r"),
    ("HEAD", _BLOB, "Blob_GetMetadata", blob_content.metadata, _comp("metadata"), "blob", "r"),
    ("PUT", _BLOB, "Blob_SetProperties", blob_content.set_properties, _comp("properties"), "blob", "w"),
    ("PUT", _BLOB, "Blob_Lease", blob_leases.lease_blob, _comp("lease"), "blob", "wd"),
    ("PUT", _BLOB, "Blob_CreateSnapshot", blob_content.snapshot, _comp("snapshot"), "blob", "cw"),
    ("PUT", _BLOB, "Blob_AbortCopy", blob_writes.abort_copy, _comp("copy"), "blob", "w"),
    ("PUT", _BLOB, "Blob_SetTags", blob_content.set_tags, _comp("tags"), "blob", "t"),
    ("GET", _BLOB, "Blob_GetTags", blob_content.get_tags, _comp("tags"), "blob", "t"),
    ("GET", _BLOB, "Blob_GetAccountInfo", blob_account.information, _OF_ACCOUNT, "blob", "r"),
    ("PUT", _BLOB, "Blob_SetTier", blob_content.set_tier, _comp("tier"), "blob", "w"),
    ("PUT", _BLOB, "Blob_Undelete", blob_content.undelete, _comp("undelete"), "blob", "w"),
    # What `comp` names otherwise must not be taken for the operation without one.
    *(
        (method, path, f"{name}_Unknown", _unknown_operation, _comp(None), level, "")
        for path, name, level in _PLACES
        for method in ("GET", "HEAD", "PUT", "POST", "DELETE")
    ),
    ("PUT", _CONTAINER, "Container_Create", blob_containers.create, _OF_CONTAINER, "container", "cw"),
    ("GET", _CONTAINER, "Container_GetProperties", blob_containers.properties, _OF_CONTAINER, "container", "r"),
    ("HEAD", _CONTAINER, "Container_GetProperties", blob_containers.properties, _OF_CONTAINER, "container", "r"),
    ("DELETE", _CONTAINER, "Container_Delete", blob_containers.delete, _OF_CONTAINER, "container", "d"),
    ("PUT", _BLOB, "Blob_Put", blob_writes.put_blob, (), "blob", "cw"),
    ("GET", _BLOB, "Blob_Download", blob_content.get, (), "blob", "r"),
    ("HEAD", _BLOB, "Blob_GetProperties", blob_content.head, (), "blob", "r"),
    ("DELETE", _BLOB, "Blob_Delete", blob_content.delete, (), "blob", "d"),
)

SERVICE = Service(
    "blob",
    tuple(
        Route(
            method,
            path,
            operation,
            guarded(handler, level, any_of),
            query=query,
            reads=operation == "Service_GetUserDelegationKey",
        )
        for method, path, operation, handler, query, level, any_of in _ROWS
    ),
    _render_error,
    _admit,
)
