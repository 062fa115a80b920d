"""A world that outlives its process: everything that moved it, in one SQLite file.

The world is a function of its seed document and of what moved it, so that is what is kept: accepted writes with their bodies, what the
admin interface changed, and the answers fault rules gave to the world; each committed before the answer goes out. A start does all of it
again, with a clock that follows. Rules, the journal and tokens are not part of it.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from azuresim.clock import ManualClock, Pace, RealClock
from azuresim.core.world import World
from azuresim.inputs import Input

_FORMAT = 1
_TABLES = """
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS inputs (
    number INTEGER PRIMARY KEY, time REAL NOT NULL, kind TEXT NOT NULL, detail TEXT NOT NULL, body BLOB NOT NULL
);
"""


class StateError(Exception):
    """A state file that cannot be used; the message says why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Began:
    """What a world needs to be made again: the moment it began at, its address, and where its clock stood when it was last started."""

    moment: float
    base_url: str
    world_time: float
    real_time: float
    factor: float


class StateFile:
    """One world. Only one process may have it open. Close it, or use it as a context."""

    def __init__(self, path: Path) -> None:
        self._path = path
        # Transactions are ended by hand.
        self._database = sqlite3.connect(path, isolation_level=None, timeout=0.0)
        try:
            # The journal survives the process; NORMAL leaves the disk out of it, so a power cut may cost the last moments.
            for pragma in ("locking_mode = EXCLUSIVE", "journal_mode = WAL", "synchronous = NORMAL"):
                self._database.execute(f"PRAGMA {pragma}")
            self._database.executescript(_TABLES)
            self._check_format()
        except sqlite3.OperationalError as wrong:
            self._database.close()
            if "locked" in str(wrong):
                raise StateError(f"{path} is in use by another process; one world has one simulator.") from wrong
            raise StateError(f"{path} cannot be used: {wrong}.") from wrong
        except sqlite3.DatabaseError as wrong:
            self._database.close()
            raise StateError(f"{path} is no state file of azuresim: {wrong}.") from wrong

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_details: object) -> None:
        self.close()

    def close(self) -> None:
        """Let others have it."""
        self._database.close()

    def began(self) -> Began | None:
        """None while no world has been begun in it."""
        facts = dict(self._database.execute("SELECT name, value FROM facts"))
        if "moment" not in facts or self.is_empty():
            return None
        return Began(
            moment=float(facts["moment"]),
            base_url=facts["base_url"],
            world_time=float(facts["world_time"]),
            real_time=float(facts["real_time"]),
            factor=float(facts["factor"]),
        )

    def begin(self, began: Began) -> None:
        """Note it, at every start."""
        facts = {name: str(getattr(began, name)) for name in Began.__dataclass_fields__}
        self._database.executemany("INSERT OR REPLACE INTO facts VALUES (?, ?)", facts.items())

    def is_empty(self) -> bool:
        """Whether nothing has moved the world yet."""
        return self._database.execute("SELECT 1 FROM inputs LIMIT 1").fetchone() is None

    def inputs(self) -> Iterator[Input]:
        """All that moved the world, in order."""
        rows = self._database.execute("SELECT time, kind, detail, body FROM inputs ORDER BY number")
        return (Input(time=time, kind=kind, detail=json.loads(detail), body=body) for time, kind, detail, body in rows)

    def document(self) -> Any:
        """The seed document the world began with."""
        row = self._database.execute("SELECT detail FROM inputs WHERE kind = 'seed' ORDER BY number LIMIT 1").fetchone()
        return None if row is None else json.loads(row[0])

    def keep(self, happened: Input) -> None:
        """Add one; it is committed when this returns. Raises StateError, for example when the disk is full."""
        row = (happened.time, happened.kind, json.dumps(happened.detail, separators=(",", ":")), happened.body)
        try:
            self._database.execute("INSERT INTO inputs (time, kind, detail, body) VALUES (?, ?, ?, ?)", row)
        except sqlite3.Error as wrong:
            raise StateError(
                f"{self._path} can no longer be written: {wrong}. The last change is not in it and was not answered."
            ) from wrong

    def _check_format(self) -> None:
        found = self._database.execute("SELECT value FROM facts WHERE name = 'format'").fetchone()
        if found is None:
            self._database.execute("INSERT INTO facts VALUES ('format', ?)", (str(_FORMAT),))
        elif found[0] != str(_FORMAT):
            raise StateError(f"{self._path} is of format {found[0]}, this azuresim writes format {_FORMAT}; start it with a new file.")


def present(began: Began, last: float) -> float:
    """The world's time at a restart: a clock that runs has run on since, a manual one stands where the last input left it."""
    passed = (RealClock().now() - began.real_time) * began.factor
    return max(last, began.world_time + passed)


def new_world(state: StateFile | None, pace: Pace) -> World:
    """A world at the moment it begins, or began; its clock stands still until ``revive``."""
    began = None if state is None else state.began()
    return World(ManualClock(pace.clock().now() if began is None else began.moment))


def same_document(state: StateFile, document: Mapping[str, Any] | None) -> None:
    """Raise StateError when the world in the file was begun from another document."""
    if document is not None and state.began() is not None and state.document() != document:
        raise StateError("The state was begun from another world document; leave --world out, or take a new file for the state.")
