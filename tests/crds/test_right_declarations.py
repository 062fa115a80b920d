"""What the API server admits, and that it stores it as it was written."""

from __future__ import annotations

from typing import Any

import pytest

from crds.api import Api
from crds.declarations import GALLERY, MARKETPLACE, VERSION, Json, altered, image, image_in_place, pool

pytestmark = pytest.mark.controlplane


def regions(*names: str, **more: Any) -> dict[str, Any]:
    return {"regions": [{"name": name} | more for name in names]}


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(image(), id="the least of an image"),
        pytest.param(image_in_place(), id="the least of an image in place"),
        pytest.param(
            image(
                gallery={"id": GALLERY, "location": "westeurope", "definition": "Ubuntu_22.04-render", "identifier": MARKETPLACE},
                baseImage=MARKETPLACE,
                version="1.4.2147483647",
                replication=regions("westeurope", "northeurope", replicas=3, storageAccountType="Standard_ZRS") | {"mode": "Shallow"},
                deletionPolicy="Delete",
                suspend=True,
            ),
            id="everything of an image",
        ),
        pytest.param(image_in_place(baseImage=MARKETPLACE, replication=regions("northeurope")), id="an image in place with demands"),
        pytest.param(image("u" * 64), id="a name of 64 serves as offer and sku"),
        pytest.param(
            image("u" * 253, gallery={"id": GALLERY, "location": "westeurope", "definition": "u" * 80, "identifier": MARKETPLACE}),
            id="a long name with everything said",
        ),
        pytest.param(altered(image(), {"gallery.id": GALLERY.upper()}), id="ids are read without case"),
        pytest.param(
            altered(image(), {"gallery.id": GALLERY.replace("resourceGroups/render", "resourcegroups/Büro (Köln)".replace(" ", "_"))}),
            id="a resource group in other letters",
        ),
        pytest.param(
            altered(image(), {"source.vhd.blobUri": "https://127.0.0.1:8443/rendervhds/vhds/a b.vhd".replace(" ", "%20")}), id="port"
        ),
        pytest.param(altered(image(), {"source.revision": "Montag, 2. Anlauf"}), id="a revision is free text"),
        pytest.param(pool(), id="the least of a pool"),
        pytest.param(
            pool(
                poolId="Frames_2",
                nodeAgentSku="batch.node.ubuntu 22.04",
                targetDedicatedNodes=0,
                targetLowPriorityNodes=1000,
                resizeTimeoutSeconds=300,
                imageUpdate={"strategy": "WhenEmpty"},
                adoptionPolicy="IfUnowned",
                deletionPolicy="Retain",
                suspend=False,
            ),
            id="everything of a pool",
        ),
        pytest.param(pool(image={"galleryImage": {"id": VERSION}}), id="a pool of a gallery image"),
        pytest.param(pool(vmSize="standard_nc24ads_a100_v4"), id="a size in lower case"),
        pytest.param(pool("frames.v2", poolId="frames-v2"), id="a dot in the name with an id"),
        pytest.param(pool(image={"customImageRef": {"name": "ubuntu.22.04"}}), id="an image with dots"),
    ],
)
def test_a_right_declaration_is_admitted_as_it_is(admission: Api, document: Json) -> None:
    stored = admission.dry_run(document)
    assert stored["spec"] == document["spec"]
    assert stored["status"] == {"observedGeneration": -1}
