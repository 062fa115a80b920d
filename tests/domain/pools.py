"""Situations of a BatchPool to start a test from; each test changes what it is about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from poolwright.domain.image.spec import MarketplaceName
from poolwright.domain.ownership import Mark
from poolwright.domain.pool.observed import (
    AccountView,
    Allocation,
    GalleryVersion,
    ImageStatus,
    NodeAgent,
    PoolFacts,
    PoolMemo,
    PoolView,
    ResizeError,
    Size,
)
from poolwright.domain.pool.situation import PoolSituation
from poolwright.domain.pool.spec import PoolSpec, read

GROUP = "/subscriptions/0f/resourceGroups/render/providers"
ACCOUNT = f"{GROUP}/Microsoft.Batch/batchAccounts/frames"
DEFINITION = f"{GROUP}/Microsoft.Compute/galleries/farm/images/ubuntu"
V1, V2 = f"{DEFINITION}/versions/1.0.0", f"{DEFINITION}/versions/2.0.0"
METADATA = {"namespace": "studio", "name": "frames", "uid": "u-2", "generation": 4}
NOW = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)
MARK = Mark(cluster="c-1", namespace="studio", name="frames", uid="u-2")
STRANGER = Mark(cluster="c-1", namespace="other", name="team", uid="u-9")
BY_REFERENCE: Mapping[str, Any] = {
    "batchAccountId": ACCOUNT,
    "image": {"customImageRef": {"name": "ubuntu"}},
    "vmSize": "Standard_D2s_v5",
    "targetDedicatedNodes": 5,
    "targetLowPriorityNodes": 0,
}
BY_ID: Mapping[str, Any] = {**BY_REFERENCE, "image": {"galleryImage": {"id": V1}}, "nodeAgentSku": "batch.node.ubuntu 22.04"}


def spec(declared: Mapping[str, Any] = BY_REFERENCE, /, **members: Any) -> PoolSpec:
    """A BatchPool with these members of its spec replaced; None takes a member out."""
    merged = {**declared, **members}
    return read(METADATA, {name: value for name, value in merged.items() if value is not None})


def size(dedicated: int, low_priority: int = 0) -> Size:
    """So many nodes."""
    return Size(dedicated=dedicated, low_priority=low_priority)


UBUNTU = MarketplaceName(publisher="canonical", offer="ubuntu-22_04-lts", sku="server")
AGENTS = (
    NodeAgent(sku="batch.node.el 9", image=MarketplaceName(publisher="almalinux", offer="almalinux", sku="9-gen2")),
    NodeAgent(sku="batch.node.ubuntu 22.04", image=UBUNTU),
)
EVERYWHERE = frozenset({"westeurope"})
IMAGE = ImageStatus(name="ubuntu", id=V1, version="1.0.0", complete=EVERYWHERE, declared=EVERYWHERE, base_image=UBUNTU)
POOL = PoolView(
    etag="0x1",
    deleting=False,
    allocation=Allocation.STEADY,
    allocation_since=NOW,
    current=size(5),
    target=size(5),
    vm_size="STANDARD_D2S_V5",
    image_id=V1,
    image_name="",
    node_agent_sku="batch.node.ubuntu 22.04",
    metadata={**MARK.tags(), "team": "frames"},
)
FACTS = PoolFacts(
    account=AccountView(location="westeurope", state="Succeeded"),
    pool=POOL,
    image=IMAGE,
    version=GalleryVersion(complete=EVERYWHERE, declared=EVERYWHERE),
    sizes=frozenset({"standard_d2s_v5"}),
    agents=AGENTS,
)
NO_MEMO = PoolMemo()


def pool(**members: Any) -> PoolView:
    """Our pool with 5 of 5 nodes on version 1.0.0, steady, with these members replaced."""
    return replace(POOL, **members)


def short(code: str, *, message: str = "words", ago: timedelta = timedelta(0), **members: Any) -> PoolView:
    """A pool whose last resize ended ``ago`` with 2 of 5 nodes and this error."""
    error = ResizeError(code=code, message=message)
    return pool(current=size(2), allocation_since=NOW - ago, resize_errors=(error,), **members)


def situation(*, memo: PoolMemo = NO_MEMO, declared: PoolSpec | None = None, **facts: Any) -> PoolSituation:
    """Everything in order, with these facts replaced."""
    return PoolSituation(spec=declared or spec(), mark=MARK, memo=memo, now=NOW, facts=replace(FACTS, **facts))


def body(declared: Mapping[str, Any] = BY_REFERENCE, **members: Any) -> dict[str, Any]:
    """The Kubernetes object."""
    return {"metadata": METADATA, "spec": declared, **members}
