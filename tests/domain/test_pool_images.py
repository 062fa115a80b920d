"""Which version and which node agent a pool boots with, or why there is none yet."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from domain.pools import AGENTS, BY_ID, IMAGE, UBUNTU, V1, situation, spec
from poolwright.domain.image.spec import MarketplaceName
from poolwright.domain.outcomes import UNSEEN, Look, Verdict
from poolwright.domain.pool.images import Usable, boots, image_of, node_agent_of, size_problem, wanted
from poolwright.domain.pool.observed import Fact, GalleryVersion, ImageStatus
from poolwright.domain.pool.situation import PoolSituation
from poolwright.domain.reasons import Kind

HERE, ELSEWHERE, NOWHERE = frozenset({"westeurope"}), frozenset({"uksouth"}), frozenset[str]()
USABLE = Usable(id=V1, version="1.0.0")


def by_id(**facts: Any) -> PoolSituation:
    return situation(declared=spec(BY_ID), **{"image": None, **facts})


def told(answer: object) -> object:
    """The reason's name of a verdict; anything else as it is."""
    if isinstance(answer, Verdict):
        assert answer.message.endswith(".")
        return answer.reason.name
    return answer


@pytest.mark.parametrize(
    ("image", "answer"),
    [
        pytest.param(IMAGE, USABLE, id="complete here"),
        pytest.param(replace(IMAGE, complete=HERE | ELSEWHERE), USABLE, id="and elsewhere"),
        pytest.param(replace(IMAGE, complete=ELSEWHERE), "WaitingForImage", id="still being copied to here"),
        pytest.param(replace(IMAGE, complete=NOWHERE), "WaitingForImage", id="complete nowhere"),
        pytest.param(replace(IMAGE, id=None, version=None, complete=NOWHERE), "WaitingForImage", id="no version yet"),
        pytest.param(replace(IMAGE, declared=ELSEWHERE), "RegionNotReplicated", id="not declared for here"),
        pytest.param(replace(IMAGE, id=None, version=None, declared=ELSEWHERE), "RegionNotReplicated", id="a version would not help"),
        pytest.param(None, "ImageNotFound", id="no such CustomImage"),
        pytest.param(replace(IMAGE, deleting=True), "ImageNotFound", id="a CustomImage on its way out"),
    ],
)
def test_by_reference(image: ImageStatus | None, answer: object) -> None:
    s = situation(image=image)
    assert told(image_of(s)) == answer
    assert wanted(s) == (answer if isinstance(answer, Usable) else None)


@pytest.mark.parametrize(
    ("version", "answer"),
    [
        pytest.param(UNSEEN, Look(frozenset({Fact.VERSION})), id="not looked at"),
        pytest.param(None, "ImageVersionNotFound", id="no such version"),
        pytest.param(GalleryVersion(complete=HERE, declared=HERE), USABLE, id="complete here"),
        pytest.param(GalleryVersion(complete=NOWHERE, declared=HERE), "WaitingForImage", id="being copied to here"),
        pytest.param(GalleryVersion(complete=ELSEWHERE, declared=ELSEWHERE), "RegionNotReplicated", id="only elsewhere"),
    ],
)
def test_by_id(version: Any, answer: object) -> None:
    assert told(image_of(by_id(version=version))) == answer
    assert wanted(by_id(version=version)) == USABLE


@pytest.mark.parametrize("account", [UNSEEN, None])
def test_nothing_can_be_said_without_the_region_of_the_account(account: Any) -> None:
    assert image_of(situation(account=account)) == Look(frozenset({Fact.ACCOUNT}))
    assert wanted(situation(account=account)) is None


def test_missing_images_wait_and_wrong_ones_stall() -> None:
    waiting = [image_of(situation(image=image)) for image in (None, replace(IMAGE, complete=NOWHERE))]
    stalled = [image_of(situation(image=replace(IMAGE, declared=ELSEWHERE))), image_of(by_id(version=None))]
    assert [answer.reason.kind for answer in waiting if isinstance(answer, Verdict)] == [Kind.WAITING, Kind.WAITING]
    assert [answer.reason.kind for answer in stalled if isinstance(answer, Verdict)] == [Kind.STALLED, Kind.STALLED]


@pytest.mark.parametrize(
    ("declared", "base", "answer"),
    [
        pytest.param(None, UBUNTU, "batch.node.ubuntu 22.04", id="listed for the base image"),
        pytest.param(
            None, MarketplaceName(publisher="Canonical", offer="UBUNTU-22_04-LTS", sku="Server"), "batch.node.ubuntu 22.04", id="case"
        ),
        pytest.param(None, replace(UBUNTU, sku="minimal"), "NodeAgentUnknown", id="not listed"),
        pytest.param(None, None, "NodeAgentUnknown", id="nothing to choose by"),
        pytest.param("batch.node.el 9", UBUNTU, "batch.node.el 9", id="declared goes before chosen"),
        pytest.param("BATCH.node.EL 9", None, "batch.node.el 9", id="in the account's spelling"),
        pytest.param("batch.node.windows", UBUNTU, "NodeAgentUnknown", id="declared and unknown"),
    ],
)
def test_node_agents(declared: str | None, base: MarketplaceName | None, answer: str) -> None:
    s = situation(declared=spec(nodeAgentSku=declared), image=replace(IMAGE, base_image=base))
    assert told(node_agent_of(s)) == answer


def test_an_image_by_id_has_no_base_image() -> None:
    without = situation(declared=spec(BY_ID, nodeAgentSku=None), image=None)
    assert told(node_agent_of(without)) == "NodeAgentUnknown"
    assert node_agent_of(by_id(agents=UNSEEN)) == Look(frozenset({Fact.AGENTS}))


def test_an_unknown_agent_names_those_that_are_known_once_each() -> None:
    answer = node_agent_of(situation(declared=spec(nodeAgentSku="x"), agents=(*AGENTS, AGENTS[0])))
    assert isinstance(answer, Verdict)
    assert answer.message.endswith("It lists: batch.node.el 9, batch.node.ubuntu 22.04.")


@pytest.mark.parametrize(
    ("sizes", "answer"),
    [
        pytest.param(UNSEEN, Look(frozenset({Fact.SIZES})), id="not looked at"),
        pytest.param(frozenset({"standard_d2s_v5"}), None, id="offered"),
        pytest.param(frozenset({"standard_d4s_v5"}), "UnknownVmSize", id="not offered"),
    ],
)
def test_sizes(sizes: Any, answer: object) -> None:
    assert told(size_problem(situation(sizes=sizes))) == answer


@pytest.mark.parametrize(("account", "where"), [(situation().facts.account, "in westeurope"), (None, "in the account's region")])
def test_an_unknown_size_names_the_region(account: Any, where: str) -> None:
    answer = size_problem(situation(sizes=frozenset(), account=account))
    assert isinstance(answer, Verdict)
    assert where in answer.message


@pytest.mark.parametrize(("pool_image", "same"), [(V1, True), (V1.upper(), True), (V1 + "1", False), (None, False)])
def test_what_a_pool_boots(pool_image: str | None, same: bool) -> None:
    assert boots(pool_image, USABLE) is same
