"""The admin interface: what it refuses, and that it then has changed nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest

from azuresim import Request
from azuresim.admin import Admin
from simulator.cloud import BATCH, DEFINITION, GALLERY, STORAGE, Cloud, pool_options
from simulator.world_projection import projection

DROP = {"action": {"kind": "Drop"}}


def ask(cloud: Cloud, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    sent = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    answer = Admin(cloud.app).handle(Request(method, f"https://azuresim.test/_sim/{path}", {}, sent))
    return answer.status, answer.json()


@pytest.mark.parametrize("path", ["advance", "faults", "world", "nodes"])
@pytest.mark.parametrize("body", [b"{", b"[]", b'"x"', b"1", b"true", b"\xff", b'{"a": ' * 5000, b'{"a": NaN}'])
def test_what_is_no_json_object(cloud: Cloud, path: str, body: bytes) -> None:
    status, said = ask(cloud, "POST", path, body)
    assert status == 400
    assert "JSON" in said["error"] or "could not be deserialized" in said["error"]


@pytest.mark.parametrize("seconds", [None, "x", -1, 1e300, True, [1]])
def test_time_that_cannot_pass(cloud: Cloud, seconds: Any) -> None:
    now = cloud.clock.now()
    assert ask(cloud, "POST", "advance", {"seconds": seconds})[0] == 400
    assert cloud.clock.now() == now


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        ({**DROP, "count": 0}, "count must be from 1 on, not 0"),
        ({**DROP, "skip": -1}, "skip must be from 0 on"),
        ({**DROP, "probability": 7}, "probability must be from 0 to 1, not 7"),
        ({**DROP, "service": "bach"}, "there is no service 'bach'; there are arm, "),
        ({**DROP, "operation": "Pool_List"}, "there is no operation 'Pool_List'; close to it are Pools_List"),
        ({**DROP, "service": "blob", "operation": "Pools_List"}, "there is no operation 'Pools_List'"),
        ({"action": {"kind": "Status", "status": 200}}, "status must be from 400 to 599, not 200"),
        ({"action": {"kind": "Status", "status": 503, "headers": {"a": "b\r\nc: d"}}}, "is no header"),
        ({"action": {"kind": "Delay", "seconds": -1}}, "seconds must be from 0 on"),
        ({"action": {"kind": "SmallPages", "size": 0}}, "size must be from 1 on"),
        ({"action": {"kind": "Throttle", "retry_after": -1}}, "retry_after must be from 0 on"),
        ({"action": {"kind": "NoCapacity", "region": "atlantis"}}, "there is no region 'atlantis'"),
        ({"action": {"kind": ["Drop"]}}, "there is no action"),
    ],
)
def test_rules_that_could_never_strike(cloud: Cloud, rule: Any, why: str) -> None:
    status, said = ask(cloud, "POST", "faults", rule)
    assert status == 400
    assert why in said["error"]
    assert len(cloud.app.faults) == 0


@pytest.mark.parametrize(
    ("order", "status"),
    [
        ({"account": "acct", "pool": "p"}, 400),
        ({"account": 1, "pool": "p", "action": "lose"}, 400),
        ({"account": "acct", "pool": "p", "action": "eat"}, 400),
        ({"account": "acct", "pool": "p", "action": "lose", "count": "x"}, 400),
        ({"account": "acct", "pool": "nobody", "action": "lose"}, 404),
    ],
)
async def test_nodes_that_cannot_be_harmed(cloud: Cloud, order: Any, status: int) -> None:
    await cloud.batch.create_pool(pool_options())
    assert ask(cloud, "POST", "nodes", order)[0] == status


@pytest.mark.parametrize(
    ("section", "entry", "why"),
    [
        ("galleries", 1, "must be an object, not 1"),
        ("galleries", {"id": 5, "location": "westus"}, "id must be a text, not 5"),
        ("galleries", {"id": GALLERY, "location": "atlantis"}, "location must be a region of Azure's, not 'atlantis'"),
        ("storageAccounts", {"id": STORAGE, "location": None}, "location must be a region of Azure's, not None"),
        ("batchAccounts", {"id": BATCH, "location": "westus", "poolQuota": "x"}, "poolQuota must be a whole number from 0 on, not 'x'"),
        ("batchAccounts", {"id": BATCH, "location": "westus", "capacity": {"a": -1}}, "capacity must be an object of whole numbers"),
        ("vhds", {"account": "vhds", "container": "images", "blob": "b", "sizeMiB": -1}, "sizeMiB must be a whole number"),
        ("definitions", {"id": DEFINITION, "location": "westus", "osType": "BeOS"}, "osType must be Linux or Windows, not 'BeOS'"),
        ("versions", {"id": f"{DEFINITION}/versions/1.0.0", "regions": "westus"}, "regions must be a list of texts"),
        ("applications", {"clientId": 5}, "clientId must be a text"),
        ("locks", {"scope": GALLERY, "level": "Odd"}, "level must be CanNotDelete or ReadOnly"),
    ],
)
def test_a_document_is_followed_whole_or_not_at_all(cloud: Cloud, section: str, entry: Any, why: str) -> None:
    good = {"id": f"{GALLERY}2", "location": "westus"}
    before = projection(cloud.world)
    document = {"galleries": [good], section: [*([good] if section == "galleries" else []), entry]}
    status, said = ask(cloud, "POST", "world", document)
    assert (status, said["error"].partition("]: ")[2].startswith(why)) == (400, True), said
    assert projection(cloud.world) == before


@pytest.mark.parametrize("document", [{"tenant": 5}, {"galleries": 1}, {"galleries": None}, {"pools": []}])
def test_sections_that_are_none(cloud: Cloud, document: Any) -> None:
    assert ask(cloud, "POST", "world", document)[0] == 400


@pytest.mark.parametrize("query", ["journal?since=x", "journal?tail=-3", "counts?since=1.5", "faults?number=first"])
def test_numbers_that_are_none(cloud: Cloud, query: str) -> None:
    status, said = ask(cloud, "DELETE" if query.startswith("faults") else "GET", query)
    assert status == 400
    assert "must be a whole number" in said["error"]


def test_a_tail_of_nothing(cloud: Cloud) -> None:
    cloud.ask("GET", "/subscriptions?api-version=2022-12-01")
    assert [len(ask(cloud, "GET", f"journal?tail={tail}")[1]["entries"]) for tail in (0, 1, 9)] == [0, 1, 1]
