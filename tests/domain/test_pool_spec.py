from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from domain.pools import ACCOUNT, BY_ID, BY_REFERENCE, METADATA, V1, V2, pool, size, spec
from poolwright.domain.pool.fields import MATRIX, Applies, needs_empty
from poolwright.domain.pool.images import Usable
from poolwright.domain.pool.observed import PoolView
from poolwright.domain.pool.spec import Adoption, CustomImageRef, GalleryImage, InvalidSpec, PoolSpec, Targets, read
from poolwright.domain.resource_id import parse

LEAST = {name: BY_REFERENCE[name] for name in ("batchAccountId", "image", "vmSize")}


def test_everything_left_out_that_can_be() -> None:
    assert read(METADATA, LEAST) == PoolSpec(
        account=parse(ACCOUNT),
        pool_id="frames",
        image=CustomImageRef(name="ubuntu"),
        node_agent_sku=None,
        vm_size="Standard_D2s_v5",
        targets=Targets(dedicated=None, low_priority=None),
        resize_timeout=timedelta(minutes=30),
        adoption=Adoption.NEVER,
        delete=None,
        suspended=False,
    )


def test_everything_said() -> None:
    declared = spec(
        BY_ID,
        poolId="Frames_1",
        targetDedicatedNodes=3,
        targetLowPriorityNodes=2,
        resizeTimeoutSeconds=300,
        adoptionPolicy="IfUnowned",
        suspend=True,
    )
    assert (declared.pool_id, declared.image, declared.node_agent_sku) == (
        "Frames_1",
        GalleryImage(id=parse(V1)),
        "batch.node.ubuntu 22.04",
    )
    assert (declared.targets, declared.resize_timeout) == (Targets(dedicated=3, low_priority=2), timedelta(seconds=300))
    assert (declared.adoption, declared.suspended) == (Adoption.IF_UNOWNED, True)


@pytest.mark.parametrize(("policy", "delete"), [("Delete", True), ("Retain", False), (None, None)])
def test_deletion_has_three_answers(policy: str | None, delete: bool | None) -> None:
    assert spec(deletionPolicy=policy).delete is delete


@pytest.mark.parametrize(
    ("dedicated", "low_priority", "managed"), [(None, None, False), (0, None, True), (None, 0, True), (0, 0, True), (5, 1, True)]
)
def test_zero_is_a_target_and_absence_is_none(dedicated: int | None, low_priority: int | None, managed: bool) -> None:
    assert spec(targetDedicatedNodes=dedicated, targetLowPriorityNodes=low_priority).targets.managed is managed


@pytest.mark.parametrize(
    ("dedicated", "low_priority", "minutes"),
    [(None, None, 30), (999, None, 30), (1000, None, 45), (600, 400, 45), (None, 2500, 60)],
)
def test_large_pools_get_more_time(dedicated: int | None, low_priority: int | None, minutes: int) -> None:
    timeout = spec(targetDedicatedNodes=dedicated, targetLowPriorityNodes=low_priority).resize_timeout
    assert timeout == timedelta(minutes=minutes)


@pytest.mark.parametrize(
    ("members", "named"),
    [
        pytest.param({"batchAccountId": "frames"}, "'frames'", id="no ARM id"),
        pytest.param({"image": {}}, "galleryImage", id="no image"),
        pytest.param({"image": {"customImageRef": {}}}, "name", id="no name"),
        pytest.param({"image": {"galleryImage": {"id": "x"}}}, "'x'", id="no version id"),
        pytest.param({"vmSize": None}, "vmSize", id="no size"),
        pytest.param({"adoptionPolicy": "Sometimes"}, "Sometimes", id="a value unknown to this version"),
        pytest.param({"targetDedicatedNodes": "5"}, "str", id="text for a number"),
        pytest.param({"image": "ubuntu"}, "indices", id="text for a map"),
    ],
)
def test_what_cannot_be_read_is_named(members: dict[str, Any], named: str) -> None:
    with pytest.raises(InvalidSpec, match=named):
        spec(**members)


@pytest.mark.parametrize(
    ("declared", "view", "image", "fields"),
    [
        pytest.param(spec(), pool(), Usable(id=V1, version="1.0.0"), (), id="as declared"),
        pytest.param(spec(), pool(image_id=V1.upper()), Usable(id=V1, version="1.0.0"), (), id="ids without case"),
        pytest.param(spec(), pool(), Usable(id=V2, version="2.0.0"), ("image",), id="a new version"),
        pytest.param(spec(), pool(image_id=None), Usable(id=V1, version="1.0.0"), ("image",), id="a Marketplace pool"),
        pytest.param(spec(), pool(), None, (), id="no image is known: the pool keeps what it has"),
        pytest.param(spec(vmSize="Standard_D4s_v5"), pool(), None, ("vmSize",), id="another size"),
        pytest.param(spec(nodeAgentSku="BATCH.NODE.UBUNTU 22.04"), pool(), None, (), id="the agent without case"),
        pytest.param(spec(nodeAgentSku="batch.node.el 9"), pool(), None, ("nodeAgentSku",), id="another agent"),
        pytest.param(
            spec(nodeAgentSku="batch.node.el 9", vmSize="X"),
            pool(),
            Usable(id=V2, version="2"),
            ("image", "vmSize", "nodeAgentSku"),
            id="all",
        ),
    ],
)
def test_what_needs_an_empty_pool(declared: PoolSpec, view: PoolView, image: Usable | None, fields: tuple[str, ...]) -> None:
    assert needs_empty(declared, view, image) == fields


def test_the_matrix_and_the_comparison_name_the_same_fields() -> None:
    everything = needs_empty(spec(nodeAgentSku="x", vmSize="x"), pool(), Usable(id=V2, version="2.0.0"))
    assert set(everything) == {row.field for row in MATRIX if row.applies is Applies.EMPTY_POOL}
    assert {row.field for row in MATRIX} == {*BY_ID, "poolId", "resizeTimeoutSeconds"}


def test_sizes() -> None:
    assert size(0).empty
    assert not size(0, 1).empty
    assert not size(1).empty
    assert str(size(2, 1)) == "2 dedicated and 1 low-priority nodes"
