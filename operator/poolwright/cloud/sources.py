"""Where images come from: a VHD in a page blob, held against every rule before anything is made."""

from __future__ import annotations

from typing import Any

from azure.core.exceptions import HttpResponseError
from azure.core.rest import HttpRequest
from azure.storage.blob.aio import BlobClient

from poolwright.cloud.clients import AzureClients
from poolwright.cloud.errors import FORBIDDEN, NOT_FOUND, UNAUTHORIZED, called, code_of, found
from poolwright.domain import reasons, resource_id
from poolwright.domain.image import vhd
from poolwright.domain.image.observed import SourceView
from poolwright.domain.image.spec import VhdSource
from poolwright.domain.reasons import Reason
from poolwright.domain.resource_id import ResourceId

STORAGE_API_VERSION = "2025-06-01"
HEAD_BYTES = 8


class AzureSources:
    """The port ``Sources`` over the SDKs."""

    def __init__(self, clients: AzureClients) -> None:
        self._clients = clients

    async def inspect_vhd(self, source: VhdSource, location: str) -> SourceView:
        """One read of the storage account, one HEAD, and one or two ranges of the blob."""
        account = await found(
            f"reading storage account {source.storage_account.name}",
            self._account(source.storage_account),
            absent=frozenset({"ResourceNotFound", "ResourceGroupNotFound", "SubscriptionNotFound"}),
        )
        if account is None:
            return _problem(reasons.STORAGE_ACCOUNT_NOT_FOUND, f"There is no storage account {source.storage_account}.")
        if (region := resource_id.region(account["location"])) != location:
            message = f"Storage account {source.storage_account.name} lies in {region}, the gallery's home region is {location}."
            return _problem(reasons.SOURCE_WRONG_REGION, f"{message} Copy the VHD to an account in {location}.")
        endpoint = str(account["properties"]["primaryEndpoints"]["blob"])
        if not source.blob_uri.lower().startswith(endpoint.rstrip("/").lower() + "/"):
            message = f"{source.blob_uri} does not begin with {endpoint}, the account's own address."
            return _problem(reasons.STORAGE_ACCOUNT_MISMATCH, message)
        async with self._clients.blob(source.blob_uri) as blob:
            return await called(f"reading {source.blob_uri}", _inspect(blob, source.blob_uri))

    async def _account(self, account: ResourceId) -> dict[str, Any]:
        url = f"{self._clients.resource_manager}{account}?api-version={STORAGE_API_VERSION}"
        response = await self._clients.storage_arm(account.subscription).send_request(HttpRequest("GET", url))
        response.raise_for_status()
        body: dict[str, Any] = response.json()
        return body


async def _inspect(blob: BlobClient, uri: str) -> SourceView:
    try:
        properties = await blob.get_blob_properties()
        kind, length = str(getattr(properties.blob_type, "value", properties.blob_type)), int(properties.size)
        # A range of an empty blob is refused with 416.
        if kind != "PageBlob" or length < vhd.FOOTER_BYTES:
            return vhd.judge(blob=uri, blob_type=kind, length=length, head=b"", footer=b"")
        footer = await _range(blob, length - vhd.FOOTER_BYTES, vhd.FOOTER_BYTES)
        head = b"" if footer.startswith(vhd.COOKIE) else await _range(blob, 0, HEAD_BYTES)
    except HttpResponseError as error:
        if error.status_code == NOT_FOUND:
            return _problem(reasons.SOURCE_NOT_FOUND, f"{uri} does not exist. Upload the VHD, or correct spec.source.vhd.blobUri.")
        if error.status_code in {UNAUTHORIZED, FORBIDDEN}:
            words = f"{error.status_code} {code_of(error)}".rstrip()
            message = f"{uri} cannot be read ({words}). Grant the operator's identity Storage Blob Data Reader."
            return _problem(reasons.SOURCE_UNREADABLE, message)
        raise
    return vhd.judge(blob=uri, blob_type=kind, length=length, head=head, footer=footer)


async def _range(blob: BlobClient, offset: int, length: int) -> bytes:
    stream = await blob.download_blob(offset=offset, length=length)
    content: bytes = await stream.readall()
    return content


def _problem(reason: Reason, detail: str) -> SourceView:
    return SourceView(problem=reason.name, detail=detail)
