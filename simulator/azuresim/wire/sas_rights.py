"""Shared access signatures on requests: whether they are genuine, in time, and what they allow."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Literal
from urllib.parse import parse_qsl, unquote

from azuresim.core import sas
from azuresim.core.blob_errors import refusal
from azuresim.core.blobs import AccessPolicy
from azuresim.core.errors import ServiceError
from azuresim.core.storage import StorageAccount
from azuresim.wire.routing import Call
from azuresim.wire.timestamps import http_time

Level = Literal["service", "container", "blob"]
_LETTER: dict[Level, str] = {"service": "s", "container": "c", "blob": "o"}
# What `sip` and network rules are held against: the simulator listens there and nowhere else.
CLIENT = "127.0.0.1"


def permissions(call: Call, account: StorageAccount, level: Level) -> frozenset[str]:
    """The letters of `sp`. Raises 403 for a signature that does not cover this request."""
    query = _parameters(call)
    held: Mapping[str, str]
    if "srt" in query:
        _check_account_sas(account, query, level)
        held = query
    else:
        held = _with_policy(call, account, query)
        _check_service_sas(call, account, query)
    _check_time(call, held)
    if "spr" in query and "https" not in query["spr"].split(","):
        raise refusal("AuthorizationProtocolMismatch")
    first, _, last = query.get("sip", CLIENT).partition("-")
    if not _address(first) <= _address(CLIENT) <= _address(last or first):
        raise refusal("AuthorizationSourceIPMismatch")
    if level == "service" and "srt" not in query:
        raise refusal("AuthorizationFailure")
    allowed = frozenset(held.get("sp", ""))
    # Of a container a service SAS lists the blobs, and nothing else: its letters are about blobs ("Create a service SAS").
    return allowed & {"l"} if level == "container" and "srt" not in query else allowed


def is_delegated(call: Call) -> bool:
    """Whether the signature was made with a user delegation key: then the user's role limits it."""
    return "skoid" in call.request.query


def signing_time(call: Call) -> float:
    """The clock that those go by who sign: the world's, unless that runs ahead of the machine's, which real clients read."""
    return call.now if getattr(call.world.clock, "factor", None) is None else call.real_now


def _parameters(call: Call) -> dict[str, str]:
    """Signed values are compared as they were before they were escaped; a plus is a plus."""
    pairs = (part.partition("=") for part in call.request.split.query.split("&") if part)
    return {unquote(name).lower(): unquote(value) for name, _, value in pairs}


def _check_account_sas(account: StorageAccount, query: Mapping[str, str], level: Level) -> None:
    signed = sas.account_string_to_sign(query, account.name)
    _check_signature(query, [signed], [sas.key_bytes(key) for key in account.keys])
    if "b" not in query.get("ss", ""):
        raise refusal("AuthorizationServiceMismatch")
    if _LETTER[level] not in query["srt"]:
        raise refusal("AuthorizationResourceTypeMismatch")


def _check_service_sas(call: Call, account: StorageAccount, query: Mapping[str, str]) -> None:
    if query.get("sr") not in {"b", "bs", "c"}:
        raise _unauthenticated("sr is mandatory. Cannot be empty")
    snapshot = call.request.query.get("snapshot", "") if query["sr"] == "bs" else ""
    path = f"/{call.params.get('container', '')}"
    if query["sr"] != "c":
        path += f"/{call.params.get('blob', '')}"
    if "skoid" in query:
        keys = [sas.delegation_key(account, query)]
        _check_key_time(call, query)
    else:
        keys = [sas.key_bytes(key) for key in account.keys]
    required = "".join(f"{name}:{call.request.headers.get(name.lower(), '')}\n" for name in _listed(query, "srh"))
    own = dict(parse_qsl(call.request.split.query, keep_blank_values=True))
    asked = "".join(f"\n{name}:{own.get(name, '')}" for name in _listed(query, "srq"))
    # SDK clients of an endpoint with a path take that path for the account's name, and sign with it.
    prefix = call.request.path.strip("/").partition(f"/{account.name}/")[0]
    names = (account.name, f"{prefix}/{account.name}")
    signed = [sas.string_to_sign(query, f"/blob/{name}{path}", snapshot=snapshot, headers=required, parameters=asked) for name in names]
    _check_signature(query, signed, keys)


def _check_key_time(call: Call, query: Mapping[str, str]) -> None:
    try:
        starts, expires = sas.read_time(query["skt"]), sas.read_time(query["ske"])
    except (KeyError, ValueError) as wrong:
        raise _unauthenticated("Signature fields not well formed.") from wrong
    now = signing_time(call)
    if starts > now:
        raise _unauthenticated("Signed key start is in the future")
    if expires < now:
        raise _unauthenticated("Signed key expiry is in the past")


def _check_signature(query: Mapping[str, str], signed: list[str], keys: list[bytes]) -> None:
    given = query["sig"].encode()
    if not any(hmac.compare_digest(sas.sign(key, text).encode(), given) for key in keys for text in signed):
        raise _unauthenticated(f"Signature did not match. String to sign used was {signed[0]}")


def _check_time(call: Call, held: Mapping[str, str]) -> None:
    now = signing_time(call)
    try:
        starts = sas.read_time(held["st"]) if held.get("st") else now
        expires = sas.read_time(held["se"])
    except (KeyError, ValueError) as wrong:
        raise _unauthenticated("Signature fields not well formed.") from wrong
    if not starts <= now < expires:
        window = f"Start [{http_time(starts)}] - Current [{http_time(now)}] - Expiry [{http_time(expires)}]"
        raise _unauthenticated(f"Signature not valid in the specified time frame: {window}")


def _with_policy(call: Call, account: StorageAccount, query: Mapping[str, str]) -> Mapping[str, str]:
    """The signature's own values and those of the stored access policy it names, which may share no field ("Create a service SAS")."""
    if "si" not in query:
        return query
    held = account.containers.get(call.params.get("container", ""))
    policy: AccessPolicy | None = None if held is None else held.policies.get(query["si"])
    if policy is None:
        raise _unauthenticated("Unable to read the signed identifier, or it does not exist.")
    stored = {"st": policy.starts, "se": policy.expires, "sp": policy.permissions}
    given = {name: value for name, value in stored.items() if value}
    if given.keys() & {name for name, value in query.items() if value}:
        raise _unauthenticated("Signature fields and the stored access policy specify the same field.")
    return {**query, **given}


def _listed(query: Mapping[str, str], name: str) -> list[str]:
    return [unquote(part) for part in query.get(name, "").split(",") if part]


def _address(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split("."))
    except ValueError as wrong:
        raise _unauthenticated("Signature fields not well formed.") from wrong


def _unauthenticated(detail: str) -> ServiceError:
    return refusal("AuthenticationFailed", AuthenticationErrorDetail=detail)
