"""The running programs of one control plane, under the guard that ends them with us."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import IO

from localplane.errors import ControlPlaneError

GUARD = Path(__file__).with_name("guard.py")

_STOP_SECONDS = 30.0
_LOG_LINES = 10


class Servers:
    """Owns ``folder``: it is removed by ``stop``, or when this process ends, by whatever cause, and what ``run`` started ends before."""

    def __init__(self, *, folder: Path) -> None:
        self._folder = folder
        # -I -S: the guard needs the standard library only, and nothing of the environment may reach it. Its own session: a terminal's
        # Ctrl-C goes to us alone, and we decide when the servers end.
        self._guard = subprocess.Popen(
            [sys.executable, "-I", "-S", str(GUARD), str(os.getpid()), str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )

    def run(self, commands: dict[str, list[str]]) -> None:
        """Start the programs, each with a log of its name; to be called once."""
        plan = [{"argv": argv, "log": str(self._folder / f"{name}.log")} for name, argv in commands.items()]
        self._input().write(json.dumps(plan).encode() + b"\n")
        self._input().flush()

    def trouble(self) -> str | None:
        """Which program ended by itself, with the end of every log; None while all run."""
        exited = self._folder / "exited"
        if exited.exists():
            return f"{exited.read_text(encoding='utf-8')}.\n{self.last_words()}"
        return "their guard ended; was it killed?" if self._guard.poll() is not None else None

    def last_words(self) -> str:
        """The end of every log."""
        logs = {log.name: log.read_text(encoding="utf-8", errors="replace").splitlines() for log in sorted(self._folder.glob("*.log"))}
        return "\n".join(f"{name}: {line}" for name, lines in logs.items() for line in lines[-_LOG_LINES:])

    def stop(self) -> None:
        """End all and wait until they are gone; harmless when repeated."""
        self._input().close()
        try:
            self._guard.wait(timeout=_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            raise ControlPlaneError(f"The control plane in {self._folder} did not end; kill process {self._guard.pid}.") from None
        # The guard has done this, unless it was killed itself.
        shutil.rmtree(self._folder, ignore_errors=True)

    def _input(self) -> IO[bytes]:
        if self._guard.stdin is None:
            raise AssertionError("stdin is a pipe")
        return self._guard.stdin
