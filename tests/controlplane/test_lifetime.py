"""A control plane leaves nothing behind, however it ends."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import pytest

from localplane import Binaries, ControlPlane, ControlPlaneError

linux = pytest.mark.skipif(sys.platform != "linux", reason="the test looks for processes in /proc")

GONE_WITHIN_SECONDS = 20

# Ctrl-C as in a terminal, also where these tests run in the background of a shell, which has its children ignore it.
UP = """
import runpy, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.argv = ['localplane', 'up']
runpy.run_module('localplane', run_name='__main__')
"""
# A copy of this process that outlives it holds every pipe it had open.
UP_AND_FORK = """
import os, signal
from localplane import ControlPlane
with ControlPlane() as plane:
    if os.fork() == 0:
        signal.alarm(20)
        signal.pause()
    print(f"export KUBECONFIG={plane.kubeconfig}", flush=True)
    signal.pause()
"""


def processes_of(folder: Path) -> dict[int, str]:
    """Process ids and command lines of the programs that have the folder in them: two servers and their guard."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                command = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if os.fsencode(folder) in command:
                found[int(entry.name)] = os.fsdecode(command).replace("\0", " ")
    return found


@contextmanager
def watched(folder: Path) -> Iterator[dict[int, str]]:
    """All processes of a control plane; at the end of the block they have to go. The kernel tells when, nobody polls."""
    running = processes_of(folder)
    assert len(running) == 3
    handles = {pid: os.pidfd_open(pid) for pid in running}
    try:
        yield running
        for pid, handle in handles.items():
            assert select.select([handle], [], [], GONE_WITHIN_SECONDS)[0], f"still runs: {running[pid]}"
    finally:
        for handle in handles.values():
            os.close(handle)


@contextmanager
def elsewhere(program: str) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """A control plane in a process of its own, and its folder once it is ready."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, env=environment) as process:  # noqa: S603 - ours
        try:
            assert process.stdout is not None
            line = next((line for line in process.stdout if line.startswith("export KUBECONFIG=")), None)
            assert line is not None, f"no kubeconfig; exit status {process.wait()}"
            yield process, Path(line.strip().removeprefix("export KUBECONFIG=")).parent
        finally:
            process.kill()


@linux
@pytest.mark.controlplane
def test_nothing_is_left_after_stop() -> None:
    with ControlPlane() as plane:
        folder = plane.kubeconfig.parent
        with watched(folder):
            plane.stop()
            assert processes_of(folder) == {}
    assert not folder.exists()
    with pytest.raises(ControlPlaneError, match="not running"):
        plane.kubectl("get", "namespaces")


@linux
@pytest.mark.controlplane
@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_the_command_stops_cleanly_when_asked(end: signal.Signals) -> None:
    with elsewhere(UP) as (process, folder), watched(folder):
        process.send_signal(end)
        assert process.wait(GONE_WITHIN_SECONDS) == 0
        assert not folder.exists()


@linux
@pytest.mark.controlplane
@pytest.mark.parametrize("program", [UP, UP_AND_FORK], ids=["alone", "while a forked copy lives on"])
def test_nothing_is_left_when_its_owner_is_killed(program: str) -> None:
    with elsewhere(program) as (process, folder):
        with watched(folder):
            process.kill()
        assert not folder.exists()


@linux
@pytest.mark.controlplane
def test_the_servers_end_with_their_guard() -> None:
    with ControlPlane() as plane:
        folder = plane.kubeconfig.parent
        with watched(folder) as running:
            os.kill(next(pid for pid, command in running.items() if "guard.py" in command), signal.SIGKILL)
    assert not folder.exists()


@pytest.mark.controlplane
def test_it_outlives_the_thread_that_started_it() -> None:
    plane = ControlPlane()
    thread = Thread(target=plane.start)
    thread.start()
    thread.join()
    try:
        assert plane.kubectl("get", "--raw=/readyz") == "ok"
    finally:
        plane.stop()


def test_a_server_that_ends_by_itself_is_named_with_its_last_words(tmp_path: Path) -> None:
    for name, text in (("etcd", "echo the disk is full; exit 3"), ("kube-apiserver", "exec sleep 60")):
        (tmp_path / name).write_text(f"#!/bin/sh\n{text}\n")
        (tmp_path / name).chmod(0o755)
    before = control_plane_folders()
    programs = Binaries(kube_apiserver=tmp_path / "kube-apiserver", etcd=tmp_path / "etcd", kubectl=tmp_path / "kubectl")
    with (
        pytest.raises(ControlPlaneError, match=r"(?s)did not start: etcd ended with 3\..*etcd\.log: the disk is full"),
        ControlPlane(programs),
    ):
        pass
    assert control_plane_folders() <= before


@pytest.mark.controlplane
def test_it_starts_only_once_at_a_time(control_plane: ControlPlane) -> None:
    with pytest.raises(ControlPlaneError, match="running already"):
        control_plane.start()
    assert control_plane.kubectl("get", "--raw=/readyz") == "ok"


def control_plane_folders() -> set[Path]:
    return set(Path(tempfile.gettempdir()).glob("poolwright-controlplane-*"))
