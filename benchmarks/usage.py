"""What processes have used so far, from ``/proc``: Linux only."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int) -> float:
    """User and system time of a process, without its children: fields 14 and 15 of proc_pid_stat(5)."""
    fields = _stat(pid)
    return (int(fields[11]) + int(fields[12])) / TICKS


def peak_mib(pid: int) -> float:
    """The most resident memory a process ever had (VmHWM), in MiB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:"))


def descendant(name: str) -> int:
    """The pid of the one program of this name below this process; raises LookupError."""
    for pid in _below(os.getpid()):
        if Path(f"/proc/{pid}/comm").read_text().strip() == name:
            return pid
    raise LookupError(f"no process {name} was started from here")


def _below(root: int) -> Iterator[int]:
    parents = {int(entry.name): _parent(int(entry.name)) for entry in Path("/proc").iterdir() if entry.name.isdigit()}
    family = {root}
    while found := {pid for pid, parent in parents.items() if parent in family} - family:
        yield from found
        family |= found


def _parent(pid: int) -> int | None:
    """None when the process has ended since it was listed."""
    try:
        return int(_stat(pid)[1])
    except (FileNotFoundError, ProcessLookupError):
        return None


def _stat(pid: int) -> list[str]:
    """The fields after the name, which may hold spaces and brackets; the first is the third of the manual page."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
