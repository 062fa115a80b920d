"""Where kube-apiserver, etcd and kubectl come from: ``KUBEBUILDER_ASSETS``, the cache, or a build."""

from __future__ import annotations

import os
import subprocess
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from localplane import pins
from localplane.cache import Progress, made_once
from localplane.errors import ControlPlaneError
from localplane.toolchain import Go, find_go, find_kubectl

# Often enough to show life in a build of minutes, seldom enough to stay readable in a log.
_PROGRESS_SECONDS = 15.0
_ERROR_LINES = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Binaries:
    """The three programs, as absolute paths."""

    kube_apiserver: Path
    etcd: Path
    kubectl: Path


def silent(_line: str) -> None:
    """Progress nobody."""


def binaries(progress: Progress = print) -> Binaries:
    """Find the programs, building them first if need be (minutes, once for each change of the pins).

    ``progress`` gets a line whenever something takes long. Raises ControlPlaneError with cause and remedy when something is missing.
    """
    given = os.environ.get("KUBEBUILDER_ASSETS")
    if given:
        return _from_assets(Path(given).resolve(), progress=progress)
    folder = made_once("controlplane", pins.build_key(), lambda draft: _build(draft, progress=progress), progress=progress)
    return Binaries(kube_apiserver=folder / "kube-apiserver", etcd=folder / "etcd", kubectl=find_kubectl(progress=progress))


def _from_assets(folder: Path, *, progress: Progress) -> Binaries:
    missing = [name for name in ("kube-apiserver", "etcd") if not os.access(folder / name, os.X_OK)]
    if missing:
        raise ControlPlaneError(f"KUBEBUILDER_ASSETS={folder} has no {' and no '.join(missing)}; unset it to build the pinned versions.")
    kubectl = folder / "kubectl"
    return Binaries(
        kube_apiserver=folder / "kube-apiserver",
        etcd=folder / "etcd",
        kubectl=kubectl if os.access(kubectl, os.X_OK) else find_kubectl(progress=progress),
    )


def _build(folder: Path, *, progress: Progress) -> None:
    go = find_go(progress=progress)
    for target in pins.targets():
        progress(f"Building {target.name} {target.version} (once; the whole takes about 4 minutes on 2 cores).")
        started = time.monotonic()
        _compile(go, target, folder / target.name, progress=progress)
        progress(f"Built {target.name} in {time.monotonic() - started:.0f} s.")


def _compile(go: Go, target: pins.Target, output: Path, *, progress: Progress) -> None:
    command = [str(go.program), "build", "-v", "-mod=readonly", "-trimpath", f"-ldflags={target.ldflags}", f"-o={output}", target.package]
    # A go.work further up the tree would take the place of our go.mod; cgo would want a C compiler.
    environment = {**go.environment, "CGO_ENABLED": "0", "GOWORK": "off"}
    with subprocess.Popen(
        command, cwd=pins.MODULE, env=environment, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace"
    ) as build:
        if build.stderr is None:
            raise AssertionError("stderr is a pipe")
        tail = _follow(build.stderr, progress=progress)
    if build.returncode != 0:
        said = "\n".join(tail)
        raise ControlPlaneError(
            f"go build {target.package} failed; is the Go module proxy reachable, and is there 3 GB of free disk? Go said:\n{said}"
        )


def _follow(lines: Iterable[str], *, progress: Progress) -> deque[str]:
    """Count what ``go build -v`` reports, and keep its last lines for an error."""
    tail: deque[str] = deque(maxlen=_ERROR_LINES)
    downloaded = compiled = 0
    reported = time.monotonic()
    for line in lines:
        tail.append(line.rstrip())
        if line.startswith("go: downloading"):
            downloaded += 1
        else:
            compiled += 1
        if time.monotonic() - reported >= _PROGRESS_SECONDS:
            reported = time.monotonic()
            progress(f"  {downloaded} modules downloaded, {compiled} packages compiled")
    return tail
