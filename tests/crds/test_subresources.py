"""Status, scale, columns, field selectors and explain, as users and tools meet them."""

from __future__ import annotations

import pytest

from crds.api import Api, condition
from crds.declarations import ACCOUNT, VERSION, Json, altered, image, image_in_place, pool

pytestmark = pytest.mark.controlplane

UNSEEN = {"observedGeneration": -1}
BOTH = [pytest.param(image(), id="image"), pytest.param(pool(), id="pool")]

IMAGE_STATUS = {
    "observedGeneration": 1,
    "conditions": [
        condition("Ready", "False", "Replicating", "Version 1.0.0 is complete in 1 of 2 regions."),
        condition("Reconciling", "True", "Replicating"),
        condition("SourceReady", "True", "Available"),
        condition("Published", "True", "AlreadyPublished"),
        condition("Replicated", "False", "Replicating"),
    ],
    "baseImage": {"publisher": "canonical", "offer": "0001-com-ubuntu-server-jammy", "sku": "22_04-lts"},
    "current": {
        "version": "1.0.0",
        "id": VERSION,
        "sourceDigest": f"v1:{'0' * 64}",
        "publishedTime": "2026-11-23T10:00:00.1234567+00:00",
        "regions": [
            {"name": "northeurope", "state": "Replicating", "progress": 40},
            {"name": "westeurope", "state": "Completed", "progress": 100},
        ],
    },
    "intent": {"version": "1.0.1", "sourceDigest": f"v1:{'1' * 64}", "attempts": 1},
    "versions": [{"version": "1.0.0", "id": VERSION, "sourceDigest": f"v1:{'0' * 64}", "state": "Succeeded"}],
    "lastHandledReconcileAt": "2026-11-23T10:00:00Z",
}
POOL_STATUS = {
    "observedGeneration": 1,
    "conditions": [condition("Ready", "False", "Resizing", "Resizing to 3 dedicated and 1 low-priority nodes.")],
    "poolState": "active",
    "allocationState": "resizing",
    "currentDedicatedNodes": 2,
    "currentLowPriorityNodes": 1,
    "reachedTargets": {"dedicated": 2, "lowPriority": 1},
    "selector": "poolwright.io/pool=frames",
    "image": {"kind": "Custom", "name": "ubuntu", "id": VERSION, "version": "1.0.0"},
    "nodeAgentSku": "batch.node.ubuntu 22.04",
    "nodes": {"idle": 1, "running": 1, "starting": 1},
    "resizeErrors": [{"code": "AllocationFailed", "message": "No capacity."}],
    "resizeAttempts": 2,
    "lastHandledReconcileAt": "2026-11-23T10:00:00Z",
}


@pytest.mark.parametrize("document", BOTH)
def test_a_new_object_has_been_seen_by_nobody(api: Api, document: Json) -> None:
    """Without observedGeneration, kubectl wait and Flux would call it ready before the operator has looked."""
    assert api.create(document | {"status": {"observedGeneration": 1}})["status"] == UNSEEN


@pytest.mark.parametrize("document", BOTH)
def test_a_wiped_status_has_been_seen_by_nobody(api: Api, document: Json) -> None:
    stored = api.create(document)
    api.replace_status(stored, {"observedGeneration": 1})
    wiped = api.json(
        "patch", document["kind"], document["metadata"]["name"], "--subresource=status", "--type=merge", '--patch={"status": null}'
    )
    assert wiped["status"] == UNSEEN


@pytest.mark.parametrize(("document", "status"), [(image(), IMAGE_STATUS), (pool(), POOL_STATUS)], ids=["image", "pool"])
def test_the_status_is_stored_as_written_and_leaves_the_spec_alone(api: Api, document: Json, status: Json) -> None:
    stored = api.create(document)
    after = api.replace_status(altered(stored, {"suspend": True}), status)
    assert after["status"] == status
    assert after["spec"] == document["spec"]
    assert after["metadata"]["generation"] == 1


def test_a_pool_is_scaled_like_a_deployment(api: Api) -> None:
    stored = api.create(pool())
    api.replace_status(stored, POOL_STATUS)
    api.run("scale", "batchpool/frames", "--replicas=3")
    scale = api.json("get", "batchpool/frames", "--subresource=scale")
    assert scale["spec"] == {"replicas": 3}
    assert scale["status"] == {"replicas": 2, "selector": "poolwright.io/pool=frames"}
    assert api.json("get", "batchpool/frames")["spec"] == pool(targetDedicatedNodes=3)["spec"]


def test_a_negative_scale_is_refused(api: Api) -> None:
    api.create(pool(targetDedicatedNodes=1))
    patch = '--patch={"spec": {"replicas": -1}}'
    assert "should be greater than or equal to 0" in api.refusal("patch", "batchpool/frames", "--subresource=scale", "--type=merge", patch)


def test_the_columns_tell_the_story(api: Api) -> None:
    api.replace_status(api.create(image()), IMAGE_STATUS)
    api.replace_status(api.create(pool(targetDedicatedNodes=3)), POOL_STATUS)
    assert table(api, "cimg", "ubuntu")[:5] == ["ubuntu", "False", "Replicating", "1.0.0", "westeurope"]
    assert table(api, "bpool", "frames")[:8] == ["frames", "False", "Resizing", "2", "3", "1", "ubuntu", "1.0.0"]


def test_the_sentence_is_in_the_wide_table(api: Api) -> None:
    api.replace_status(api.create(image()), IMAGE_STATUS)
    wide = api.run("get", "cimg", "ubuntu", "--output=wide")
    assert "Version 1.0.0 is complete in 1 of 2 regions." in wide


def test_both_kinds_are_listed_by_category(api: Api) -> None:
    api.create(image())
    api.create(pool())
    assert {"customimage.poolwright.io/ubuntu", "batchpool.poolwright.io/frames"} <= set(
        api.run("get", "poolwright", "--output=name").split()
    )


def test_pools_are_found_by_account_and_image(api: Api) -> None:
    api.create(pool("a", batchAccountId=f"{ACCOUNT}a"))
    api.create(pool("b", batchAccountId=f"{ACCOUNT}b", image={"customImageRef": {"name": "other"}}))
    by_account = api.run("get", "bpool", f"--field-selector=spec.batchAccountId={ACCOUNT}a", "--output=name")
    by_image = api.run("get", "bpool", "--field-selector=spec.image.customImageRef.name=other", "--output=name")
    assert by_account.split() == ["batchpool.poolwright.io/a"]
    assert by_image.split() == ["batchpool.poolwright.io/b"]


@pytest.mark.parametrize(
    "path", ["customimage.spec", "customimage.spec.source.vhd", "customimage.status.current", "batchpool.spec", "bpool.status"]
)
def test_explain_says_something_of_every_field(api: Api, path: str) -> None:
    explained = api.run("explain", path)
    assert "FIELDS" in explained
    assert "<no description>" not in explained


def test_an_image_in_place_needs_no_gallery_to_be_listed(api: Api) -> None:
    api.create(image_in_place("finished"))
    assert table(api, "cimg", "finished")[0] == "finished"


def table(api: Api, kind: str, name: str) -> list[str]:
    return api.run("get", kind, name, "--no-headers").split()
