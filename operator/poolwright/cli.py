"""The command line: ``poolwright run`` in a pod, ``poolwright settings`` for people."""

from __future__ import annotations

import asyncio
import gc
import sys

import click

from poolwright import __version__
from poolwright.app import App
from poolwright.kube.handlers import NotServed
from poolwright.settings import Settings
from poolwright.telemetry.logs import configure


# The help texts are arguments, because the container image runs without docstrings.
@click.group(help="Keep Azure Batch pools, and the custom images they boot from, as declared in Kubernetes.")
@click.version_option(__version__, prog_name="poolwright")
def main() -> None:
    """All commands."""


@main.command(help="Run the operator. It is configured by environment variables; see `poolwright settings`.")
def run() -> None:
    """Until SIGTERM, or until the lease is lost."""
    settings = Settings()
    configure(settings.log_level)
    # 150,000 objects of imported modules never go away; looked through no more, what really is garbage goes sooner.
    gc.collect()
    gc.freeze()
    try:
        sys.exit(asyncio.run(App(settings).run()))
    except NotServed as error:
        raise click.ClickException(str(error)) from error


@main.command(name="settings", help="Print every setting as the environment variable that sets it, with its present value.")
def show() -> None:
    """One line a setting."""
    for name, value in Settings().model_dump().items():
        text = ",".join(value) if isinstance(value, tuple) else value
        click.echo(f"POOLWRIGHT_{name.upper()}={text}")
