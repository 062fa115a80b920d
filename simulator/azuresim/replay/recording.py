"""Recordings as values."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from email.utils import parsedate_to_datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, get_args

from azuresim.core.resource_id import ResourceId

Json = dict[str, Any]
Plane = Literal["arm", "batch"]
# What the recorder writes in place of secrets.
REDACTED = "redacted"
# The members of an interaction and their types.
_MEMBERS: dict[str, type] = {
    "plane": str,
    "method": str,
    "path": str,
    "query": dict,
    "request_headers": dict,
    "request_body": object,
    "status": int,
    "response_headers": dict,
    "response_body": object,
}
_GROUP = re.compile(r"^/subscriptions/[^/]+/resourceGroups/([^/]+)(?=/)", re.IGNORECASE)
_LAST_GOOD_STATUS = 299
_FOUND = 200


@dataclass(frozen=True, kw_only=True)
class Interaction:
    """One recorded request and its answer. ``number`` counts from 0."""

    number: int
    plane: Plane
    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    request_headers: Mapping[str, str] = field(default_factory=dict)
    request_body: Any = None
    status: int
    response_headers: Mapping[str, str] = field(default_factory=dict)
    response_body: Any = None

    @property
    def succeeded(self) -> bool:
        """Whether the service did what was asked."""
        return _FOUND <= self.status <= _LAST_GOOD_STATUS

    @cached_property
    def date(self) -> float | None:
        """POSIX seconds of the answer; None when the recorder dropped it, or wrote something else."""
        try:
            return parsedate_to_datetime(self.response_headers["date"]).timestamp()
        except (KeyError, ValueError):
            return None

    @cached_property
    def target(self) -> ResourceId | None:
        """The resource the path names, without an action or a list at its end; None for what lies in no resource."""
        if self.plane == "batch":
            return None
        return ResourceId.parse(self.path) or ResourceId.parse(self.path.rpartition("/")[0])


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """One file."""

    name: str
    interactions: tuple[Interaction, ...]


def load_scenario(file: Path) -> Scenario:
    """Raises ValueError, with the file's name, for what is not a recording."""
    try:
        interactions = _interactions(json.loads(file.read_text("utf-8")))
    except (OSError, ValueError, RecursionError) as wrong:
        raise ValueError(f"{file} is not a recording: {wrong}") from wrong
    return Scenario(name=file.stem, interactions=_of_one_group(interactions))


def _interactions(document: Any) -> tuple[Interaction, ...]:
    recorded = document.get("interactions") if isinstance(document, dict) else None
    if not isinstance(recorded, list):
        raise ValueError("it has no list of interactions")  # noqa: TRY004  # one error for whatever is wrong
    return tuple(_interaction(number, entry) for number, entry in enumerate(recorded))


def _interaction(number: int, entry: Any) -> Interaction:
    """Members nobody knows are left out, null means the same as nothing."""
    given = {name: value for name, value in entry.items() if name in _MEMBERS and value is not None} if isinstance(entry, dict) else {}
    missing = [name for name in ("plane", "method", "path", "status") if name not in given]
    if missing:
        raise ValueError(f"interaction {number} has no {', '.join(missing)}")
    for name, value in given.items():
        kind = _MEMBERS[name]
        if kind is dict and isinstance(value, dict):
            given[name] = {key: text for key, text in value.items() if isinstance(text, str)}
        elif not isinstance(value, kind) or isinstance(value, bool):
            raise ValueError(f"interaction {number}: {name} is {value!r}")
    if given["plane"] not in get_args(Plane):
        raise ValueError(f"interaction {number}: plane is {given['plane']!r}")
    return Interaction(number=number, **given)


def _of_one_group(interactions: tuple[Interaction, ...]) -> tuple[Interaction, ...]:
    """The service writes the names of groups in capitals here and there, where scrubbers of recordings miss them.

    A scenario whose paths speak of one group only means that one wherever its answers name a group.
    """
    groups = {found[1] for i in interactions if (found := _GROUP.search(i.path))}
    if len(groups) != 1:
        return interactions
    (group,) = groups
    return tuple(replace(i, response_body=_rewritten(i.response_body, group)) for i in interactions)


def _rewritten(value: Any, group: str) -> Any:
    if isinstance(value, dict):
        return {name: _rewritten(item, group) for name, item in value.items()}
    if isinstance(value, list):
        return [_rewritten(item, group) for item in value]
    return _GROUP.sub(lambda found: found[0].replace(found[1], group), value) if isinstance(value, str) else value


def load_folder(folder: Path) -> list[Scenario]:
    """All recordings of a folder, by name."""
    return [load_scenario(file) for file in sorted(folder.glob("*.json"))]


def objects(value: Any) -> Iterator[Json]:
    """Every JSON object within ``value``, outer ones first."""
    if isinstance(value, dict):
        yield value
        for item in value.values():
            yield from objects(item)
    elif isinstance(value, list):
        for item in value:
            yield from objects(item)


def texts(value: Any) -> Iterator[str]:
    """Every string within ``value``."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from texts(item)
