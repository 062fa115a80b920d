"""Which members two JSON documents have, and of what type; values do not matter here.

Null and absent are the same. The elements of a list are compared by their union, since a list may be longer on one side.
What the recorder redacted may be anything, as long as it is there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from typing import Any, Literal

from azuresim.replay.recording import REDACTED

_NAMES: dict[type, str] = {str: "string", dict: "object", list: "list"}
ShapeKind = Literal["missing", "extra", "type"]


@dataclass(frozen=True, slots=True)
class ShapeFinding:
    """One member that differs; ``path`` is `properties/storageProfile/osDisk`, with `[]` for the elements of a list."""

    kind: ShapeKind
    path: str
    expected: str
    got: str


def compare_shapes(expected: Any, got: Any, path: str = "") -> Iterator[ShapeFinding]:
    """Everything in which ``got`` has another shape than ``expected``."""
    if expected is None and got is None:
        return
    if got is None:
        yield ShapeFinding("missing", path, _type(expected), "absent")
    elif expected is None:
        yield ShapeFinding("extra", path, "absent", _type(got))
    elif expected == REDACTED:
        return
    elif _type(expected) != _type(got):
        yield ShapeFinding("type", path, _type(expected), _type(got))
    elif isinstance(expected, dict):
        for name in dict.fromkeys((*expected, *got)):
            yield from compare_shapes(expected.get(name), got.get(name), f"{path}/{name}" if path else name)
    elif isinstance(expected, list):
        yield from compare_shapes(_union(expected), _union(got), f"{path}[]")


def _union(elements: list[Any]) -> Any:
    """None for an empty list, which so differs from one that has elements."""
    return reduce(_merged, elements, None)


def _merged(one: Any, other: Any) -> Any:
    if one is None:
        return other
    if isinstance(one, dict) and isinstance(other, dict):
        return {name: _merged(one.get(name), other.get(name)) for name in dict.fromkeys((*one, *other))}
    if isinstance(one, list) and isinstance(other, list):
        return [*one, *other]
    return one


def _type(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    return _NAMES[type(value)]
