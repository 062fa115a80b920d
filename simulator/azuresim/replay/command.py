"""`azuresim replay`."""

from __future__ import annotations

from pathlib import Path

import click

from azuresim.replay.player import play
from azuresim.replay.recording import load_scenario


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--explain", is_flag=True, help="Show each deviation.")
@click.option("--only", default="", metavar="TEXT", help="Only the scenarios whose name contains TEXT.")
def replay(*, folder: Path, explain: bool, only: str) -> None:
    """Replay recordings of real Azure traffic and count what comes back otherwise.

    FOLDER holds one JSON file a scenario: {"interactions": [{"plane": "arm" or "batch", "method", "path", "query", "request_headers",
    "request_body", "status", "response_headers", "response_body"}]}, in the order of the calls. Each scenario has a world of its own, in
    which there is beforehand what its calls take for granted. Compared are statuses, states, error codes, headers of operations and the
    shape of bodies; ids, times, tags and other values are not.

    Prints a line a scenario and, whatever happens, the sum: "replayed N interactions, M deviate". Ends with 0, however many deviate, and
    with 1 when a file could not be read as a recording; it is named, and the others are replayed.
    """
    interactions = deviating = unreadable = 0
    for file in sorted(folder.glob("*.json")):
        if only not in file.stem:
            continue
        try:
            played = play(load_scenario(file))
        except ValueError as wrong:
            unreadable += 1
            click.echo(str(wrong), err=True)
            continue
        click.echo(f"{played.name}: {played.interactions} interactions, {played.deviating} deviate")
        for deviation in played.deviations if explain else ():
            click.echo(f"  {deviation}")
        interactions += played.interactions
        deviating += played.deviating
    click.echo(f"replayed {interactions} interactions, {deviating} deviate")
    if unreadable:
        raise SystemExit(1)
