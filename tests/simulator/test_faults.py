from __future__ import annotations

from typing import Any

import pytest
from azure.batch.aio import BatchClient
from azure.batch.models import BatchPoolResizeOptions, BatchPoolUpdateOptions
from azure.core import MatchConditions
from azure.core.exceptions import HttpResponseError, ServiceRequestError

from azuresim import BumpETag, Delay, Drop, FailReplication, FaultPlan, FaultRule, Request, Response, Stale, Status
from azuresim.fault_rules import rule_from_json, rule_to_json
from azuresim.faults import Asked
from azuresim.transport import SimulatorTransport
from simulator.cloud import VHD, Cloud, StaticCredential, pool_options

ASKED = Asked(method="POST", path="/batch/acct/pools/p/resize", service="batch", operation="Pools_Resize", body=b'{"vmSize": "Big"}')


def strikes(plan: FaultPlan, times: int) -> list[bool]:
    return [bool(plan.strike(ASKED)) for _ in range(times)]


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        pytest.param({}, [True, False, False, False], id="once"),
        pytest.param({"count": None}, [True] * 4, id="always"),
        pytest.param({"skip": 1, "count": 2}, [False, True, True, False], id="the second and third"),
        pytest.param({"method": "get"}, [False] * 4, id="another method"),
        pytest.param({"method": "post|put"}, [True, False, False, False], id="one of the methods"),
        pytest.param({"path": "POOLS/P/"}, [True, False, False, False], id="part of the path"),
        pytest.param({"service": "compute"}, [False] * 4, id="another service"),
        pytest.param({"operation": "Pools_Get"}, [False] * 4, id="another operation"),
        pytest.param({"body": '"vmSize": *"big"'}, [True, False, False, False], id="what the body says"),
        pytest.param({"body": "small"}, [False] * 4, id="what another body says"),
        pytest.param({"probability": 0.0, "count": None}, [False] * 4, id="never"),
    ],
)
def test_rules_pick_requests(conditions: dict[str, Any], expected: list[bool]) -> None:
    assert strikes(FaultPlan([FaultRule(action=Drop(), **conditions)]), 4) == expected


def test_chance_is_the_same_for_the_same_seed_and_about_as_often_as_asked() -> None:
    rule = FaultRule(action=Drop(), probability=0.3, count=None)
    one, same, other = (strikes(FaultPlan([rule], seed=seed), 500) for seed in (1, 1, 2))
    assert one == same != other
    assert 100 < sum(one) < 200


def test_hits_are_counted_and_clearing_ends_everything() -> None:
    rule = FaultRule(action=Drop(), count=None)
    plan = FaultPlan([rule])
    strikes(plan, 3)
    assert (plan.hits(rule), len(plan)) == (3, 1)
    plan.clear()
    assert (strikes(plan, 1), plan.rules) == ([False], [])


@pytest.mark.parametrize(("when", "acted"), [("before", False), ("after", True)])
async def test_a_cut_connection_looks_the_same_whether_or_not_anything_happened(cloud: Cloud, when: Any, *, acted: bool) -> None:
    cloud.app.faults.add(FaultRule(action=Drop(when=when), operation="Pools_Create"))
    with pytest.raises(ServiceRequestError, match="Server disconnected"):
        await cloud.batch.create_pool(pool_options())
    assert ("p" in cloud.account.pools) is acted
    assert [(e.status, e.fault) for e in cloud.app.journal] == [(None, "Drop")]


@pytest.mark.parametrize(("when", "acted"), [("before", False), ("after", True)])
async def test_an_error_in_the_envelope_of_the_service(cloud: Cloud, when: Any, *, acted: bool) -> None:
    cloud.app.faults.add(FaultRule(action=Status(status=503, code="ServerBusy", when=when, retry_after=2.5, headers=(("x-extra", "1"),))))
    with pytest.raises(HttpResponseError) as caught:
        await cloud.batch.create_pool(pool_options())
    assert caught.value.error is not None
    headers = getattr(caught.value.response, "headers", {})
    assert (caught.value.status_code, caught.value.error.code) == (503, "ServerBusy")
    assert (headers["Retry-After"], headers["x-extra"]) == ("2.5", "1")
    assert ("p" in cloud.account.pools) is acted


async def test_another_writer_is_faster(cloud: Cloud) -> None:
    await cloud.batch.create_pool(pool_options())
    etag = (await cloud.batch.get_pool("p")).etag
    cloud.app.faults.add(FaultRule(action=BumpETag(), operation="Pools_Update"))
    with pytest.raises(HttpResponseError) as caught:
        await cloud.batch.update_pool("p", BatchPoolUpdateOptions(metadata=[]), etag=etag, match_condition=MatchConditions.IfNotModified)
    assert caught.value.status_code == 412


def test_another_writer_of_a_blob_and_of_nothing(cloud: Cloud) -> None:
    before = cloud.ask("HEAD", VHD.removeprefix("https://azuresim.test")).headers["ETag"]
    cloud.app.faults.add(FaultRule(action=BumpETag(), count=None))
    assert cloud.ask("HEAD", VHD.removeprefix("https://azuresim.test")).headers["ETag"] != before
    assert cloud.ask("GET", "/batch/nobody/pools/p?api-version=1").status == 404
    assert cloud.ask("GET", "/subscriptions?api-version=1").status == 200


async def test_a_list_may_be_old_for_a_while(cloud: Cloud) -> None:
    async def listed() -> list[str]:
        return [p.id async for p in cloud.batch.list_pools()]

    cloud.app.faults.add(FaultRule(action=Stale(seconds=60), operation="Pools_List"))
    assert await listed() == []
    await cloud.batch.create_pool(pool_options())
    cloud.clock.advance(59)
    assert await listed() == []
    cloud.clock.advance(1)
    assert await listed() == ["p"]
    cloud.app.faults.add(FaultRule(action=Stale(seconds=3600), operation="Pools_List"))
    await listed()
    await cloud.batch.create_pool(pool_options("q"))
    assert await listed() == ["p"]
    cloud.app.faults.clear()
    assert await listed() == ["p", "q"]


async def test_a_late_answer(cloud: Cloud) -> None:
    cloud.app.faults.add(FaultRule(action=Delay(seconds=0.001), count=2))
    outcome = cloud.app.outcome(Request("GET", "https://azuresim.test/subscriptions?api-version=1", {"authorization": "Bearer x"}))
    assert outcome.delay == 0.001
    await cloud.batch.create_pool(pool_options())
    assert "p" in cloud.account.pools


def test_handle_raises_what_it_cannot_answer(cloud: Cloud) -> None:
    cloud.app.faults.add(FaultRule(action=Drop()))
    with pytest.raises(ConnectionResetError):
        cloud.ask("GET", "/subscriptions?api-version=1")


async def test_the_gate_can_kill_the_caller_before_and_after(cloud: Cloud) -> None:
    class Killed(BaseException):
        pass

    seen: list[tuple[str, int | None]] = []

    async def gate(phase: str, _request: Request, response: Response | None) -> None:
        seen.append((phase, None if response is None else response.status))
        if len(seen) in {1, 3}:
            raise Killed

    transport = SimulatorTransport(cloud.app, gate=gate)
    client = BatchClient(f"{cloud.world.base_url}/batch/acct", StaticCredential(), transport=transport, retry_total=0)
    with pytest.raises(Killed):
        await client.create_pool(pool_options())
    assert "p" not in cloud.account.pools
    with pytest.raises(Killed):
        await client.create_pool(pool_options())
    assert "p" in cloud.account.pools
    assert seen == [("before", None), ("before", None), ("after", 201)]


RULES = [
    FaultRule(action=Status(status=429, retry_after=1.0, headers=(("a", "b"),)), method="POST", operation="Pools_Create", count=None),
    FaultRule(action=Drop(when="before"), skip=3, probability=0.5),
    FaultRule(action=FailReplication(region="westus"), path="1.0.0"),
    FaultRule(action=Stale(seconds=3.0), service="batch"),
    FaultRule(action=Delay(seconds=1.0)),
    FaultRule(action=BumpETag()),
]


@pytest.mark.parametrize("rule", RULES)
def test_rules_survive_the_way_through_json(rule: FaultRule) -> None:
    assert rule_from_json(rule_to_json(rule)) == rule


@pytest.mark.parametrize(
    "document", [{}, {"action": {"kind": "Explode"}}, {"action": {"kind": "Drop", "colour": 1}}, {"action": {"kind": "Drop"}, "x": 1}]
)
def test_what_is_no_rule(document: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="not a fault rule"):
        rule_from_json(document)


async def test_the_journal_tells_reads_from_writes_and_counts(cloud: Cloud) -> None:
    await cloud.batch.create_pool(pool_options())
    mark = cloud.app.journal.written
    await cloud.batch.get_pool("p")
    cloud.clock.advance(5)
    await cloud.batch.begin_resize_pool("p", BatchPoolResizeOptions(target_dedicated_nodes=1))
    journal = cloud.app.journal
    assert [e.operation for e in journal.writes()] == ["Pools_Create", "Pools_Resize"]
    assert journal.count(mark) == {("batch", "Pools_Get", "GET"): 1, ("batch", "Pools_Resize", "POST"): 1}
    (write,) = journal.writes(mark)
    assert (write.request_body, write.status, write.query, write.time) == (
        {"targetDedicatedNodes": 1},
        202,
        {"api-version": "2025-06-01"},
        cloud.clock.now(),
    )
    journal.clear()
    assert (len(journal), journal.written) == (0, mark + 2)
