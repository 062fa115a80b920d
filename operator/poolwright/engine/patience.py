"""Trying again until the API server answers: for the few calls without which nothing can begin."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from random import Random
from typing import TypeVar

from poolwright.domain.objects import KubernetesError
from poolwright.engine.backoff import Backoff

log = logging.getLogger(__name__)

AnswerT = TypeVar("AnswerT")
# A start that waits for minutes after the API server is back helps nobody.
LONGEST_SECONDS = 30.0


async def patiently(what: str, call: Callable[[], Awaitable[AnswerT]], random: Random) -> AnswerT:
    """The answer to ``call``, however often it has to be asked; ``what`` is its name in the log."""
    pauses = Backoff[str](random)
    while True:
        try:
            return await call()
        except KubernetesError as error:
            log.warning("waiting for the API server", extra={"for": what, "error": str(error)})
            await asyncio.sleep(min(pauses.next(what), LONGEST_SECONDS))
