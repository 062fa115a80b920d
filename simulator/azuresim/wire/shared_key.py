"""Shared Key: the string both sides sign, for the blob service and for Batch.

Blob service: "Authorize with Shared Key", version 2015-02-21 and newer. Batch: azure-batch 15.1.0, `_patch.BatchSharedKeyAuthPolicy`.
"""

from __future__ import annotations

import hmac
from collections import defaultdict
from collections.abc import Iterable
from urllib.parse import parse_qs, unquote

from azuresim.core.sas import key_bytes, sign
from azuresim.wire.http import Request
from azuresim.wire.timestamps import read_http_time

_MAX_AGE = 15 * 60
_SIGNED = (
    "content-encoding",
    "content-language",
    "content-length",
    "content-md5",
    "content-type",
    "date",
    "if-modified-since",
    "if-match",
    "if-none-match",
    "if-unmodified-since",
    "range",
)
# The service sorts as .NET sorts words: dashes count last, then these in this order.
_ALPHABET = {letter: place for place, letter in enumerate("!#$%&*.^_`|~+0123456789abcdefghijklmnopqrstuvwxyz")}


def blob_string_to_sign(request: Request, account: str) -> str:
    """``account`` as the header names it; the path once more, as it was sent, account and all."""
    headers = {name: value for name, value in request.headers.items() if value}
    if headers.get("content-length") == "0":
        del headers["content-length"]
    if "x-ms-date" in headers:
        headers["date"] = ""
    own = {name.lower(): value for name, value in request.headers.items() if name.startswith("x-ms-")}
    queries: dict[str, list[str]] = defaultdict(list)
    for part in filter(None, request.split.query.split("&")):
        name, _, value = part.partition("=")
        queries[unquote(name).lower()].append(unquote(value))
    lines = [request.method, *(headers.get(name, "") for name in _SIGNED)]
    lines += [f"{name}:{own[name]}" for name in sorted(own, key=_word)]
    lines.append(f"/{account}{request.path}")
    lines += [f"{name}:{','.join(sorted(values))}" for name, values in sorted(queries.items())]
    return "\n".join(lines)


def batch_string_to_sign(request: Request, account: str) -> str:
    """Like the above, with `ocp-` headers; a write without a body is signed with the length 0."""
    headers = {name: value for name, value in request.headers.items() if value}
    if request.method not in {"GET", "HEAD"}:
        headers.setdefault("content-length", "0")
    lines = [request.method, *(headers.get(name, "") for name in _SIGNED)]
    lines += [f"{name}:{headers[name]}" for name in sorted(headers) if "ocp-" in name]
    lines.append(f"/{account}{request.path}")
    lines += [f"{name}:{values[0]}" for name, values in sorted(parse_qs(request.split.query).items())]
    return "\n".join(lines)


def credentials(request: Request) -> tuple[str, str] | None:
    """Account and signature of a `SharedKey` header; None for one that is not formed so."""
    account, colon, signature = request.headers.get("authorization", "").partition(" ")[2].rpartition(":")
    return (account, signature) if colon and account and signature else None


def fits(keys: Iterable[str], text: str, signature: str) -> bool:
    """Whether one of an account's keys made the signature."""
    given = signature.encode(errors="replace")
    return any(hmac.compare_digest(sign(key_bytes(key), text).encode(), given) for key in keys)


def is_fresh(text: str | None, now: float) -> bool:
    """Whether a request's date lies within a quarter of an hour of ``now``."""
    try:
        return text is not None and abs(read_http_time(text) - now) <= _MAX_AGE
    except ValueError:
        return False


def _word(name: str) -> tuple[list[int], list[bool]]:
    letters = [_ALPHABET[letter] for letter in name if letter in _ALPHABET]
    return letters, [letter not in _ALPHABET for letter in name]
