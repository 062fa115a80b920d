"""The command line as the container image runs it: without docstrings and asserts."""

from __future__ import annotations

import subprocess
import sys

import pytest

from poolwright.settings import Settings


def poolwright(*arguments: str) -> str:
    command = [sys.executable, "-OO", "-m", "poolwright", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout  # noqa: S603 - our own program


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--help"], "as declared in Kubernetes"),
        (["--help"], "Run the operator"),
        (["run", "--help"], "configured by environment variables"),
        (["settings", "--help"], "with its present value"),
    ],
)
def test_it_explains_itself(arguments: list[str], said: str) -> None:
    assert said in " ".join(poolwright(*arguments).split())


def test_every_setting_is_shown() -> None:
    shown = [line.partition("=")[0] for line in poolwright("settings").splitlines()]
    assert shown == [f"POOLWRIGHT_{name.upper()}" for name in Settings.model_fields]
