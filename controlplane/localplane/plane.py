"""One control plane: an etcd and a kube-apiserver of its own, on free loopback ports, gone without a trace afterwards."""

from __future__ import annotations

import http.client
import json
import subprocess
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from localplane import kubeconfigs
from localplane.cache import Progress
from localplane.certificates import Authority
from localplane.client import Client
from localplane.commands import Ports, commands, reserved_port
from localplane.errors import ControlPlaneError
from localplane.search import Binaries, binaries
from localplane.servers import Servers

# Measured: 2.5 s on two idle cores. A machine that is busy with a build takes many times that.
_READY_SECONDS = 60.0
_POLL_SECONDS = 0.05
# Outlives any test run and any demo.
_TOKEN_SECONDS = 24 * 3600


class ControlPlane:
    """A kube-apiserver with RBAC and its etcd, for the length of a ``with`` block or from ``start`` to ``stop``.

    Everything they write is in one private folder. They end, and the folder goes, with this process, even when it is killed.
    ``progress`` is told what takes time while the programs are looked for. Raises ControlPlaneError when one cannot be had.
    """

    def __init__(self, programs: Binaries | None = None, *, progress: Progress = print) -> None:
        self._programs = programs or binaries(progress)
        self._servers: Servers | None = None
        self._client: Client | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    @property
    def kubeconfig(self) -> Path:
        """Kubeconfig of an administrator (group ``system:masters``, to which RBAC does not apply), there until ``stop``."""
        return self._running.folder / "admin.kubeconfig"

    @property
    def url(self) -> str:
        """Where the API server listens, ``https://127.0.0.1:<port>``."""
        return self._running.url

    def start(self) -> None:
        """Start both servers and return when ``/readyz`` says yes. Raises ControlPlaneError with a failed server's last words."""
        if self._client is not None:
            raise ControlPlaneError("This control plane is running already; stop it first, or make another one.")
        try:
            with ExitStack() as held:
                self._launch(Ports(api=reserved_port(held), etcd=reserved_port(held)))
                self._wait_until_ready()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End the servers and delete their folder; harmless when repeated."""
        if self._servers is not None:
            self._servers.stop()
        self._servers = self._client = None

    def kubeconfig_for(self, namespace: str, service_account: str) -> Path:
        """Kubeconfig of a service account that exists: exactly its rights, by a token of the TokenRequest API good for a day.

        Raises ControlPlaneError with the API server's answer, for instance when there is no such account.
        """
        client = self._running
        wish = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": _TOKEN_SECONDS}}
        status, answer = client.call("POST", f"/api/v1/namespaces/{namespace}/serviceaccounts/{service_account}/token", wish)
        if status != http.client.CREATED:
            raise ControlPlaneError(f"No token for {namespace}/{service_account}: {json.loads(answer).get('message', answer)}")
        return kubeconfigs.with_token(
            client.folder / f"{namespace}.{service_account}.kubeconfig",
            server=client.url,
            authority=client.authority.read_bytes(),
            token=json.loads(answer)["status"]["token"],
            namespace=namespace,
        )

    def kubectl(self, *args: str, input: str | None = None) -> str:  # noqa: A002 - the name subprocess.run gives it
        """Run kubectl as the administrator and return what it printed. Raises ControlPlaneError with its stderr when it fails.

        A later ``--kubeconfig`` among ``args`` wins, so that the same call serves other identities.
        """
        # Discovery is cached by address, and another control plane may have had this port before.
        cache = self._running.folder / "kubectl"
        command = [str(self._programs.kubectl), f"--kubeconfig={self.kubeconfig}", f"--cache-dir={cache}", *args]
        # A session of its own: Ctrl-C is for whoever called, who may still wait for the answer.
        done = subprocess.run(command, input=input or "", capture_output=True, text=True, check=False, start_new_session=True)
        if done.returncode:
            raise ControlPlaneError(f"kubectl {' '.join(args)}: {done.stderr.strip()}")
        return done.stdout

    @property
    def _running(self) -> Client:
        if self._client is None:
            raise ControlPlaneError("The control plane is not running; call start(), or use it in a `with` block.")
        return self._client

    def _launch(self, ports: Ports) -> None:
        folder = Path(tempfile.mkdtemp(prefix="poolwright-controlplane-"))
        self._servers = Servers(folder=folder)
        authority = Authority()
        admin = authority.client("poolwright-admin", group="system:masters")
        (folder / "admin.pem").write_bytes(admin.certificate + admin.key)
        plan = commands(self._programs, folder, ports, authority)
        self._client = Client(folder=folder, port=ports.api)
        kubeconfigs.with_certificate(self.kubeconfig, server=self.url, authority=authority.certificate, client=admin)
        # Both at once: the API server waits for its etcd, and takes longer to load than etcd takes to answer.
        self._servers.run(plan)

    def _wait_until_ready(self) -> None:
        if self._servers is None:
            raise AssertionError("launched before")
        deadline = time.monotonic() + _READY_SECONDS
        while not self._running.ready():
            trouble = self._servers.trouble()
            if trouble is not None:
                raise ControlPlaneError(f"The control plane did not start: {trouble}")
            if time.monotonic() > deadline:
                raise ControlPlaneError(
                    f"The API server was not ready in {_READY_SECONDS:.0f} s; is the machine very busy or out of memory?\n"
                    f"{self._servers.last_words()}"
                )
            time.sleep(_POLL_SECONDS)
