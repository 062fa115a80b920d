"""Crash at every call: before it, after it took effect with the answer lost; each plainly, with a stale list, and with the status wiped."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from azuresim import FaultRule, Stale
from azuresim.transport import Phase
from harness.virtualtime import run
from harness.world import Call, Scene
from torture.oracle import projection, violations
from torture.story import STORY, declare, settled
from torture.witness import Witness

Variant = Literal["plain", "stale list", "status wiped", "Azure lists lag"]
VARIANTS: tuple[Variant, ...] = ("plain", "stale list", "status wiped", "Azure lists lag")
# Listings of Azure may be behind for minutes; what is declared meanwhile has to come out the same.
LAG_SECONDS = 600.0
LISTINGS = ("GalleryImageVersions_ListByGalleryImage", "Pools_List")
PHASES: tuple[Phase, ...] = ("before", "after")
# The longest chapter takes 26 minutes of Azure's own time; relists that make up for missing events come every ten.
PATIENCE_SECONDS = 2 * 3600.0
# The write that was cut off may have to be sent again; an old list is acted on, and what came of it taken back.
REPEATED_WRITES: dict[Variant, int] = {"plain": 1, "status wiped": 1, "Azure lists lag": 1, "stale list": 3}
WRITES = frozenset({"PUT", "POST", "PATCH", "DELETE"})
READS = frozenset({"get", "head", "list"})
# A day; everything has long settled by then, or never will.
LATER_SECONDS = 24 * 3600.0


@dataclass(frozen=True, slots=True)
class Case:
    """Kill the operator at the ``call``-th call of a chapter."""

    chapter: int
    call: int
    phase: Phase
    variant: Variant

    def __str__(self) -> str:
        return f"{STORY[self.chapter].name}: {self.phase} call {self.call}, {self.variant}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of a case; ``reached`` is False when the chapter made fewer calls than that."""

    reached: bool
    at: Call = ("", "")
    problems: tuple[str, ...] = ()


class Killer:
    """A gate that stops at one call for ever, and lets nothing of that operator pass after it."""

    def __init__(self, case: Case) -> None:
        self._case = case
        self._calls = 0
        self.at: Call = ("", "")
        self.struck = asyncio.Event()

    async def __call__(self, phase: Phase, call: Call) -> None:
        if not self.struck.is_set():
            self._calls += phase == "before"
            if self._calls != self._case.call or phase != self._case.phase:
                return
            self.at = call
            self.struck.set()
        await asyncio.Event().wait()


def sweep() -> Iterator[Case]:
    """Every call of every chapter plainly; every write also with what is known being old, gone or late.

    A read leaves nothing behind, so what the next operator finds is the same as at the write before it.
    """
    for chapter, calls in enumerate(recorded()):
        for number, (_, call) in enumerate(calls, start=1):
            writes = call.split()[0].lower() not in READS
            for phase in PHASES:
                for variant in VARIANTS if writes else VARIANTS[:1]:
                    yield Case(chapter, number, phase, variant)


def recorded_before(case: Case) -> list[Call]:
    """The calls to Azure that the chapter makes when nothing goes wrong."""
    return [call for call in recorded()[case.chapter] if call[0] == "azure"]


@cache
def recorded() -> tuple[tuple[Call, ...], ...]:
    """The calls each chapter makes when nothing goes wrong."""
    return run(_recorded())


async def _recorded() -> tuple[tuple[Call, ...], ...]:
    scene, chapters = Scene(), []
    operator = await scene.start_operator()
    for chapter in STORY:
        calls: list[Call] = []

        async def note(phase: Phase, call: Call, calls: list[Call] = calls) -> None:
            if phase == "before":
                calls.append(call)

        operator.gate = note
        await declare(scene, chapter)
        await scene.until(lambda chapter=chapter: settled(scene, chapter))  # type: ignore[misc] # the default binds the loop's variable
        chapters.append(tuple(calls))
    await operator.stop()
    return tuple(chapters)


@cache
def reference(chapter: int) -> dict[str, Any]:
    """The last declaration, applied to an empty account."""
    return run(_reference(chapter))


async def _reference(chapter: int) -> dict[str, Any]:
    scene = Scene()
    operator = await scene.start_operator()
    await declare(scene, STORY[chapter])
    await scene.until(lambda: settled(scene, STORY[chapter]))
    await asyncio.sleep(LATER_SECONDS)
    await operator.stop()
    return projection(scene)


def judge(case: Case, later: float = LATER_SECONDS) -> Verdict:
    """Run one case to its end, and compare the end with the reference."""
    end = run(_carried_out(case, later))
    if end is None:
        return Verdict(reached=False)
    at, problems, have = end
    return Verdict(reached=True, at=at, problems=(*problems, *_differences(have, case)))


async def _carried_out(case: Case, later: float) -> tuple[Call, list[str], dict[str, Any]] | None:
    scene = Scene()
    operator = await scene.start_operator()
    for chapter in STORY[: case.chapter]:
        await declare(scene, chapter)
        await scene.until(lambda chapter=chapter: settled(scene, chapter))  # type: ignore[misc] # the default binds the loop's variable
    revision, chapter = scene.kube.state.revision, STORY[case.chapter]
    if case.variant == "Azure lists lag":
        for operation in LISTINGS:
            scene.azure.faults.add(FaultRule(action=Stale(seconds=LAG_SECONDS), operation=operation))
    killer, witness, mark = Killer(case), Witness(scene), scene.azure.journal.written
    operator.gate = killer
    declaring = asyncio.create_task(declare(scene, chapter), name="kubectl")
    if chapter.again:
        # The old list is one in which both are being deleted: acted on, it would hit what comes after them.
        await asyncio.sleep(0)
        revision = scene.kube.state.revision
    waited = 0.0
    while not killer.struck.is_set() and not (declaring.done() and settled(scene, chapter)):
        waited += 1.0
        assert waited < later, f"not settled before the crash: {scene.told()}"
        await asyncio.sleep(1)
    if not killer.struck.is_set():
        await operator.stop()
        witness.leave()
        return None
    await operator.kill(asyncio.current_task(), declaring)
    successor = await _succeed(scene, case.variant, revision)
    await declaring
    problems = []
    try:
        await scene.until(lambda: settled(scene, chapter), within=PATIENCE_SECONDS)
    except AssertionError as error:
        problems.append(str(error))
    await asyncio.sleep(later)
    await successor.stop()
    problems += witness.leave()
    writes, usual = len(list(scene.azure.journal.writes(mark))), sum(call.split()[0] in WRITES for _, call in recorded_before(case))
    if writes > usual + REPEATED_WRITES[case.variant]:
        problems.append(f"{writes} writes to Azure where {usual} do without a crash")
    if operator.runaway or successor.runaway:
        problems.append("an operator made calls without end")
    return killer.at, [*problems, *violations(scene)], projection(scene)


async def _succeed(scene: Scene, variant: Variant, revision: int) -> Any:
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
