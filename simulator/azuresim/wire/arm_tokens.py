"""Who may call ARM: holders of a bearer token for it."""

from __future__ import annotations

from datetime import UTC, datetime

from azuresim.core.errors import ServiceError
from azuresim.wire import tokens
from azuresim.wire.routing import Call

_AUDIENCES = frozenset({"https://management.azure.com", "https://management.core.windows.net"})


def authenticate(call: Call) -> None:
    """Raises 401 for a token that is missing or does not count."""
    token = tokens.bearer_of(call)
    if token is None:
        raise _refused(call, "AuthenticationFailed", "Authentication failed. The 'Authorization' header is missing.")
    seen = tokens.examine(call, token, _AUDIENCES | {call.world.base_url.lower()})
    if isinstance(seen, tokens.Refused):
        raise _refused(call, *_fault(call, seen))


def _fault(call: Call, refused: tokens.Refused) -> tuple[str, str]:
    """Code and sentence, as ARM words them."""
    claims = refused.claims
    match refused.fault:
        case "expired":
            ends, now = (f"{datetime.fromtimestamp(moment, UTC):%m/%d/%Y %H:%M:%S}" for moment in (claims["exp"], call.real_now))
            return "ExpiredAuthenticationToken", f"The access token expiry UTC time '{ends}' is earlier than current UTC time '{now}'."
        case "audience":
            allowed = ",".join(f"'{audience}/'" for audience in sorted(_AUDIENCES))
            words = f"The access token has been obtained for wrong audience or resource '{claims.get('aud')}'."
            return "InvalidAuthenticationTokenAudience", f"{words} It should exactly match with one of the allowed audiences {allowed}."
        case "issuer":
            words = f"The access token is from the wrong issuer '{claims.get('iss')}'."
            return (
                "InvalidAuthenticationTokenTenant",
                f"{words} It must match the tenant 'https://sts.windows.net/{call.world.tenant}/' associated with this subscription.",
            )
        case _:
            return "InvalidAuthenticationToken", "The access token is invalid."


def _refused(call: Call, code: str, message: str) -> ServiceError:
    where = f'Bearer authorization_uri="{call.world.base_url}/{call.world.tenant}"'
    return ServiceError(401, code, message, headers={"WWW-Authenticate": f'{where}, error="invalid_token", error_description="{message}"'})
