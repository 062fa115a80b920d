"""Keeps processes alive exactly as long as the one that wants them; run as a program, ``guard.py OWNER_PID FOLDER``.

The commands come as one line of JSON on standard input (``[{"argv": [...], "log": path}, ...]``), which then stays open. When it closes,
or the owner is gone, everything is killed and FOLDER is removed. An owner that is killed itself cannot do this, so it is done here:
``PR_SET_PDEATHSIG`` alone would follow the owner's *thread*, and exists on Linux only. Between this process and its children, where there
is one thread, it covers the case that the guard is killed.

A process that ends by itself ends the others; the file ``FOLDER/exited`` then says which. Standard library only: it starts in 30 ms.
"""

from __future__ import annotations

import ctypes
import json
import os
import select
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

_LOOK_SECONDS = 0.25
_PR_SET_PDEATHSIG = 1


def main(owner: int, folder: Path) -> None:
    """Start what standard input says and stay until the owner leaves."""
    # A terminal's Ctrl-C and hang-up are the owner's business: it may need the API server to shut down in order.
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    children: list[subprocess.Popen[bytes]] = []
    try:
        for command in json.loads(sys.stdin.buffer.readline() or b"[]"):
            children.append(_start(command["argv"], Path(command["log"]), folder))  # noqa: PERF401 - what has started must be in the list if the next one fails
        while _owned(owner):
            if any(child.poll() is not None for child in children):
                (folder / "exited").write_text(_account(children), encoding="utf-8")
                _kill(children)
                children = []
    finally:
        _kill(children)
        shutil.rmtree(folder, ignore_errors=True)


def _owned(owner: int) -> bool:
    """Wait a moment. False once the owner has closed our standard input, or is dead while a copy it forked still holds it open."""
    readable, _, _ = select.select([sys.stdin], [], [], _LOOK_SECONDS)
    return not readable and os.getppid() == owner


def _start(argv: list[str], log: Path, folder: Path) -> subprocess.Popen[bytes]:
    with log.open("wb") as output:
        return subprocess.Popen(
            argv,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            preexec_fn=_die_with_me(),  # noqa: PLW1509 - this process has one thread
        )


def _die_with_me() -> Callable[[], None] | None:
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl
    return lambda: prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _account(children: list[subprocess.Popen[bytes]]) -> str:
    ended = [
        (Path(str(child.args[0])).name, child.returncode)
        for child in children
        if isinstance(child.args, list) and child.returncode is not None
    ]
    return ", ".join(f"{name} ended with {code}" for name, code in ended)


def _kill(children: list[subprocess.Popen[bytes]]) -> None:
    # Nothing here is kept, so nothing has to be shut down in order.
    for child in children:
        child.kill()
    for child in children:
        child.wait()


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
