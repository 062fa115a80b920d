"""The test stand: a local API server, the simulator and the operator, three processes beside this one, all gone afterwards."""

from __future__ import annotations

import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from demo.processes import Process
from demo.stage import OPERATOR_NAMESPACE, SERVICE_ACCOUNT, operator_environment

from benchmarks import usage
from benchmarks.fleet import NAMESPACE, Fleet
from benchmarks.scrape import Scrape, scrape
from localplane import ControlPlane

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 60.0
LOOK_SECONDS = 0.05
CALL_SECONDS = 60


class Program(Process):
    """A process whose use of the machine is looked at."""

    @property
    def pid(self) -> int:
        """The number it has in ``/proc``."""
        return self._process.pid


class Stand:
    """Everything the measurements run on. The operator has the poll intervals and workers it is shipped with."""

    def __init__(self, folder: Path, plane: ControlPlane, speed: float) -> None:
        self.folder = folder
        self.plane = plane
        self.speed = speed
        self.metrics_port = _free_port()
        self.simulator: Program | None = None
        self.operator: Program | None = None
        self._url = ""
        self._authority = Path()

    def install(self) -> None:
        """The two kinds, the operator's rights, a namespace for the fleet, and the operator's bytecode."""
        self.plane.kubectl("apply", "-f", str(ROOT / "crds"))
        self.plane.kubectl("wait", "--for=condition=Established", "crd/customimages.poolwright.io", "crd/batchpools.poolwright.io")
        self.plane.kubectl("apply", "-k", str(ROOT / "manifests" / "base"))
        self.plane.kubectl("create", "namespace", NAMESPACE)
        # The image's bytecode is made when the image is built; here before anything is measured.
        writing = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        subprocess.run([sys.executable, "-OO", "-c", "import poolwright.cli"], env=writing, check=True)

    def start_simulator(self, fleet: Fleet) -> None:
        """Azure, with the fleet's accounts and image version."""
        world, ready = self.folder / "world.json", self.folder / "simulator.json"
        world.write_text(json.dumps(fleet.seed()))
        command = [sys.executable, "-m", "azuresim", "serve", "--dir", str(self.folder / "azure"), "--world", str(world)]
        command += ["--clock", f"scaled:{self.speed}", "--ready-file", str(ready)]
        self.simulator = Program("simulator", command, log=self.folder / "simulator.log", environment=os.environ)
        _await(self.simulator, ready.exists)
        said = json.loads(ready.read_text())
        self._url, self._authority = said["url"], Path(said["ca"])

    def start_operator(self) -> None:
        """With exactly the rights of its service account; returns as soon as the process is there."""
        kubeconfig = self.plane.kubeconfig_for(OPERATOR_NAMESPACE, SERVICE_ACCOUNT)
        environment = operator_environment(kubeconfig, self._url, self._authority, self.metrics_port)
        command = [sys.executable, "-m", "poolwright", "run"]
        self.operator = Program("operator", command, log=self.folder / "operator.log", environment=environment)

    def await_leader(self) -> None:
        """Until the operator says in its log that it leads."""
        operator = self._running(self.operator)
        _await(operator, lambda: '"leading"' in operator.log.read_text(errors="replace"))

    def stop_operator(self) -> None:
        """As a roll-out does: SIGTERM, and the lease is released."""
        self._running(self.operator).stop()

    def stop(self) -> None:
        """In the order of dependence."""
        for process in (self.operator, self.simulator):
            if process is not None:
                process.stop()

    def scrape(self) -> Scrape:
        """The operator's metrics; raises RuntimeError with its last words if it has ended."""
        operator = self._running(self.operator)
        if operator.ended:
            raise RuntimeError(f"The operator has ended. Its last words:\n{operator.last_words()}")
        return scrape(self.metrics_port)

    def ask_simulator(self, path: str) -> Any:
        """A GET of the simulator's own interface."""
        trust = ssl.create_default_context(cafile=str(self._authority))
        with urllib.request.urlopen(f"{self._url}/_sim/{path}", timeout=CALL_SECONDS, context=trust) as answer:  # noqa: S310 - https only
            return json.load(answer)

    def cpu_seconds(self) -> dict[str, float]:
        """Used so far, by program; the names are those of the table's rows."""
        pids = {"operator": self.operator_pid, "simulator": self._running(self.simulator).pid}
        pids |= {name: usage.descendant(name) for name in ("kube-apiserver", "etcd")}
        return {name: usage.cpu_seconds(pid) for name, pid in pids.items()}

    @property
    def operator_pid(self) -> int:
        """The process now running."""
        return self._running(self.operator).pid

    def _running(self, process: Program | None) -> Program:
        if process is None:
            raise AssertionError("not started yet")
        return process


@contextmanager
def stand(say: Callable[[str], None], speed: float) -> Iterator[Stand]:
    """Set it up, and take it down again whatever happens; a plain ``kill`` takes the same way out as Ctrl-C."""
    signal.signal(signal.SIGTERM, _interrupt)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="poolwright-bench-", ignore_cleanup_errors=True)))
        built = Stand(folder, stack.enter_context(ControlPlane(progress=say)), speed)
        stack.callback(built.stop)
        built.install()
        yield built


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _await(process: Process, ready: Callable[[], bool]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not ready():
        if process.ended or time.monotonic() > deadline:
            raise RuntimeError(f"The {process.name} did not start. Its last words:\n{process.last_words()}")
        time.sleep(LOOK_SECONDS)
