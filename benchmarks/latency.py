"""From a change of a spec to the request in Azure's journal, in a converged fleet: ``python -m benchmarks.latency``.

Each patch asks another pool for one more node, at a fixed pace whatever the answers take, so that a slow one cannot hide those behind it.
The budget at 1,000 pools is 100 ms at the 99th percentile.
"""

from __future__ import annotations

import asyncio
import math
import os
import sys
import time
from dataclasses import dataclass

import click
from rich.console import Console
from rich.table import Table

from benchmarks.cluster import Cluster, cluster
from benchmarks.converge import LIMIT_SECONDS, WIDTH, prepare, quiet
from benchmarks.fleet import Fleet, pool_name
from benchmarks.stand import Stand, stand
from poolwright.domain.objects import POOLS

BUDGET_MS, BUDGET_AT = 100.0, 0.99
# Of several looks at the other clock, the shortest is the best.
LOOKS = 20
WHOLE_JOURNAL = 1_000_000
QUANTILES = {"p50": 0.5, "p90": 0.9, "p99": BUDGET_AT, "longest": 1.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Patch:
    """Moments by this process's monotonic clock."""

    pool: str
    sent: float
    answered: float


@dataclass(frozen=True, slots=True, kw_only=True)
class WorldClock:
    """The simulator's clock, read back: both processes have the same monotonic clock below it."""

    here: float
    there: float
    speed: float

    def moment(self, world_time: float) -> float:
        """A time of the journal, by this process's monotonic clock."""
        return self.here + (world_time - self.there) / self.speed


def read_clock(stand: Stand) -> WorldClock:
    """Ask a few times and believe the quickest answer; it is off by half of its journey at most."""
    looks = []
    for _ in range(LOOKS):
        asked = time.monotonic()
        there = float(stand.ask_simulator("clock")["now"])
        took = time.monotonic() - asked
        looks.append((took, WorldClock(here=asked + took / 2, there=there, speed=stand.speed)))
    return min(looks, key=lambda look: look[0])[1]


async def patch_all(cluster: Cluster, names: list[str], per_second: float) -> list[Patch]:
    """One change a pool, at a fixed pace."""

    async def one(name: str) -> Patch:
        sent = time.monotonic()
        await cluster.patch(POOLS, name, {"spec": {"targetDedicatedNodes": 2}})
        return Patch(pool=name, sent=sent, answered=time.monotonic())

    started, tasks = time.monotonic(), []
    async with asyncio.TaskGroup() as group:
        for number, name in enumerate(names):
            await asyncio.sleep(max(0.0, started + number / per_second - time.monotonic()))
            tasks.append(group.create_task(one(name)))
    return [task.result() for task in tasks]


def resizes(stand: Stand, since: int) -> dict[str, float]:
    """When the first resize of each pool came in, by the world's clock."""
    entries = stand.ask_simulator(f"journal?since={since}&writes=true&tail={WHOLE_JOURNAL}")["entries"]
    first: dict[str, float] = {}
    for entry in entries:
        if entry["operation"] == "Pools_Resize":
            first.setdefault(entry["path"].split("/")[-2], entry["time"])
    return first


async def measure(stand: Stand, cluster: Cluster, fleet: Fleet, patches: int, per_second: float) -> dict[str, list[float]]:
    """Milliseconds, sorted, counted from the moment the patch was sent and from the moment it was answered."""
    await prepare(stand, cluster, fleet)
    await cluster.declare(fleet.declarations())
    await cluster.all_ready(POOLS, fleet.pools, LIMIT_SECONDS)
    await quiet(stand)
    clock = read_clock(stand)
    mark = stand.ask_simulator("journal?tail=1")["next"]
    sent = await patch_all(cluster, [pool_name(number) for number in range(patches)], per_second)
    await quiet(stand)
    arrived = {name: clock.moment(at) for name, at in resizes(stand, mark).items()}
    if missing := [patch.pool for patch in sent if patch.pool not in arrived]:
        raise RuntimeError(f"{len(missing)} changes never reached Azure, among them {missing[0]}.")
    return {
        "patch sent": sorted(1000 * (arrived[patch.pool] - patch.sent) for patch in sent),
        "patch answered": sorted(1000 * (arrived[patch.pool] - patch.answered) for patch in sent),
    }


def quantile(ordered: list[float], share: float) -> float:
    """The smallest value that at least this share of them does not exceed."""
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def table(fleet: Fleet, speed: float, load: float, per_second: float, columns: dict[str, list[float]]) -> Table:
    """The one table."""
    patches = len(next(iter(columns.values())))
    made = Table(
        title=f"From a spec change to Azure's journal, ms ({fleet.pools} pools, {patches} changes)",
        min_width=WIDTH,
        caption=f"{per_second:g} changes a second, Azure's clock {speed:g} times as fast; "
        f"{os.cpu_count()} cores, load {load:.1f} before the start;"
        f" budget {BUDGET_MS:g} ms at p{100 * BUDGET_AT:g}",
    )
    made.add_column("")
    for name in columns:
        made.add_column(f"since the {name}", justify="right")
    for name, share in QUANTILES.items():
        made.add_row(name, *(f"{quantile(values, share):.1f}" for values in columns.values()))
    return made


async def _run(built: Stand, fleet: Fleet, patches: int, per_second: float) -> dict[str, list[float]]:
    async with cluster(built.plane.kubeconfig) as administrator:
        return await measure(built, administrator, fleet, patches, per_second)


@click.command()
@click.option("--pools", default=1000, show_default=True, help="How many BatchPools.")
@click.option("--accounts", default=20, show_default=True, help="How many Batch accounts they are dealt out to.")
@click.option("--patches", default=200, show_default=True, help="How many of them are changed.")
@click.option("--per-second", default=10.0, show_default=True, help="How many changes a second.")
@click.option("--speed", default=60.0, show_default=True, help="How many times as fast Azure's clock runs.")
def main(pools: int, accounts: int, patches: int, per_second: float, speed: float) -> None:
    """Measure how soon a change reaches Azure."""
    console, fleet = Console(width=None if sys.stdout.isatty() else 120), Fleet(pools=pools, accounts=accounts)
    if patches > pools:
        raise click.BadParameter(f"each pool is changed once, and there are {pools}", param_hint="--patches")
    load = os.getloadavg()[0]
    with stand(lambda line: console.print(line, style="dim", highlight=False), speed) as built:
        columns = asyncio.run(_run(built, fleet, patches, per_second))
    console.print(table(fleet, speed, load, per_second, columns))


if __name__ == "__main__":
    main()
