"""`azuresim`: the simulator as a process of its own, and what is said to one that runs."""

from __future__ import annotations

import asyncio
import errno
import json
import signal
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click

from azuresim.application import Application
from azuresim.clock import Pace
from azuresim.commands import COMMANDS
from azuresim.core.seed import SeedError
from azuresim.environment import environment, exports
from azuresim.faults import FaultPlan
from azuresim.journal import Journal
from azuresim.replay.command import replay
from azuresim.revival import revive
from azuresim.server import Server
from azuresim.state import StateError, StateFile, new_world, same_document

_FOLDER = click.Path(path_type=Path, file_okay=False, resolve_path=True)
_FILE = click.Path(path_type=Path, dir_okay=False)
# Enough to look back on; the file has everything.
_KEPT_ENTRIES = 20_000
_BODY_LIMIT = 4096
_REQUEST_LIMIT = 16 << 10


class PaceType(click.ParamType[Pace]):
    """`real`, `scaled:<factor>` or `manual`."""

    name = "real|scaled:N|manual"

    def convert(self, value: str | Pace, param: click.Parameter | None, ctx: click.Context | None) -> Pace:
        """Take a text apart."""
        if not isinstance(value, str):
            return value
        try:
            return Pace.parse(value)
        except ValueError as wrong:
            self.fail(f"{value!r}: {wrong}", param, ctx)


@click.group()
@click.version_option(package_name="azuresim")
def main() -> None:
    """Simulate the parts of Azure that machine images and Batch pools live in.

    `azuresim serve` runs the simulator; `replay` and `operations` need none; the other commands speak to one that runs. They find it by
    --url and --ca, or by the variables AZURESIM_URL and AZURESIM_CA.

    \b
    azuresim serve --dir .azuresim --clock manual --env-file azuresim.env &
    . ./azuresim.env
    azuresim faults add 503 when=after --operation Pools_Create
    azuresim advance 60
    azuresim journal --tail 10

    Commands end with 0, with 1 and a sentence when they cannot do what they are told, and with 2 when they are told wrong.
    """  # noqa: D301  # \b is click's mark for lines to be left alone


for command in (*COMMANDS, replay):
    main.add_command(command)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Files:
    """What is written once the simulator listens."""

    ready: Path | None
    variables: Path | None


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on. Default: that of the --state, else a free one.")
@click.option("--dir", "folder", type=_FOLDER, required=True, help="Folder for the certificates; made when missing.")
@click.option(
    "--world",
    "seed",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="JSON document the world begins with: accounts, VHDs, images.",
)
@click.option(
    "--clock", "pace", type=PaceType(), metavar="real|scaled:N|manual", default="real", show_default=True, help="Pace of the world."
)
@click.option("--seed", "seed_of_faults", default=0, show_default=True, help="Seed of the faults that strike by --probability.")
@click.option("--state", type=_FILE, help="SQLite file to keep the world in; one that is there is gone on with.")
@click.option("--journal", type=_FILE, help="File to append every request to, as JSON lines without secrets.")
@click.option("--ready-file", type=_FILE, help="File to write the line of JSON to that is printed when ready.")
@click.option("--env-file", type=_FILE, help="File to write the variables to that clients need, for `. FILE`.")
def serve(
    *,
    host: str,
    port: int | None,
    folder: Path,
    seed: Path | None,
    pace: Pace,
    seed_of_faults: int,
    state: Path | None,
    journal: Path | None,
    ready_file: Path | None,
    env_file: Path | None,
) -> None:
    """Serve HTTPS until SIGINT or SIGTERM.

    When ready, prints one line of JSON, {"url": ..., "ca": ...}, and then the environment that clients need, as lines of `export`, which
    --env-file writes and `azuresim env` prints as well.

    With --state every accepted write is in the file before its answer goes out: a simulator that was killed in the middle of an operation
    goes on with it. The file begins with the document of --world, which need not be given again.

    \b
    azuresim serve --dir .azuresim --world world.json --state world.db --clock scaled:60
    """  # noqa: D301  # \b is click's mark for lines to be left alone
    document = None if seed is None else _document(seed)
    try:
        with ExitStack() as opened:
            kept = None if state is None else opened.enter_context(StateFile(state))
            sink = opened.enter_context(journal.open("a", encoding="utf-8")) if journal is not None else None
            if kept is not None:
                same_document(kept, document)
                began = kept.began()
                port = port if port is not None or began is None else urlsplit(began.base_url).port
            entries = Journal(keep=_KEPT_ENTRIES, sink=sink, body_limit=_BODY_LIMIT, request_limit=_REQUEST_LIMIT)
            application = Application(new_world(kept, pace), faults=FaultPlan(seed=seed_of_faults), journal=entries)
            server = Server(application, folder=folder, host=host, port=port or 0)
            asyncio.run(_serve(server, lambda: revive(application, kept, document, pace), _Files(ready=ready_file, variables=env_file)))
    except StateError as unusable:
        raise click.ClickException(str(unusable)) from unusable
    except SeedError as wrong:
        raise click.ClickException(f"{seed}: {wrong}") from wrong
    except OSError as failed:
        raise click.ClickException(_why_not(failed, host, port)) from failed


async def _serve(server: Server, begin: Any, files: _Files) -> None:
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    async with server:
        # Now that the address is known, of which addresses in the world are made. Nothing is answered before this has ended.
        begin()
        authority = str(server.certificates.authority)
        line, variables = json.dumps({"url": server.url, "ca": authority}), exports(environment(server.application.world, authority))
        if files.variables is not None:
            _write_whole(files.variables, variables)
        if files.ready is not None:
            _write_whole(files.ready, line)
        click.echo(f"{line}\n{variables}")
        ends: set[asyncio.Future[Any]] = {asyncio.ensure_future(stopped.wait()), server.failed}
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        if server.failed.done():
            server.failed.result()


def _document(file: Path) -> dict[str, Any]:
    try:
        document = json.loads(file.read_text("utf-8"))
    except ValueError as wrong:
        raise click.ClickException(f"{file} is no JSON: {wrong}") from wrong
    if not isinstance(document, dict):
        raise click.ClickException(f"{file} must hold a JSON object of sections")
    return document


def _why_not(failed: OSError, host: str, port: int | None) -> str:
    if failed.errno == errno.EADDRINUSE:
        return f"{host}:{port} is taken by another process; take another --port, or 0 for a free one."
    if failed.errno == errno.EADDRNOTAVAIL:
        return f"This machine has no address {host}."
    return str(failed)


def _write_whole(file: Path, text: str) -> None:
    """A reader never sees half of it."""
    waiting = file.with_suffix(".tmp")
    waiting.write_text(f"{text}\n", "utf-8")
    waiting.replace(file)
