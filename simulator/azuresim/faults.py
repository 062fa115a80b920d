"""What goes wrong, as data: rules that pick requests, and what happens to them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from azuresim.core.regions import region_key
from azuresim.wire.http import Response

When = Literal["before", "after"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """Answer with an error. ``when="after"``: the change is made, then the answer is replaced.

    ``retry_after`` in seconds becomes the `Retry-After` header.
    """

    status: int
    code: str = "ServerBusy"
    message: str = "A fault was injected."
    when: When = "before"
    retry_after: float | None = None
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Drop:
    """Cut the connection: before anything happened, or after the change was made and instead of the answer."""

    when: When = "after"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delay:
    """Answer late, by ``seconds`` of the client's time."""

    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Stale:
    """Keep giving the first matching answer to the same URL for ``seconds`` of the world's time."""

    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class BumpETag:
    """Another writer was faster: the addressed pool or blob gets a new ETag just before the request is handled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FailReplication:
    """The replication of a version whose id matches ``path`` fails in ``region`` (None: in any)."""

    region: str | None = None
    reason: str = "An internal error occurred while copying the image."


@dataclass(frozen=True, slots=True, kw_only=True)
class FailCopy:
    """The copy into a blob whose `account/container/blob` matches ``path`` fails at its end."""

    reason: str = '500 InternalError "Copy failed."'


Action = Status | Drop | Delay | Stale | BumpETag | FailReplication | FailCopy


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultRule:
    """Which requests are hit. All given conditions must hold.

    ``method`` and ``path`` are regular expressions (full match and search, case-insensitive); ``operation`` and ``service`` are names from
    the route tables. The first ``skip`` matches pass; then ``count`` are hit (None: all), each with ``probability``.
    """

    action: Action
    method: str = ".*"
    path: str = ""
    service: str | None = None
    operation: str | None = None
    skip: int = 0
    count: int | None = 1
    probability: float = 1.0


@dataclass(slots=True)
class _Counted:
    rule: FaultRule
    number: int
    matched: int = 0
    hit: int = 0
    method: re.Pattern[str] = field(init=False)
    path: re.Pattern[str] = field(init=False)

    def __post_init__(self) -> None:
        self.method = re.compile(self.rule.method, re.IGNORECASE)
        self.path = re.compile(self.rule.path, re.IGNORECASE)


class FaultPlan:
    """Rules in order of arrival. Deterministic: chance comes from the seed, the rule's number and its count of matches."""

    def __init__(self, rules: Iterable[FaultRule] = (), *, seed: int = 0) -> None:
        self._seed = seed
        self._rules: list[_Counted] = []
        self._added = 0
        # (method, URL) → until when (world's time) which answer is repeated; the application fills it for ``Stale``.
        self.remembered: dict[tuple[str, str], tuple[float, Response]] = {}
        for rule in rules:
            self.add(rule)

    def __len__(self) -> int:
        return len(self._rules)

    @property
    def rules(self) -> list[FaultRule]:
        """What is in force, used-up rules included."""
        return [counted.rule for counted in self._rules]

    def hits(self, rule: FaultRule) -> int:
        """How often ``rule`` struck."""
        return sum(counted.hit for counted in self._rules if counted.rule is rule)

    def add(self, rule: FaultRule) -> None:
        """Put a rule in force."""
        self._rules.append(_Counted(rule, self._added))
        self._added += 1

    def clear(self) -> None:
        """Take all rules out of force, remembered answers included."""
        self._rules.clear()
        self.remembered.clear()

    def strike(self, *, method: str, path: str, service: str, operation: str) -> list[Action]:
        """What happens to one request, in the order of the rules."""
        return [
            counted.rule.action
            for counted in self._rules
            if not isinstance(counted.rule.action, FailReplication | FailCopy)
            and counted.rule.service in (None, service)
            and counted.rule.operation in (None, operation)
            and counted.method.fullmatch(method)
            and counted.path.search(path)
            and self._falls(counted)
        ]

    def replication_fault(self, version_id: str, region: str) -> str | None:
        """Why the replication of a version to a region fails; None when it does not."""
        for counted in self._rules:
            action = counted.rule.action
            if not isinstance(action, FailReplication) or (action.region is not None and region_key(action.region) != region_key(region)):
                continue
            if counted.path.search(version_id) and self._falls(counted):
                return action.reason
        return None

    def copy_fault(self, path: str) -> str | None:
        """Why a copy into `account/container/blob` fails; None when it does not."""
        for counted in self._rules:
            action = counted.rule.action
            if isinstance(action, FailCopy) and counted.path.search(path) and self._falls(counted):
                return action.reason
        return None

    def _falls(self, counted: _Counted) -> bool:
        counted.matched += 1
        rule = counted.rule
        if counted.matched <= rule.skip or (rule.count is not None and counted.hit >= rule.count):
            return False
        if rule.probability < 1.0:
            draw = hashlib.sha256(f"{self._seed}:{counted.number}:{counted.matched}".encode()).digest()
            if int.from_bytes(draw[:8], "big") / 2**64 >= rule.probability:
                return False
        counted.hit += 1
        return True
