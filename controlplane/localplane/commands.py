"""The command lines of etcd and kube-apiserver, with the reason for every flag that is not obvious."""

from __future__ import annotations

import socket
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from localplane.certificates import Authority, Pair, token_signing_key
from localplane.search import Binaries


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """Loopback TCP ports the servers are to listen on."""

    api: int
    etcd: int


def reserved_port(held: ExitStack) -> int:
    """A free port that nobody else is given until the stack closes.

    The servers are told to share it (SO_REUSEPORT). A socket that does not listen gets no connections, so theirs is the only one to
    answer; without it another program could be given the port in the moment before they bind it.
    """
    holder = held.enter_context(socket.socket())
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    holder.bind(("127.0.0.1", 0))
    port: int = holder.getsockname()[1]
    return port


def commands(binaries: Binaries, folder: Path, ports: Ports, authority: Authority) -> dict[str, list[str]]:
    """Both command lines, by the name of the program; writes the keys they name into ``folder``.

    etcd has a circle of trust of its own: any local user can reach its port, and a client certificate of the cluster opens nothing there.
    """
    etcd_authority = Authority()
    (folder / "etcd-ca.crt").write_bytes(etcd_authority.certificate)
    (folder / "ca.crt").write_bytes(authority.certificate)
    _write(folder, "etcd", etcd_authority.server("etcd"))
    _write(folder, "etcd-client", etcd_authority.client("kube-apiserver", group="etcd-clients"))
    _write(folder, "kube-apiserver", authority.server("kube-apiserver"))
    (folder / "tokens.key").write_bytes(token_signing_key())
    return {"etcd": _etcd(binaries.etcd, folder, ports), "kube-apiserver": _kube_apiserver(binaries.kube_apiserver, folder, ports)}


def _etcd(program: Path, folder: Path, ports: Ports) -> list[str]:
    client, peer = f"https://127.0.0.1:{ports.etcd}", "http://127.0.0.1:0"
    return [
        str(program),
        "--name=local",
        f"--data-dir={folder / 'etcd'}",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        "--socket-reuse-port",
        f"--cert-file={folder / 'etcd.crt'}",
        f"--key-file={folder / 'etcd.key'}",
        f"--trusted-ca-file={folder / 'etcd-ca.crt'}",
        "--client-cert-auth",
        # It has no peers but wants to listen for them; port 0 is any free one.
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=local={peer}",
        "--unsafe-no-fsync",  # the data do not outlive the process, so a write need not reach the disk
        "--log-level=warn",
    ]


def _kube_apiserver(program: Path, folder: Path, ports: Ports) -> list[str]:
    return [
        str(program),
        f"--etcd-servers=https://127.0.0.1:{ports.etcd}",
        f"--etcd-cafile={folder / 'etcd-ca.crt'}",
        f"--etcd-certfile={folder / 'etcd-client.crt'}",
        f"--etcd-keyfile={folder / 'etcd-client.key'}",
        "--bind-address=127.0.0.1",
        "--advertise-address=127.0.0.1",
        f"--secure-port={ports.api}",
        "--permit-port-sharing",
        f"--tls-cert-file={folder / 'kube-apiserver.crt'}",
        f"--tls-private-key-file={folder / 'kube-apiserver.key'}",
        f"--client-ca-file={folder / 'ca.crt'}",
        f"--cert-dir={folder}",
        "--authorization-mode=RBAC",
        "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
        f"--service-account-key-file={folder / 'tokens.key'}",
        f"--service-account-signing-key-file={folder / 'tokens.key'}",
        "--service-cluster-ip-range=10.0.0.0/24",
        "--endpoint-reconciler-type=none",  # nothing routes to this server from inside a cluster
        "--profiling=false",
    ]


def _write(folder: Path, name: str, pair: Pair) -> None:
    (folder / f"{name}.crt").write_bytes(pair.certificate)
    (folder / f"{name}.key").write_bytes(pair.key)
