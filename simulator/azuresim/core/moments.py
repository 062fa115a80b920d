"""Moments in the documents the core keeps."""

from __future__ import annotations

from datetime import UTC, datetime


def rfc3339(moment: float) -> str:
    """`2024-08-26T09:22:24.237705+00:00`."""
    return datetime.fromtimestamp(moment, UTC).isoformat()


def moment_of(text: str | None, otherwise: float) -> float:
    """The POSIX seconds of a time as the services write it (seven digits of a second included); ``otherwise`` for none."""
    if not text:
        return otherwise
    head, dot, tail = text.partition(".")
    digits = len(tail) - len(tail.lstrip("0123456789"))
    return datetime.fromisoformat(f"{head}{dot}{tail[:6] if digits > 6 else tail[:digits]}{tail[digits:]}").timestamp()  # noqa: PLR2004 - µs
