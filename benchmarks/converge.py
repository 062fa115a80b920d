"""How long the operator needs for a fleet, and what it costs: ``python -m benchmarks.converge --pools 1000 --accounts 20``.

Two columns. *From nothing*: the operator runs, the image is Ready, and the pools are declared all at once; the time ends when the API
server shows every pool Ready. *Restart*: the operator is stopped and a new one started; the time runs from the start of the process until
it has listed every account and has looked at every pool after that. CPU, requests and memory count until all has become quiet, so events
that are written afterwards are in.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections import Counter
from dataclasses import dataclass

import click
from rich.console import Console
from rich.table import Table

from benchmarks import usage
from benchmarks.cluster import Cluster, cluster
from benchmarks.fleet import Fleet
from benchmarks.scrape import Scrape
from benchmarks.stand import Stand, stand
from poolwright.domain.objects import IMAGES, POOLS

LIMIT_SECONDS = 1800.0
LOOK_SECONDS = 0.1
# Of the table, so that its caption fits in two lines.
WIDTH = 80
# Quiet: over this long no write but the lease's renewals, an empty queue, and a fifth of a core at most.
QUIET_SECONDS, RENEWALS, QUIET_SHARE = 3.0, 2, 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One column. ``declared`` is how long it took to declare everything, None where nothing was."""

    seconds: float
    declared: float | None
    cpu: dict[str, float]
    peak_mib: float
    passes: int
    kubernetes: Counter[str]
    azure: Counter[str]


async def from_nothing(stand: Stand, cluster: Cluster, fleet: Fleet) -> Measured:
    """Declare the pools and wait until all are Ready."""
    before, cpu = stand.scrape(), stand.cpu_seconds()
    started = time.perf_counter()
    await cluster.declare(fleet.declarations())
    declared = time.perf_counter() - started
    await cluster.all_ready(POOLS, fleet.pools, LIMIT_SECONDS)
    seconds = time.perf_counter() - started
    return await _column(stand, before, cpu, seconds=seconds, declared=declared)


async def restart(stand: Stand, fleet: Fleet) -> Measured:
    """Replace the operator's process and wait until the new one has looked at everything."""
    cpu = stand.cpu_seconds() | {"operator": 0.0}
    stand.stop_operator()
    started = time.perf_counter()
    stand.start_operator()
    while not _caught_up(stand, fleet):
        if time.perf_counter() - started > LIMIT_SECONDS:
            raise RuntimeError(f"The operator did not catch up in {LIMIT_SECONDS:.0f} s.")
        await asyncio.sleep(LOOK_SECONDS)
    seconds = time.perf_counter() - started
    return await _column(stand, None, cpu, seconds=seconds, declared=None)


async def quiet(stand: Stand) -> Scrape:
    """Wait until nothing happens any more; answers with the operator's metrics of that moment."""
    deadline = time.perf_counter() + LIMIT_SECONDS
    seen, used = stand.scrape(), usage.cpu_seconds(stand.operator_pid)
    while time.perf_counter() < deadline:
        await asyncio.sleep(QUIET_SECONDS)
        now, spent = stand.scrape(), usage.cpu_seconds(stand.operator_pid)
        if now.idle and now.writes - seen.writes <= RENEWALS and spent - used <= QUIET_SHARE * QUIET_SECONDS:
            return now
        seen, used = now, spent
    raise RuntimeError(f"The operator did not become quiet in {LIMIT_SECONDS:.0f} s.")


async def prepare(stand: Stand, cluster: Cluster, fleet: Fleet) -> None:
    """An operator that leads, an image that is Ready, no pool."""
    stand.start_simulator(fleet)
    stand.start_operator()
    stand.await_leader()
    await cluster.declare([fleet.image()])
    await cluster.all_ready(IMAGES, 1, LIMIT_SECONDS)
    await quiet(stand)


def table(fleet: Fleet, speed: float, load: float, columns: dict[str, Measured]) -> Table:
    """The one table."""
    made = Table(
        title=f"{fleet.pools} BatchPools over {fleet.accounts} Batch accounts",
        min_width=WIDTH,
        caption=f"Azure's clock {speed:g} times as fast, one node a pool, the operator's settings as shipped; "
        f"{os.cpu_count()} cores, load {load:.1f} before the start",
    )
    made.add_column("")
    for name in columns:
        made.add_column(name, justify="right")
    for name, cells in _rows(list(columns.values())):
        made.add_row(name, *cells)
    return made


def _rows(measured: list[Measured]) -> list[tuple[str, list[str]]]:
    rows = [
        ("seconds until converged", [f"{column.seconds:.1f}" for column in measured]),
        ("  of them, declaring the pools", [_or_dash(column.declared) for column in measured]),
        ("operator: peak memory, MiB", [f"{column.peak_mib:.0f}" for column in measured]),
        ("operator: passes", [str(column.passes) for column in measured]),
    ]
    rows += [(f"CPU seconds: {name}", [f"{column.cpu[name]:.1f}" for column in measured]) for name in measured[0].cpu]
    for target in ("kubernetes", "azure"):
        names = sorted({name for column in measured for name in getattr(column, target)})
        rows += [(f"requests: {target} {name}", [str(getattr(column, target)[name]) for column in measured]) for name in names]
    return rows


def _or_dash(seconds: float | None) -> str:
    return "-" if seconds is None else f"{seconds:.1f}"


def _caught_up(stand: Stand, fleet: Fleet) -> bool:
    """Every account listed, and no pool waits: a listing that comes in wakes all pools of its account at the same moment."""
    try:
        seen = stand.scrape()
    except OSError:
        return False
    return seen.idle and seen.accounts == fleet.accounts and seen.passes >= fleet.pools


async def _column(stand: Stand, before: Scrape | None, cpu: dict[str, float], *, seconds: float, declared: float | None) -> Measured:
    """Everything since ``before`` (None: since the operator started) and since the CPU times ``cpu``, once it is quiet."""
    after = await quiet(stand)
    return Measured(
        seconds=seconds,
        declared=declared,
        cpu={name: now - cpu[name] for name, now in stand.cpu_seconds().items()},
        peak_mib=usage.peak_mib(stand.operator_pid),
        passes=after.passes - (before.passes if before else 0),
        kubernetes=after.kubernetes - (before.kubernetes if before else Counter()),
        azure=after.azure - (before.azure if before else Counter()),
    )


async def _run(built: Stand, fleet: Fleet) -> dict[str, Measured]:
    async with cluster(built.plane.kubeconfig) as administrator:
        await prepare(built, administrator, fleet)
        first = await from_nothing(built, administrator, fleet)
        return {"from nothing": first, "restart": await restart(built, fleet)}


@click.command()
@click.option("--pools", default=1000, show_default=True, help="How many BatchPools.")
@click.option("--accounts", default=20, show_default=True, help="How many Batch accounts they are dealt out to.")
@click.option("--speed", default=60.0, show_default=True, help="How many times as fast Azure's clock runs.")
def main(pools: int, accounts: int, speed: float) -> None:
    """Measure a fleet from nothing, and a restart over it."""
    console, fleet = Console(width=None if sys.stdout.isatty() else 120), Fleet(pools=pools, accounts=accounts)
    load = os.getloadavg()[0]
    with stand(lambda line: console.print(line, style="dim", highlight=False), speed) as built:
        columns = asyncio.run(_run(built, fleet))
    console.print(table(fleet, speed, load, columns))


if __name__ == "__main__":
    main()
