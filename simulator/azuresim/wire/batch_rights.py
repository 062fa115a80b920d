"""Who may call a Batch account: holders of a token for Batch, or of one of the account's keys."""

from __future__ import annotations

from azuresim.core.batch_accounts import BatchAccount
from azuresim.core.errors import ServiceError
from azuresim.wire import shared_key, tokens
from azuresim.wire.routing import Call

_AUDIENCE = "https://batch.core.windows.net"
_WRONG = (
    "Server failed to authenticate the request. Make sure the value of Authorization header is formed correctly including the signature."
)
_FAULTS: dict[tokens.Fault, str] = {
    "malformed": "The specified token is not well formed.",
    "expired": "The specified token has expired.",
    "early": "The specified token is not valid yet.",
    "issuer": "The specified token was issued by another tenant.",
    "audience": "The specified token is for another audience.",
}


def authenticate(call: Call) -> None:
    """Raises 401 or 403 AuthenticationFailed."""
    account = call.world.batch.named(call.params["account"])
    scheme = call.request.headers.get("authorization", "").partition(" ")[0].lower()
    if scheme == "bearer":
        seen = tokens.examine(call, tokens.bearer_of(call) or "", frozenset({_AUDIENCE}))
        if isinstance(seen, tokens.Refused):
            raise _refused(call, 401, _FAULTS[seen.fault])
    elif scheme == "sharedkey":
        _check_key(call, account)
    else:
        raise _refused(call, 401, "The Authorization header is missing or names no known scheme.")


def _check_key(call: Call, account: BatchAccount) -> None:
    request = call.request
    if "SharedKey" not in account.authentication_modes:
        raise _refused(call, 403, "The account does not allow shared key authentication.")
    given = shared_key.credentials(request)
    date = request.headers.get("ocp-date") or request.headers.get("date")
    if given is None:
        raise _refused(call, 403, "The Authorization header is not formed correctly.")
    if not shared_key.is_fresh(date, call.real_now):
        raise _refused(call, 403, f"The date header in the request is incorrect: '{date}'.")
    name, signature = given
    signed = shared_key.batch_string_to_sign(request, name)
    if name.lower() != account.name.lower() or not shared_key.fits(account.keys, signed, signature):
        words = f"The MAC signature found in the HTTP request '{signature}' is not the same as any computed signature."
        raise _refused(call, 403, f"{words} Server used following string to sign: '{signed}'.")


def _refused(call: Call, status: int, detail: str) -> ServiceError:
    where = f"{call.world.base_url}/{call.world.tenant}"
    challenge = {"WWW-Authenticate": f'Bearer authorization_uri="{where}", resource="{_AUDIENCE}/"'} if status == 401 else {}  # noqa: PLR2004  # HTTP's own number
    return ServiceError(status, "AuthenticationFailed", _WRONG, values=(("AuthenticationErrorDetail", detail),), headers=challenge)
