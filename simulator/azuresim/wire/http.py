"""Requests and responses, as plain values."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from azuresim.core.errors import ServiceError

JSON_TYPE = "application/json; charset=utf-8"
_MARK = "x-ms-meta-"
_DIGITS = re.compile("[0-9]{1,19}")


@dataclass(frozen=True)
class Request:
    """One request. ``url`` is absolute; header names are as ``header_names`` makes them."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @cached_property
    def split(self) -> SplitResult:
        """The URL's parts."""
        return urlsplit(self.url)

    @property
    def path(self) -> str:
        """The path, still percent-encoded."""
        return self.split.path or "/"

    @cached_property
    def segments(self) -> tuple[str, ...]:
        """The path's parts, decoded."""
        parts = self.path.strip("/").split("/")
        return tuple(unquote(part) if "%" in part else part for part in parts)

    def rest(self, first: int) -> str:
        """The path from the segment ``first`` on, decoded, with the slashes at its end: a blob's name may have some."""
        return "/".join(self.segments[first:]) + self.path[len(self.path.rstrip("/")) :]

    @cached_property
    def query(self) -> dict[str, str]:
        """Query parameters; names in lower case, as the services do not mind."""
        return {name.lower(): value for name, value in parse_qsl(self.split.query, keep_blank_values=True)}

    def json(self) -> Any:
        """Raises 400 when the body is not JSON."""
        if not self.body:
            return None
        try:
            return json.loads(self.body, parse_constant=_no_number)
        except (ValueError, RecursionError) as wrong:
            raise ServiceError(
                400, "InvalidRequestContent", f"The request content was invalid and could not be deserialized: '{wrong}'."
            ) from wrong


@dataclass(slots=True)
class Response:
    """One response; header names as the services write them. ``parts`` is what is sent in place of a body too large for memory."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    parts: Iterable[bytes] | None = None

    @property
    def size(self) -> int:
        """Bytes of the body, in whichever form it is."""
        return len(self.body) if self.parts is None else int(self.headers["Content-Length"])

    def json(self) -> Any:
        """The body, parsed."""
        return json.loads(self.body)


def natural(text: str) -> int | None:
    """A number in decimal digits, as long as the services' own; None for anything else, such as `²`, which Python takes for a digit."""
    return int(text) if _DIGITS.fullmatch(text) else None


def header_names(headers: Mapping[str, str]) -> dict[str, str]:
    """``headers`` with names in lower case, but for what follows `x-ms-meta-`: metadata come back in the spelling they were given."""
    return {_MARK + name[len(_MARK) :] if name.lower().startswith(_MARK) else name.lower(): value for name, value in headers.items()}


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is no JSON")


def json_response(status: int, document: Any, headers: Mapping[str, str] | None = None, *, content_type: str = JSON_TYPE) -> Response:
    """A JSON answer."""
    body = json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()
    return Response(status, {"Content-Type": content_type, **(headers or {})}, body)
