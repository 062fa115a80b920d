"""What is kept between runs is whole, made once, and found again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread

import pytest

from localplane import ControlPlaneError, binaries
from localplane.cache import cache_root, fingerprint, kept


def content(folder: Path) -> str:
    return (folder / "tool").read_text()


def writes(text: str) -> Callable[[Path], None]:
    def fill(folder: Path) -> None:
        (folder / "tool").write_text(text)

    return fill


def never() -> None:
    raise AssertionError("nobody else is at work")


def test_a_folder_is_made_once(tmp_path: Path) -> None:
    assert content(kept(tmp_path / "deep" / "x", fill=writes("first"), waiting=never)) == "first"
    assert content(kept(tmp_path / "deep" / "x", fill=writes("second"), waiting=never)) == "first"


def test_a_failed_attempt_leaves_nothing_and_the_next_one_works(tmp_path: Path) -> None:
    def breaks(folder: Path) -> None:
        (folder / "tool").write_text("half")
        raise ControlPlaneError("the compiler said no")

    with pytest.raises(ControlPlaneError, match="said no"):
        kept(tmp_path / "x", fill=breaks, waiting=never)
    assert [each.name for each in tmp_path.iterdir()] == ["x.lock"]
    assert content(kept(tmp_path / "x", fill=writes("whole"), waiting=never)) == "whole"


def test_what_an_interrupted_attempt_left_is_removed(tmp_path: Path) -> None:
    (tmp_path / ".x.abandoned").mkdir()
    kept(tmp_path / "x", fill=writes("whole"), waiting=never)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["x", "x.lock"]


def test_who_comes_second_waits_and_gets_the_first_ones_work(tmp_path: Path) -> None:
    begun, waited = Event(), Event()
    results: list[str] = []

    def fill(folder: Path) -> None:
        begun.set()
        assert waited.wait(20)
        (folder / "tool").write_text("first")

    first = Thread(target=lambda: results.append(content(kept(tmp_path / "x", fill=fill, waiting=never))))
    first.start()
    assert begun.wait(20)
    results.append(content(kept(tmp_path / "x", fill=writes("second"), waiting=waited.set)))
    first.join()
    assert results == ["first", "first"]


def test_the_cache_follows_the_xdg_rule(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_root() == tmp_path / "poolwright" / "controlplane"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert cache_root() == Path.home() / ".cache" / "poolwright" / "controlplane"


def test_the_fingerprint_changes_with_any_pin(tmp_path: Path) -> None:
    mod, sums = tmp_path / "go.mod", tmp_path / "go.sum"
    mod.write_text("module x\n")
    sums.write_text("h1\n")
    before = fingerprint(mod, sums)
    sums.write_text("h2\n")
    assert fingerprint(mod, sums) != before
    assert len(before) == 16


def test_named_assets_come_first_and_must_be_complete(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(tmp_path))
    for name in ("kube-apiserver", "kubectl"):
        (tmp_path / name).write_text("#!/bin/sh\nexit 0\n")
        (tmp_path / name).chmod(0o755)
    with pytest.raises(ControlPlaneError, match="has no etcd; unset it to build them"):
        binaries()
    (tmp_path / "etcd").touch(mode=0o755)
    found = binaries()
    assert {found.kube_apiserver, found.etcd, found.kubectl} == {tmp_path / name for name in ("kube-apiserver", "etcd", "kubectl")}


def test_a_kubectl_that_does_not_run_is_passed_over(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assets, path = tmp_path / "assets", tmp_path / "path"
    for folder, status in ((assets, 1), (path, 0)):
        folder.mkdir()
        (folder / "kubectl").write_text(f"#!/bin/sh\nexit {status}\n")
        (folder / "kubectl").chmod(0o755)
    for name in ("kube-apiserver", "etcd"):
        (assets / name).touch(mode=0o755)
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(assets))
    monkeypatch.setenv("PATH", str(path))
    assert binaries().kubectl == path / "kubectl"
