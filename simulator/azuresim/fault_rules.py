"""Fault rules as JSON, for the admin interface and the command line."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import MISSING, Field, asdict, fields
from math import inf
from typing import Any, get_args, get_type_hints

from azuresim.core.regions import is_region
from azuresim.fault_actions import Action
from azuresim.faults import FaultRule

ACTIONS: dict[str, type[Action]] = {kind.__name__: kind for kind in get_args(Action)}
_BOUNDS: dict[str, tuple[float, float]] = {
    "count": (1, inf),
    "probability": (0, 1),
    "retry_after": (0, inf),
    "retry_after_ms": (0, inf),
    "seconds": (0, inf),
    "size": (1, inf),
    "skip": (0, inf),
    "status": (400, 599),
}
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_PATTERNS = frozenset({"method", "path", "body"})
# What a person calls the types of JSON.
_CALLED = {"str": "a text", "int": "a whole number", "float": "a number", "None": "null"}


def rule_from_json(document: Mapping[str, Any]) -> FaultRule:
    """`{"action": {"kind": "Status", "status": 429, ...}, "method": "POST", "path": "/resize", ...}`.

    Raises ValueError that says which member is wrong and what it should be.
    """
    if not isinstance(document, Mapping):
        raise ValueError("not a fault rule: it must be a JSON object")  # noqa: TRY004  # one error for whatever is wrong
    members = dict(document)
    action = members.pop("action", None)
    if not isinstance(action, Mapping) or "kind" not in action:
        raise ValueError(f"not a fault rule: it needs an action with a kind, one of {', '.join(ACTIONS)}")
    given = dict(action)
    kind = ACTIONS.get(str(given.pop("kind")))
    if kind is None:
        raise ValueError(f"not a fault rule: there is no action {action['kind']!r}; there are {', '.join(ACTIONS)}")
    if isinstance(given.get("headers"), Mapping):
        given["headers"] = tuple((str(name), str(value)) for name, value in given["headers"].items())
    made: Action = kind(**_checked(kind, given))
    rule = _checked(FaultRule, members, but="action")
    for name in _PATTERNS & rule.keys():
        try:
            re.compile(rule[name])
        except re.error as wrong:
            raise ValueError(f"not a fault rule: {name} is no regular expression: {wrong}") from wrong
    _check_bounds(made, rule)
    return FaultRule(action=made, **rule)


def _check_bounds(action: Action, rule: Mapping[str, Any]) -> None:
    for name, value in {**asdict(action), **rule}.items():
        lowest, highest = _BOUNDS.get(name, (-inf, inf))
        if isinstance(value, int | float) and not lowest <= value <= highest:
            raise ValueError(
                f"not a fault rule: {name} must be from {lowest:g} {'on' if highest == inf else f'to {highest:g}'}, not {value!r}"
            )
    region = getattr(action, "region", None)
    if region is not None and not is_region(region):
        raise ValueError(f"not a fault rule: there is no region {region!r}")
    for name, value in getattr(action, "headers", ()):
        if not (_HEADER.fullmatch(name) and value.isprintable()):
            raise ValueError(f"not a fault rule: {name!r}: {value!r} is no header")


def rule_to_json(rule: FaultRule) -> dict[str, Any]:
    """The same document back."""
    shown = asdict(rule)
    shown["action"] = {"kind": type(rule.action).__name__, **asdict(rule.action)}
    if "headers" in shown["action"]:
        shown["action"]["headers"] = dict(shown["action"]["headers"])
    return shown


def does(kind: type[Any]) -> str:
    """What an action does, in one sentence."""
    return (kind.__doc__ or "").partition("\n")[0].replace("``", "`")


def members_of(kind: type[Any]) -> dict[str, str]:
    """The members of an action or of a rule, with what each may be in words."""
    hints = get_type_hints(kind)
    return {item.name: _described(hints[item.name]) for item in fields(kind)}


def _checked(kind: type[Any], given: Mapping[str, Any], *, but: str | None = None) -> dict[str, Any]:
    hints = get_type_hints(kind)
    known: dict[str, Field[Any]] = {item.name: item for item in fields(kind) if item.name != but}
    for name, value in given.items():
        if name not in known:
            raise ValueError(f"not a fault rule: {kind.__name__} has no member {name!r}; it has {', '.join(known) or 'none'}")
        if not fits(value, hints[name]):
            raise ValueError(f"not a fault rule: {kind.__name__}.{name} must be {_described(hints[name])}, not {value!r}")
    missing = [name for name, item in known.items() if item.default is MISSING and name not in given]
    if missing:
        raise ValueError(f"not a fault rule: {kind.__name__} needs {', '.join(missing)}")
    return dict(given)


def fits(value: Any, hint: Any) -> bool:
    """Whether a value of JSON is of a type."""
    choices = _choices(hint)
    if choices:
        return any(fits(value, choice) if isinstance(choice, type) or _choices(choice) else value == choice for choice in choices)
    if hint is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, hint if isinstance(hint, type) else tuple)


def _choices(hint: Any) -> tuple[Any, ...]:
    """What a union or a Literal consists of; nothing for other types."""
    is_choice = getattr(hint, "__origin__", None) is not tuple
    return get_args(hint) if is_choice else ()


def _described(hint: Any) -> str:
    choices = _choices(hint)
    if choices:
        return " or ".join(_described(choice) if isinstance(choice, type) or _choices(choice) else repr(choice) for choice in choices)
    if hint is type(None):
        return "null"
    return _CALLED.get(getattr(hint, "__name__", ""), "an object of texts")
