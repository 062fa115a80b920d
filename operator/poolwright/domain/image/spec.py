"""What a CustomImage declares, read from the Kubernetes object."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from poolwright.domain import resource_id
from poolwright.domain.image.digest import source_digest
from poolwright.domain.resource_id import ResourceId

DEFAULT_REPLICAS = 1  # what the service fills in for an absent regionalReplicaCount (recorded 2025-11)
DEFAULT_STORAGE = "Standard_LRS"  # likewise for storageAccountType


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketplaceName:
    """Publisher, offer and sku: how Azure names an image, and how a definition identifies itself."""

    publisher: str
    offer: str
    sku: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatingSystem:
    """What a definition fixes for all its versions; always sent, because Azure's defaults changed in 2025."""

    type: str
    hyper_v_generation: str
    architecture: str
    security_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """A target region in short form, its replica count and storage type."""

    name: str
    replicas: int = DEFAULT_REPLICAS
    storage_account_type: str = DEFAULT_STORAGE


@dataclass(frozen=True, slots=True, kw_only=True)
class VhdSource:
    """A generalised fixed VHD in a page blob."""

    blob_uri: str
    storage_account: ResourceId


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionSource:
    """A finished gallery image version, used where it is."""

    version: ResourceId


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """Where versions are made: the definition, and the region it and they live in."""

    definition: ResourceId
    location: str
    identifier: MarketplaceName
    os: OperatingSystem

    @property
    def gallery(self) -> ResourceId:
        """The gallery the definition lies in."""
        return self.definition.parent()


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageSpec:
    """A CustomImage as declared. ``home`` is None exactly when the source is used in place."""

    source: VhdSource | VersionSource
    digest: str
    home: Home | None
    regions: tuple[Region, ...]
    replication_mode: str
    version: str | None
    base_image: MarketplaceName | None
    delete: bool
    suspended: bool


class InvalidSpec(ValueError):  # noqa: N818 - the name of the reason the user sees
    """A declaration this version cannot read; the text names the field. The API server admits none unless the CRD was altered."""


def read(metadata: Mapping[str, Any], spec: Mapping[str, Any]) -> ImageSpec:
    """Read a CustomImage; raises InvalidSpec with the field's name."""
    try:
        return _read(metadata, spec)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise InvalidSpec(f"spec cannot be read: {error!s}. Correct or remove the field.") from error


def _read(metadata: Mapping[str, Any], spec: Mapping[str, Any]) -> ImageSpec:
    source = _source(spec["source"])
    home = _home(metadata, spec) if isinstance(source, VhdSource) else None
    replication = spec.get("replication", {})
    return ImageSpec(
        source=source,
        digest=source_digest(spec["source"]),
        home=home,
        regions=_regions(replication.get("regions", ()), home),
        replication_mode=replication.get("mode", "Full"),
        version=spec.get("version"),
        base_image=MarketplaceName(**spec["baseImage"]) if "baseImage" in spec else None,
        delete=spec.get("deletionPolicy") == "Delete",
        suspended=bool(spec.get("suspend", False)),
    )


def _source(source: Mapping[str, Any]) -> VhdSource | VersionSource:
    if "vhd" in source:
        vhd = source["vhd"]
        return VhdSource(blob_uri=vhd["blobUri"], storage_account=resource_id.parse(vhd["storageAccountId"]))
    return VersionSource(version=resource_id.parse(source["galleryImageVersion"]["id"]))


def _home(metadata: Mapping[str, Any], spec: Mapping[str, Any]) -> Home:
    gallery, system = spec["gallery"], spec["os"]
    definition = gallery.get("definition", metadata["name"])
    identifier = gallery.get("identifier", {"publisher": metadata["namespace"], "offer": metadata["name"], "sku": definition})
    return Home(
        definition=resource_id.parse(gallery["id"]).child("images", definition),
        location=resource_id.region(gallery["location"]),
        identifier=MarketplaceName(**identifier),
        os=OperatingSystem(
            type=system["type"],
            hyper_v_generation=system["hyperVGeneration"],
            architecture=system["architecture"],
            security_type=system["securityType"],
        ),
    )


def _regions(declared: Any, home: Home | None) -> tuple[Region, ...]:
    """The declared regions, and the home region: a version always lies in its own location, whether named or not."""
    regions = {
        resource_id.region(item["name"]): Region(
            name=resource_id.region(item["name"]),
            replicas=item.get("replicas", DEFAULT_REPLICAS),
            storage_account_type=item.get("storageAccountType", DEFAULT_STORAGE),
        )
        for item in declared
    }
    if home is not None:
        regions.setdefault(home.location, Region(name=home.location))
    return tuple(sorted(regions.values(), key=lambda region: region.name))
