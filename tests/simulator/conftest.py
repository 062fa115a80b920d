"""Coroutine tests run on a loop of their own; nothing in them sleeps."""

from __future__ import annotations

import asyncio
import inspect

import pytest

from simulator.cloud import Cloud


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    arguments = {name: pyfuncitem.funcargs[name] for name in pyfuncitem._fixtureinfo.argnames}
    asyncio.run(pyfuncitem.obj(**arguments))
    return True


@pytest.fixture
def cloud() -> Cloud:
    return Cloud()
