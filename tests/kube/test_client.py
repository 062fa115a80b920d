"""What the client makes of answers, and of no answer."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Literal

import aiohttp
import pytest
from kubernetes.aio.client import ApiClient, Configuration

from harness import declarations
from harness.kubeapi import KubeApi
from harness.kuberequest import Request
from harness.kubestate import Refused
from harness.virtualtime import EPOCH, run
from poolwright.domain.objects import FINALIZER, POOLS, Conflict, KubernetesError, NotFound, ObjectKey, Unreachable
from poolwright.engine.clock import LoopClock
from poolwright.kube.client import PAGE, REQUEST_SECONDS, KubeClient
from poolwright.telemetry.metrics import PrometheusMetrics

KEY = ObjectKey(POOLS, "default", "render")


@pytest.mark.parametrize(
    ("status", "reason", "kind"),
    [
        (400, "BadRequest", KubernetesError),
        (401, "Unauthorized", KubernetesError),
        (403, "Forbidden", KubernetesError),
        (404, "NotFound", NotFound),
        (409, "Conflict", Conflict),
        (410, "Expired", KubernetesError),
        (429, "TooManyRequests", KubernetesError),
        (500, "InternalError", KubernetesError),
        (503, "ServiceUnavailable", KubernetesError),
    ],
)
def test_each_answer_is_told_by_its_status(status: int, reason: str, kind: type[KubernetesError]) -> None:
    async def story() -> None:
        api, metrics = KubeApi(LoopClock(EPOCH).now), PrometheusMetrics()

        async def refuse(_phase: Literal["before", "after"], _request: Request) -> None:
            raise Refused(status, reason, "in the server's own words")

        api.gate = refuse
        with pytest.raises(KubernetesError, match="in the server's own words") as caught:
            await KubeClient(api.client(), metrics).call("GET", "/apis/poolwright.io/v1alpha1/batchpools")
        assert type(caught.value) is kind
        assert (caught.value.status, caught.value.reason) == (status, reason)
        assert metrics.registry.get_sample_value("rest_client_requests_total", {"method": "GET", "code": str(status)}) == 1

    run(story())


NO_ANSWER = [
    aiohttp.ServerDisconnectedError(),
    aiohttp.ClientPayloadError("cut off"),
    ConnectionResetError("reset"),
    OSError("no route"),
    TimeoutError(),
]


@pytest.mark.parametrize("error", NO_ANSWER, ids=lambda error: type(error).__name__)
def test_no_answer_is_unreachable(error: Exception) -> None:
    async def story() -> None:
        api, metrics = KubeApi(LoopClock(EPOCH).now), PrometheusMetrics()

        async def fail(_phase: Literal["before", "after"], _request: Request) -> None:
            raise error

        api.gate = fail
        with pytest.raises(Unreachable) as caught:
            await KubeClient(api.client(), metrics).get(KEY)
        assert caught.value.status == 0
        assert metrics.registry.get_sample_value("rest_client_requests_total", {"method": "GET", "code": "0"}) == 1

    run(story())


def test_a_call_that_hangs_ends_in_time() -> None:
    async def story() -> None:
        api = KubeApi(LoopClock(EPOCH).now)
        api.latency = 3600
        with pytest.raises(Unreachable):
            await KubeClient(api.client(), PrometheusMetrics()).get(KEY)
        assert asyncio.get_running_loop().time() == REQUEST_SECONDS

    run(story())


def test_a_cancelled_call_is_cancelled() -> None:
    async def story() -> None:
        api = KubeApi(LoopClock(EPOCH).now)
        api.latency = 5
        call = asyncio.create_task(KubeClient(api.client(), PrometheusMetrics()).get(KEY))
        await asyncio.sleep(1)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call

    run(story())


class Wire:
    """Answers every request with the same bytes, and keeps the last request's headers."""

    def __init__(self, status: int, text: bytes) -> None:
        self.status = status
        self.headers: Mapping[str, str] = {}
        self._text = text

    async def request(self, _method: str, _url: str, headers: Mapping[str, str], **_: Any) -> Wire:
        self.headers = dict(headers)
        return self

    async def read(self) -> bytes:
        return self._text


def test_an_answer_that_is_no_json_is_an_error_with_its_beginning() -> None:
    async def story() -> None:
        api = ApiClient(Configuration(host="http://kubernetes.test"))
        api.rest_client = Wire(502, b"<html>bad gateway</html>" + b"x" * 10_000)  # type: ignore[assignment] # one coroutine is used
        with pytest.raises(KubernetesError, match="bad gateway") as caught:
            await KubeClient(api, PrometheusMetrics()).get(KEY)
        assert caught.value.status == 502
        assert len(str(caught.value)) < 300

    run(story())


def test_the_token_is_asked_for_at_every_call() -> None:
    """The projected token of a pod is replaced while it runs; the configuration's hook re-reads it."""

    async def story() -> None:
        tokens = iter(["first", "second"])

        def refresh(configuration: Configuration) -> None:
            configuration.api_key["BearerToken"] = f"bearer {next(tokens)}"

        configuration = Configuration(host="http://kubernetes.test", api_key={"BearerToken": "bearer none"})
        configuration.refresh_api_key_hook = refresh  # type: ignore[assignment] # the package sets it the same way
        api, wire = ApiClient(configuration), Wire(200, b"{}")
        api.rest_client = wire  # type: ignore[assignment] # one coroutine is used
        client = KubeClient(api, PrometheusMetrics())
        await client.call("GET", "/version")
        assert wire.headers["authorization"] == "bearer first"
        await client.call("GET", "/version")
        assert wire.headers["authorization"] == "bearer second"

    run(story())


def test_a_listing_is_read_to_its_end() -> None:
    async def story() -> None:
        api = KubeApi(LoopClock(EPOCH).now)
        for n in range(PAGE + 1):
            api.apply(declarations.pool(f"pool-{n:04}"))
        client = KubeClient(api.client(), PrometheusMetrics())
        for listing in (client.list_full, client.list_metadata):
            api.calls.clear()
            items, version = await listing(POOLS)
            assert len({item["metadata"]["name"] for item in items}) == PAGE + 1
            assert {item["kind"] for item in items} == {"BatchPool"}
            assert version == str(api.state.revision)
            assert api.calls == {"list batchpools": 2}

    run(story())


def test_a_listing_that_breaks_is_no_listing() -> None:
    async def story() -> None:
        api = KubeApi(LoopClock(EPOCH).now)
        for n in range(PAGE + 1):
            api.apply(declarations.pool(f"pool-{n:04}"))

        async def forget(phase: Literal["before", "after"], request: Request) -> None:
            if phase == "before" and "continue" in request.query:
                api.compact()

        api.gate = forget
        with pytest.raises(KubernetesError) as caught:
            await KubeClient(api.client(), PrometheusMetrics()).list_metadata(POOLS)
        assert caught.value.status == 410

    run(story())


def test_an_empty_listing_is_one() -> None:
    async def story() -> None:
        api = KubeApi(LoopClock(EPOCH).now)
        client = KubeClient(api.client(), PrometheusMetrics())
        assert await client.list_metadata(POOLS) == ([], str(api.state.revision))
        assert await client.list_full(POOLS) == ([], str(api.state.revision))

    run(story())


def test_what_nobody_reads_is_dropped_page_by_page() -> None:
    async def story() -> None:
        api = KubeApi(LoopClock(EPOCH).now)
        assert "managedFields" in api.apply(declarations.pool("render"))["metadata"]
        client = KubeClient(api.client(), PrometheusMetrics())
        for listing in (client.list_full, client.list_metadata):
            (item,), _ = await listing(POOLS)
            assert "managedFields" not in item["metadata"]

    run(story())


def test_a_finalizer_costs_one_guarded_patch() -> None:
    async def story() -> None:
        api = KubeApi(LoopClock(EPOCH).now)
        body = api.apply(declarations.pool("render"))
        await KubeClient(api.client(), PrometheusMetrics()).add_finalizer(body)
        (request,) = api.log
        assert request.body == [
            {"op": "test", "path": "/metadata/uid", "value": body["metadata"]["uid"]},
            {"op": "test", "path": "/metadata/resourceVersion", "value": body["metadata"]["resourceVersion"]},
            {"op": "add", "path": "/metadata/finalizers", "value": [FINALIZER]},
        ]
        assert request.query == {"fieldManager": "poolwright"}

    run(story())


def test_a_status_is_sent_with_nothing_of_the_spec() -> None:
    async def story() -> None:
        api = KubeApi(LoopClock(EPOCH).now)
        body = api.apply(declarations.pool("render"))
        await KubeClient(api.client(), PrometheusMetrics()).replace_status(body, {"observedGeneration": 1})
        (request,) = api.log
        assert set(request.body) == {"apiVersion", "kind", "metadata", "status"}
        assert set(request.body["metadata"]) == {"name", "namespace", "uid", "resourceVersion"}

    run(story())
