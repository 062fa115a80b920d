"""States, and how recorded time moves the simulated clock.

The same operation takes 430 s on one day and 2,100 s on another, so durations are not compared; the order of states is, exactly. The
rule: the recorded `date` of each call moves the clock, with two exceptions. A poll recorded as still running does not move it, and what
it would have moved it by is made up at the next other call. A poll recorded as over that finds its operation still running lets the world
run on to the operation's end, for at most ``PATIENCE``. A poll whose status then differs from the recorded one is a deviation.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from azuresim.replay.recording import Interaction

# Seconds of virtual time. The longest recorded operation took 2,100 s.
PATIENCE = 3600.0
# Members whose values are states of something.
_STATES = frozenset({"provisioningState", "status", "state", "allocationState", "diskState", "osState"})
_OPERATION = re.compile(r"/(\w*operations|\w*operationresults)/[^/]+$", re.IGNORECASE)
_ACCEPTED = 202
# A tuple: the body may say anything, also what no set can look for.
_RUNNING = ("InProgress", "Running", "Accepted")


def is_poll(interaction: Interaction) -> bool:
    """Whether it asks how an operation stands."""
    return interaction.method == "GET" and _OPERATION.search(interaction.path) is not None


def family(url_path: str) -> str | None:
    """`capsOperations`, `operationResults`, ...: what kind of operation an address belongs to; None when it is none."""
    found = _OPERATION.search(url_path)
    return None if found is None else found[1]


def is_running(status: int, body: Any) -> bool:
    """Whether a poll's answer says that the operation goes on."""
    return status == _ACCEPTED or (isinstance(body, dict) and body.get("status") in _RUNNING)


def states(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """(path, state) of every state a document tells; those in lists are left out, since lists differ in length."""
    if not isinstance(value, dict):
        return
    for name, item in value.items():
        where = f"{path}/{name}" if path else name
        if name in _STATES and isinstance(item, str):
            yield where, item
        else:
            yield from states(item, where)
