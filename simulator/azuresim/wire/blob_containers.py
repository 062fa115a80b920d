"""Containers: their life, metadata and policies."""

from __future__ import annotations

from azuresim.core.blob_errors import bad_header, refusal
from azuresim.core.blobs import AccessPolicy, Container, PublicAccess
from azuresim.wire.blob_conditions import check_conditions
from azuresim.wire.blob_headers import MARK, changed, lease_headers, metadata_of, stamp
from azuresim.wire.blob_rights import find_account
from azuresim.wire.blob_xml import child, parse, policies, xml_response
from azuresim.wire.http import Response
from azuresim.wire.routing import Call

_MOST_POLICIES = 5
_REACHES: dict[str, PublicAccess] = {"blob": "blob", "container": "container"}


def find_container(call: Call) -> Container:
    """The container of the address, or 404; a lease's id, when given, must be the right one."""
    found = find_account(call).container(call.params["container"])
    found.lease.admit(call.now, call.request.headers.get("x-ms-lease-id"), writes=False)
    return found


def create(call: Call) -> Response:
    """201."""
    account = find_account(call)
    reach = _public_access(call)
    made = call.world.storage.create_container(account, call.params["container"], metadata_of(call.request))
    made.public_access = reach
    return Response(201, changed(call, made))


def properties(call: Call) -> Response:
    """Of GET and HEAD, and the metadata with them."""
    found = find_container(call)
    state = {**lease_headers(found.lease, call.now), "x-ms-has-immutability-policy": "false", "x-ms-has-legal-hold": "false"}
    if found.public_access is not None:
        state["x-ms-blob-public-access"] = found.public_access
    return Response(200, changed(call, found, {**state, **{f"{MARK}{name}": value for name, value in found.metadata.items()}}))


def set_metadata(call: Call) -> Response:
    """Replaced whole."""
    found = find_container(call)
    check_conditions(call.request, found)
    found.metadata = metadata_of(call.request)
    call.world.storage.touch(found)
    return Response(200, changed(call, found))


def delete(call: Call) -> Response:
    """Needs the lease's id when there is one."""
    found = find_account(call).container(call.params["container"])
    check_conditions(call.request, found)
    found.lease.admit(call.now, call.request.headers.get("x-ms-lease-id"), writes=True)
    call.world.storage.delete_container(find_account(call), found.name)
    return Response(202, stamp(call))


def get_policies(call: Call) -> Response:
    """Stored access policies, and who may read without credentials."""
    found = find_container(call)
    reach = {} if found.public_access is None else {"x-ms-blob-public-access": found.public_access}
    return xml_response(call, policies(found.policies), changed(call, found, reach))


def set_policies(call: Call) -> Response:
    """Replaced whole, public access too."""
    found = find_container(call)
    check_conditions(call.request, found)
    stored: dict[str, AccessPolicy] = {}
    if call.request.body:
        for node in parse(call.request).iter("SignedIdentifier"):
            where = "AccessPolicy/"
            stored[child(node, "Id")] = AccessPolicy(
                starts=child(node, f"{where}Start"), expires=child(node, f"{where}Expiry"), permissions=child(node, f"{where}Permission")
            )
    if len(stored) > _MOST_POLICIES:
        raise refusal("InvalidXmlDocument")
    found.public_access = _public_access(call)
    found.policies = stored
    call.world.storage.touch(found)
    return Response(200, changed(call, found))


def _public_access(call: Call) -> PublicAccess | None:
    text = call.request.headers.get("x-ms-blob-public-access")
    if text is None:
        return None
    if text.lower() not in _REACHES:
        raise bad_header("x-ms-blob-public-access", text)
    if not find_account(call).public_access:
        raise refusal("PublicAccessNotPermitted")
    return _REACHES[text.lower()]
