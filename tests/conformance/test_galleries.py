from __future__ import annotations

import pytest

from conformance.judge import GROUP, Judge, RefusedError

RG = ("--resource-group", "rg")
GALLERY = (*RG, "--gallery-name", "gal")
DEFINITION = (*GALLERY, "--gallery-image-definition", "ubuntu")
VERSION = (*DEFINITION, "--gallery-image-version", "1.0.0")
STORAGE = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/vhds"


def test_the_life_of_a_version(judge: Judge) -> None:
    judge.az("sig", "create", *GALLERY, "--location", "westus")
    assert judge.compute.galleries.get("rg", "gal").properties.provisioning_state == "Succeeded"
    described = ("--publisher", "p", "--offer", "o", "--sku", "s", "--os-type", "Linux", "--os-state", "Generalized")
    judge.az(
        "sig", "image-definition", "create", *DEFINITION, *described, "--hyper-v-generation", "V2", "--features", "SecurityType=Standard"
    )
    source = ("--os-vhd-uri", f"{judge.url}/blob/vhds/images/os.vhd", "--os-vhd-storage-account", STORAGE)
    regions = ("--target-regions", "westus=1", "eastus=2=standard_zrs")
    judge.az("sig", "image-version", "create", *VERSION, *source, *regions)
    seen = judge.compute.gallery_image_versions.get("rg", "gal", "ubuntu", "1.0.0", expand="ReplicationStatus").properties
    assert (seen.provisioning_state, seen.replication_status.aggregated_state) == ("Succeeded", "Completed")
    assert [region.name for region in seen.publishing_profile.target_regions] == ["West US", "East US"]
    shown = judge.az("sig", "image-version", "show", *VERSION, "--expand", "ReplicationStatus")
    assert shown["replicationStatus"]["aggregatedState"] == "Completed"
    assert [version["name"] for version in judge.az("sig", "image-version", "list", *DEFINITION)] == ["1.0.0"]
    with pytest.raises(RefusedError, match="nested resources"):
        judge.az("sig", "image-definition", "delete", *DEFINITION)
    judge.az("sig", "image-version", "delete", *VERSION)
    judge.az("sig", "image-definition", "delete", *DEFINITION)
    assert list(judge.compute.gallery_images.list_by_gallery("rg", "gal")) == []
    judge.az("sig", "delete", *GALLERY)
    assert "gal" not in {gallery["name"] for gallery in judge.az("sig", "list", *RG)}


def test_what_the_sdk_made_is_read_by_az(judge: Judge) -> None:
    judge.compute.galleries.begin_create_or_update("rg", "sdk", {"location": "westus", "properties": {"description": "x"}}).result()
    assert judge.az("sig", "show", *RG, "--gallery-name", "sdk")["description"] == "x"


def test_a_gallery_that_is_not_there(judge: Judge) -> None:
    with pytest.raises(RefusedError, match="ResourceNotFound"):
        judge.az("sig", "show", *RG, "--gallery-name", "nobody")
