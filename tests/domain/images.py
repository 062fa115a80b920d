"""Situations of a CustomImage to start a test from; each test changes what it is about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from poolwright.domain.image.observed import (
    Current,
    DefinitionView,
    GalleryView,
    ImageFacts,
    ImageMemo,
    RegionProgress,
    SourceView,
    State,
    VersionView,
)
from poolwright.domain.image.situation import ImageSituation
from poolwright.domain.image.spec import Home, ImageSpec, Region, read
from poolwright.domain.ownership import SOURCE_DIGEST, Mark
from poolwright.domain.resource_id import parse

GROUP = "/subscriptions/0f/resourceGroups/render/providers"
GALLERY = f"{GROUP}/Microsoft.Compute/galleries/farm"
DEFINITION = f"{GALLERY}/images/ubuntu"
STORAGE = f"{GROUP}/Microsoft.Storage/storageAccounts/disks"
METADATA = {"namespace": "studio", "name": "ubuntu", "uid": "u-1", "generation": 3}
VHD_SOURCE = {"blobUri": "https://disks.blob.core.windows.net/vhds/ubuntu.vhd", "storageAccountId": STORAGE, "osState": "Generalized"}
BUILT_SPEC: Mapping[str, Any] = {
    "gallery": {"id": GALLERY, "location": "West Europe"},
    "os": {"type": "Linux", "hyperVGeneration": "V2", "architecture": "x64", "securityType": "Standard"},
    "source": {"vhd": VHD_SOURCE},
    "replication": {"regions": [{"name": "northeurope", "replicas": 2}]},
}
IN_PLACE_SPEC: Mapping[str, Any] = {
    "source": {"galleryImageVersion": {"id": f"{DEFINITION}/versions/2.1.0", "osState": "Generalized"}},
    "replication": {"regions": [{"name": "westeurope"}]},
}
MARK = Mark(cluster="c-1", namespace="studio", name="ubuntu", uid="u-1")
STRANGER = Mark(cluster="c-1", namespace="other", name="team", uid="u-9")


def spec(**members: Any) -> ImageSpec:
    """A CustomImage built from a VHD, with these members of its spec replaced."""
    return read(METADATA, {**BUILT_SPEC, **members})


BUILT = spec()
IN_PLACE = read(METADATA, IN_PLACE_SPEC)


def home() -> Home:
    """Where the built image is made."""
    if BUILT.home is None:
        raise AssertionError("a built image has a home")
    return BUILT.home


DECLARED = BUILT.regions
FINISHED = tuple(RegionProgress(name=region.name, state="Completed", progress=100) for region in DECLARED)


def progress(**states: str) -> tuple[RegionProgress, ...]:
    """Replication as Azure shows it: ``northeurope="Failed"``."""
    return tuple(RegionProgress(name=name, state=state, progress=100 if state == "Completed" else 37) for name, state in states.items())


def version(
    name: str = "1.0.0", state: State = State.SUCCEEDED, *, mark: Mark | None = MARK, digest: str | None = None, **members: Any
) -> VersionView:
    """A version of the definition, ours and of the present source unless said otherwise."""
    tags = {} if mark is None else {**mark.tags(), SOURCE_DIGEST: digest or BUILT.digest}
    view = VersionView(id=f"{DEFINITION}/versions/{name}", name=name, location="westeurope", state=state, regions=DECLARED, tags=tags)
    return replace(view, **members)


def in_place_version(**members: Any) -> VersionView:
    """The version that is used in place, complete where it is."""
    view = version(
        "2.1.0", mark=None, regions=(Region(name="westeurope"), Region(name="uksouth")), replication=progress(westeurope="Completed")
    )
    return replace(view, **members)


def current(name: str = "1.0.0", *, regions: tuple[RegionProgress, ...] = FINISHED, **members: Any) -> Current:
    """The version pools follow."""
    follows = Current(version=name, id=f"{DEFINITION}/versions/{name}", digest=BUILT.digest, published_time=None, regions=regions)
    return replace(follows, **members)


DEFINITION_VIEW = DefinitionView(state="Succeeded", os=home().os, os_state="Generalized", tags=MARK.tags())
READY_TO_BUILD = ImageFacts(
    versions=(), gallery=GalleryView(location="westeurope", state="Succeeded"), definition=DEFINITION_VIEW, source=SourceView()
)


def situation(facts: ImageFacts = READY_TO_BUILD, *, memo: ImageMemo | None = None, **members: Any) -> ImageSituation:
    """A built image whose gallery, definition and source are in order, and no version yet."""
    return replace(ImageSituation(spec=BUILT, mark=MARK, memo=memo or ImageMemo(), facts=facts), **members)


def seen(**facts: Any) -> ImageFacts:
    """What ``situation`` sees by itself, with these facts replaced."""
    return replace(READY_TO_BUILD, **facts)


def body(spec_: Mapping[str, Any] = BUILT_SPEC, **members: Any) -> dict[str, Any]:
    """The Kubernetes object."""
    return {"metadata": METADATA, "spec": spec_, **members}


VERSION_ID = parse(f"{DEFINITION}/versions/1.0.0")
