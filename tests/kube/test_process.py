"""The whole process, started as in a pod."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest

PATIENCE_SECONDS = 30


@pytest.fixture
def kubeconfig(tmp_path: Path) -> Iterator[Path]:
    """A cluster whose address nobody listens at: the port is taken and never accepts."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        server = f"https://127.0.0.1:{taken.getsockname()[1]}"
        named = [{"name": "away", "cluster": {"server": server}}]
        context = [{"name": "away", "context": {"cluster": "away", "user": "nobody"}}]
        users = [{"name": "nobody", "user": {"token": "none"}}]
        path = tmp_path / "kubeconfig"
        path.write_text(json.dumps({"clusters": named, "contexts": context, "users": users, "current-context": "away"}))
        yield path


def lines(stream: IO[str] | None) -> Iterator[dict[str, str]]:
    assert stream is not None
    for line in stream:
        yield json.loads(line)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_without_an_api_server_it_waits_says_so_and_can_be_stopped(kubeconfig: Path, number: signal.Signals) -> None:
    environment = {**os.environ, "KUBECONFIG": str(kubeconfig), "POOLWRIGHT_HTTP_HOST": "127.0.0.1", "POOLWRIGHT_HTTP_PORT": "0"}
    command = [sys.executable, "-m", "poolwright", "run"]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own program
        told = lines(process.stderr)
        assert next(told)["message"] == "started"
        waiting = next(told)
        assert (waiting["level"], waiting["message"]) == ("WARNING", "waiting for the API server")
        assert "Unreachable" in waiting["error"]
        process.send_signal(number)
        rest = [line["message"] for line in told]
        assert process.wait(PATIENCE_SECONDS) == 0
    assert set(rest) <= {"waiting for the API server"}, "no traceback, and nothing else went wrong"
