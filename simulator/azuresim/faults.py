"""What goes wrong when: rules that pick requests, and what happens to them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field

from azuresim.core.regions import region_key
from azuresim.fault_actions import Action, FailCopy, FailNode, FailReplication, Inner, NoCapacity, Stale


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultRule:
    """Which requests are hit. All given conditions must hold.

    ``method``, ``path`` and ``body`` are regular expressions (full match, search, search; case-insensitive); ``operation`` and ``service``
    are names from the route tables. The first ``skip`` matches pass; then ``count`` are hit (None: all), each with ``probability``.
    """

    action: Action
    method: str = ".*"
    path: str = ""
    body: str = ""
    service: str | None = None
    operation: str | None = None
    skip: int = 0
    count: int | None = 1
    probability: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the rules look at in a request."""

    method: str
    path: str
    service: str
    operation: str
    body: bytes = b""


@dataclass(slots=True)
class Counted:
    """A rule in force."""

    rule: FaultRule
    number: int
    matched: int = 0
    hit: int = 0
    # Until when, in the world's time, the last strike of a ``Stale`` goes on.
    until: float = 0.0
    method: re.Pattern[str] = field(init=False)
    path: re.Pattern[str] = field(init=False)
    body: re.Pattern[str] = field(init=False)

    def __post_init__(self) -> None:
        self.method = re.compile(self.rule.method, re.IGNORECASE)
        self.path = re.compile(self.rule.path, re.IGNORECASE)
        self.body = re.compile(self.rule.body, re.IGNORECASE)

    def fits(self, asked: Asked) -> bool:
        """Whether its conditions hold; counts nothing."""
        rule = self.rule
        return bool(
            rule.service in (None, asked.service)
            and rule.operation in (None, asked.operation)
            and self.method.fullmatch(asked.method)
            and self.path.search(asked.path)
            and (not rule.body or self.body.search(asked.body.decode("utf-8", "replace")))
        )


class FaultPlan:
    """Rules in order of arrival. Deterministic: chance comes from the seed, the rule's number and its count of matches."""

    def __init__(self, rules: Iterable[FaultRule] = (), *, seed: int = 0) -> None:
        self._seed = seed
        self._rules: list[Counted] = []
        self._added = 0
        for rule in rules:
            self.add(rule)

    def __len__(self) -> int:
        return len(self._rules)

    @property
    def rules(self) -> list[FaultRule]:
        """What is in force, used-up rules included."""
        return [counted.rule for counted in self._rules]

    def numbered(self) -> Iterator[tuple[int, FaultRule, int]]:
        """Number, rule and how often it struck."""
        return ((counted.number, counted.rule, counted.hit) for counted in self._rules)

    def hits(self, rule: FaultRule) -> int:
        """How often ``rule`` struck."""
        return sum(counted.hit for counted in self._rules if counted.rule is rule)

    def add(self, rule: FaultRule) -> int:
        """Put a rule in force; its number."""
        self._rules.append(Counted(rule, self._added))
        self._added += 1
        return self._added - 1

    def remove(self, number: int) -> None:
        """Take one rule out of force. Raises LookupError when there is none of that number."""
        kept = [counted for counted in self._rules if counted.number != number]
        if len(kept) == len(self._rules):
            raise LookupError(f"no rule has the number {number}")
        self._rules = kept

    def clear(self) -> None:
        """Take all rules out of force."""
        self._rules.clear()

    def strike(self, asked: Asked) -> list[Action]:
        """What happens to one request, in the order of the rules."""
        return [
            counted.rule.action
            for counted in self._rules
            if not isinstance(counted.rule.action, Inner | Stale) and counted.fits(asked) and self._falls(counted)
        ]

    def lag(self, asked: Asked, now: float) -> float | None:
        """By how many seconds what the request reads is behind; None when it is not.

        A strike of a ``Stale`` holds for its seconds, and other reads that fit are part of it.
        """
        for counted in self._rules:
            action = counted.rule.action
            if not isinstance(action, Stale) or not counted.fits(asked):
                continue
            if now < counted.until:
                return action.seconds
            if self._falls(counted):
                counted.until = now + action.seconds
                return action.seconds
        return None

    def lags(self, now: float) -> bool:
        """Whether anything may still be read late: a copy of the world has to be kept up."""
        return any(
            isinstance(c.rule.action, Stale) and (now < c.until or c.rule.count is None or c.hit < c.rule.count) for c in self._rules
        )

    def replication_fault(self, version_id: str, region: str) -> str | None:
        """Why the replication of a version to a region fails; None when it does not."""
        for counted in self._rules:
            action = counted.rule.action
            if isinstance(action, FailReplication) and _same_region(action.region, region) and self._strikes(counted, version_id):
                return action.reason
        return None

    def allocation_fault(self, subject: str, size: str, region: str, codes: Collection[str]) -> str | None:
        """Which of these codes the pool or virtual machine ``subject`` meets; None when all goes well."""
        for counted in self._rules:
            action = counted.rule.action
            if (
                isinstance(action, NoCapacity)
                and action.code in codes
                and (action.size is None or action.size.lower() == size.lower())
                and _same_region(action.region, region)
                and self._strikes(counted, subject)
            ):
                return action.code
        return None

    def node_fault(self, pool_id: str) -> str | None:
        """The state a new node ends in instead of idle; None for a healthy one."""
        for counted in self._rules:
            action = counted.rule.action
            if isinstance(action, FailNode) and self._strikes(counted, pool_id):
                return action.state
        return None

    def copy_fault(self, path: str) -> str | None:
        """Why a copy into `account/container/blob` fails; None when it does not."""
        for counted in self._rules:
            action = counted.rule.action
            if isinstance(action, FailCopy) and self._strikes(counted, path):
                return action.reason
        return None

    def _strikes(self, counted: Counted, subject: str) -> bool:
        return counted.path.search(subject) is not None and self._falls(counted)

    def _falls(self, counted: Counted) -> bool:
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


def _same_region(wanted: str | None, region: str) -> bool:
    return wanted is None or region_key(wanted) == region_key(region)
