from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest

from harness.virtualtime import chance, run
from poolwright.domain.objects import Unreachable
from poolwright.engine.patience import LONGEST_SECONDS, patiently


def test_it_asks_until_there_is_an_answer_and_never_waits_long(caplog: pytest.LogCaptureFixture) -> None:
    asked: list[float] = []

    async def call() -> str:
        asked.append(asyncio.get_running_loop().time())
        if asked[-1] < 600:
            raise Unreachable(0, "Unreachable", "connection refused")
        return "here"

    assert run(patiently("the cluster's id", call, chance())) == "here"
    pauses = [later - earlier for earlier, later in pairwise(asked)]
    assert pauses[0] <= 1
    assert max(pauses) <= LONGEST_SECONDS
    assert len(asked) < 40
    assert "waiting for the API server" in caplog.text


def test_what_is_not_the_api_servers_is_not_waited_for() -> None:
    async def call() -> None:
        raise ValueError("a bug")

    with pytest.raises(ValueError, match="a bug"):
        run(patiently("x", call, chance()))
