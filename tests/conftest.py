"""What every part of the tests may use."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from localplane import ControlPlane


@pytest.fixture(scope="session")
def control_plane() -> Iterator[ControlPlane]:
    """One real API server for the whole run; each test works in a namespace of its own. Mark tests that use it `controlplane`."""
    with ControlPlane() as plane:
        yield plane
