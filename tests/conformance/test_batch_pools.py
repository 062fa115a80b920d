from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from conformance.judge import GROUP, Judge, RefusedError

IMAGE = ("--image", "canonical:ubuntu-24_04-lts:server", "--node-agent-sku-id", "batch.node.ubuntu 24.04")
SIZE = ("--vm-size", "Standard_D2s_v3")
PATIENCE_SECONDS = 60.0


def eventually(look: Callable[[], Any], wanted: Any) -> bool:
    """Whether it turns out as wanted. The world's clock runs; a minute of ours is ten hours of its."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while look() != wanted:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.2)
    return True


def created(judge: Judge, pool: str, nodes: int = 0) -> None:
    judge.az("batch", "pool", "create", "--id", pool, *SIZE, *IMAGE, "--target-dedicated-nodes", str(nodes))
    assert eventually(lambda: str(judge.batch.get_pool(pool)["allocationState"]), "steady")


def test_a_pool_is_created_and_read_by_the_other_client(judge: Judge) -> None:
    created(judge, "made", 2)
    assert eventually(lambda: judge.batch.get_pool("made").current_dedicated_nodes, 2)
    shown = judge.az("batch", "pool", "show", "--pool-id", "made")
    assert (shown["vmSize"], shown["targetDedicatedNodes"], shown["allocationState"]) == ("Standard_D2s_v3", 2, "steady")
    assert "made" in {pool["id"] for pool in judge.az("batch", "pool", "list")}
    assert eventually(lambda: [node["state"] for node in judge.az("batch", "node", "list", "--pool-id", "made")], ["idle", "idle"])
    counts = {item["poolId"]: item for item in judge.az("batch", "pool", "node-counts", "list")}
    assert counts["made"]["dedicated"]["idle"] == 2


def test_a_pool_is_resized(judge: Judge) -> None:
    created(judge, "resized")
    # The CLI sends the number as a text.
    judge.az("batch", "pool", "resize", "--pool-id", "resized", "--target-dedicated-nodes", "3")
    assert eventually(lambda: judge.batch.get_pool("resized").current_dedicated_nodes, 3)


def test_a_pool_scales_by_formula(judge: Judge) -> None:
    created(judge, "scaled")
    formula = ("--auto-scale-formula", "$TargetDedicatedNodes=1;")
    judge.az("batch", "pool", "autoscale", "enable", "--pool-id", "scaled", *formula)
    assert judge.batch.get_pool("scaled").enable_auto_scale
    assert "$TargetDedicatedNodes=1" in judge.az("batch", "pool", "autoscale", "evaluate", "--pool-id", "scaled", *formula)["results"]
    assert eventually(lambda: judge.batch.get_pool("scaled").current_dedicated_nodes, 1)
    judge.az("batch", "pool", "autoscale", "disable", "--pool-id", "scaled")
    assert not judge.batch.get_pool("scaled").enable_auto_scale


def test_settings_are_changed(judge: Judge) -> None:
    created(judge, "changed")
    judge.az("batch", "pool", "set", "--pool-id", "changed", "--metadata", "a=b")
    assert [(item.name, item.value) for item in judge.batch.get_pool("changed").metadata] == [("a", "b")]


def test_a_pool_is_deleted(judge: Judge) -> None:
    created(judge, "deleted")
    judge.az("batch", "pool", "delete", "--pool-id", "deleted", "--yes")
    assert eventually(lambda: "deleted" in {pool.id for pool in judge.batch.list_pools()}, wanted=False)


def test_a_pool_of_a_managed_image_is_refused_in_the_services_words(judge: Judge) -> None:
    image = f"{GROUP}/providers/Microsoft.Compute/images/none"
    with pytest.raises(RefusedError, match="InvalidPropertyValue"):
        judge.az("batch", "pool", "create", "--id", "refused", *SIZE, "--image", image, *IMAGE[2:])


def test_supported_images(judge: Judge) -> None:
    assert "batch.node.ubuntu 24.04" in {image["nodeAgentSkuId"] for image in judge.az("batch", "pool", "supported-images", "list")}
