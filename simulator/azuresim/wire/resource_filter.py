"""`$filter` of ARM's lists of resources and groups: `eq` and `ne`, `substringof` and `startswith`, tags, joined by `and` or `or`."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from azuresim.core.errors import ServiceError
from azuresim.core.regions import region_key
from azuresim.core.resource_id import ResourceId

Json = dict[str, Any]
Predicate = Callable[[Json], bool]
_TEXT = r"'((?:[^']|'')*)'"
_TAG = re.compile(rf"tagName eq {_TEXT}(?: and tagValue eq {_TEXT})?", re.IGNORECASE)
_COMPARISON = re.compile(rf"([\w/]+) (eq|ne) {_TEXT}", re.IGNORECASE)
_SUBSTRING = re.compile(rf"substringof\(\s*{_TEXT}\s*,\s*([\w/]+)\s*\)", re.IGNORECASE)
_PREFIX = re.compile(rf"startswith\(\s*([\w/]+)\s*,\s*{_TEXT}\s*\)", re.IGNORECASE)
_OUTSIDE_QUOTES = r"(?=(?:[^']*'[^']*')*[^']*$)"


def _group_of(shown: Json) -> str:
    parsed = ResourceId.parse(shown["id"])
    return "" if parsed is None else parsed.group


# Names in the filter → how a resource is asked for them.
_MEMBERS: dict[str, Callable[[Json], str]] = {
    "name": lambda shown: str(shown["name"]),
    "resourcetype": lambda shown: str(shown["type"]),
    "location": lambda shown: region_key(shown["location"]),
    "resourcegroup": _group_of,
    "kind": lambda shown: str(shown.get("kind", "")),
}


def parse_resource_filter(text: str | None) -> Predicate:
    """A test of one resource as the list shows it. Raises 400 InvalidFilterInQueryString."""
    if not text or not text.strip():
        return lambda _shown: True
    tag = _TAG.fullmatch(text.strip())
    if tag is not None:
        return _tagged(_plain(tag[1]), None if tag[2] is None else _plain(tag[2]))
    alternatives = [
        [_clause(part.strip(), text) for part in re.split(rf" and {_OUTSIDE_QUOTES}", side, flags=re.IGNORECASE)]
        for side in re.split(rf" or {_OUTSIDE_QUOTES}", text, flags=re.IGNORECASE)
    ]
    return lambda shown: any(all(clause(shown) for clause in clauses) for clauses in alternatives)


def _tagged(name: str, value: str | None) -> Predicate:
    def holds(shown: Json) -> bool:
        tags = {key.lower(): text for key, text in (shown.get("tags") or {}).items()}
        return name.lower() in tags and value in {None, tags[name.lower()]}

    return holds


def _clause(part: str, text: str) -> Predicate:
    part = part.removeprefix("(").removesuffix(")") if part.startswith("(") else part
    if (match := _COMPARISON.fullmatch(part)) is not None:
        member, wanted, equal = _member(match[1], text), _folded(match[1], _plain(match[3])), match[2].lower() == "eq"
        return lambda shown: (member(shown).lower() == wanted) is equal
    if (match := _SUBSTRING.fullmatch(part)) is not None:
        member, wanted = _member(match[2], text), _plain(match[1]).lower()
        return lambda shown: wanted in member(shown).lower()
    if (match := _PREFIX.fullmatch(part)) is not None:
        member, wanted = _member(match[1], text), _plain(match[2]).lower()
        return lambda shown: member(shown).lower().startswith(wanted)
    raise _invalid(text)


def _member(name: str, text: str) -> Callable[[Json], str]:
    found = _MEMBERS.get(name.lower())
    if found is None:
        raise _invalid(text)
    return found


def _folded(name: str, value: str) -> str:
    return region_key(value) if name.lower() == "location" else value.lower()


def _plain(quoted: str) -> str:
    return quoted.replace("''", "'")


def _invalid(text: str) -> ServiceError:
    return ServiceError(400, "InvalidFilterInQueryString", f"Invalid $filter '{text}' specified in the query string.")
