"""Pools, and names of both kinds, that the API server refuses: it names the field and says what to do."""

from __future__ import annotations

from typing import Any

import pytest

from crds.api import Api
from crds.declarations import ACCOUNT, GALLERY, REMOVED, STORAGE, VERSION, Json, altered, image, pool

pytestmark = pytest.mark.controlplane

ONE_IMAGE = "spec.image must have exactly one of customImageRef and galleryImage; add one if there is none, remove one if there are two"
VERSION_ID = "must be the ARM id of a gallery image version with its full number, in the form /subscriptions/<id>/"
ACCOUNT_ID = "spec.batchAccountId must be the ARM id of a Batch account, in the form /subscriptions/<id>/"
POOL_ID = "spec.poolId must have letters, digits, dashes and underscores only; choose another id"


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        pytest.param({"batchAccountId": "renderbatch"}, "spec.batchAccountId", ACCOUNT_ID, id="account by name"),
        pytest.param(
            {"batchAccountId": "https://renderbatch.westeurope.batch.azure.com"}, "spec.batchAccountId", ACCOUNT_ID, id="endpoint"
        ),
        pytest.param({"batchAccountId": f"{ACCOUNT}/pools/frames"}, "spec.batchAccountId", ACCOUNT_ID, id="pool's id"),
        pytest.param({"batchAccountId": STORAGE}, "spec.batchAccountId", ACCOUNT_ID, id="storage account"),
        pytest.param({"batchAccountId": REMOVED}, "spec.batchAccountId", "Required value", id="no account"),
        pytest.param({"poolId": "frames.v2"}, "spec.poolId", POOL_ID, id="dot in the pool's id"),
        pytest.param({"poolId": ""}, "spec.poolId", POOL_ID, id="empty pool id"),
        pytest.param({"poolId": "p" * 65}, "spec.poolId", "may not be more than 64", id="long pool id"),
        pytest.param({"image": {}}, "spec.image", ONE_IMAGE, id="no image"),
        pytest.param({"image.galleryImage": {"id": VERSION}}, "spec.image", ONE_IMAGE, id="two images"),
        pytest.param({"image": {"galleryImage": {"id": GALLERY}}}, "spec.image.galleryImage.id", VERSION_ID, id="gallery's id"),
        pytest.param(
            {"image": {"customImageRef": {"name": "Ubuntu"}}},
            "customImageRef.name",
            "must be the name of a CustomImage, with lower-case letters",
            id="Ubuntu",
        ),
        pytest.param({"image.customImageRef.namespace": "shared"}, "customImageRef.namespace", "unknown field", id="another namespace"),
        pytest.param({"vmSize": REMOVED}, "spec.vmSize", "Required value", id="no size"),
        pytest.param(
            {"vmSize": "Standard D2s v5"}, "spec.vmSize", "spec.vmSize must be the name of a VM size, such as Standard_D2s_v3", id="size"
        ),
        pytest.param({"nodeAgentSku": ""}, "spec.nodeAgentSku", "should be at least 1 chars long", id="empty node agent"),
        pytest.param(
            {"targetDedicatedNodes": -1},
            "spec.targetDedicatedNodes",
            "spec.targetDedicatedNodes must be 0 or more; correct it, or remove it",
            id="-1 dedicated",
        ),
        pytest.param(
            {"targetLowPriorityNodes": -1},
            "spec.targetLowPriorityNodes",
            "spec.targetLowPriorityNodes must be 0 or more; correct it, or remove it",
            id="-1 spot",
        ),
        pytest.param({"targetDedicatedNodes": 2**31}, "spec.targetDedicatedNodes", "int32", id="more than 32 bits"),
        pytest.param({"targetDedicatedNodes": 1.5}, "spec.targetDedicatedNodes", "integer", id="half a node"),
        pytest.param(
            {"resizeTimeoutSeconds": 299}, "spec.resizeTimeoutSeconds", "must be between 300 (5 minutes) and 604800 (7 days)", id="timeout"
        ),
        pytest.param(
            {"resizeTimeoutSeconds": 604801}, "spec.resizeTimeoutSeconds", "must be between 300 (5 minutes) and 604800 (7 days)", id="week"
        ),
        pytest.param({"imageUpdate": {}}, "spec.imageUpdate.strategy", "Required value", id="no strategy"),
        pytest.param({"imageUpdate.strategy": "Drain"}, "spec.imageUpdate.strategy", 'supported values: "WhenEmpty"', id="strategy"),
        pytest.param({"adoptionPolicy": "Always"}, "spec.adoptionPolicy", 'supported values: "Never", "IfUnowned", "Force"', id="adoption"),
        pytest.param({"deletionPolicy": "Orphan"}, "spec.deletionPolicy", 'supported values: "Delete", "Retain"', id="deletion policy"),
    ],
)
def test_a_wrong_pool_is_refused(admission: Api, changes: dict[str, Any], field: str, words: str) -> None:
    refusal = admission.refused(altered(pool(), changes))
    assert field in refusal
    assert words in refusal


@pytest.mark.parametrize(
    ("document", "field", "words"),
    [
        pytest.param(image("u" * 81), "metadata.name", "which may have 80 characters: set spec.gallery.definition", id="image of 81"),
        pytest.param(image("u" * 65), "metadata.name", "which may have 64 characters each: set spec.gallery.identifier", id="image of 65"),
        pytest.param(pool("f" * 65), "metadata.name", "and no dot: set spec.poolId", id="pool of 65"),
        pytest.param(pool("frames.v2"), "metadata.name", "and no dot: set spec.poolId", id="pool with a dot"),
    ],
)
def test_a_name_that_cannot_serve_in_azure_is_refused(admission: Api, document: Json, field: str, words: str) -> None:
    refusal = admission.refused(document)
    assert field in refusal
    assert words in refusal
