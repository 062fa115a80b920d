"""Which fields may change after creation: what names a thing in Azure may not, also not by removing and adding it."""

from __future__ import annotations

from typing import Any

import pytest

from crds.api import Api
from crds.declarations import ACCOUNT, BLOB, GALLERY, IN_PLACE, MARKETPLACE, REMOVED, VERSION, Json, altered, image, image_in_place, pool

pytestmark = pytest.mark.controlplane

OTHER_GALLERY = GALLERY.replace("rendergallery", "other")
WITH_DEFINITION = image(gallery={"id": GALLERY, "location": "westeurope", "definition": "ubuntu"})
WITH_POOL_ID = pool(poolId="frames")

GALLERY_FIXED = "spec.gallery cannot be changed, because versions stay in the definition they were made in; put it back as it was"
GALLERY_STAYS = "spec.gallery cannot be added or removed later; put it back as it was, or create another CustomImage"
OS_FIXED = "spec.os cannot be changed, because the image definition fixes it for all its versions; put it back as it was"
OS_STAYS = "spec.os cannot be added or removed later; put it back as it was, or create another CustomImage"
ACCOUNT_FIXED = "spec.batchAccountId cannot be changed, because a pool cannot move to another account; put it back as it was"
POOL_ID_FIXED = "spec.poolId cannot be added, changed or removed later, because a pool cannot be renamed; put it back as it was"


@pytest.mark.parametrize(
    ("before", "changes", "words"),
    [
        pytest.param(image(), {"gallery.id": OTHER_GALLERY}, GALLERY_FIXED, id="another gallery"),
        pytest.param(image(), {"gallery.location": "northeurope"}, GALLERY_FIXED, id="another home"),
        pytest.param(image(), {"gallery.definition": "other"}, GALLERY_FIXED, id="definition added"),
        pytest.param(WITH_DEFINITION, {"gallery.definition": "other"}, GALLERY_FIXED, id="definition changed"),
        pytest.param(WITH_DEFINITION, {"gallery.definition": REMOVED}, GALLERY_FIXED, id="definition removed"),
        pytest.param(image(), {"gallery.identifier": MARKETPLACE}, GALLERY_FIXED, id="identifier added"),
        pytest.param(image(), {"gallery": REMOVED, "os": REMOVED, "source": IN_PLACE}, GALLERY_STAYS, id="gallery removed with its source"),
        pytest.param(image_in_place(), image()["spec"], GALLERY_STAYS, id="gallery added with a source"),
        pytest.param(image(), {"os.type": "Windows"}, OS_FIXED, id="another os"),
        pytest.param(image(), {"os.securityType": "TrustedLaunchSupported"}, OS_FIXED, id="another security type"),
        pytest.param(image(), {"gallery": REMOVED, "os": REMOVED, "source": IN_PLACE}, OS_STAYS, id="os removed with its source"),
        pytest.param(image_in_place(), image()["spec"], OS_STAYS, id="os added with a source"),
        pytest.param(pool(), {"batchAccountId": f"{ACCOUNT}2"}, ACCOUNT_FIXED, id="another account"),
        pytest.param(pool(), {"poolId": "other"}, POOL_ID_FIXED, id="pool id added"),
        pytest.param(pool(), {"poolId": "frames"}, POOL_ID_FIXED, id="pool id added, though the same"),
        pytest.param(WITH_POOL_ID, {"poolId": "other"}, POOL_ID_FIXED, id="pool id changed"),
        pytest.param(WITH_POOL_ID, {"poolId": REMOVED}, POOL_ID_FIXED, id="pool id removed"),
    ],
)
def test_a_change_of_identity_is_refused(api: Api, before: Json, changes: dict[str, Any], words: str) -> None:
    api.create(before)
    assert words in api.refusal("replace", "--filename=-", document=altered(before, changes))


@pytest.mark.parametrize(
    ("before", "changes"),
    [
        pytest.param(image(), {"source.vhd.blobUri": f"{BLOB}2"}, id="another blob"),
        pytest.param(image(), {"source.revision": "2"}, id="another revision"),
        pytest.param(image(), {"version": "2.0.0", "baseImage": MARKETPLACE}, id="a version and a base image"),
        pytest.param(image(version="2.0.0"), {"version": REMOVED}, id="no version any more"),
        pytest.param(image(), {"replication": {"regions": [{"name": "northeurope", "replicas": 2}], "mode": "Shallow"}}, id="regions"),
        pytest.param(image(), {"deletionPolicy": "Delete", "suspend": True}, id="deletion policy of an image"),
        pytest.param(image_in_place(), {"source.galleryImageVersion.id": VERSION.replace("1.0.0", "1.0.1")}, id="another version in place"),
        pytest.param(pool(), {"image": {"galleryImage": {"id": VERSION}}, "nodeAgentSku": "batch.node.ubuntu 22.04"}, id="another image"),
        pytest.param(pool(), {"vmSize": "Standard_D4s_v5"}, id="another size"),
        pytest.param(pool(), {"targetDedicatedNodes": 3, "targetLowPriorityNodes": 1, "resizeTimeoutSeconds": 600}, id="targets"),
        pytest.param(pool(targetDedicatedNodes=3), {"targetDedicatedNodes": REMOVED}, id="no target any more"),
        pytest.param(
            pool(),
            {"imageUpdate": {"strategy": "WhenEmpty"}, "adoptionPolicy": "Force", "deletionPolicy": "Retain", "suspend": True},
            id="policies of a pool",
        ),
    ],
)
def test_everything_else_may_change(api: Api, before: Json, changes: dict[str, Any]) -> None:
    api.create(before)
    after = altered(before, changes)
    assert api.replace(after)["spec"] == after["spec"]
