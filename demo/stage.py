"""What stands before the story begins: control plane, simulator and operator, the last pointed at the second by environment alone."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from demo.processes import Process
from demo.world import SEED, SPEED, TENANT
from localplane import ControlPlane

ROOT = Path(__file__).resolve().parent.parent
OPERATOR_NAMESPACE, SERVICE_ACCOUNT = "poolwright-system", "poolwright"
READY_SECONDS = 30.0


class Stage:
    """The three processes and how to reach them."""

    def __init__(self, folder: Path, kubeconfig: Path, plane: ControlPlane | None) -> None:
        self.folder = folder
        self.kubeconfig = kubeconfig
        self._plane = plane
        self.url = ""
        self.authority = Path()
        self.metrics_port = 0
        self.processes: list[Process] = []

    def kubectl(self, *arguments: str, text: str | None = None) -> str:
        """Run kubectl as the cluster's administrator; raises with its own words."""
        if self._plane is not None:
            return self._plane.kubectl(*arguments, input=text)
        command = [shutil.which("kubectl") or "kubectl", "--kubeconfig", str(self.kubeconfig), *arguments]
        # A session of its own: Ctrl-C is for the demo, which lets a kubectl that is under way finish.
        done = subprocess.run(command, input=text, capture_output=True, text=True, check=False, start_new_session=True)
        if done.returncode:
            raise RuntimeError(done.stderr.strip())
        return done.stdout

    def start_simulator(self) -> None:
        """Azure, sixty times as fast."""
        world, ready = self.folder / "world.json", self.folder / "simulator.json"
        world.write_text(json.dumps(SEED))
        command = [sys.executable, "-m", "azuresim", "serve", "--dir", str(self.folder / "azure"), "--world", str(world)]
        command += ["--clock", f"scaled:{SPEED}", "--journal", str(self.folder / "azure.jsonl"), "--ready-file", str(ready)]
        process = self._start("simulator", command, os.environ)
        _await(process, ready.exists)
        said = json.loads(ready.read_text())
        self.url, self.authority = said["url"], Path(said["ca"])

    def start_operator(self) -> None:
        """The operator, with exactly the rights of its service account, and nothing but variables to tell it where Azure is."""
        self.metrics_port = _free_port()
        environment = operator_environment(self._operator_kubeconfig(), self.url, self.authority, self.metrics_port)
        environment |= {
            "POOLWRIGHT_POOL_POLL_SECONDS": "0.5",
            "POOLWRIGHT_NODE_COUNT_SECONDS": "0.5",
            "POOLWRIGHT_IMAGE_MOTION_SECONDS": "0.5",
            "POOLWRIGHT_VOLATILE_STATUS_SECONDS": "1",
        }
        process = self._start("operator", [sys.executable, "-m", "poolwright", "run"], environment)
        _await(process, lambda: '"leading"' in process.log.read_text(errors="replace"))

    def stop(self) -> None:
        """In the order of dependence."""
        for process in reversed(self.processes):
            process.stop()

    def _start(self, name: str, command: list[str], environment: Mapping[str, str]) -> Process:
        process = Process(name, command, log=self.folder / f"{name}.log", environment=dict(environment))
        self.processes.append(process)
        return process

    def _operator_kubeconfig(self) -> Path:
        if self._plane is not None:
            return self._plane.kubeconfig_for(OPERATOR_NAMESPACE, SERVICE_ACCOUNT)
        token = self.kubectl("create", "token", SERVICE_ACCOUNT, "--namespace", OPERATOR_NAMESPACE, "--duration", "8h").strip()
        config = json.loads(self.kubectl("config", "view", "--minify", "--raw", "--flatten", "--output", "json"))
        config["users"] = [{"name": user["name"], "user": {"token": token}} for user in config["users"]]
        path = self.folder / "operator.kubeconfig"
        path.write_text(json.dumps(config))
        path.chmod(0o600)
        return path


def operator_environment(kubeconfig: Path, azure: str, authority: Path, port: int) -> dict[str, str]:
    """All that tells the operator where Kubernetes and Azure are; ``port`` is for its metrics."""
    return {
        **os.environ,
        # As in the container image.
        "PYTHONOPTIMIZE": "2",
        "KUBECONFIG": str(kubeconfig),
        "SSL_CERT_FILE": str(authority),
        "AZURE_AUTHORITY_HOST": azure,
        "AZURE_TENANT_ID": TENANT,
        "AZURE_CLIENT_ID": "22222222-2222-4222-8222-222222222222",
        "AZURE_CLIENT_SECRET": "only-the-simulator-accepts-this",
        "POOLWRIGHT_INSTANCE_DISCOVERY": "false",
        "POOLWRIGHT_RESOURCE_MANAGER": azure,
        "POOLWRIGHT_HTTP_HOST": "127.0.0.1",
        "POOLWRIGHT_HTTP_PORT": str(port),
    }


@contextmanager
def stage(say: Callable[[str], None]) -> Iterator[Stage]:
    """Set it up, and take it down again whatever happens."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="poolwright-demo-", ignore_cleanup_errors=True)))
        if given := os.environ.get("KUBECONFIG"):
            say(f"Using the cluster of KUBECONFIG={given}.")
            built = Stage(folder, Path(given), None)
        else:
            plane = stack.enter_context(ControlPlane(progress=say))
            built = Stage(folder, plane.kubeconfig, plane)
        stack.callback(built.stop)
        yield built


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _await(process: Process, ready: Callable[[], bool]) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while not ready():
        if process.ended or time.monotonic() > deadline:
            raise RuntimeError(f"The {process.name} did not start. Its last words:\n{process.last_words()}")
        time.sleep(0.05)
