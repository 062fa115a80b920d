"""JSON patch (RFC 6902) and merge patch (RFC 7386) over plain JSON, as far as the API server's clients use them."""

from __future__ import annotations

import copy
from typing import Any


class PatchError(Exception):
    """A test did not hold, or a path leads nowhere."""


def apply_patch(document: dict[str, Any], operations: list[dict[str, Any]]) -> dict[str, Any]:
    """The document after ``add``, ``remove``, ``replace`` and ``test``; the one given stays as it is."""
    result = copy.deepcopy(document)
    for operation in operations:
        parents = [part.replace("~1", "/").replace("~0", "~") for part in operation["path"].split("/")[1:]]
        leaf = parents.pop()
        target: Any = result
        for part in parents:
            target = _member(target, part)
        _apply(target, leaf, operation)
    return result


def merge(document: Any, change: Any) -> Any:
    """The document after a merge patch: null removes, objects merge, everything else replaces."""
    if not isinstance(change, dict):
        return copy.deepcopy(change)
    result = dict(document) if isinstance(document, dict) else {}
    for name, value in change.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merge(result.get(name), value)
    return result


def _apply(target: Any, leaf: str, operation: dict[str, Any]) -> None:
    match operation["op"]:
        case "test":
            if _member(target, leaf) != operation["value"]:
                raise PatchError(f"testing value {operation['path']} failed")
        case "remove":
            _member(target, leaf)
            del target[int(leaf) if isinstance(target, list) else leaf]
        case "add" if isinstance(target, list):
            target.insert(len(target) if leaf == "-" else int(leaf), copy.deepcopy(operation["value"]))
        case "add":
            target[leaf] = copy.deepcopy(operation["value"])
        case "replace":
            _member(target, leaf)
            target[int(leaf) if isinstance(target, list) else leaf] = copy.deepcopy(operation["value"])
        case other:
            raise PatchError(f"unexpected operation {other}")


def _member(target: Any, part: str) -> Any:
    try:
        return target[int(part)] if isinstance(target, list) else target[part]
    except (KeyError, IndexError, ValueError, TypeError) as error:
        raise PatchError(f"missing path {part}") from error
