"""Who may do what with the blobs of an account: Shared Key, tokens, shared access signatures, or nobody in particular."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from azuresim.core.blob_errors import refusal
from azuresim.core.errors import ServiceError
from azuresim.core.storage import StorageAccount
from azuresim.wire import sas_rights, shared_key, tokens
from azuresim.wire.http import Response
from azuresim.wire.routing import Call
from azuresim.wire.sas_rights import Level
from azuresim.wire.tokens import Identity, Refused

Handler = Callable[[Call], Response]
# From this version on a request without credentials is asked for some ("Bearer challenge").
_CHALLENGES_FROM = "2019-12-12"
_LONGEST_NAME = 1024
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")
_ALL = frozenset("racwdxyltfmei")
_BY_ROLE = {"Owner": _ALL, "Contributor": _ALL - set("tf"), "Reader": frozenset("rl"), None: frozenset[str]()}
_TOKEN_FAULTS: dict[tokens.Fault, str] = {
    "malformed": "IDX12729: Unable to decode the header of the token.",
    "expired": "Lifetime validation failed. The token is expired.",
    "early": "Lifetime validation failed. The token is not yet valid.",
    "issuer": "Issuer validation failed. Issuer did not match.",
    "audience": "Audience validation failed. Audiences did not match.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What a caller may do. ``whole``: in all of the account, so that it needs no further right for a source within it."""

    kind: Literal["key", "token", "signature", "public"]
    permissions: frozenset[str]
    whole: bool = False
    identity: Identity | None = None


def find_account(call: Call) -> StorageAccount:
    """The account of the address, or 404."""
    found = call.world.storage.named(call.params["account"])
    if found is None:
        raise refusal("ResourceNotFound")
    return found


def guarded(handler: Handler, level: Level, any_of: str) -> Handler:
    """``handler`` for callers who hold one of these permissions (letters of `sp`); an empty text asks for a token only."""

    def answer(call: Call) -> Response:
        held = grant(call, level)
        _check_name(call.params.get("blob", ""))
        if any_of and not held.permissions & set(any_of):
            raise refusal("AuthorizationPermissionMismatch")
        return handler(call)

    return answer


def _check_name(blob: str) -> None:
    """400 for the name of a blob that is too long, or has control characters ("Naming and referencing containers, blobs, and metadata")."""
    if len(blob) > _LONGEST_NAME:
        raise refusal("OutOfRangeInput", "The specified resource name length is not within the permissible limits.")
    if _CONTROL.search(blob):
        raise refusal("InvalidUri")


def grant(call: Call, level: Level) -> Grant:
    """What the caller of this request may do on this level. Raises 401, 403, 404 or 409."""
    account = find_account(call)
    if call.admitted:
        return Grant(kind="key", permissions=_ALL, whole=True)
    if not account.admits(sas_rights.CLIENT):
        raise refusal("AuthorizationFailure")
    scheme = call.request.headers.get("authorization", "").partition(" ")[0].lower()
    if scheme == "bearer":
        identity = _token(call, account)
        return Grant(kind="token", permissions=_BY_ROLE[account.data_role], whole=True, identity=identity)
    if scheme == "sharedkey":
        _shared_key(call, account)
        return Grant(kind="key", permissions=_ALL, whole=True)
    if scheme:
        raise ServiceError(
            400,
            "InvalidAuthenticationInfo",
            "Authentication information is not given in the correct format. Check the value of Authorization header.",
        )
    if "sig" in call.request.query:
        allowed = sas_rights.permissions(call, account, level)
        if sas_rights.is_delegated(call):
            allowed &= _BY_ROLE[account.data_role]
        elif not account.shared_key_access:
            raise refusal("KeyBasedAuthenticationNotPermitted")
        return Grant(kind="signature", permissions=allowed)
    return _public(call, account, level)


def _token(call: Call, account: StorageAccount) -> Identity:
    audiences = frozenset(
        address.rstrip("/").lower()
        for address in ("https://storage.azure.com", f"https://{account.name}.blob.core.windows.net", call.world.blob_endpoint(account))
    )
    seen = tokens.examine(call, tokens.bearer_of(call) or "", audiences)
    if isinstance(seen, Refused):
        raise _challenge(call, "InvalidAuthenticationInfo", _TOKEN_FAULTS[seen.fault])
    return seen


def _shared_key(call: Call, account: StorageAccount) -> None:
    if not account.shared_key_access:
        raise refusal("KeyBasedAuthenticationNotPermitted")
    request = call.request
    given = shared_key.credentials(request)
    if given is None:
        raise refusal("AuthenticationFailed", AuthenticationErrorDetail="The Authorization header is not formed correctly.")
    name, signature = given
    date = request.headers.get("x-ms-date") or request.headers.get("date")
    if not shared_key.is_fresh(date, call.real_now):
        raise refusal("AuthenticationFailed", AuthenticationErrorDetail=f"Request date header too old: '{date}'")
    signed = shared_key.blob_string_to_sign(request, name)
    # SDK clients of an endpoint with a path take that path for the account's name.
    if name.rpartition("/")[2].lower() != account.name.lower() or not shared_key.fits(account.keys, signed, signature):
        detail = f"The MAC signature found in the HTTP request '{signature}' is not the same as any computed signature."
        raise refusal("AuthenticationFailed", AuthenticationErrorDetail=f"{detail} Server used following string to sign: '{signed}'.")


def _public(call: Call, account: StorageAccount, level: Level) -> Grant:
    """Anonymous reads, where account and container allow them."""
    held = account.containers.get(call.params.get("container", ""))
    reach = held.public_access if held is not None and account.public_access else None
    reads = call.request.method in {"GET", "HEAD"}
    if reads and ((reach == "container" and level != "service") or (reach == "blob" and level == "blob")):
        return Grant(kind="public", permissions=frozenset("rl" if reach == "container" else "r"))
    if call.request.headers.get("x-ms-version", _CHALLENGES_FROM) >= _CHALLENGES_FROM:
        raise _challenge(call, "NoAuthenticationInformation", None)
    raise refusal("ResourceNotFound" if account.public_access else "PublicAccessNotPermitted")


def _challenge(call: Call, code: str, detail: str | None) -> ServiceError:
    where = f"{call.world.base_url}/{call.world.tenant}/oauth2/authorize"
    usual = refusal("NoAuthenticationInformation")
    return ServiceError(
        401,
        code,
        usual.message,
        values=() if detail is None else (("AuthenticationErrorDetail", detail),),
        headers={"WWW-Authenticate": f"Bearer authorization_uri={where} resource_id=https://storage.azure.com"},
    )
