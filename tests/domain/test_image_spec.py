from __future__ import annotations

from typing import Any

import pytest

from domain.images import BUILT_SPEC, DEFINITION, GALLERY, IN_PLACE, IN_PLACE_SPEC, METADATA, STORAGE, VHD_SOURCE, spec
from poolwright.domain.image.digest import source_digest
from poolwright.domain.image.spec import (
    ImageSpec,
    InvalidSpec,
    MarketplaceName,
    OperatingSystem,
    Region,
    VersionSource,
    VhdSource,
    read,
)
from poolwright.domain.resource_id import parse


def test_a_vhd_with_everything_left_out_that_can_be() -> None:
    image = read(METADATA, {name: BUILT_SPEC[name] for name in ("gallery", "os", "source")})
    assert image.source == VhdSource(blob_uri=VHD_SOURCE["blobUri"], storage_account=parse(STORAGE))
    assert image.digest == source_digest(BUILT_SPEC["source"])
    assert image.home is not None
    assert str(image.home.definition) == DEFINITION
    assert str(image.home.gallery) == GALLERY
    assert image.home.location == "westeurope"
    assert image.home.identifier == MarketplaceName(publisher="studio", offer="ubuntu", sku="ubuntu")
    assert image.home.os == OperatingSystem(type="Linux", hyper_v_generation="V2", architecture="x64", security_type="Standard")
    assert image.regions == (Region(name="westeurope", replicas=1, storage_account_type="Standard_LRS"),)
    assert (image.replication_mode, image.version, image.base_image, image.delete, image.suspended) == ("Full", None, None, False, False)


def test_a_vhd_with_everything_said() -> None:
    name = {"publisher": "p", "offer": "o", "sku": "s"}
    image = spec(
        gallery={"id": GALLERY, "location": "westeurope", "definition": "other", "identifier": name},
        baseImage=name,
        version="1.4.0",
        replication={
            "regions": [
                {"name": "West Europe", "replicas": 3, "storageAccountType": "Premium_LRS"},
                {"name": "eastus2"},
            ],
            "mode": "Shallow",
        },
        deletionPolicy="Delete",
        suspend=True,
    )
    assert image.home is not None
    assert image.home.definition.name == "other"
    assert image.home.identifier == image.base_image == MarketplaceName(**name)
    assert image.regions == (Region(name="eastus2"), Region(name="westeurope", replicas=3, storage_account_type="Premium_LRS"))
    assert (image.replication_mode, image.version, image.delete, image.suspended) == ("Shallow", "1.4.0", True, True)


def test_a_version_used_in_place_has_no_home_and_no_region_of_its_own() -> None:
    assert IN_PLACE.source == VersionSource(version=parse(f"{DEFINITION}/versions/2.1.0"))
    assert IN_PLACE.home is None
    assert [region.name for region in IN_PLACE.regions] == ["westeurope"]
    assert read(METADATA, {"source": IN_PLACE_SPEC["source"]}).regions == ()


def test_retain_is_what_absence_and_the_word_mean() -> None:
    assert not spec(deletionPolicy="Retain").delete


def test_only_the_source_moves_the_digest() -> None:
    changed: list[ImageSpec] = [
        spec(version="1.4.0"),
        spec(replication={}),
        spec(suspend=True),
        spec(gallery={"id": GALLERY, "location": "uksouth"}),
    ]
    assert {image.digest for image in changed} == {spec().digest}
    assert spec(source={"vhd": VHD_SOURCE, "revision": "2"}).digest != spec().digest


@pytest.mark.parametrize(
    ("members", "named"),
    [
        pytest.param({"source": {}}, "galleryImageVersion", id="no source"),
        pytest.param({"source": {"vhd": {"blobUri": "https://x"}}}, "storageAccountId", id="half a VHD"),
        pytest.param({"source": {"vhd": {**VHD_SOURCE, "storageAccountId": "disks"}}}, "'disks'", id="no ARM id"),
        pytest.param({"gallery": {"id": GALLERY}}, "location", id="no location"),
        pytest.param({"os": None}, "not subscriptable", id="null"),
        pytest.param({"baseImage": {"publisher": "p", "colour": "red"}}, "colour", id="a member unknown to this version"),
        pytest.param({"replication": []}, "get", id="a list for a map"),
    ],
)
def test_what_cannot_be_read_is_named(members: dict[str, Any], named: str) -> None:
    with pytest.raises(InvalidSpec, match=named):
        spec(**members)


def test_a_built_image_needs_its_gallery() -> None:
    with pytest.raises(InvalidSpec, match="gallery"):
        read(METADATA, {"source": BUILT_SPEC["source"]})
