"""The samples are admitted, belong together, and mean what the operator reads."""

from __future__ import annotations

import json

import pytest

from crds.installation import namespace
from localplane import ControlPlane
from manifests.documents import SAMPLES, documents, one
from poolwright.domain.image import spec as image_spec
from poolwright.domain.pool import spec as pool_spec

IMAGE, POOL = one("CustomImage", "ubuntu-render", SAMPLES), one("BatchPool", "frames", SAMPLES)


@pytest.mark.controlplane
@pytest.mark.parametrize("document", documents(SAMPLES), ids=lambda document: document["kind"])
def test_a_sample_is_admitted_as_it_is(cluster: ControlPlane, document: dict[str, object]) -> None:
    where = namespace(cluster, "manifests-samples")
    moved = {**document, "metadata": {"name": "sample", "namespace": where}}
    stored = json.loads(cluster.kubectl("create", "--dry-run=server", "--filename=-", "--output=json", input=json.dumps(moved)))
    assert stored["spec"] == document["spec"]


def test_the_operator_reads_the_image() -> None:
    declared = image_spec.read(IMAGE["metadata"], IMAGE["spec"])
    assert isinstance(declared.source, image_spec.VhdSource)
    assert declared.home is not None
    assert str(declared.home.definition).endswith("/galleries/rendergallery/images/ubuntu-render")
    assert [region.name for region in declared.regions] == ["northeurope", "westeurope"]
    assert declared.base_image is not None


def test_the_operator_reads_the_pool() -> None:
    declared = pool_spec.read(POOL["metadata"], POOL["spec"])
    assert declared.pool_id == "frames"
    assert declared.targets == pool_spec.Targets(dedicated=2, low_priority=1)


def test_the_pool_boots_from_the_image_beside_it() -> None:
    declared = pool_spec.read(POOL["metadata"], POOL["spec"])
    assert declared.image == pool_spec.CustomImageRef(name=IMAGE["metadata"]["name"])
    assert POOL["metadata"]["namespace"] == IMAGE["metadata"]["namespace"]
