"""What every part of the tests may use."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from localplane import ControlPlane, ControlPlaneError, binaries


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever uses the API server is marked so; before pytest's own hook, which reads the marks for ``-m``."""
    for item in items:
        if "control_plane" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.controlplane)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Build the API server, if a test needs it, before the first test starts: it takes minutes, and a test has one."""
    if session.config.option.collectonly or not any(item.get_closest_marker("controlplane") for item in session.items):
        return
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    try:
        binaries(print if reporter is None else reporter.write_line)
    except ControlPlaneError as error:
        raise pytest.UsageError(str(error)) from error


@pytest.fixture(scope="session")
def control_plane() -> Iterator[ControlPlane]:
    """One real API server for the whole run. Each test works in a namespace of its own: a deleted one never goes away."""
    with ControlPlane() as plane:
        yield plane
