"""Times as the services write them."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import formatdate, parsedate_to_datetime
from functools import lru_cache

# The same moments are shown again and again in lists.
_CACHED = 16_384


@lru_cache(_CACHED)
def batch_time(moment: float) -> str:
    """`2024-04-18T19:21:35.023028Z`: trailing zeros are dropped, as recorded."""
    whole, _, fraction = datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f").partition(".")
    fraction = fraction.rstrip("0")
    return f"{whole}.{fraction}Z" if fraction else f"{whole}Z"


def arm_time(moment: float) -> str:
    """`2024-08-26T09:22:24.237705+00:00`."""
    return datetime.fromtimestamp(moment, UTC).isoformat()


@lru_cache(_CACHED)
def compact_time(moment: float) -> str:
    """`20240418T192135Z`."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y%m%dT%H%M%SZ")


@lru_cache(_CACHED)
def http_time(moment: float) -> str:
    """`Thu, 18 Apr 2024 19:21:35 GMT`."""
    return formatdate(moment, usegmt=True)


def read_http_time(text: str) -> float:
    """The POSIX seconds of such a time. Raises ValueError."""
    try:
        return parsedate_to_datetime(text).timestamp()
    except OverflowError as wrong:
        raise ValueError(text) from wrong
