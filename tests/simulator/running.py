"""`azuresim serve` as a process of its own."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

SIMULATOR = Path(__file__).parents[2] / "simulator"


@dataclass(frozen=True)
class Running:
    """Where it is, and what it printed."""

    url: str
    authority: str
    folder: Path
    variables: dict[str, str]

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """The JSON answer to a request without an SDK. Raises for an error."""
        headers = {"authorization": "Bearer token", "content-type": "application/json"}
        data = None if body is None else json.dumps(body)
        answer = requests.request(method, f"{self.url}{path}", data=data, headers=headers, verify=self.authority, timeout=10)
        answer.raise_for_status()
        return answer.json() if answer.content else None


@contextmanager
def serving(folder: Path, *options: str, ends: signal.Signals = signal.SIGTERM) -> Iterator[Running]:
    """From the line that says it is ready to the signal that ends it. Files are relative to ``folder``."""
    command = [sys.executable, "-m", "azuresim", "serve", "--dir", "certificates", "--env-file", "variables", *options]
    environment = {"PYTHONPATH": str(SIMULATOR), "PYTHONDONTWRITEBYTECODE": "1", "PYTHONWARNINGS": "error"}
    with subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603  # our own program
        assert process.stdout is not None
        line = json.loads(process.stdout.readline())
        exports = [line.removeprefix("export ").partition("=") for line in (folder / "variables").read_text().splitlines()]
        try:
            yield Running(line["url"], line["ca"], folder, {name: value for name, _, value in exports})
        finally:
            process.send_signal(ends)
        assert process.wait(timeout=10) == (0 if ends is signal.SIGTERM else -ends)
