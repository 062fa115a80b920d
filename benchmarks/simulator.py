"""What the simulator costs: ``python -m benchmarks.simulator --pools 10000``.

*In process* is one call after the other, as tests make them; *HTTPS* is a simulator of its own process, asked by a client with several
connections at once; *kept* is in process with a state file behind. Client and simulator share the machine.
"""

from __future__ import annotations

import asyncio
import base64
import io
import json
import os
import ssl
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

import aiohttp
import click
from rich.console import Console
from rich.table import Table

from azuresim import Application, Journal, ManualClock, Request
from azuresim.clock import Pace
from azuresim.revival import revive
from azuresim.state import StateFile, new_world

WIDTH = 80
# So fast that no bucket of ARM's ever runs dry: it holds 250 reads and gains 25 a second.
FAST = "scaled:10000"
STILL = "manual"
_SAMPLE = 1000
_HEADERS = {"authorization": "Bearer any", "content-type": "application/json"}
# Few, because memory is measured.
_KEPT_ENTRIES = 100
_SELECTED = "&$select=id,eTag,state,allocationState,currentDedicatedNodes"
_SUBSCRIPTION = "00000000-0000-0000-0000-000000000001"
_PROVIDERS = f"/subscriptions/{_SUBSCRIPTION}/resourceGroups/rg/providers"
_GALLERY = f"{_PROVIDERS}/Microsoft.Compute/galleries/gal"
_ARM, _BATCH = "api-version=2026-03-03", "api-version=2025-06-01"
_PAGE = 4 << 20
# Method, path, body, headers.
Parts = tuple[str, str, bytes, dict[str, str]]
SEED = {
    "storageAccounts": [{"id": f"{_PROVIDERS}/Microsoft.Storage/storageAccounts/vhds", "location": "westus"}],
    "vhds": [{"account": "vhds", "container": "images", "blob": "os.vhd", "sizeMiB": 64}],
    "batchAccounts": [
        {
            "id": f"{_PROVIDERS}/Microsoft.Batch/batchAccounts/acct",
            "location": "westus",
            "poolQuota": 1 << 20,
            "dedicatedCoreQuota": 1 << 20,
        }
    ],
    "definitions": [{"id": f"{_GALLERY}/images/img", "location": "westus"}],
    "versions": [{"id": f"{_GALLERY}/images/img/versions/{number}.0.0", "regions": ["westus", "eastus"]} for number in range(20)],
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One kind of request; ``of`` makes the one of a number."""

    service: str
    of: Callable[[int], Parts]


def _read(path: str) -> Callable[[int], Parts]:
    return lambda _number: ("GET", path, b"", {})


def _pool(number: int, nodes: int = 0) -> bytes:
    image = {"publisher": "canonical", "offer": "ubuntu-24_04-lts", "sku": "server"}
    machine = {"imageReference": image, "nodeAgentSKUId": "batch.node.ubuntu 24.04"}
    body = {"id": f"pool-{number:06}", "vmSize": "Standard_D2s_v3", "targetDedicatedNodes": nodes, "virtualMachineConfiguration": machine}
    return json.dumps(body).encode()


def _page_write(size: int) -> Callable[[int], Parts]:
    headers = {"x-ms-page-write": "update", "x-ms-range": f"bytes=0-{size - 1}", "content-length": str(size)}
    return lambda _number: ("PUT", "/blob/vhds/images/os.vhd?comp=page", bytes(size), headers)


def _create(number: int) -> Parts:
    return "POST", f"/batch/acct/pools?{_BATCH}", _pool(number), {"content-type": "application/json"}


ASKED = (
    Asked(service="ARM: a subscription", of=_read(f"/subscriptions/{_SUBSCRIPTION}?api-version=2022-12-01")),
    Asked(service="galleries: a version", of=_read(f"{_GALLERY}/images/img/versions/1.0.0?{_ARM}&$expand=ReplicationStatus")),
    Asked(service="galleries: a list of 20 versions", of=_read(f"{_GALLERY}/images/img/versions?{_ARM}")),
    Asked(service="Batch: create a pool", of=_create),
    Asked(service="Batch: a pool", of=_read(f"/batch/acct/pools/pool-000001?{_BATCH}")),
    Asked(service="Batch: a page of 100 pools", of=_read(f"/batch/acct/pools?{_BATCH}&maxresults=100")),
    Asked(service="Batch: counts of 100 pools", of=_read(f"/batch/acct/nodecounts?{_BATCH}&maxresults=100")),
    Asked(service="blobs: write 512 bytes", of=_page_write(512)),
    Asked(service="blobs: write 4 MiB", of=_page_write(_PAGE)),
)


def _application(clock: str, state: StateFile | None = None) -> Application:
    pace = Pace.parse(clock)
    application = Application(new_world(state, pace), journal=Journal(keep=_KEPT_ENTRIES))
    revive(application, state, SEED if state is None or state.is_empty() else None, pace)
    return application


def _request(application: Application, asked: Parts) -> Request:
    method, path, body, headers = asked
    return Request(method, f"{application.world.base_url}{path}", {"authorization": "Bearer any", **headers}, body)


def in_process(asked: Asked, seconds: float, application: Application) -> float:
    """Requests a second."""
    started, done = time.perf_counter(), 0
    while (passed := time.perf_counter() - started) < seconds:
        outcome = application.outcome(_request(application, asked.of(done)))
        _expect(asked, 0 if outcome.response is None else outcome.response.status)
        done += 1
    return done / passed


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """Who asks over HTTPS."""

    session: aiohttp.ClientSession
    url: str
    connections: int


async def over_https(asked: Asked, seconds: float, client: Client) -> float:
    """The same over sockets."""
    started, done = time.perf_counter(), 0

    async def one() -> None:
        nonlocal done
        while time.perf_counter() - started < seconds:
            method, path, body, headers = asked.of(done)
            done += 1
            data = io.BytesIO(body) if body else None
            async with client.session.request(method, f"{client.url}{path}", data=data, headers=headers) as answer:
                await answer.read()
                _expect(asked, answer.status)

    await asyncio.gather(*(one() for _ in range(client.connections)))
    return done / (time.perf_counter() - started)


def _expect(asked: Asked, status: int) -> None:
    if status not in {200, 201, 202}:
        raise RuntimeError(f"{asked.service}: {status}")


@contextmanager
def served(folder: Path) -> Iterator[tuple[str, str]]:
    """A simulator of its own process: its address and its CA."""
    (folder / "world.json").write_text(json.dumps(SEED))
    command = [sys.executable, "-m", "azuresim", "serve", "--dir", str(folder), "--world", str(folder / "world.json"), "--clock", FAST]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        if process.stdout is None:
            raise RuntimeError("the simulator prints nothing")
        said = json.loads(process.stdout.readline())
        try:
            yield said["url"], said["ca"]
        finally:
            process.terminate()


async def _https_column(seconds: float, connections: int) -> list[float]:
    with tempfile.TemporaryDirectory() as folder, served(Path(folder)) as (url, authority):
        trust = ssl.create_default_context(cafile=authority)
        connector = aiohttp.TCPConnector(ssl=trust, limit=connections)
        async with aiohttp.ClientSession(connector=connector, headers={"authorization": "Bearer any"}) as session:
            client = Client(session=session, url=url, connections=connections)
            return [await over_https(asked, seconds, client) for asked in ASKED]


def _column(seconds: float, application: Application) -> list[float]:
    return [in_process(asked, seconds, application) for asked in ASKED]


@dataclass(frozen=True, slots=True, kw_only=True)
class Large:
    """A world of many pools."""

    kib_a_pool: float
    kib_a_node: float
    listing: float
    listing_selected: float
    again: float


def large(pools: int, folder: Path) -> Large:
    """Fill one account, and look at it."""
    application = _filled(_application(STILL), pools)
    listing, selected = (_list_all(application, pools, more) for more in ("", _SELECTED))
    with StateFile(folder / "large.db") as file:
        _filled(_application(STILL, file), pools)
    with StateFile(folder / "large.db") as file:
        started = time.perf_counter()
        _application(STILL, file)
        again = time.perf_counter() - started
    kib_a_pool, kib_a_node = _memory(_SAMPLE)
    return Large(kib_a_pool=kib_a_pool, kib_a_node=kib_a_node, listing=listing, listing_selected=selected, again=again)


def _filled(application: Application, pools: int, nodes: int = 0) -> Application:
    for number in range(pools):
        created = application.handle(
            Request("POST", f"{application.world.base_url}/batch/acct/pools?{_BATCH}", _HEADERS, _pool(number, nodes))
        )
        if created.status != HTTPStatus.CREATED:
            raise RuntimeError(f"a pool was not created: {created.status}")
    return application


def _memory(sample: int) -> tuple[float, float]:
    """KiB of a pool without nodes, and of a node, from what Python allocates for so many."""
    tracemalloc.start()
    application = _application(STILL)
    before, _ = tracemalloc.get_traced_memory()
    _filled(application, sample)
    empty, _ = tracemalloc.get_traced_memory()
    grown = _filled(_application(STILL), 1, sample)
    base, _ = tracemalloc.get_traced_memory()
    clock = grown.world.clock
    if not isinstance(clock, ManualClock):
        raise TypeError("the clock of this benchmark stands still")
    clock.advance(24 * 3600)
    grown.world.settle()
    full, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return (empty - before) / sample / 1024, (full - base) / sample / 1024


def _list_all(application: Application, pools: int, more: str) -> float:
    started, seen, skip = time.perf_counter(), 0, ""
    while True:
        answer = application.handle(_request(application, ("GET", f"/batch/acct/pools?{_BATCH}{more}{skip}", b"", {}))).json()
        seen += len(answer["value"])
        if "odata.nextLink" not in answer:
            break
        last = answer["value"][-1]["id"]
        skip = f"&$skiptoken={base64.urlsafe_b64encode(last.encode()).decode().rstrip('=')}"
    if seen != pools:
        raise RuntimeError(f"{seen} of {pools} pools were listed")
    return time.perf_counter() - started


def table(pools: int, connections: int, load: float, columns: dict[str, list[float]], world: Large) -> Table:
    """The one table."""
    made = Table(
        title="azuresim",
        min_width=WIDTH,
        caption=f"requests a second unless a line says otherwise; HTTPS over {connections} connections; "
        f"{os.cpu_count()} cores, load {load:.1f} before the start",
    )
    made.add_column("")
    for name in columns:
        made.add_column(name, justify="right")
    for number, asked in enumerate(ASKED):
        made.add_row(asked.service, *(f"{rates[number]:,.0f}" for rates in columns.values()))
    made.add_section()
    for name, value in (
        ("KiB a pool", f"{world.kib_a_pool:.1f}"),
        ("KiB a node", f"{world.kib_a_node:.1f}"),
        (f"ms to list {pools:,} pools", f"{1000 * world.listing:.0f}"),
        ("ms to list them, $select of 5 members", f"{1000 * world.listing_selected:.0f}"),
        (f"s to start with {pools:,} kept writes", f"{world.again:.1f}"),
    ):
        made.add_row(name, value)
    return made


@click.command()
@click.option("--pools", default=10_000, show_default=True, help="How many pools the large account has.")
@click.option("--seconds", default=2.0, show_default=True, help="How long each kind of request is asked.")
@click.option("--connections", default=16, show_default=True, help="How many connections at once over HTTPS.")
def main(pools: int, seconds: float, connections: int) -> None:
    """Measure requests a second, memory, and long lists."""
    console, load = Console(width=None if sys.stdout.isatty() else 120), os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder:
        columns = {"in process": _column(seconds, _application(FAST))}
        with StateFile(Path(folder) / "state.db") as file:
            columns["kept"] = _column(seconds, _application(FAST, file))
        columns["HTTPS"] = asyncio.run(_https_column(seconds, connections))
        world = large(pools, Path(folder))
    console.print(table(pools, connections, load, columns, world))


if __name__ == "__main__":
    main()
