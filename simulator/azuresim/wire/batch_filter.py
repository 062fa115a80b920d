"""The part of OData `$filter` that Batch clients use: `eq`, `ne`, `lt` ... and `startswith`, joined by `and`."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from typing import Any

from azuresim.core.errors import ServiceError

Json = dict[str, Any]
Predicate = Callable[[Json], bool]
_COMPARISON = re.compile(r"([\w/]+) (eq|ne|lt|le|gt|ge) ('(?:[^']|'')*'|datetime'[^']*'|true|false|-?\d+)")
_STARTS_WITH = re.compile(r"startswith\(\s*([\w/]+)\s*,\s*'((?:[^']|'')*)'\s*\)")
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "lt": operator.lt,
    "le": operator.le,
    "gt": operator.gt,
    "ge": operator.ge,
}


def parse_filter(text: str | None) -> Predicate:
    """A test of one object. Raises 400 for what this subset does not have."""
    if not text:
        return lambda _item: True
    clauses = [
        _clause(part.strip().removeprefix("(").removesuffix(")") if part.strip().startswith("(") else part.strip()) for part in _split(text)
    ]
    return lambda item: all(clause(item) for clause in clauses)


def _split(text: str) -> list[str]:
    """At every `and` outside quotes."""
    return [part for part in re.split(r" and (?=(?:[^']*'[^']*')*[^']*$)", text) if part.strip()]


def _clause(text: str) -> Predicate:
    starts = _STARTS_WITH.fullmatch(text)
    if starts is not None:
        name, prefix = starts[1], starts[2].replace("''", "'")
        return lambda item: str(_value(item, name) or "").startswith(prefix)
    match = _COMPARISON.fullmatch(text)
    if match is None:
        raise ServiceError(
            400,
            "InvalidQueryParameterValue",
            "The value specified for one of the query parameters in the request URI is invalid.",
            values=(("QueryParameterName", "$filter"), ("QueryParameterValue", text)),
        )
    name, compare, wanted = match[1], _COMPARE[match[2]], _literal(match[3])

    def holds(item: Json) -> bool:
        value = _value(item, name)
        return type(value) is type(wanted) and compare(value, wanted)

    return holds


def _value(item: Json, path: str) -> Any:
    value: Any = item
    for name in path.split("/"):
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _literal(text: str) -> str | int | bool:
    if text in {"true", "false"}:
        return text == "true"
    if text.endswith("'"):
        return text[text.index("'") + 1 : -1].replace("''", "'")
    return int(text)
