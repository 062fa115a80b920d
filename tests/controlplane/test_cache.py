"""What is kept between runs is whole, made once, and found again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread

import pytest

from localplane import ControlPlaneError
from localplane.cache import cache_root, made_once


@pytest.fixture(autouse=True)
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "poolwright" / "tools"


def writes(text: str) -> Callable[[Path], None]:
    def make(folder: Path) -> None:
        (folder / "tool").write_text(text)

    return make


def silent(line: str) -> None:
    raise AssertionError(f"nobody else is at work, but: {line}")


def made(make: Callable[[Path], None], progress: Callable[[str], None] = silent) -> str:
    return (made_once("tools", "x", make, progress=progress) / "tool").read_text()


def test_a_folder_is_made_once(cache: Path) -> None:
    assert made(writes("first")) == "first"
    assert made(writes("second")) == "first"
    assert sorted(each.name for each in cache.iterdir()) == [".x.lock", "x"]


def test_a_failed_attempt_leaves_nothing_and_the_next_one_works(cache: Path) -> None:
    def breaks(folder: Path) -> None:
        (folder / "tool").write_text("half")
        raise ControlPlaneError("the compiler said no")

    with pytest.raises(ControlPlaneError, match="said no"):
        made(breaks)
    assert [each.name for each in cache.iterdir()] == [".x.lock"]
    assert made(writes("whole")) == "whole"


def test_what_a_killed_attempt_left_is_removed(cache: Path) -> None:
    (cache / ".x.draft-abandoned").mkdir(parents=True)
    (cache / ".y.draft-of-another-key").mkdir()
    made(writes("whole"))
    assert sorted(each.name for each in cache.iterdir()) == [".x.lock", ".y.draft-of-another-key", "x"]


def test_who_comes_second_waits_and_gets_the_first_ones_work() -> None:
    begun, waiting = Event(), Event()
    results: list[str] = []

    def make(folder: Path) -> None:
        begun.set()
        assert waiting.wait(20)
        (folder / "tool").write_text("first")

    first = Thread(target=lambda: results.append(made(make)))
    first.start()
    assert begun.wait(20)
    results.append(made(writes("second"), progress=lambda _: waiting.set()))
    first.join()
    assert results == ["first", "first"]


@pytest.mark.parametrize("named", [None, "", "relative/to/where"])
def test_without_a_usable_xdg_path_the_cache_is_in_the_home_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, named: str | None
) -> None:
    monkeypatch.delenv("XDG_CACHE_HOME")
    if named is not None:
        monkeypatch.setenv("XDG_CACHE_HOME", named)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_root() == tmp_path / ".cache" / "poolwright"
