"""Ways to break the operator on purpose: a harness that does not notice them proves nothing.

Each replaces one piece of the operator for the length of a ``with`` block, and names cases that have to find a problem.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from poolwright.cloud import account_poller, accounts, galleries
from poolwright.controllers import reconcile
from poolwright.domain import objects, ownership
from poolwright.domain.image import rules as image_rules
from poolwright.domain.image import situation as image_situation
from poolwright.domain.image.spec import ImageSpec
from poolwright.domain.outcomes import UNSEEN, Decision
from poolwright.domain.pool import rules as pool_rules
from poolwright.domain.pool import situation as pool_situation
from poolwright.domain.pool import sizing
from poolwright.domain.reasons import DELETING, PUBLISHING
from poolwright.engine import publish, resync, workqueue
from torture.cases import Variant

Patch = tuple[object, str, object]


@dataclass(frozen=True, slots=True)
class Breakage:
    """What is broken and how, and the chapter and variant in which it shows."""

    name: str
    patches: Callable[[], list[Patch]]
    chapter: str
    variant: Variant


@contextmanager
def broken(breakage: Breakage) -> Iterator[None]:
    """The operator with one piece replaced."""
    patches = breakage.patches()
    before = [(owner, name, getattr(owner, name)) for owner, name, _ in patches]
    for owner, name, value in patches:
        setattr(owner, name, value)
    try:
        yield
    finally:
        for owner, name, value in before:
            setattr(owner, name, value)


def _no_digest_tag() -> list[Patch]:
    return [(galleries, "SOURCE_DIGEST", "some-other-tag")]


def _act_before_the_intent() -> list[Patch]:
    def choose(s: image_situation.ImageSituation, version: str) -> image_situation.ImageDecision:
        action = image_situation.PutVersion(spec=s.spec, home=s.home, version=version, digest=s.spec.digest)
        return image_situation.do(s, action, PUBLISHING, "Making it at once.")

    return [(image_rules, "_choose", choose)]


def _no_finalizer() -> list[Patch]:
    return [(reconcile, "has_finalizer", lambda _body: True)]


def _old_view_after_a_write() -> list[Patch]:
    return [(account_poller.AccountPoller, "wrote", lambda _self, _pool_id: None)]


def _finalizer_off_too_early() -> list[Patch]:
    def rule(s: Any) -> Any:
        if s.pool.deleting:
            return pool_situation.do(s, pool_situation.Release(), DELETING, "It is on its way.")
        return original(s)

    original = pool_rules.on_its_way_out
    return [(pool_rules, "DELETION", (*pool_rules.DELETION[:-1], rule))]


def _no_relist() -> list[Patch]:
    async def again(_self: resync.Resync, _kind: str) -> None:
        return None

    return [(resync.Resync, "again", again)]


def _no_direct_read_before_a_deletion() -> list[Patch]:
    async def still_true(_self: Any, _key: Any, _body: Any) -> bool:
        return True

    return [(reconcile.Controller, "_still_true", still_true)]


def _target_taken_for_size() -> list[Patch]:
    rules = tuple(rule for rule in pool_rules.RULES if rule not in {sizing.resizing, sizing.fell_short})
    return [(pool_rules, "RULES", rules)]


def _status_without_a_version() -> list[Patch]:
    """A status that keeps the generation of the first visit."""
    original = publish.Publisher.publish

    async def publish_(self: publish.Publisher, kind: str, body: objects.Body, status: Mapping[str, Any], steady: Any) -> Any:
        before = body.get("status", {}).get("observedGeneration", -1)
        return await original(self, kind, body, {**status, "observedGeneration": max(before, 1) if before == -1 else before}, steady)

    return [(publish.Publisher, "publish", publish_)]


def _digest_with_a_counter() -> list[Patch]:
    original = image_rules.decide
    counter = iter(range(1_000_000))

    def decide(s: image_situation.ImageSituation) -> Any:
        spec: ImageSpec = replace(s.spec, digest=f"{s.spec.digest}-{next(counter)}")
        return original(replace(s, spec=spec))

    from poolwright.controllers.image import logic  # noqa: PLC0415 - patched where it is used

    return [(logic, "decide", decide)]


def _mark_forgotten() -> list[Patch]:
    def tags(self: ownership.Mark) -> dict[str, str]:
        return {ownership.CLUSTER: self.cluster}

    return [(ownership.Mark, "tags", tags)]


def _ready_too_early() -> list[Patch]:
    return [(pool_rules, "RULES", tuple(rule for rule in pool_rules.RULES if rule is not sizing.resizing))]


def _image_update_forgotten() -> list[Patch]:
    return [(pool_rules, "RULES", tuple(rule for rule in pool_rules.RULES if rule is not pool_rules.outdated_and_empty))]


def _one_region_only() -> list[Patch]:
    original = galleries._target_regions
    return [(galleries, "_target_regions", lambda regions: original(list(regions)[-1:]))]


def _delete_without_waiting_for_pools() -> list[Patch]:
    from poolwright.domain.image import deletion  # noqa: PLC0415 - beside its use

    return [(deletion, "RULES", deletion.RULES[1:])]


def _pool_written_without_asking() -> list[Patch]:
    async def send(client: Any, pool_id: str, action: Any) -> None:
        await original(client, pool_id, action)
        if isinstance(action, pool_situation.Resize):
            await original(client, pool_id, action)

    original = accounts._send
    return [(accounts, "_send", send)]


def _absence_taken_from_a_listing() -> list[Patch]:
    def view(self: account_poller.AccountPoller, pool_id: str) -> Any:
        known = original(self, pool_id)
        return None if known is UNSEEN and self.state.listed and pool_id.lower() not in self._entries else known

    original = account_poller.AccountPoller.view
    return [(account_poller.AccountPoller, "view", view)]


def _no_retry() -> list[Patch]:
    return [(workqueue.WorkQueue, "retry", lambda _self, _key, **_bounds: None)]


def _nothing_scheduled() -> list[Patch]:
    def schedule(self: workqueue.WorkQueue[Any], key: Any, seconds: float | None) -> None:
        original(self, key, None if seconds else seconds)

    original = workqueue.WorkQueue.schedule
    return [(workqueue.WorkQueue, "schedule", schedule)]


def _created_for_nobody() -> list[Patch]:
    def absent(s: Any) -> Any:
        answer = pool_rules.absent(s)
        return replace(answer, reread=False) if isinstance(answer, Decision) else answer

    return [(pool_rules, "RULES", tuple(absent if rule is pool_rules.absent else rule for rule in pool_rules.RULES))]


_WHERE: tuple[tuple[Callable[[], list[Patch]], str, Variant], ...] = (
    (_no_digest_tag, "create", "plain"),
    (_act_before_the_intent, "create", "Azure lists lag"),
    (_no_finalizer, "create", "plain"),
    (_old_view_after_a_write, "delete and declare again", "plain"),
    (_finalizer_off_too_early, "delete and declare again", "plain"),
    (_no_relist, "delete and declare again", "stale list"),
    (_no_direct_read_before_a_deletion, "delete", "stale list"),
    (_target_taken_for_size, "create", "Azure lists lag"),
    (_status_without_a_version, "second image", "status wiped"),
    (_digest_with_a_counter, "create", "plain"),
    (_mark_forgotten, "create", "plain"),
    (_ready_too_early, "create", "Azure lists lag"),
    (_image_update_forgotten, "second image", "plain"),
    (_one_region_only, "create", "plain"),
    (_delete_without_waiting_for_pools, "delete and declare again", "plain"),
    (_pool_written_without_asking, "change while resizing", "plain"),
    (_absence_taken_from_a_listing, "declare and take back", "Azure lists lag"),
    (_no_retry, "create", "answer lost"),
    (_nothing_scheduled, "create", "answer lost"),
    (_created_for_nobody, "delete the pool", "stale list"),
)

BREAKAGES = tuple(
    Breakage(patches.__name__.strip("_").replace("_", " "), patches, chapter, variant) for patches, chapter, variant in _WHERE
)
