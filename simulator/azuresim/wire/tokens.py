"""Access tokens: issued as Entra issues them, and looked at as each service looks at them.

A token that is no JWT is taken for a test's own and let through everywhere; signatures are made but not checked, so that a token outlives
a restart of the simulator.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from azuresim.wire.routing import Call

Json = dict[str, Any]
Fault = Literal["malformed", "expired", "early", "issuer", "audience"]
KEY_ID = "azuresim"
_PARTS = 3
# The end of the year 9999.
_LAST_MOMENT = 253_402_300_799
_KEY_BITS = 2048
# Services allow clocks to differ by five minutes.
_SKEW = 300
_ANONYMOUS = "00000000-0000-0000-0000-000000000000"


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who holds a token."""

    object_id: str
    tenant: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Why a token does not count; ``claims`` as far as they could be read."""

    fault: Fault
    claims: Json


def bearer_of(call: Call) -> str | None:
    """The token of the `Authorization` header; None for another scheme or none."""
    scheme, _, token = call.request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def examine(call: Call, token: str, audiences: frozenset[str]) -> Identity | Refused:
    """Lifetime by the machine's clock, issuer by the tenants there are, audience without regard to a last slash."""
    if not token:
        return Refused(fault="malformed", claims={})
    if not is_jwt(token):
        return Identity(object_id=_ANONYMOUS, tenant=call.world.tenant)
    claims = decode(token) or {}
    begins, ends = lifetime(claims)
    if ends is None:
        return Refused(fault="malformed", claims=claims)
    checks: tuple[tuple[Fault, bool], ...] = (
        ("expired", ends + _SKEW <= call.real_now),
        ("early", begins - _SKEW > call.real_now),
        ("issuer", str(claims.get("iss", "")).lower() not in _issuers(call)),
        ("audience", str(claims.get("aud", "")).rstrip("/").lower() not in audiences),
    )
    for fault, met in checks:
        if met:
            return Refused(fault=fault, claims=claims)
    return Identity(object_id=str(claims.get("oid", _ANONYMOUS)), tenant=str(claims.get("tid", call.world.tenant)))


def is_jwt(token: str) -> bool:
    """Whether it looks like one."""
    return token.startswith("eyJ") and token.count(".") == _PARTS - 1


def decode(token: str) -> Json | None:
    """The claims of a JWT, its signature left alone; None for what cannot be read, half a character in it included."""
    parts = token.split(".")
    if len(parts) != _PARTS:
        return None
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
        json.dumps(claims, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return None
    return claims if isinstance(claims, dict) else None


def lifetime(claims: Json) -> tuple[float, float | None]:
    """`nbf` and `exp`; the latter None when either is no moment."""
    begins, ends = claims.get("nbf", 0), claims.get("exp")
    moments = all(isinstance(moment, int | float) and 0 <= moment <= _LAST_MOMENT for moment in (begins, ends))
    return (begins, ends) if moments else (0, None)


def known_tenants(call: Call) -> frozenset[str]:
    """All tenants of the world, in lower case."""
    return frozenset({call.world.tenant.lower()} | {s.tenant.lower() for s in call.world.subscriptions.all()})


def encode(claims: Json) -> str:
    """A signed JWT."""
    head = {"typ": "JWT", "alg": "RS256", "kid": KEY_ID}
    signed = ".".join(_base64url(json.dumps(part, separators=(",", ":")).encode()) for part in (head, claims))
    return f"{signed}.{_base64url(_signing_key().sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256()))}"


def published_keys() -> Json:
    """The keys `jwks_uri` shows."""
    numbers = _signing_key().public_key().public_numbers()
    shown = {name: _base64url(value.to_bytes(-(-value.bit_length() // 8), "big")) for name, value in (("n", numbers.n), ("e", numbers.e))}
    return {"keys": [{"kty": "RSA", "use": "sig", "kid": KEY_ID, "alg": "RS256", **shown}]}


@cache
def _signing_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=_KEY_BITS)


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _issuers(call: Call) -> frozenset[str]:
    return frozenset(
        issuer
        for tenant in known_tenants(call)
        for issuer in (f"https://sts.windows.net/{tenant}/", f"https://login.microsoftonline.com/{tenant}/v2.0")
    )
