"""Marketplace images: publishers, offers, SKUs and their versions, as virtual machines are made from them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeVar

from azuresim.core.catalogue import SUPPORTED_IMAGES, SupportedImage
from azuresim.core.contents import Contents, OsType
from azuresim.core.errors import ServiceError
from azuresim.core.vhd import GIB

# As the Marketplace writes them; Batch has them in lower case.
_PUBLISHERS = {
    "canonical": "Canonical",
    "redhat": "RedHat",
    "debian": "Debian",
    "microsoftwindowsserver": "MicrosoftWindowsServer",
    "windowsserver": "WindowsServer",
    "rhel": "RHEL",
}
_LINUX_GIB, _WINDOWS_GIB = 30, 127
_VERSION_PARTS = re.compile(r"(\d+)")
_ID = re.compile(
    r"/subscriptions/[^/]+/providers/microsoft\.compute/locations/(?P<location>[^/]+)/publishers/(?P<publisher>[^/]+)"
    r"/artifacttypes/vmimage/offers/(?P<offer>[^/]+)/skus/(?P<sku>[^/]+)(?:/versions/(?P<version>[^/]+))?",
    re.IGNORECASE,
)


Found = TypeVar("Found")


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketplaceImage:
    """One SKU. ``versions`` in ascending order; ``plan`` is what must be bought with it; ``shown`` overrides what a version shows."""

    publisher: str
    offer: str
    sku: str
    versions: tuple[str, ...]
    os_type: OsType = "Linux"
    generation: Literal["V1", "V2"] = "V1"
    architecture: str = "x64"
    size_bytes: int = _LINUX_GIB * GIB
    plan: Mapping[str, str] | None = None
    features: tuple[tuple[str, str], ...] = ()
    shown: Mapping[str, Any] | None = None

    @property
    def key(self) -> tuple[str, str, str]:
        """For comparing, and as Batch writes it."""
        return self.publisher.lower(), self.offer.lower(), self.sku.lower()

    @property
    def security_type(self) -> str:
        """What its features say; Standard when nothing."""
        return next((value for name, value in self.features if name == "SecurityType"), "Standard")

    @property
    def contents(self) -> Contents:
        """What a disk made from it begins as."""
        return Contents(
            size_gib=self.size_bytes // GIB,
            os_type=self.os_type,
            generation=self.generation,
            architecture=self.architecture,
            security_type=self.security_type,
            generalized=True,
            image=self.key,
        )

    def exact(self, version: str) -> str | None:
        """The version meant by `latest` or by its name; None when there is none."""
        if version.lower() == "latest":
            return self.versions[-1] if self.versions else None
        return version if version in self.versions else None


def _from_batch(image: SupportedImage) -> MarketplaceImage:
    """What Batch supports is in the Marketplace; versions are by date, as recorded ones are."""
    windows = image.os_type == "windows"
    series = re.search(r"\d+[._]\d+", f"{image.offer} {image.sku}")
    prefix = "20348" if windows else series[0].replace("_", ".") if series else "1.0"
    return MarketplaceImage(
        publisher=_PUBLISHERS.get(image.publisher, image.publisher),
        offer=_PUBLISHERS.get(image.offer, image.offer),
        sku=image.sku,
        versions=tuple(f"{prefix}.{day}{'' if windows else '0'}" for day in ("20250612", "20250909", "20251107")),
        os_type="Windows" if windows else "Linux",
        generation="V2" if image.generation == "V2" else "V1",
        size_bytes=(_WINDOWS_GIB if windows else _LINUX_GIB) * GIB,
        features=(("SecurityType", "TrustedLaunchSupported"),) if image.generation == "V2" else (),
    )


class Marketplace:
    """What one world's Marketplace offers, the same in every region."""

    def __init__(self, images: Iterable[MarketplaceImage] | None = None) -> None:
        made = map(_from_batch, SUPPORTED_IMAGES) if images is None else images
        self._by_key = {image.key: image for image in made}

    def add(self, image: MarketplaceImage) -> None:
        """Offer one more SKU, or another description of one."""
        self._by_key[image.key] = image

    def publishers(self) -> list[str]:
        """All, in the order of the alphabet."""
        return sorted({image.publisher for image in self._by_key.values()}, key=str.lower)

    def offers(self, publisher: str) -> list[str]:
        """Raises 404 for an unknown publisher."""
        found = {image.offer for image in self._by_key.values() if image.publisher.lower() == publisher.lower()}
        return sorted(_some(list(found)), key=str.lower)

    def skus(self, publisher: str, offer: str) -> list[MarketplaceImage]:
        """Raises 404 for an unknown publisher or offer."""
        wanted = (publisher.lower(), offer.lower())
        return sorted(_some([image for image in self._by_key.values() if image.key[:2] == wanted]), key=lambda image: image.sku.lower())

    def sku(self, publisher: str, offer: str, sku: str) -> MarketplaceImage:
        """Raises 404 NotFound."""
        found = self.find(publisher, offer, sku)
        if found is None:
            raise _not_found()
        return found

    def version(self, publisher: str, offer: str, sku: str, version: str) -> tuple[MarketplaceImage, str]:
        """The image and its exact version. Raises 404 NotFound."""
        image = self.sku(publisher, offer, sku)
        exact = image.exact(version)
        if exact is None:
            raise _not_found()
        return image, exact

    def find(self, publisher: str, offer: str, sku: str) -> MarketplaceImage | None:
        """None when there is none."""
        return self._by_key.get((publisher.lower(), offer.lower(), sku.lower()))

    def for_machine(self, reference: Mapping[str, Any]) -> tuple[MarketplaceImage, str]:
        """What a machine's image reference means. Raises 404 PlatformImageNotFound."""
        names = [str(reference.get(name) or "") for name in ("publisher", "offer", "sku")]
        version = str(reference.get("version") or "latest")
        image = self.find(names[0], names[1], names[2])
        exact = image.exact(version) if image is not None else None
        if image is None or exact is None:
            raise ServiceError(
                404,
                "PlatformImageNotFound",
                f"The platform image '{':'.join((*names, version))}' is not available. Verify that all fields in the storage profile are "
                "correct. For more details about storage profile information, please refer to https://aka.ms/storageprofile",
                target="imageReference",
            )
        return image, exact

    def adopt(self, resource_id: str, body: Mapping[str, Any]) -> None:
        """A SKU or a version as the service shows it."""
        match = _ID.fullmatch(resource_id)
        if match is None:
            raise ValueError(f"not the id of a Marketplace image: {resource_id}")
        properties = body.get("properties") or {}
        fresh = MarketplaceImage(publisher=match["publisher"], offer=match["offer"], sku=match["sku"], versions=())
        made = self._by_key.get(fresh.key, fresh)
        if match["version"] is None:
            self.add(replace(made, shown=made.shown or properties))
            return
        disk = properties.get("osDiskImage") or {}
        self.add(
            replace(
                made,
                versions=tuple(sorted({*made.versions, match["version"]}, key=version_order)),
                os_type=disk.get("operatingSystem", made.os_type),
                generation=properties.get("hyperVGeneration", made.generation),
                architecture=properties.get("architecture", made.architecture),
                size_bytes=disk.get("sizeInBytes", made.size_bytes),
                plan=properties.get("plan", made.plan),
                features=tuple((feature["name"], feature["value"]) for feature in properties.get("features") or ()),
                shown=properties or made.shown,
            )
        )


def version_order(version: str) -> tuple[tuple[int, str], ...]:
    """Numbers by value: 7.10 is after 7.9."""
    return tuple((int(part), "") if part.isdigit() else (-1, part) for part in _VERSION_PARTS.split(version))


def _some(found: list[Found]) -> list[Found]:
    if not found:
        raise _not_found()
    return found


def _not_found() -> ServiceError:
    return ServiceError(404, "NotFound", "Artifact: VMImage was not found.")
