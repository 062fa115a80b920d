"""`azuresim replay`."""

from __future__ import annotations

from pathlib import Path

import click

from azuresim.replay.player import play
from azuresim.replay.recording import load_folder


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--explain", is_flag=True, help="Show each deviation.")
@click.option("--only", default="", metavar="TEXT", help="Only the scenarios whose name contains TEXT.")
def replay(*, folder: Path, explain: bool, only: str) -> None:
    """Replay recordings of real Azure traffic and count what comes back otherwise.

    FOLDER holds one JSON file a scenario; `azuresim.replay` says what is in it. Prints a line a scenario and the sum.
    """
    interactions = deviating = 0
    try:
        scenarios = load_folder(folder)
    except ValueError as wrong:
        raise click.ClickException(str(wrong)) from wrong
    for scenario in scenarios:
        if only not in scenario.name:
            continue
        played = play(scenario)
        click.echo(f"{played.name}: {played.interactions} interactions, {played.deviating} deviate")
        for deviation in played.deviations if explain else ():
            click.echo(f"  {deviation}")
        interactions += played.interactions
        deviating += played.deviating
    click.echo(f"replayed {interactions} interactions, {deviating} deviate")
