"""kopf is configured to watch and to do nothing else."""

from __future__ import annotations

import asyncio
from typing import Literal

import pytest

from harness.kubeapi import KubeApi
from harness.kuberequest import Request
from harness.kubestate import Refused
from harness.virtualtime import EPOCH, run
from poolwright.domain.objects import FINALIZER
from poolwright.engine.clock import LoopClock
from poolwright.kube.client import KubeClient
from poolwright.kube.handlers import CRD_PAUSE_SECONDS, CRD_TRIES, LONGEST_PAUSE_SECONDS, NotServed, settings, wait_for_kinds
from poolwright.telemetry.metrics import PrometheusMetrics


def test_kopf_writes_nothing_and_is_patient() -> None:
    chosen = settings()
    assert chosen.persistence.finalizer != FINALIZER, "kopf takes off what it believes to be its own"
    assert not chosen.posting.enabled
    assert chosen.scanning.disabled
    assert (chosen.watching.server_timeout, chosen.watching.client_timeout) == (300, 330)
    assert 480 <= sum(chosen.networking.error_backoffs) <= 720, "an API server may be away for some ten minutes"  # type: ignore[arg-type] # a tuple here
    assert chosen.process.ultimate_exiting_timeout is not None
    assert chosen.process.ultimate_exiting_timeout < 60, "the pod's grace period"


def cluster() -> tuple[KubeApi, KubeClient]:
    api = KubeApi(LoopClock(EPOCH).now)
    return api, KubeClient(api.client(), PrometheusMetrics())


def test_missing_kinds_end_the_start_with_what_to_do() -> None:
    async def story() -> None:
        api, client = cluster()
        api.served = False
        with pytest.raises(NotServed, match=r"customimages, batchpools of poolwright.io/v1alpha1. Apply the manifests in crds/"):
            await wait_for_kinds(client)
        assert asyncio.get_running_loop().time() == CRD_TRIES * CRD_PAUSE_SECONDS

    run(story())


@pytest.mark.parametrize(("status", "reason"), [(404, "NotFound"), (429, "TooManyRequests")])
def test_kinds_that_are_just_being_installed_are_waited_for(status: int, reason: str) -> None:
    async def story() -> None:
        api, client = cluster()

        async def initializing(phase: Literal["before", "after"], _: Request) -> None:
            if phase == "before" and asyncio.get_running_loop().time() < 5:
                raise Refused(status, reason, "storage is (re)initializing")

        api.gate = initializing
        await wait_for_kinds(client)
        assert 5 <= asyncio.get_running_loop().time() <= 6

    run(story())


def test_kinds_that_are_served_but_not_yet_stored_are_waited_for() -> None:
    async def story() -> None:
        api, client = cluster()

        async def initializing(phase: Literal["before", "after"], request: Request) -> None:
            if phase == "before" and request.resource == "batchpools" and asyncio.get_running_loop().time() < 5:
                raise Refused(429, "TooManyRequests", "storage is (re)initializing")

        api.gate = initializing
        await wait_for_kinds(client)
        assert 5 <= asyncio.get_running_loop().time() <= 6

    run(story())


@pytest.mark.parametrize("status", [401, 403, 500, 503])
def test_an_api_server_that_refuses_is_asked_until_it_does_not(status: int, caplog: pytest.LogCaptureFixture) -> None:
    async def story() -> None:
        api, client = cluster()

        async def refuse(phase: Literal["before", "after"], _: Request) -> None:
            if phase == "before" and asyncio.get_running_loop().time() < 600:
                raise Refused(status, "Refused", "not now")

        api.gate = refuse
        await wait_for_kinds(client)
        assert 600 <= asyncio.get_running_loop().time() <= 600 + LONGEST_PAUSE_SECONDS
        assert sum(api.calls.values()) <= 30, "ever more rarely"

    run(story())
    assert "waiting for the API server" in caplog.text
