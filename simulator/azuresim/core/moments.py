"""Moments in the documents the core keeps."""

from __future__ import annotations

from datetime import UTC, datetime

from azuresim.core.errors import ServiceError


def rfc3339(moment: float) -> str:
    """`2024-08-26T09:22:24.237705+00:00`."""
    return datetime.fromtimestamp(moment, UTC).isoformat()


def moment_of(text: str) -> float:
    """The POSIX seconds of a date, or a time of any precision; without a zone UTC is meant. Raises ValueError."""
    read = datetime.fromisoformat(text)
    return read.replace(tzinfo=read.tzinfo or UTC).timestamp()


def given_moment(text: str, path: str) -> float:
    """The same for what a request says. Raises 400 (troubleshooting-shared-images.md)."""
    try:
        return moment_of(text)
    except ValueError as wrong:
        raise ServiceError(
            400, "InvalidRequestContent", f"Could not convert string to DateTimeOffset: {text}. Path '{path}'.", target=path
        ) from wrong
