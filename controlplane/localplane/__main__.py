"""``python -m localplane build|up|kubectl``."""

from __future__ import annotations

import os
import signal

import click

from localplane.errors import ControlPlaneError
from localplane.plane import ControlPlane
from localplane.search import binaries
from localplane.toolchain import find_kubectl


class _Sentence(click.ClickException):
    """A ControlPlaneError as the command line shows it."""

    def __init__(self, error: ControlPlaneError) -> None:
        super().__init__(str(error))


def _progress(line: str) -> None:
    click.echo(line, err=True)


@click.group()
def main() -> None:
    """A local kube-apiserver and etcd: nothing to install, nothing left behind."""


@main.command()
def build() -> None:
    """Find or build kube-apiserver, etcd and kubectl, and print where they are."""
    try:
        found = binaries(_progress)
    except ControlPlaneError as error:
        raise _Sentence(error) from error
    for program in (found.kube_apiserver, found.etcd, found.kubectl):
        click.echo(str(program))


@main.command()
def up() -> None:
    """Start a control plane, print its KUBECONFIG line, and stop it on Ctrl-C."""
    # A polite `kill` ends it the way Ctrl-C does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with ControlPlane(progress=_progress) as plane:
            click.echo(f"export KUBECONFIG={plane.kubeconfig}")
            _progress("Running. Ctrl-C stops it and removes everything in it.")
            signal.pause()
    except ControlPlaneError as error:
        raise _Sentence(error) from error
    except KeyboardInterrupt:
        _progress("Stopped.")


@main.command(context_settings={"ignore_unknown_options": True}, add_help_option=False)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def kubectl(arguments: tuple[str, ...]) -> None:
    """Run kubectl, fetching it first where the machine has none."""
    try:
        program = find_kubectl(progress=_progress)
    except ControlPlaneError as error:
        raise _Sentence(error) from error
    os.execv(program, [str(program), *arguments])  # noqa: S606 - to become kubectl is the point


if __name__ == "__main__":
    main(prog_name="python -m localplane")
