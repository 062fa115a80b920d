"""The journal for people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from rich.table import Table
from rich.text import Text

_COLOURS = {"2": "green", "3": "cyan", "4": "yellow", "5": "red"}


def journal_table(entries: Iterable[Mapping[str, Any]]) -> Table:
    """One row a request, world time first."""
    table = Table(box=None, pad_edge=False)
    for name in ("#", "world time"):
        table.add_column(name, no_wrap=True)
    table.add_column("status", no_wrap=True)
    table.add_column("ms", justify="right", no_wrap=True)
    table.add_column("operation", no_wrap=True)
    table.add_column("request", overflow="fold")
    table.add_column("fault", style="magenta")
    for entry in entries:
        table.add_row(
            str(entry["number"]),
            f"{datetime.fromtimestamp(entry['time'], UTC):%H:%M:%S.%f}"[:-3],
            _status(entry["status"]),
            f"{1000 * entry['duration']:.1f}",
            f"{entry['service']} {entry['operation']}",
            Text(f"{entry['method']} {entry['path']}", style="bold" if entry["is_write"] else ""),
            entry["fault"] or "",
        )
    return table


def _status(status: int | None) -> Text:
    return Text("cut", style="red") if status is None else Text(str(status), style=_COLOURS.get(str(status)[0], ""))
