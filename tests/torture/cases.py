"""Trouble at every call, before it and after it took effect: the operator dies there, or the answer is lost and it lives on.

Each plainly; each write also with what is known afterwards being old, gone or late.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal

from aiohttp import ServerDisconnectedError
from azure.core.exceptions import ServiceRequestError

from azuresim import FaultRule, Stale
from azuresim.transport import Phase
from harness.virtualtime import run
from harness.world import Call, Operator, Scene
from torture.oracle import projection, violations
from torture.story import STORY, Chapter, declare, settled
from torture.witness import Witness

Variant = Literal["plain", "answer lost", "stale list", "status wiped", "Azure lists lag", "events late"]
VARIANTS: tuple[Variant, ...] = ("plain", "answer lost", "stale list", "status wiped", "Azure lists lag", "events late")
# Listings of Azure may be behind for minutes; what is declared meanwhile has to come out the same.
LAG: dict[Variant, float] = {"Azure lists lag": 600.0}
LISTINGS = ("GalleryImageVersions_ListByGalleryImage", "Pools_List")
# A watch that is behind by more than a person takes to change a number: what was read directly is then newer than what comes.
LATE: dict[Variant, float] = {"events late": 60.0}
# How much longer a chapter may take for one lost answer: the first pauses of the back-off, or the longest between two listings.
RECOVERY_SECONDS, LISTING_RECOVERY_SECONDS = 120.0, 400.0
PHASES: tuple[Phase, ...] = ("before", "after")
# The longest chapter takes 26 minutes of Azure's own time; relists that make up for missing events come every ten.
PATIENCE_SECONDS = 2 * 3600.0
# The write that was cut off may have to be sent again; what is decided on old news may have to be taken back.
REPEATED_WRITES: dict[Variant, int] = {"stale list": 3}
WRITES = frozenset({"PUT", "POST", "PATCH", "DELETE"})
READS = frozenset({"get", "head", "list"})
# A day; everything has long settled by then, or never will.
LATER_SECONDS = 24 * 3600.0


@dataclass(frozen=True, slots=True)
class Usual:
    """A chapter in which nothing goes wrong: its calls, those of them that were not refused, and how many seconds it takes."""

    calls: tuple[Call, ...]
    carried_out: frozenset[int]
    seconds: float

    @property
    def azure_writes(self) -> int:
        return sum(where == "azure" and call.split()[0] in WRITES for where, call in self.calls)


@dataclass(frozen=True, slots=True)
class Case:
    """Trouble at the ``call``-th call of a chapter."""

    chapter: int
    call: int
    phase: Phase
    variant: Variant
    usual: Usual = field(repr=False, compare=False)

    def __str__(self) -> str:
        return f"{STORY[self.chapter].name}: {self.phase} call {self.call}, {self.variant}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of a case."""

    at: Call = ("", "")
    problems: tuple[str, ...] = ()


class Count:
    """Which call is which: they are numbered as they begin, and each ends in the task it began in."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self._under_way: dict[asyncio.Task[Any] | None, int] = {}

    def number(self, phase: Phase, call: Call) -> int:
        """From 1."""
        if phase == "before":
            self.calls.append(call)
            self._under_way[asyncio.current_task()] = len(self.calls)
        return self._under_way.get(asyncio.current_task(), 0)


class Trouble:
    """A gate that strikes at one call: it stops there for ever and lets nothing pass after it, or it loses one answer."""

    def __init__(self, case: Case) -> None:
        self._case = case
        self._count = Count()
        self.at: Call = ("", "")
        self.struck = asyncio.Event()

    async def __call__(self, phase: Phase, call: Call) -> None:
        if self.struck.is_set() and self._case.variant == "answer lost":
            return
        if not self.struck.is_set():
            if (self._count.number(phase, call), phase) != (self._case.call, self._case.phase):
                return
            self.at = call
            self.struck.set()
            if self._case.variant == "answer lost":
                raise ServiceRequestError("Server disconnected") if call[0] == "azure" else ServerDisconnectedError
        await asyncio.Event().wait()


def sweep() -> Iterator[Case]:
    """Every call of every chapter, in both phases; a write in all variants.

    A read leaves nothing behind that the next operator could meet, and whether it was lost on its way there or back is the same.
    """
    for variant in VARIANTS:
        for chapter, usual in enumerate(recorded(LATE.get(variant, 0.0), LAG.get(variant, 0.0))):
            for number, (_, call) in enumerate(usual.calls, start=1):
                reads = call.split()[0].lower() in READS
                for phase in PHASES if number in usual.carried_out else PHASES[:1]:
                    if not reads or variant == "plain" or (variant == "answer lost" and phase == "before"):
                        yield Case(chapter, number, phase, variant, usual)


@cache
def recorded(late: float, lag: float) -> tuple[Usual, ...]:
    """Each chapter when nothing goes wrong, but that events come so many seconds late, and Azure's listings are so many behind."""
    return tuple(run(_recorded(chapter, late, lag)) for chapter in range(len(STORY)))


async def _recorded(number: int, late: float, lag: float) -> Usual:
    scene, count, carried_out = Scene(events_late=late), Count(), set[int]()
    operator = await scene.start_operator()
    for chapter in STORY[:number]:
        await _tell(scene, chapter)
    _lag(scene, lag)

    async def note(phase: Phase, call: Call) -> None:
        number = count.number(phase, call)
        if phase == "after":
            carried_out.add(number)

    operator.gate = note
    began = _seconds()
    await declare(scene, STORY[number])
    # Looked at as often as a case does: what comes after the end is no call of the chapter.
    await scene.until(lambda: settled(scene, STORY[number]), every=1)
    took = _seconds() - began
    await operator.stop()
    return Usual(tuple(count.calls), frozenset(carried_out), took)


def _lag(scene: Scene, seconds: float) -> None:
    if seconds:
        for operation in LISTINGS:
            scene.azure.faults.add(FaultRule(action=Stale(seconds=seconds), operation=operation))


@cache
def reference(chapter: int) -> dict[str, Any]:
    """The last declaration, applied to an empty account."""
    return run(_reference(chapter))


async def _reference(chapter: int) -> dict[str, Any]:
    scene = Scene()
    operator = await scene.start_operator()
    await _tell(scene, STORY[chapter])
    await asyncio.sleep(LATER_SECONDS)
    await operator.stop()
    return projection(scene)


async def _tell(scene: Scene, chapter: Chapter) -> None:
    await declare(scene, chapter)
    await scene.until(lambda: settled(scene, chapter))


def judge(case: Case, later: float = LATER_SECONDS) -> Verdict:
    """Run one case to its end, and compare the end with the reference."""
    at, problems, have = run(_carried_out(case, later))
    return Verdict(at=at, problems=(*problems, *_differences(have, case)))


async def _carried_out(case: Case, later: float) -> tuple[Call, list[str], dict[str, Any]]:
    scene = Scene(events_late=LATE.get(case.variant, 0.0))
    operator = await scene.start_operator()
    for chapter in STORY[: case.chapter]:
        await _tell(scene, chapter)
    revision, chapter = scene.kube.state.revision, STORY[case.chapter]
    _lag(scene, LAG.get(case.variant, 0.0))
    trouble, witness, mark, began = Trouble(case), Witness(scene), scene.azure.journal.written, _seconds()
    operator.gate = trouble
    declaring = asyncio.create_task(declare(scene, chapter), name="kubectl")
    if chapter.again:
        # The old list is one in which both are being deleted: acted on, it would hit what comes after them.
        await asyncio.sleep(0)
        revision = scene.kube.state.revision
    while not trouble.struck.is_set() and not (declaring.done() and settled(scene, chapter)):
        assert _seconds() - began < later, f"not settled before the trouble: {scene.told()}"
        await asyncio.sleep(1)
    successor = operator
    if trouble.struck.is_set() and case.variant != "answer lost":
        await operator.kill(asyncio.current_task(), declaring)
        successor = await _succeed(scene, case.variant, revision)
    problems = await _settled_in_time(scene, case, trouble.at, declaring, began)
    await asyncio.sleep(later)
    await successor.stop()
    problems += witness.leave()
    if not trouble.struck.is_set():
        problems.append("the chapter made fewer calls than that")
    writes, usual = len(list(scene.azure.journal.writes(mark))), case.usual.azure_writes
    if writes > usual + REPEATED_WRITES.get(case.variant, 1):
        problems.append(f"{writes} writes to Azure where {usual} do without trouble")
    if operator.runaway or successor.runaway:
        problems.append("an operator made calls without end")
    return trouble.at, [*problems, *violations(scene)], projection(scene)


async def _settled_in_time(scene: Scene, case: Case, at: Call, declaring: asyncio.Task[None], began: float) -> list[str]:
    """Wait for the end; what came too late, or never, is a problem."""
    try:
        await declaring
        await scene.until(lambda: settled(scene, STORY[case.chapter]), within=PATIENCE_SECONDS)
    except AssertionError as error:
        return [str(error)]
    took, usual = _seconds() - began, case.usual.seconds
    listing = at[1].endswith(("/pools", "/nodecounts"))
    if case.variant == "answer lost" and took > usual + (LISTING_RECOVERY_SECONDS if listing else RECOVERY_SECONDS):
        return [f"{took:.0f} s with one answer lost, {usual:.0f} s without"]
    return []


async def _succeed(scene: Scene, variant: Variant, revision: int) -> Operator:
    """Start the next operator, in the condition the variant asks for."""
    if variant == "status wiped":
        for plural in ("customimages", "batchpools"):
            for body in scene.kube.all(plural):
                scene.kube.set_status(plural, "render", body["metadata"]["name"], None)
    stale = variant == "stale list"
    # The old list is followed by no event at all: only the periodic relist tells the truth.
    scene.kube.lists_at = revision if stale else None
    successor = await scene.start_operator(blind=stale)
    scene.kube.lists_at = None
    return successor


def _differences(have: dict[str, Any], case: Case) -> list[str]:
    want = reference(case.chapter)
    return [
        f"{part}.{name}: {have[part].get(name)!r}, not {want[part].get(name)!r}"
        for part in want
        for name in sorted({*want[part], *have[part]})
        if have[part].get(name) != want[part].get(name) and not _lasting(case, name)
    ]


def _lasting(case: Case, name: str) -> bool:
    """A gallery is never deleted, so after a deletion it is there where an empty account has none."""
    return name == "gallery" and STORY[case.chapter].image is None


def _seconds() -> float:
    return asyncio.get_running_loop().time()
