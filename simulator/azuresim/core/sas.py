"""Shared access signatures: what is signed, and with which key. Whether one may be used for a request is for the wire to check.

Layouts by version: "Create a service SAS", "Create a user delegation SAS", "Create an account SAS" of the REST reference;
the newest as azure-storage-blob 12.31.1 signs it (`_shared_access_signature.py`).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import quote

from azuresim.core.storage import StorageAccount

VERSION = "2026-10-06"
_OVERRIDES = ("rscc", "rscd", "rsce", "rscl", "rsct")
_DELEGATION = ("skoid", "sktid", "skt", "ske", "sks", "skv")
_AGENTS = ("saoid", "suoid", "scid")
_USERS = ("skdutid", "sduoid")
_WITH_SNAPSHOT, _WITH_AGENTS, _WITH_SCOPE, _WITH_USERS, _WITH_REQUEST = "2018-11-09", "2020-02-10", "2020-12-06", "2025-07-05", "2026-04-06"


def sign(key: bytes, text: str) -> str:
    """HMAC-SHA256, as every signature and shared key of the service is made."""
    return base64.b64encode(hmac.new(key, text.encode(errors="replace"), hashlib.sha256).digest()).decode()


def key_bytes(key: str) -> bytes:
    """What an account's key signs with: what `listKeys` shows, decoded."""
    return key.encode()


def string_to_sign(query: Mapping[str, str], resource: str, *, snapshot: str = "", headers: str = "", parameters: str = "") -> str:
    """Of a service SAS, or of a user delegation SAS when ``query`` names a delegation key.

    ``resource`` is `/blob/account/container[/blob]`; ``headers`` and ``parameters`` are the required ones with their values.
    """
    version = query.get("sv", "")
    delegated = "skoid" in query
    fields = ["sp", "st", "se"]
    lines = [query.get(name, "") for name in fields] + [resource]
    names: list[str] = list(_DELEGATION) if delegated else ["si"]
    if delegated and version >= _WITH_AGENTS:
        names += _AGENTS
    if delegated and version >= _WITH_USERS:
        names += _USERS
    lines += [query.get(name, "") for name in (*names, "sip", "spr", "sv")]
    if version >= _WITH_SNAPSHOT:
        lines += [query.get("sr", ""), snapshot]
    if version >= _WITH_SCOPE:
        lines.append(query.get("ses", ""))
    if delegated and version >= _WITH_REQUEST:
        lines += [headers, parameters]
    lines += [query.get(name, "") for name in _OVERRIDES]
    return "\n".join(lines)


def account_string_to_sign(query: Mapping[str, str], account: str) -> str:
    """Of an account SAS. Every line ends with a line feed, the last one too."""
    names = ["sp", "ss", "srt", "st", "se", "sip", "spr", "sv"]
    if query.get("sv", "") >= _WITH_SCOPE:
        names.append("ses")
    return "".join(f"{line}\n" for line in (account, *(query.get(name, "") for name in names)))


def delegation_key(account: StorageAccount, described: Mapping[str, str]) -> bytes:
    """The user delegation key of what describes it (the members of ``_DELEGATION``): derived, so that none has to be kept."""
    text = "\n".join(described.get(name, "") for name in _DELEGATION)
    return hmac.new(key_bytes(account.keys[0]), f"user delegation key\n{text}".encode(), hashlib.sha256).digest()


def blob_sas(
    account: StorageAccount, container: str, blob: str, *, permissions: str, expires: float, starts: float | None = None, snapshot: str = ""
) -> str:
    """A service SAS for one blob or snapshot, as a query string: what access to a disk or snapshot is granted with.

    Times in POSIX seconds of the world. ``permissions`` in the service's order, for example `r` or `rw`.
    """
    query = {"sv": VERSION, "sr": "bs" if snapshot else "b", "sp": permissions, "se": sas_time(expires), "spr": "https"}
    if starts is not None:
        query["st"] = sas_time(starts)
    signed = string_to_sign(query, f"/blob/{account.name}/{container}/{blob}", snapshot=snapshot)
    query["sig"] = sign(key_bytes(account.keys[0]), signed)
    return "&".join(f"{name}={quote(value, safe='')}" for name, value in query.items())


def sas_time(moment: float) -> str:
    """`2024-04-18T19:21:35Z`."""
    return f"{datetime.fromtimestamp(int(moment), UTC):%Y-%m-%dT%H:%M:%SZ}"


def read_time(text: str) -> float:
    """A date, or a date and time with `Z`, as SAS have them. Raises ValueError."""
    read = datetime.fromisoformat(text)
    return read.replace(tzinfo=read.tzinfo or UTC).timestamp()
