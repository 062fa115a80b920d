"""What is built: read from ``go.mod``, so that each version is written down once."""

from __future__ import annotations

import hashlib
import platform
import re
from dataclasses import dataclass
from pathlib import Path

MODULE = Path(__file__).resolve().parents[1]

_API_SERVER = "k8s.io/kubernetes"
_ETCD = "go.etcd.io/etcd/server/v3"
_VERSION_VARIABLES = "k8s.io/component-base/version"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One program: the name of its file, its Go package, and what the linker writes into it."""

    name: str
    package: str
    version: str
    ldflags: str


def targets() -> tuple[Target, Target]:
    """kube-apiserver and etcd at the versions ``go.mod`` requires."""
    kubernetes, etcd = required(_API_SERVER), required(_ETCD)
    major, minor = kubernetes.removeprefix("v").split(".")[:2]
    # Upstream's release scripts set these; without them the server calls itself v0.0.0-master.
    stamps = {"gitVersion": kubernetes, "gitMajor": major, "gitMinor": minor, "gitCommit": "", "gitTreeState": "clean"}
    stamped = " ".join(f"-X {_VERSION_VARIABLES}.{variable}={value}" for variable, value in stamps.items())
    return (
        Target(name="kube-apiserver", package=f"{_API_SERVER}/cmd/kube-apiserver", version=kubernetes, ldflags=f"-s -w {stamped}"),
        Target(name="etcd", package=_ETCD, version=etcd, ldflags="-s -w"),
    )


def required(module: str) -> str:
    """The version ``go.mod`` requires of a module, for example ``v1.37.2``."""
    return _search(rf"^\s+{re.escape(module)} (v\S+)(?: // indirect)?$")


def minimum_go() -> tuple[int, int]:
    """The oldest Go that builds the pins, as (major, minor)."""
    major, minor = _search(r"^go (\d+\.\d+)").split(".")
    return int(major), int(minor)


def build_key() -> str:
    """Names one build in the cache: other pins, other flags or another machine make another build."""
    return fingerprint((MODULE / "go.mod").read_bytes(), (MODULE / "go.sum").read_bytes(), repr(targets()).encode())


def fingerprint(*parts: bytes) -> str:
    """Sixteen hex digits over the given contents and the kind of this machine."""
    digest = hashlib.sha256(f"{platform.system()} {platform.machine()}".encode())
    for part in parts:
        digest.update(hashlib.sha256(part).digest())
    return digest.hexdigest()[:16]


def _search(pattern: str) -> str:
    found = re.search(pattern, (MODULE / "go.mod").read_text(encoding="utf-8"), re.MULTILINE)
    if found is None:
        raise ValueError(f"controlplane/go.mod has no line that matches {pattern}")
    return found.group(1)
