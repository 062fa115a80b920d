"""Every member of a status is declared in the CRD: the API server prunes any other, and a pruned member is written for ever."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from domain import images, pools
from poolwright.domain.image import status as image_status
from poolwright.domain.image.observed import ImageMemo, Intent, SourceView, State
from poolwright.domain.image.rules import decide as decide_image
from poolwright.domain.image.situation import ImageSituation
from poolwright.domain.outcomes import Look, Verdict
from poolwright.domain.ownership import ADOPTED
from poolwright.domain.pool import status as pool_status
from poolwright.domain.pool.observed import Allocation, PoolMemo
from poolwright.domain.pool.rules import decide as decide_pool
from poolwright.domain.pool.situation import PoolSituation
from poolwright.domain.reasons import ACCESS_DENIED

CRDS = Path(__file__).parents[2] / "crds"
TYPES = {"object": dict, "array": list, "string": str, "integer": int, "boolean": bool}
STAMP = "2026-05-01T12:00:00Z"
ANNOTATED = {"annotations": {"poolwright.io/reconcile-requested-at": "now"}}
Json = Mapping[str, Any]


def schema(kind: str) -> Json:
    (version,) = yaml.safe_load((CRDS / f"{kind}.yaml").read_text())["spec"]["versions"]
    status: Json = version["schema"]["openAPIV3Schema"]["properties"]["status"]
    return status


def breaches(value: Any, declared: Json, at: str = "status") -> Iterator[str]:
    """What the API server would prune or refuse: undeclared members, other types, broken bounds, missing and doubled keys."""
    if isinstance(value, bool) != (declared["type"] == "boolean") or not isinstance(value, TYPES[declared["type"]]):
        yield f"{at}: {value!r} is no {declared['type']}"
    elif isinstance(value, dict):
        yield from _members(value, declared, at)
    elif isinstance(value, list):
        keys = [tuple(item.get(key) for key in declared.get("x-kubernetes-list-map-keys", ())) for item in value]
        if len(value) > declared["maxItems"] or (declared["x-kubernetes-list-type"] == "map" and len(set(keys)) < len(keys)):
            yield f"{at}: too long, or a key twice"
        for number, item in enumerate(value):
            yield from breaches(item, declared["items"], f"{at}[{number}]")
    elif isinstance(value, str) and not declared.get("minLength", 0) <= len(value) <= declared.get("maxLength", len(value)):
        yield f"{at}: {len(value)} characters"
    elif "enum" in declared and value not in declared["enum"]:
        yield f"{at}: {value!r} is none of {declared['enum']}"


def _members(value: Json, declared: Json, at: str) -> Iterator[str]:
    properties, rest = declared.get("properties", {}), declared.get("additionalProperties")
    yield from (f"{at}.{name} is missing" for name in declared.get("required", ()) if name not in value)
    for name, member in value.items():
        if (form := properties.get(name, rest)) is None:
            yield f"{at}.{name} is not declared"
        else:
            yield from breaches(member, form, f"{at}.{name}")


def stamped(status: dict[str, Any]) -> dict[str, Any]:
    """As published: the publisher adds the time to each condition."""
    return {**status, "conditions": [{**condition, "lastTransitionTime": STAMP} for condition in status["conditions"]]}


def image_situations() -> Iterator[ImageSituation]:
    """Rich ones: everything that can be shown is."""
    long = images.version(replication=images.FINISHED, published_time=STAMP)
    memo = ImageMemo(intent=Intent(version="1.0.1", digest=images.BUILT.digest, attempts=2), current=images.current(published_time=STAMP))
    named = images.spec(baseImage={"publisher": "p", "offer": "o", "sku": "s"})
    rich = images.situation(images.seen(versions=(long,), progress=long), memo=memo, spec=named)
    yield rich
    yield replace(rich, spec=replace(named, suspended=True), facts=images.seen(versions=(images.version(),), gallery=None, progress=None))
    failed = tuple(images.version(f"1.0.{n}", State.FAILED) for n in range(40))
    yield replace(rich, facts=images.seen(versions=failed, progress=failed[-1]))
    yield replace(rich, facts=images.seen(source=SourceView(problem="SourceCorrupt", detail="w" * 40000)))
    yield replace(rich, deleting=True, users=("studio/frames",))
    yield images.situation(replace(images.READY_TO_BUILD, progress=images.in_place_version()), spec=images.IN_PLACE, memo=memo)


def pool_situations() -> Iterator[PoolSituation]:
    """Likewise."""
    memo = PoolMemo(reached=pools.size(5), attempts=7)
    states = [
        pools.pool(),
        pools.short("AllocationTimedOut", message="w" * 40000),
        pools.pool(allocation=Allocation.STOPPING),
        pools.pool(deleting=True, metadata={ADOPTED: "true"}),
        pools.pool(image_id=None, image_name="canonical/ubuntu/22", auto_scale=True),
        pools.pool(image_id=pools.V1.rpartition("/versions")[0]),
        None,
    ]
    for state in states:
        yield pools.situation(pool=state, memo=memo)
        yield replace(pools.situation(pool=state, memo=memo), deleting=True)
        yield pools.situation(pool=state, memo=memo, declared=pools.spec(suspend=True))


NODES = {"idle": 3, "running": 1, "startTaskFailed": 1, "upgradingOS": 0}


def image_statuses() -> Iterator[dict[str, Any]]:
    body = images.body(metadata={**images.METADATA, **ANNOTATED})
    for s in image_situations():
        answer = decide_image(s)
        if isinstance(answer, Look):
            s = replace(s, facts=replace(s.facts, progress=None))  # noqa: PLW2901 - the same situation, looked at
            answer = decide_image(s)
        assert not isinstance(answer, Look)
        status = image_status.render(body, s, answer)
        yield status
        yield image_status.failed({**body, "status": status}, Verdict(ACCESS_DENIED, "No."))


def pool_statuses() -> Iterator[dict[str, Any]]:
    body = pools.body(metadata={**pools.METADATA, **ANNOTATED})
    for s in pool_situations():
        answer = decide_pool(s)
        assert not isinstance(answer, Look)
        status = pool_status.render(body, s, answer, NODES)
        yield status
        yield pool_status.failed({**body, "status": status}, Verdict(ACCESS_DENIED, "No."))


STATUSES = {"customimages": list(image_statuses()), "batchpools": list(pool_statuses())}


@pytest.mark.parametrize("kind", STATUSES)
def test_every_member_is_declared(kind: str) -> None:
    declared = schema(kind)
    found = [breach for status in STATUSES[kind] for breach in breaches(stamped(status), declared)]
    assert found == []


@pytest.mark.parametrize("kind", STATUSES)
def test_every_declared_member_is_written_by_somebody(kind: str) -> None:
    written = {name for status in STATUSES[kind] for name in status}
    assert written == set(schema(kind)["properties"])


@pytest.mark.parametrize(("kind", "part"), [("customimages", "current"), ("customimages", "intent"), ("batchpools", "image")])
def test_every_declared_member_of_a_part_is_written_by_somebody(kind: str, part: str) -> None:
    written = {name for status in STATUSES[kind] for name in status.get(part, {})}
    assert written == set(schema(kind)["properties"][part]["properties"])


@pytest.mark.parametrize(
    "status",
    [
        pytest.param({"phase": "Ready"}, id="undeclared"),
        pytest.param({"observedGeneration": "3"}, id="text for a number"),
        pytest.param({"observedGeneration": True}, id="a boolean for a number"),
        pytest.param({"selector": "x" * 513}, id="too long"),
        pytest.param({"resizeErrors": [{"code": "X"}] * 17}, id="too many"),
        pytest.param({"nodes": {"idle": "3"}}, id="text for a count"),
        pytest.param({"conditions": [{"type": "Ready"}]}, id="half a condition"),
        pytest.param(
            {"conditions": [{"type": "A", "status": "Maybe", "reason": "R", "message": "", "lastTransitionTime": STAMP}]}, id="enum"
        ),
        pytest.param(
            {"conditions": [{"type": "A", "status": "True", "reason": "R", "message": "", "lastTransitionTime": STAMP}] * 2}, id="twice"
        ),
    ],
)
def test_a_breach_is_noticed(status: dict[str, Any]) -> None:
    assert list(breaches(status, schema("batchpools"))) != []


@pytest.mark.parametrize("kind", STATUSES)
def test_kstatus_reads_every_status(kind: str) -> None:
    """``Ready`` always; ``Reconciling`` and ``Stalled`` only while true, never both, and never beside a true ``Ready``."""
    for status in STATUSES[kind]:
        told = {condition["type"]: condition for condition in status["conditions"]}
        assert len(told) == len(status["conditions"])
        abnormal = [told[type_]["status"] for type_ in ("Reconciling", "Stalled") if type_ in told]
        assert abnormal in ([], ["True"])
        assert told["Ready"]["status"] in ({"False"} if abnormal else {"True", "False", "Unknown"})
        assert {condition["observedGeneration"] for condition in told.values()} == {status["observedGeneration"]}
