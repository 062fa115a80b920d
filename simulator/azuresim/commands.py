"""Commands that speak to a running simulator."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import MISSING, fields
from functools import update_wrapper
from pathlib import Path
from typing import Any, Concatenate, ParamSpec

import click
from rich.console import Console
from rich.table import Table

from azuresim.admin_client import AdminClient, AdminError
from azuresim.environment import exports
from azuresim.fault_actions import Action
from azuresim.fault_rules import does, members_of
from azuresim.fault_words import KINDS, action_from_words, told
from azuresim.journal_table import journal_table
from azuresim.services import SERVICES

P = ParamSpec("P")
_FOLLOW_SECONDS = 0.5
_WITHOUT_TERMINAL = 160
_SERVICES = [service.name for service in SERVICES]


def _kinds_in_short() -> str:
    r"""One line a kind; `\b` is click's mark for lines to be left alone."""
    width = max(map(len, KINDS))
    lines = (f"{word.ljust(width)}  {does(kind)}" for word, kind in KINDS.items())
    return "\b\nFaults (`azuresim faults kinds` has their members):\n" + "\n".join(lines)


def _speaking(command: Callable[Concatenate[AdminClient, P], None]) -> Callable[..., None]:
    """Give a command its options for the address, and its errors a sentence."""

    def run(url: str, ca: Path | None, *args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(AdminClient(url, ca), *args, **kwargs)
        except AdminError as refused:
            raise click.ClickException(str(refused)) from refused

    named = update_wrapper(run, command)
    named = click.option(
        "--ca",
        envvar="AZURESIM_CA",
        show_envvar=True,
        type=click.Path(path_type=Path, exists=True, dir_okay=False),
        help="Certificate authority to trust: `ca.pem` in the simulator's --dir.",
    )(named)
    return click.option("--url", envvar="AZURESIM_URL", show_envvar=True, required=True, help="Address of the simulator.")(named)


@click.command()
@_speaking
def env(simulator: AdminClient, /) -> None:
    """Print the environment that clients need, as lines of `export`.

    \b
    eval "$(azuresim env --url https://127.0.0.1:8443 --ca .azuresim/ca.pem)"

    Afterwards the other commands need neither --url nor --ca. `azuresim serve --env-file` writes the same lines.
    """  # noqa: D301  # \b is click's mark for lines to be left alone
    click.echo(exports(simulator.ask("GET", "environment")))


@click.command()
@click.argument("seconds", type=click.FloatRange(min=0), required=False)
@click.option("--next", "to_next", is_flag=True, help="To the next event, however far that is.")
@_speaking
def advance(simulator: AdminClient, /, *, seconds: float | None, to_next: bool) -> None:
    """Move a manual clock SECONDS forward, or only tell the time.

    Everything that becomes due happens on the way, each at its own moment. Without SECONDS and --next nothing moves. Ends with 1 when the
    clock is no manual one, and for --next when nothing is to come.
    """
    if to_next:
        clock = simulator.ask("POST", "advance", {"toNextEvent": True})
    elif seconds is not None:
        clock = simulator.ask("POST", "advance", {"seconds": seconds})
    else:
        clock = simulator.ask("GET", "clock")
    coming = clock["nextEvent"]
    click.echo(f"now {clock['now']:.3f} ({_moment(clock['now'])}), {clock['kind']}")
    click.echo("nothing is to come" if coming is None else f"next event in {coming - clock['now']:.3f} s")


@click.group()
def faults() -> None:
    """Make something go wrong: add, list and clear rules.

    A rule says what happens, to which requests, and how often. `azuresim faults kinds` tells what can happen.
    """


@faults.command("list")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@_speaking
def list_faults(simulator: AdminClient, /, *, as_json: bool) -> None:
    """Show the rules in force and how often each struck."""
    rules = simulator.ask("GET", "faults")
    if as_json:
        click.echo(json.dumps(rules, indent=2))
        return
    table = Table("#", "what", "which requests", "struck", box=None, pad_edge=False)
    for rule in rules:
        table.add_row(str(rule["number"]), *told(rule))
    _console().print(table if rules else "No rule is in force.")


@faults.command("add", epilog=_kinds_in_short())
@click.argument("fault", nargs=-1, required=True, metavar="FAULT [MEMBER=VALUE]...")
@click.option("--method", help="Regular expression for the whole method, such as `PUT|POST`.")
@click.option(
    "--path",
    help="Regular expression to be found in the path; for fail-replication in the version's id, for no-capacity and fail-node in "
    "the pool's, for fail-copy in account/container/blob.",
)
@click.option("--body", help="Regular expression to be found in the request's body.")
@click.option("--service", help="Name of the service, as in the journal.")
@click.option("--operation", help="Name of the operation, as in the journal.")
@click.option("--skip", type=click.IntRange(min=0), help="How many matches pass first.")
@click.option("--count", type=click.IntRange(min=1), help="How many are then struck.  [default: 1]")
@click.option("--always", is_flag=True, help="All are struck.")
@click.option(
    "--probability", type=click.FloatRange(0, 1), help="Chance of each; drawn from the seed of `serve --seed`, so that runs repeat."
)
@_speaking
def add_fault(simulator: AdminClient, /, *, fault: tuple[str, ...], always: bool, **conditions: Any) -> None:
    """Put a rule in force.

    FAULT is a status such as 503, a kind of fault in words such as `drop` or `fail-operation`, or a whole rule as JSON. It strikes one
    request, the first that fits all conditions, unless --skip, --count, --always or --probability say otherwise.

    \b
    azuresim faults add 429 retry_after=5 --operation Pools_List --count 3
    azuresim faults add 500 when=after --method PUT --path /versions/
    azuresim faults add drop when=middle --service batch
    azuresim faults add stale seconds=60 --operation Pools_List --always
    azuresim faults add fail-operation code=AllocationFailed --operation GalleryImageVersions_CreateOrUpdate
    azuresim faults add no-capacity size=Standard_D2s_v3 region=westus --always
    """  # noqa: D301  # \b is click's mark for lines to be left alone
    if fault[0].lstrip().startswith("{"):
        try:
            rule = json.loads(" ".join(fault))
        except ValueError as wrong:
            raise click.ClickException(f"the rule is no JSON: {wrong}") from wrong
    else:
        try:
            rule = {"action": action_from_words(fault)}
        except ValueError as wrong:
            raise click.ClickException(str(wrong)) from wrong
    rule |= {name: value for name, value in conditions.items() if value is not None}
    if always:
        rule["count"] = None
    made = simulator.ask("POST", "faults", rule)
    what, which, _often = told({**made, "hits": 0})
    click.echo(f"#{made['number']}: {what} for {which}")


@faults.command("clear")
@click.argument("number", type=int, required=False)
@_speaking
def clear_faults(simulator: AdminClient, /, *, number: int | None) -> None:
    """Take all rules out of force, or only the one of that NUMBER."""
    simulator.ask("DELETE", "faults", number=number)


@faults.command("kinds")
def fault_kinds() -> None:
    """Tell which faults there are, and what can be said about each. Needs no running simulator."""
    table = Table("fault", "does", "members", box=None, pad_edge=False, show_lines=True)
    for word, kind in KINDS.items():
        table.add_row(word, does(kind), "\n".join(f"{name}: {what}" for name, what in _members(kind)))
    _console().print(table)


def _members(kind: type[Action]) -> Iterator[tuple[str, str]]:
    """Names, and what may stand there; the default where there is one to tell."""
    defaults = {item.name: item.default for item in fields(kind)}
    for name, what in members_of(kind).items():
        default = defaults[name]
        yield name, what if default in (MISSING, None, ()) else f"{what} [{default}]"


@click.command()
@click.option("--since", type=int, default=0, show_default=True, help="Number of the first request to show.")
@click.option("--tail", type=click.IntRange(min=1), default=50, show_default=True, help="How many at most, the last ones.")
@click.option("--service", type=click.Choice([*_SERVICES, "none"]), help="Only of this service; `none` is for what nothing answers.")
@click.option("--operation", help="Only this operation.")
@click.option("--status", help="Only answers with this status: 404, 4xx, or `none` where none was sent.")
@click.option("--writes", is_flag=True, help="Only what changes something.")
@click.option("--follow", is_flag=True, help="Go on with what comes, until interrupted.")
@click.option("--json", "as_json", is_flag=True, help="As JSON lines, bodies included.")
@_speaking
def journal(simulator: AdminClient, /, *, since: int, tail: int, writes: bool, follow: bool, as_json: bool, **picked: str | None) -> None:
    """Show what was asked and answered, the last 50 requests unless told otherwise.

    A line has the request's number, the world's time, the status (`cut` where none was sent), how long it took, the operation, and the
    fault that struck. With --json bodies are shown too, up to 16 KiB of requests and 4 KiB of answers, without keys, tokens, passwords
    and signatures.
    """
    while True:
        page = simulator.ask("GET", "journal", since=since, tail=tail, writes="true" if writes else None, **picked)
        if as_json:
            for entry in page["entries"]:
                click.echo(json.dumps(entry, separators=(",", ":")))
        elif page["entries"] or not follow:
            _console().print(journal_table(page["entries"]))
        if not follow:
            return
        since = page["next"]
        time.sleep(_FOLLOW_SECONDS)


@click.command()
@click.option("--service", type=click.Choice(_SERVICES), help="Only of this service.")
def operations(*, service: str | None) -> None:
    """List the operations that are simulated.

    These are the names that rules and the journal use, each with its service, method and path. Needs no running simulator.
    """
    for known in SERVICES:
        if service not in (None, known.name):
            continue
        for route in known.routes:
            query = "&".join(name if value is None else f"{name}={value}" for name, value in route.query)
            click.echo(f"{known.name} {route.operation} {route.method} {route.path}{'?' if query else ''}{query}")


def _moment(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(seconds))


def _console() -> Console:
    # Regular expressions have brackets, which are no markup.
    console = Console(highlight=False, markup=False)
    return console if console.is_terminal else Console(highlight=False, markup=False, width=_WITHOUT_TERMINAL)


COMMANDS: tuple[click.Command, ...] = (env, advance, faults, journal, operations)
