"""Fault rules as people write and read them: `503 when=after retry_after=2`, `fail-operation code=AllocationFailed`."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any, get_type_hints

from azuresim.fault_actions import Action, Status
from azuresim.fault_rules import ACTIONS, fits

_WORD_BEGINS = re.compile(r"(?<=[a-z])(?=[A-Z])")
_CONDITIONS = ("method", "path", "body", "service", "operation")


def kebab(name: str) -> str:
    """`BumpETag` → `bump-etag`."""
    return _WORD_BEGINS.sub("-", name.replace("ETag", "Etag")).lower()


KINDS: dict[str, type[Action]] = {kebab(name): kind for name, kind in ACTIONS.items()}


def action_from_words(words: Sequence[str]) -> dict[str, Any]:
    """The JSON of an action from `KIND member=value ...`; a number is a status. Raises ValueError."""
    kind_word, *rest = words
    given: dict[str, Any] = {}
    if kind_word.isdigit():
        kind: type[Action] | None = Status
        given["status"] = int(kind_word)
    else:
        kind = KINDS.get(kind_word.lower())
    if kind is None:
        raise ValueError(f"there is no fault {kind_word!r}; there are {', '.join(KINDS)}, and any status such as 429")
    hints = get_type_hints(kind)
    for word in rest:
        name, equals, text = word.partition("=")
        name = name.replace("-", "_")
        if not equals:
            raise ValueError(f"{word!r} is no member=value; {kind_word} has {', '.join(hints) or 'no members'}")
        given[name] = _value(text, hints.get(name))
    return {"kind": kind.__name__, **given}


def told(rule: Mapping[str, Any]) -> tuple[str, str, str]:
    """What a rule does, to which requests, and how often it has and will: for a table."""
    action = dict(rule["action"])
    kind = action.pop("kind")
    defaults = {item.name: item.default for item in fields(ACTIONS[kind])}
    what = " ".join([kebab(kind), *(f"{name}={value}" for name, value in action.items() if value not in (None, {}, [], defaults[name]))])
    conditions = [f"{name}={rule[name]}" for name in _CONDITIONS if rule.get(name) not in (None, "", ".*")]
    limit = "always" if rule["count"] is None else f"of {rule['count']}"
    often = f"{rule['hits']} {limit}"
    if rule["skip"]:
        often += f", after {rule['skip']}"
    if rule["probability"] < 1:
        often += f", by chance {rule['probability']:g}"
    return what, " ".join(conditions) or "every request", often


def _value(text: str, hint: Any) -> Any:
    """As a text where the member takes one, else as JSON."""
    if hint is None or fits(text, hint):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text
