"""A copy of a world, events to come included, that then goes its own way."""

from __future__ import annotations

import io
import pickle
import sys
from types import CellType, CodeType, FunctionType
from typing import Any

from azuresim.clock import Clock
from azuresim.core.world import World


def fork(world: World, clock: Clock, *, without: object) -> World:
    """The same world over another clock. ``without`` is left out of the copy; what it was hooked to is to be hooked up again."""
    buffer = io.BytesIO()
    kept = _Pickler(buffer, {id(world.clock): clock, id(without): _Nobody()})
    kept.dump(world)
    buffer.seek(0)
    copy: World = _Unpickler(buffer, kept.outside).load()
    return copy


class _Nobody:
    """Stands where something was left out."""

    def __getattr__(self, _name: str) -> None:
        return None


class _Pickler(pickle.Pickler):
    """Pickle knows no functions with closures, and events are such functions: they are taken apart here."""

    def __init__(self, file: io.BytesIO, replaced: dict[int, Any]) -> None:
        super().__init__(file, pickle.HIGHEST_PROTOCOL)
        self._replaced = replaced
        # What stays outside the copy, by the number that stands for it inside.
        self.outside: list[Any] = []

    def persistent_id(self, thing: Any) -> int | None:
        if isinstance(thing, CodeType):
            self.outside.append(thing)
        elif id(thing) in self._replaced:
            self.outside.append(self._replaced[id(thing)])
        else:
            return None
        return len(self.outside) - 1

    def reducer_override(self, thing: Any) -> Any:
        if isinstance(thing, FunctionType) and not _is_importable(thing):
            cells = tuple(cell.cell_contents for cell in thing.__closure__ or ())
            made = (thing.__code__, thing.__module__, thing.__name__, len(cells))
            return _function, made, (cells, thing.__defaults__, thing.__kwdefaults__), None, None, _fill
        return NotImplemented


class _Unpickler(pickle.Unpickler):
    def __init__(self, file: io.BytesIO, outside: list[Any]) -> None:
        super().__init__(file)
        self._outside = outside

    def persistent_load(self, number: int) -> Any:
        return self._outside[number]


def _is_importable(function: FunctionType) -> bool:
    found: Any = sys.modules.get(function.__module__)
    for name in function.__qualname__.split("."):
        found = getattr(found, name, None)
    return found is function


def _function(code: CodeType, module: str, name: str, cells: int) -> FunctionType:
    return FunctionType(code, sys.modules[module].__dict__, name, None, tuple(CellType() for _ in range(cells)))


def _fill(function: FunctionType, state: tuple[tuple[Any, ...], Any, Any]) -> None:
    """Afterwards, because a function may hold itself."""
    contents, function.__defaults__, function.__kwdefaults__ = state
    for cell, content in zip(function.__closure__ or (), contents, strict=True):
        cell.cell_contents = content
