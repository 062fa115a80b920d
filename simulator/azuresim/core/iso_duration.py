"""ISO 8601 durations as Batch reads and writes them: `PT06M00S` comes back as `PT6M`, a year is 365 days and a month 30."""

from __future__ import annotations

import re

_PATTERN = re.compile(
    r"P(?:(\d{1,4})Y)?(?:(\d{1,5})M)?(?:(\d{1,9})D)?(?:T(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,9})(?:\.\d+)?S)?)?", re.ASCII
)
_UNITS = (365 * 86_400, 30 * 86_400, 86_400, 3_600, 60, 1)


def parse_duration(text: str) -> int | None:
    """Whole seconds, or None when ``text`` is not a duration."""
    match = _PATTERN.fullmatch(text)
    if match is None or not any(match.groups()):
        return None
    return sum(int(part or 0) * unit for part, unit in zip(match.groups(), _UNITS, strict=True))


def format_duration(seconds: int) -> str:
    """The shortest form."""
    days, rest = divmod(seconds, 86_400)
    hours, rest = divmod(rest, 3_600)
    minutes, rest = divmod(rest, 60)
    time = "".join(f"{n}{unit}" for n, unit in ((hours, "H"), (minutes, "M"), (rest, "S")) if n)
    day = f"{days}D" if days else ""
    return f"P{day}T{time}" if time else f"P{day}" if day else "PT0S"
