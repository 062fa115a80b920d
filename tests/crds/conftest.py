"""An API server that knows both kinds, with namespaces of their own for this folder."""

from __future__ import annotations

from typing import Any

import pytest

from crds.api import Api
from crds.installation import install, namespace
from localplane import ControlPlane


@pytest.fixture(scope="session")
def api(control_plane: ControlPlane) -> Api:
    """Where tests store objects."""
    install(control_plane)
    return Api(control_plane, namespace(control_plane, "crds"))


@pytest.fixture(scope="session")
def admission(control_plane: ControlPlane) -> Api:
    """Where nothing is ever stored, so that no name is taken: for dry runs."""
    install(control_plane)
    return Api(control_plane, namespace(control_plane, "crds-admission"))


def pytest_assertrepr_compare(op: str, left: Any, right: Any) -> list[str] | None:
    """A refusal that does not say what it should is shown whole."""
    return [f"{left!r} is not in:", str(right)] if op == "in" and isinstance(right, str) else None
