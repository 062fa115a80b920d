"""Fault rules as JSON, for the admin interface."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from azuresim.faults import Action, BumpETag, Delay, Drop, FailCopy, FailReplication, FaultRule, Stale, Status

_ACTIONS: dict[str, type[Action]] = {kind.__name__: kind for kind in (Status, Drop, Delay, Stale, BumpETag, FailReplication, FailCopy)}


def rule_from_json(document: Mapping[str, Any]) -> FaultRule:
    """`{"action": {"kind": "Status", "status": 429, ...}, "method": "POST", "path": "/resize", ...}`. Raises ValueError."""
    members = dict(document)
    try:
        action = dict(members.pop("action"))
        kind = _ACTIONS[action.pop("kind")]
        if "headers" in action:
            action["headers"] = tuple((str(name), str(value)) for name, value in action["headers"].items())
        return FaultRule(action=kind(**action), **members)
    except (KeyError, TypeError, AttributeError) as wrong:
        raise ValueError(f"not a fault rule: {wrong}; actions are {', '.join(_ACTIONS)}") from wrong


def rule_to_json(rule: FaultRule) -> dict[str, Any]:
    """The same document back."""
    shown = asdict(rule)
    shown["action"] = {"kind": type(rule.action).__name__, **asdict(rule.action)}
    if "headers" in shown["action"]:
        shown["action"]["headers"] = dict(shown["action"]["headers"])
    return shown
