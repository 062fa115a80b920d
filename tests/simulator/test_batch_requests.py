"""Conditions, selections, filters and pages of the Batch data plane."""

from __future__ import annotations

from email.utils import formatdate
from typing import Any

import pytest

from azuresim.core.node import Node
from azuresim.core.pool import Pool
from azuresim.wire.batch_filter import parse_filter
from simulator.batch_steps import grown
from simulator.cloud import Cloud, pool_options
from simulator.counting import counted

POOL = "/batch/acct/pools/p?api-version=2025-06-01"


@pytest.mark.parametrize(
    ("method", "headers", "status"),
    [
        ("GET", {"if_none_match": "{etag}"}, 304),
        ("HEAD", {"if_none_match": "{etag}"}, 304),
        ("GET", {"if_none_match": "0x1"}, 200),
        ("GET", {"if_match": "{etag}"}, 200),
        ("GET", {"if_match": "0x1"}, 412),
        ("GET", {"if_modified_since": "{now}"}, 304),
        ("GET", {"if_modified_since": "{past}"}, 200),
        ("GET", {"if_unmodified_since": "{past}"}, 412),
        ("GET", {"if_unmodified_since": "{now}"}, 200),
        ("GET", {"if_match": "*", "if_none_match": "0x1"}, 400),
        ("GET", {"if_modified_since": "{past}", "if_unmodified_since": "{now}"}, 400),
        ("GET", {"if_modified_since": "whenever"}, 200),
        ("PATCH", {"if_match": "{etag}"}, 200),
        ("PATCH", {"if_match": '"{etag}"'}, 200),
        ("PATCH", {"if_match": "*"}, 200),
        ("PATCH", {"if_match": "0x1"}, 412),
        ("PATCH", {"if_none_match": "*"}, 412),
        ("PATCH", {"if_none_match": "0x1"}, 200),
        ("PATCH", {"if_unmodified_since": "{past}"}, 412),
        ("PATCH", {"if_modified_since": "{now}"}, 412),
        ("DELETE", {"if_unmodified_since": "{now}"}, 202),
    ],
)
async def test_conditions(cloud: Cloud, method: str, headers: dict[str, str], status: int) -> None:
    etag = (await grown(cloud)).etag
    known = {"etag": etag, "now": formatdate(1_800_000_000, usegmt=True), "past": formatdate(1_799_999_000, usegmt=True)}
    given: dict[str, Any] = {name: value.format(**known) for name, value in headers.items()}
    answer = cloud.ask(method, POOL, b'{"metadata": []}' if method == "PATCH" else b"", **given)
    assert answer.status == status
    if status == 304:
        assert (answer.headers["ETag"], answer.body) == (etag, b"")
    codes = {412: "ConditionNotMet", 400: "MultipleConditionHeadersNotSupported"}
    if status in codes:
        assert answer.json()["code"] == codes[status]


async def test_statistics_come_half_an_hour_late_and_only_when_they_are_not_selected_away(cloud: Cloud) -> None:
    await grown(cloud)
    assert "stats" not in cloud.ask("GET", f"{POOL}&$expand=stats").json()
    cloud.clock.advance(3600)
    assert cloud.ask("GET", f"{POOL}&$expand=stats").json()["stats"]["startTime"] == "2027-01-15T08:00:00Z"
    assert "stats" not in cloud.ask("GET", POOL).json()
    assert set(cloud.ask("GET", f"{POOL}&$select=id,state&$expand=stats").json()) == {"odata.metadata", "id", "state"}


ITEM = {"id": "a'b", "count": 3, "on": True, "at": "2027-01-15T08:00:00.5Z", "image": {"offer": "ubuntu"}}


@pytest.mark.parametrize(
    ("condition", "passes"),
    [
        ("id eq 'a''b'", True),
        ("count ge 3 and count lt 4", True),
        ("count gt 3 or on eq true", True),
        ("not (count eq 3)", False),
        ("not on eq false and (count eq 1 or count eq 3)", True),
        ("on eq true or count eq 1 and count eq 2", True),
        ("(on eq true or count eq 1) and count eq 2", False),
        ("startswith(image/offer, 'ubu') and not startswith(id,'b')", True),
        ("at gt datetime'2027-01-15T08:00:00Z'", True),
        ("at lt DateTime'2027-01-15T09:00:00+01:00'", False),
        ("at le datetime'2027-01-15T08:00:01'", True),
        ("missing eq 'x'", False),
        ("count eq '3'", False),
    ],
)
def test_filters(condition: str, *, passes: bool) -> None:
    assert parse_filter(condition)(ITEM) is passes


@pytest.mark.parametrize(
    "condition",
    [
        *("(id eq 'a'", "id eq 'a')", "id eq", "and", "id eq 'a' id eq 'b'", "startswith(id)", "id like 'a'", "id eq a", "id eq 'a", "not"),
        *("at gt datetime'soon'", "id + 1", "(" * 50 + "id eq 'a'"),
    ],
)
def test_what_is_no_filter(cloud: Cloud, condition: str) -> None:
    answer = cloud.ask("GET", f"/batch/acct/pools?api-version=2025-06-01&$filter={condition.replace('+', '%2B')}")
    assert (answer.status, answer.json()["code"]) == (400, "InvalidQueryParameterValue")


async def test_ten_thousand_pools_cost_what_is_asked_of_them(cloud: Cloud) -> None:
    cloud.account.pool_quota = 10_000
    await grown(cloud, 2)
    for number in range(9_999):
        cloud.world.pools.create(cloud.account, pool_options(f"p{number:05}").as_dict())
    cloud.world.settle()
    # A page looks one pool ahead.
    page = "/batch/acct/{}?api-version=2025-06-01&maxresults=50"
    with counted(Node.state, Pool.current) as looked:
        assert len(cloud.ask("GET", page.format("pools") + "&$select=id,eTag,currentDedicatedNodes").json()["value"]) == 50
    assert looked == {"current": 51}
    with counted(Node.state, Pool.current) as looked:
        assert len(cloud.ask("GET", page.format("pools") + "&$select=id&$filter=startswith(id,'p0')").json()["value"]) == 50
    assert not looked
    with counted(Node.state, Pool.current) as looked:
        (counts,) = cloud.ask("GET", page.format("nodecounts") + "&$filter=poolId eq 'p'").json()["value"]
    assert (counts["dedicated"]["total"], looked) == (2, {"state": 2})
    with counted(Node.state) as looked:
        assert len(cloud.ask("GET", page.format("nodecounts")).json()["value"]) == 50
    assert looked["state"] <= 2
