"""`azuresim serve`: the simulator as a process of its own."""

from __future__ import annotations

import asyncio
import json
import signal
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click

from azuresim.application import Application
from azuresim.clock import Clock, ManualClock, RealClock, ScaledClock
from azuresim.core.world import World
from azuresim.journal import Journal
from azuresim.replay.command import replay
from azuresim.server import Server

_FOLDER = click.Path(path_type=Path, file_okay=False, resolve_path=True)
# Enough to look back on; the file has everything.
_KEPT_ENTRIES = 100_000


class ClockType(click.ParamType[Clock]):
    """`real`, `scaled:<factor>` or `manual`."""

    name = "real|scaled:N|manual"

    def convert(self, value: str | Clock, param: click.Parameter | None, ctx: click.Context | None) -> Clock:
        """Make the clock a text describes."""
        if not isinstance(value, str):
            return value
        kind, _, factor = value.partition(":")
        try:
            return _clock(kind, factor)
        except ValueError as wrong:
            self.fail(f"{value!r}: {wrong}", param, ctx)


def _clock(kind: str, factor: str) -> Clock:
    match kind:
        case "real":
            return RealClock()
        case "manual":
            return ManualClock(RealClock().now())
        case "scaled":
            return ScaledClock(float(factor))
        case _:
            raise ValueError("none of real, scaled:<factor>, manual")


@click.group()
@click.version_option(package_name="azuresim")
def main() -> None:
    """Simulate the parts of Azure that machine images and Batch pools live in."""


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=0, show_default=True, help="Port to listen on; 0 takes a free one.")
@click.option("--dir", "folder", type=_FOLDER, required=True, help="Folder for the certificates.")
@click.option("--world", "seed", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="JSON document the world begins with.")
@click.option("--clock", type=ClockType(), default="real", show_default=True, help="Pace of the world.")
@click.option("--journal", type=click.Path(path_type=Path, dir_okay=False), help="File to append every request to, as JSON lines.")
@click.option(
    "--ready-file", type=click.Path(path_type=Path, dir_okay=False), help="File to write the same line to that is printed when ready."
)
def serve(*, host: str, port: int, folder: Path, seed: Path | None, clock: Clock, journal: Path | None, ready_file: Path | None) -> None:
    """Serve HTTPS until SIGINT or SIGTERM.

    When ready, prints one line of JSON: {"url": ..., "ca": ...}.
    """
    with ExitStack() as opened:
        sink = opened.enter_context(journal.open("a", encoding="utf-8")) if journal is not None else None
        application = Application(World(clock), journal=Journal(keep=_KEPT_ENTRIES, sink=sink))
        document = json.loads(seed.read_text("utf-8")) if seed is not None else {}
        asyncio.run(_serve(Server(application, folder=folder, host=host, port=port), document, ready_file))


main.add_command(replay)


async def _serve(server: Server, document: dict[str, Any], ready_file: Path | None) -> None:
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    async with server:
        # Now that the address is known: addresses of blobs in the document are built from it.
        server.application.world.load(document)
        line = json.dumps({"url": server.url, "ca": str(server.certificates.authority)})
        if ready_file is not None:
            _write_whole(ready_file, line)
        click.echo(line)
        await stopped.wait()


def _write_whole(file: Path, line: str) -> None:
    """A reader never sees half of it."""
    waiting = file.with_suffix(".tmp")
    waiting.write_text(f"{line}\n", "utf-8")
    waiting.replace(file)
