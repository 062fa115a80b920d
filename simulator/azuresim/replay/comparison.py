"""One recorded answer against the simulated one.

Compared are the status, the headers of long-running operations with the family of their addresses, whether an ETag is there and quoted,
every state (``states``), the code of an error, and the body's shape (``shapes``). Ids, times, tags' and other values are not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

from azuresim.replay.recording import Interaction
from azuresim.replay.shapes import compare_shapes
from azuresim.replay.states import family, states
from azuresim.wire.http import Response

Kind = Literal["setup", "status", "header", "state", "code", "missing", "extra", "type"]
_Difference = tuple[Kind, str, str, str]
# Present or absent on both sides.
_HEADERS = ("azure-asyncoperation", "location", "azure-asyncnotification", "etag", "last-modified", "dataserviceid", "dataserviceversion")


@dataclass(frozen=True, slots=True, kw_only=True)
class Deviation:
    """One difference. ``path`` is a header's name or a member of the body; empty for the status."""

    interaction: int
    operation: str
    kind: Kind
    path: str
    expected: str
    got: str

    def __str__(self) -> str:
        where = f" {self.path}" if self.path else ""
        return f"#{self.interaction} {self.operation}: {self.kind}{where}: expected {self.expected}, got {self.got}"


def compare(recorded: Interaction, got: Response, operation: str) -> list[Deviation]:
    """All differences; ``operation`` is the simulator's name for the call. Bodies of different statuses are not compared."""
    body = parsed(got)
    if recorded.status != got.status:
        told = "" if body is None else f" {_code(body) or ''}".rstrip()
        wanted = f"{recorded.status} {_code(recorded.response_body) or ''}".rstrip()
        found: list[_Difference] = [("status", "", wanted, f"{got.status}{told}")]
    else:
        found = [*_headers(recorded.response_headers, got.headers), *_states(recorded.response_body, body)]
        found += _codes(recorded.response_body, body)
        found += [(f.kind, f.path, f.expected, f.got) for f in compare_shapes(recorded.response_body, body)]
    return [
        Deviation(interaction=recorded.number, operation=operation, kind=kind, path=path, expected=expected, got=actual)
        for kind, path, expected, actual in found
    ]


def parsed(response: Response) -> Any:
    """The body as JSON; None when there is none."""
    if not response.body or "json" not in response.headers.get("Content-Type", ""):
        return None
    return response.json()


def _headers(recorded: Mapping[str, str], got: Mapping[str, str]) -> Iterator[_Difference]:
    lowered = {name.lower(): value for name, value in got.items()}
    for name in _HEADERS:
        expected, actual = _form(name, recorded.get(name)), _form(name, lowered.get(name))
        if expected != actual:
            yield "header", name, expected, actual


def _form(name: str, value: str | None) -> str:
    """What of a header's value is compared."""
    if value is None:
        return "absent"
    if name == "etag":
        return "quoted" if value.startswith('"') else "unquoted"
    if name in {"azure-asyncoperation", "location"}:
        split = urlsplit(value)
        kind = family(split.path)
        if kind is None:
            return "present"
        return f"{kind} (monitor)" if "monitor=true" in split.query.lower() else kind
    return "present"


def _states(recorded: Any, got: Any) -> Iterator[_Difference]:
    actual = dict(states(got))
    for path, expected in states(recorded):
        if path in actual and actual[path].lower() != expected.lower():
            yield "state", path, expected, actual[path]


def _codes(recorded: Any, got: Any) -> Iterator[_Difference]:
    expected, actual = _code(recorded), _code(got)
    if expected != actual:
        yield "code", "code", expected or "absent", actual or "absent"


def _code(body: Any) -> str | None:
    """ARM's `error.code`, or the data plane's `code`."""
    if not isinstance(body, dict):
        return None
    inner = body.get("error", body)
    code = inner.get("code") if isinstance(inner, dict) else None
    return code if isinstance(code, str) else None
