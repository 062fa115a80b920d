"""Processes that stop when asked, and die with the demo when it cannot ask any more."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

TETHER = Path(__file__).with_name("tether.py")
STOP_SECONDS = 15.0


class Process:
    """One running program; its output goes to ``log``."""

    def __init__(self, name: str, command: list[str], *, log: Path, environment: Mapping[str, str]) -> None:
        self.name = name
        self.log = log
        with log.open("wb") as output:
            # A session of its own: Ctrl-C reaches the demo alone, which then stops everything in order.
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", str(TETHER), str(os.getpid()), *command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=dict(environment),
                start_new_session=True,
            )

    @property
    def ended(self) -> bool:
        """Whether it has stopped."""
        return self._process.poll() is not None

    def stop(self) -> None:
        """SIGTERM, patience, SIGKILL."""
        if not self.ended:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
        self._process.wait()

    def last_words(self, lines: int = 15) -> str:
        """The end of its output."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])
