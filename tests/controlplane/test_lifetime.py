"""A control plane leaves nothing behind, however it ends."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from localplane import ControlPlane, ControlPlaneError
from localplane.folders import RunFolder, sweep

pytestmark = [
    pytest.mark.controlplane,
    pytest.mark.skipif(sys.platform != "linux", reason="/proc and the tie to the parent process are Linux's"),
]

GONE_WITHIN_SECONDS = 20


def processes_of(folder: Path) -> set[int]:
    """Pids of the programs that have the folder in their command line."""
    found = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                command = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if os.fsencode(folder) + b"/" in command:
                found.add(int(entry.name))
    return found


def wait_until_gone(pids: set[int]) -> None:
    """Returns when all have ended; the kernel tells, nobody polls."""
    for pid in pids:
        try:
            handle = os.pidfd_open(pid)
        except ProcessLookupError:
            continue
        readable, _, _ = select.select([handle], [], [], GONE_WITHIN_SECONDS)
        os.close(handle)
        assert readable, f"process {pid} still runs"


def start_in_another_process() -> tuple[subprocess.Popen[str], Path]:
    """`python -m localplane up`, and the kubeconfig it names once it is ready."""
    search = os.pathsep.join(sys.path)
    process = subprocess.Popen(
        [sys.executable, "-m", "localplane", "up"], stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": search}
    )
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("export KUBECONFIG="):
            return process, Path(line.strip().removeprefix("export KUBECONFIG="))
    raise AssertionError(f"no kubeconfig; exit status {process.wait()}")


def test_nothing_is_left_after_stop() -> None:
    with ControlPlane() as plane:
        folder = plane.kubeconfig.parent
        running = processes_of(folder)
        assert len(running) == 2
        assert folder.stat().st_mode & 0o077 == 0
    assert processes_of(folder) == set()
    assert not folder.exists()
    plane.stop()
    with pytest.raises(ControlPlaneError, match="not running"):
        plane.kubectl("get", "namespaces")


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_the_command_stops_cleanly_when_asked(end: signal.Signals) -> None:
    process, kubeconfig = start_in_another_process()
    with process:
        running = processes_of(kubeconfig.parent)
        process.send_signal(end)
        assert process.wait(GONE_WITHIN_SECONDS) == 0
    wait_until_gone(running)
    assert not kubeconfig.exists()


def test_the_servers_die_with_a_killed_parent_and_the_next_start_sweeps_its_folder() -> None:
    process, kubeconfig = start_in_another_process()
    with process:
        running = processes_of(kubeconfig.parent)
        assert len(running) == 2
        process.kill()
        process.wait(GONE_WITHIN_SECONDS)
    wait_until_gone(running)
    assert kubeconfig.exists()
    sweep()
    assert not kubeconfig.parent.exists()


def test_a_sweep_leaves_what_is_in_use() -> None:
    folder = RunFolder()
    sweep()
    assert folder.path.exists()
    folder.remove()
    assert not folder.path.exists()
