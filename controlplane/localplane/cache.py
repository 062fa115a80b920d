"""Folders that are expensive to make: made once for each key, whole or not at all, by one process at a time."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

Progress = Callable[[str], None]


def cache_root() -> Path:
    """``$XDG_CACHE_HOME/poolwright``, or ``~/.cache/poolwright``."""
    named = Path(os.environ.get("XDG_CACHE_HOME", ""))
    # The specification has a relative path ignored; Go runs in another folder, where it would mean something else.
    return (named if named.is_absolute() else Path.home() / ".cache") / "poolwright"


def made_once(kind: str, key: str, make: Callable[[Path], None], *, progress: Progress) -> Path:
    """The folder ``<cache>/<kind>/<key>``; if it is not there, ``make`` fills an empty one that then takes its name.

    A crash in the middle leaves nothing under the final name, and a second process waits for the first instead of repeating its work.
    """
    folder = cache_root() / kind / key
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _lock(folder.with_name(f".{key}.lock"), waiting=lambda: progress(f"Waiting for another process that makes {folder}.")):
        if folder.is_dir():
            return folder
        _sweep(folder)
        draft = Path(tempfile.mkdtemp(prefix=f".{key}.draft-", dir=folder.parent))
        try:
            make(draft)
            draft.chmod(0o755)
            draft.rename(folder)
        except BaseException:
            shutil.rmtree(draft, ignore_errors=True)
            raise
    return folder


def _sweep(folder: Path) -> None:
    """Remove what a killed process left; the lock says that nobody works on it any more."""
    for draft in folder.parent.glob(f".{folder.name}.draft-*"):
        shutil.rmtree(draft, ignore_errors=True)


@contextmanager
def _lock(path: Path, *, waiting: Callable[[], None]) -> Iterator[None]:
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waiting()
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
