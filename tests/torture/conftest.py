"""What all cases share is computed once: before anything is broken on purpose, and outside the first case's time limit."""

from __future__ import annotations

import pytest

from torture.cases import reference, sweep
from torture.story import STORY


@pytest.fixture(scope="session", autouse=True)
def _references() -> None:
    list(sweep())
    for chapter in range(len(STORY)):
        reference(chapter)
