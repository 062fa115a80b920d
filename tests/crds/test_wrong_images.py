"""Images that the API server refuses: it names the field and says what to do."""

from __future__ import annotations

from typing import Any

import pytest

from crds.api import Api
from crds.declarations import (
    ACCOUNT,
    BLOB,
    GALLERY,
    IN_PLACE,
    MARKETPLACE,
    OS,
    REMOVED,
    STORAGE,
    VERSION,
    altered,
    image,
    image_in_place,
)

pytestmark = pytest.mark.controlplane

SOURCE = "spec.source"
REGIONS = "spec.replication.regions"


def regions(*names: str, **more: Any) -> dict[str, Any]:
    return {"regions": [{"name": name} | more for name in names]}


ONE_SOURCE = "spec.source must have exactly one of vhd and galleryImageVersion; add one if there is none, remove one if there are two"
GALLERY_ID = "spec.gallery.id must be the ARM id of a gallery, in the form /subscriptions/<id>/"
STORAGE_ID = "spec.source.vhd.storageAccountId must be the ARM id of a storage account, in the form /subscriptions/<id>/"
VERSION_ID = "must be the ARM id of a gallery image version with its full number, in the form /subscriptions/<id>/"
LOCATION = "spec.gallery.location must be the short name of a region, in lower case without spaces, such as westeurope"
REGION = "must be its short form, in lower case without spaces, such as westeurope; write it that way"
DEFINITION = (
    "spec.gallery.definition must have letters, digits, dots, dashes and underscores only, and begin and end with a letter or digit"
)
NUMBER = "spec.version must be three numbers with dots between, such as 1.4.0"
NO_SAS = "spec.source.vhd.blobUri must not contain a SAS token or any other query"
BLOB_ADDRESS = "spec.source.vhd.blobUri must be the https address of a blob, in the form https://<account>.blob.core.windows.net/"


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        pytest.param({"source": {}}, SOURCE, ONE_SOURCE, id="no source"),
        pytest.param({"source": {"revision": "2"}}, SOURCE, ONE_SOURCE, id="a revision is no source"),
        pytest.param({"source.galleryImageVersion": IN_PLACE["galleryImageVersion"]}, SOURCE, ONE_SOURCE, id="two sources"),
        pytest.param({"source": REMOVED}, SOURCE, "Required value", id="source left out"),
        pytest.param({"source.snapshot": {"id": "x"}}, "spec.source.snapshot", "unknown field", id="a source that does not exist yet"),
        pytest.param({"gallery": REMOVED}, "spec.gallery", "spec.gallery is required with spec.source.vhd", id="no gallery"),
        pytest.param({"os": REMOVED}, "spec.os", "spec.os is required with spec.source.vhd", id="no os"),
        pytest.param({"os.type": "BSD"}, "spec.os.type", 'Unsupported value: "BSD": supported values: "Linux", "Windows"', id="unknown os"),
        pytest.param({"os.type": "linux"}, "spec.os.type", 'supported values: "Linux", "Windows"', id="os in lower case"),
        pytest.param({"os.architecture": REMOVED}, "spec.os.architecture", "Required value", id="no architecture"),
        pytest.param({"os.hyperVGeneration": "V3"}, "spec.os.hyperVGeneration", 'supported values: "V1", "V2"', id="generation 3"),
        pytest.param(
            {"os": OS | {"hyperVGeneration": "V1", "architecture": "Arm64"}},
            "spec.os.hyperVGeneration",
            "must be V2 with architecture Arm64",
            id="Arm64 on generation 1",
        ),
        pytest.param(
            {"os": OS | {"hyperVGeneration": "V1", "securityType": "TrustedLaunchSupported"}},
            "spec.os.hyperVGeneration",
            "must be V2 with securityType TrustedLaunchSupported",
            id="Trusted Launch on generation 1",
        ),
        pytest.param({"source.vhd.osState": "Specialized"}, "spec.source.vhd.osState", 'supported values: "Generalized"', id="specialized"),
        pytest.param({"source.vhd.osState": REMOVED}, "spec.source.vhd.osState", "Required value", id="osState is always said"),
        pytest.param({"source.vhd.blobUri": f"{BLOB}?sv=2026&sig=c2VjcmV0"}, "spec.source.vhd.blobUri", NO_SAS, id="SAS"),
        pytest.param({"source.vhd.blobUri": f"{BLOB}?snapshot=2026"}, "spec.source.vhd.blobUri", NO_SAS, id="query"),
        pytest.param({"source.vhd.blobUri": BLOB.replace("https", "http")}, "spec.source.vhd.blobUri", BLOB_ADDRESS, id="http"),
        pytest.param(
            {"source.vhd.blobUri": "https://rendervhds.blob.core.windows.net"},
            "spec.source.vhd.blobUri",
            BLOB_ADDRESS,
            id="address without a blob",
        ),
        pytest.param({"source.vhd.blobUri": "https://user:secret@host/vhds/a.vhd"}, "blobUri", BLOB_ADDRESS, id="credentials"),
        pytest.param(
            {"source.vhd.blobUri": f"{BLOB}{'x' * 1024}"}, "spec.source.vhd.blobUri", "may not be more than 1024", id="endless address"
        ),
        pytest.param(
            {"source.vhd.storageAccountId": "rendervhds"},
            "spec.source.vhd.storageAccountId",
            STORAGE_ID,
            id="storage account by name",
        ),
        pytest.param({"source.vhd.storageAccountId": ACCOUNT}, "storageAccountId", STORAGE_ID, id="Batch account"),
        pytest.param({"source.revision": "x" * 257}, "spec.source.revision", "may not be more than 256", id="long revision"),
        pytest.param({"gallery.id": "rendergallery"}, "spec.gallery.id", GALLERY_ID, id="gallery by name"),
        pytest.param({"gallery.id": ""}, "spec.gallery.id", GALLERY_ID, id="empty gallery id"),
        pytest.param({"gallery.id": f"{GALLERY}/"}, "spec.gallery.id", GALLERY_ID, id="slash at the end"),
        pytest.param({"gallery.id": f" {GALLERY}"}, "spec.gallery.id", GALLERY_ID, id="blank at the start"),
        pytest.param({"gallery.id": f"{GALLERY}/images/ubuntu"}, "spec.gallery.id", GALLERY_ID, id="definition instead of gallery"),
        pytest.param({"gallery.id": GALLERY.replace("00000000-", "")}, "spec.gallery.id", GALLERY_ID, id="subscription is no GUID"),
        pytest.param({"gallery.id": STORAGE}, "spec.gallery.id", GALLERY_ID, id="another provider"),
        pytest.param({"gallery.id": f"{GALLERY}-2"}, "spec.gallery.id", GALLERY_ID, id="dash in a gallery's name"),
        pytest.param({"gallery.location": REMOVED}, "spec.gallery.location", "Required value", id="no location"),
        pytest.param({"gallery.location": "West Europe"}, "spec.gallery.location", LOCATION, id="display name of a region"),
        pytest.param({"gallery.definition": "ubuntu server"}, "spec.gallery.definition", DEFINITION, id="blank in definition"),
        pytest.param({"gallery.definition": "-ubuntu"}, "spec.gallery.definition", DEFINITION, id="dash first in definition"),
        pytest.param({"gallery.definition": "ubuntu."}, "spec.gallery.definition", DEFINITION, id="dot last in definition"),
        pytest.param({"gallery.definition": ""}, "spec.gallery.definition", DEFINITION, id="empty definition"),
        pytest.param({"gallery.definition": "u" * 81}, "spec.gallery.definition", "may not be more than 80", id="long definition"),
        pytest.param(
            {"gallery.definition": "u" * 65},
            "spec.gallery.identifier",
            "which may have 64 characters each: set spec.gallery.identifier",
            id="long sku",
        ),
        pytest.param(
            {"gallery.identifier": MARKETPLACE | {"sku": "22 04"}},
            "spec.gallery.identifier.sku",
            "must have letters, digits, dots, dashes and underscores only",
            id="sku",
        ),
        pytest.param(
            {"gallery.identifier": MARKETPLACE | {"offer": "jammy."}}, "spec.gallery.identifier.offer", "not end with a dot", id="offer"
        ),
        pytest.param(
            {"gallery.identifier": MARKETPLACE | {"publisher": ""}},
            "spec.gallery.identifier.publisher",
            "must have letters, digits, dots, dashes and underscores only",
            id="publisher",
        ),
        pytest.param({"gallery.identifier": {"publisher": "p"}}, "spec.gallery.identifier.sku", "Required value", id="half an identifier"),
        pytest.param({"baseImage": {"publisher": "p", "offer": "o"}}, "spec.baseImage.sku", "Required value", id="half a base image"),
        pytest.param({"version": "1.4"}, "spec.version", NUMBER, id="two numbers"),
        pytest.param({"version": "latest"}, "spec.version", NUMBER, id="latest"),
        pytest.param({"version": "01.4.0"}, "spec.version", NUMBER, id="leading zero"),
        pytest.param({"version": "v1.4.0"}, "spec.version", NUMBER, id="v"),
        pytest.param({"version": "1.4.2147483648"}, "spec.version", NUMBER, id="more than 31 bits"),
        pytest.param({"replication": regions("northeurope", "northeurope")}, f"{REGIONS}[1]", "Duplicate value", id="a region twice"),
        pytest.param({"replication": regions("North Europe")}, f"{REGIONS}[0].name", REGION, id="blank in a region"),
        pytest.param({"replication": regions("NorthEurope")}, f"{REGIONS}[0].name", REGION, id="capitals in a region"),
        pytest.param({"replication": regions("northeurope", replicas=0)}, f"{REGIONS}[0].replicas", "greater than or equal to 1", id="0"),
        pytest.param(
            {"replication": regions("northeurope", replicas=101)}, f"{REGIONS}[0].replicas", "less than or equal to 100", id="101"
        ),
        pytest.param(
            {"replication": regions("northeurope", storageAccountType="PremiumV2_LRS")},
            f"{REGIONS}[0].storageAccountType",
            'supported values: "Standard_LRS", "Standard_ZRS", "Premium_LRS"',
            id="unknown storage",
        ),
        pytest.param(
            {"replication": regions(*(f"region{n}" for n in range(101)))}, REGIONS, "must have at most 100 items", id="101 regions"
        ),
        pytest.param(
            {"replication": regions("northeurope") | {"mode": "Deep"}},
            "spec.replication.mode",
            'supported values: "Full", "Shallow"',
            id="mode",
        ),
        pytest.param({"deletionPolicy": "Orphan"}, "spec.deletionPolicy", 'supported values: "Retain", "Delete"', id="deletion policy"),
        pytest.param({"suspend": "yes"}, "spec.suspend", "boolean", id="suspend is no boolean"),
    ],
)
def test_a_wrong_image_is_refused(admission: Api, changes: dict[str, Any], field: str, words: str) -> None:
    refusal = admission.refused(altered(image(), changes))
    assert field in refusal
    assert words in refusal


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        pytest.param(
            {"gallery": {"id": GALLERY, "location": "westeurope"}},
            "spec.gallery",
            "must not be set with spec.source.galleryImageVersion",
            id="gallery",
        ),
        pytest.param({"os": OS}, "spec.os", "must not be set with spec.source.galleryImageVersion", id="os"),
        pytest.param(
            {"version": "1.0.0"},
            "spec.version",
            "must not be set with spec.source.galleryImageVersion, which has a version number already",
            id="version",
        ),
        pytest.param({"source.galleryImageVersion.id": GALLERY}, "spec.source.galleryImageVersion.id", VERSION_ID, id="gallery's id"),
        pytest.param(
            {"source.galleryImageVersion.id": VERSION.replace("1.0.0", "latest")}, "galleryImageVersion.id", VERSION_ID, id="latest"
        ),
        pytest.param(
            {"source.galleryImageVersion.id": VERSION.removesuffix("/versions/1.0.0")},
            "galleryImageVersion.id",
            VERSION_ID,
            id="definition",
        ),
        pytest.param(
            {"source.galleryImageVersion.osState": "Specialized"},
            "galleryImageVersion.osState",
            'supported values: "Generalized"',
            id="os state",
        ),
    ],
)
def test_a_wrong_image_in_place_is_refused(admission: Api, changes: dict[str, Any], field: str, words: str) -> None:
    refusal = admission.refused(altered(image_in_place(), changes))
    assert field in refusal
    assert words in refusal


def test_a_refused_sas_is_not_repeated(admission: Api) -> None:
    document = altered(image(), {"source.vhd.blobUri": f"{BLOB}?sig=c2VjcmV0"})
    assert "c2VjcmV0" not in admission.refused(document)
