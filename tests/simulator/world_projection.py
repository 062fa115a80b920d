"""All of a world as plain data, to compare two: every resource, every number drawn, every event to come."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from types import FunctionType, MethodType
from typing import Any

from azuresim import World
from azuresim.core.agenda import Agenda

_PLAIN = (str, bytes, int, float, bool, type(None))
# The clock is what tells the two apart; headers of answers have ids of their own, drawn by reads too, and reads empty buckets.
_LEFT_OUT = frozenset({"clock", "_clock", "request_ids", "throttle"})


def projection(world: World) -> Any:
    """Everything but the clock, after what is due has happened."""
    world.settle()
    return _plain(world, {})


def _plain(thing: Any, seen: dict[int, int]) -> Any:
    if isinstance(thing, _PLAIN):
        return thing
    if isinstance(thing, FunctionType | MethodType):
        return ("function", thing.__qualname__)
    if id(thing) in seen:
        return ("seen", seen[id(thing)])
    seen[id(thing)] = len(seen)
    if isinstance(thing, Agenda):
        # What was called off is thrown away whenever somebody looks.
        coming = sorted((entry.at, entry.order, entry.happen) for entry in thing._heap if entry.happen is not None)
        return ("Agenda", thing.made, [(at, order, _plain(happen, seen)) for at, order, happen in coming])
    return _container(thing, seen) if isinstance(thing, Iterable) else _record(thing, seen)


def _container(thing: Iterable[Any], seen: dict[int, int]) -> Any:
    if isinstance(thing, Counter):
        return {str(key): value for key, value in thing.items() if value}
    if isinstance(thing, Mapping):
        return [(_plain(key, seen), _plain(value, seen)) for key, value in thing.items()]
    if isinstance(thing, set | frozenset):
        return sorted(map(str, thing))
    return bytes(thing) if isinstance(thing, bytearray) else [_plain(item, seen) for item in thing]


def _record(thing: Any, seen: dict[int, int]) -> Any:
    return (type(thing).__name__, [(name, _plain(value, seen)) for name, value in _members(thing) if name not in _LEFT_OUT])


def _members(thing: Any) -> list[tuple[str, Any]]:
    slots = [name for kind in type(thing).__mro__ for name in getattr(kind, "__slots__", ())]
    return [*((name, getattr(thing, name)) for name in slots if hasattr(thing, name)), *getattr(thing, "__dict__", {}).items()]
