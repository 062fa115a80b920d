"""The command line: ``poolwright run`` in a pod, ``poolwright settings`` for people."""

from __future__ import annotations

import asyncio
import sys

import click

from poolwright import __version__
from poolwright.app import App
from poolwright.kube.handlers import NotServed
from poolwright.settings import Settings
from poolwright.telemetry.logs import configure


@click.group()
@click.version_option(__version__, prog_name="poolwright")
def main() -> None:
    """Keep Azure Batch pools, and the custom images they boot from, as declared in Kubernetes."""


@main.command()
def run() -> None:
    """Run the operator. It is configured by environment variables; see `poolwright settings`."""
    settings = Settings()
    configure(settings.log_level)
    try:
        sys.exit(asyncio.run(App(settings).run()))
    except NotServed as error:
        raise click.ClickException(str(error)) from error


@main.command(name="settings")
def show() -> None:
    """Print every setting as the environment variable that sets it, with its present value."""
    for name, value in Settings().model_dump().items():
        text = ",".join(value) if isinstance(value, tuple) else value
        click.echo(f"POOLWRIGHT_{name.upper()}={text}")
