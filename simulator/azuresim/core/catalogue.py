"""What the cloud offers: VM sizes and the Marketplace images Batch supports. A selection; worlds can add to it.

Sizes after the resource SKU lists of 2023 to 2026; images after recorded `supportedimages` answers and their successors.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from azuresim.core.regions import region_key


@dataclass(frozen=True, slots=True)
class VmSize:
    """One VM size. ``generations`` are the hypervisor generations it boots."""

    name: str
    family: str
    vcpus: int
    memory_gib: float
    temp_disk_mb: int
    generations: tuple[str, ...]
    architecture: str = "x64"
    low_priority: bool = True
    trusted_launch: bool = True
    confidential: bool = False

    @property
    def premium_io(self) -> bool:
        """Whether it takes Premium disks: an `s` behind the number says so."""
        return re.search(r"\d[a-z]*s", self.name.partition("_")[2], re.IGNORECASE) is not None or "_DS" in self.name


@dataclass(frozen=True, slots=True)
class SupportedImage:
    """One Marketplace image and the node agent that fits it."""

    publisher: str
    offer: str
    sku: str
    node_agent: str
    os_type: str
    generation: str = "V1"
    verified: bool = True
    end_of_life: str | None = None

    def ended(self, now: float) -> bool:
        """Whether Batch supports it no longer: then pools of it cannot be made."""
        return self.end_of_life is not None and datetime.fromisoformat(self.end_of_life).timestamp() <= now


@dataclass(frozen=True, slots=True)
class ForeignImage:
    """An image in a gallery that is shared with the tenant (`/sharedGalleries/...`) or with everybody (`/communityGalleries/...`)."""

    version: str
    regions: tuple[str, ...]
    os_type: str = "linux"
    generation: str = "V2"
    architecture: str = "x64"
    security_type: str = "Standard"


_BOTH, _V1, _V2 = ("V1", "V2"), ("V1",), ("V2",)


def _series(
    pattern: str,
    family: str,
    rows: dict[int, tuple[float, int]],
    generations: tuple[str, ...],
    *,
    architecture: str = "x64",
    trusted: bool = True,
) -> tuple[VmSize, ...]:
    """One size a row: vCPUs → (memory in GiB, temporary disk in MB)."""
    return tuple(
        VmSize(pattern.format(vcpus), family, vcpus, memory, disk, generations, architecture=architecture, trusted_launch=trusted)
        for vcpus, (memory, disk) in rows.items()
    )


VM_SIZES: tuple[VmSize, ...] = (
    VmSize("Standard_A1", "standardA0_A7Family", 1, 1.75, 71_680, _V1, trusted_launch=False),
    VmSize("Standard_A1_v2", "standardAv2Family", 1, 2, 10_240, _V1, trusted_launch=False),
    VmSize("Standard_A2_v2", "standardAv2Family", 2, 4, 20_480, _V1, trusted_launch=False),
    VmSize("Standard_A4_v2", "standardAv2Family", 4, 8, 40_960, _V1, trusted_launch=False),
    VmSize("Standard_D1_v2", "standardDv2Family", 1, 3.5, 51_200, _V1, trusted_launch=False),
    VmSize("Standard_D2_v2", "standardDv2Family", 2, 7, 102_400, _V1, trusted_launch=False),
    VmSize("Standard_D3_v2", "standardDv2Family", 4, 14, 204_800, _V1, trusted_launch=False),
    VmSize("Standard_DS1_v2", "standardDSv2Family", 1, 3.5, 7_168, _BOTH),
    VmSize("Standard_DS2_v2", "standardDSv2Family", 2, 7, 14_336, _BOTH),
    VmSize("Standard_DS3_v2", "standardDSv2Family", 4, 14, 28_672, _BOTH),
    *_series(
        "Standard_D{}_v3", "standardDv3Family", {2: (8, 51_200), 4: (16, 102_400), 8: (32, 204_800), 16: (64, 409_600)}, _V1, trusted=False
    ),
    *_series("Standard_D{}s_v3", "standardDSv3Family", {2: (8, 16_384), 4: (16, 32_768), 8: (32, 65_536), 16: (64, 131_072)}, _BOTH),
    *_series("Standard_D{}ds_v4", "standardDDSv4Family", {2: (8, 76_800), 4: (16, 153_600), 8: (32, 307_200)}, _BOTH),
    *_series("Standard_D{}s_v5", "standardDSv5Family", {2: (8, 0), 4: (16, 0), 8: (32, 0), 16: (64, 0)}, _BOTH),
    *_series("Standard_D{}ds_v5", "standardDDSv5Family", {2: (8, 76_800), 4: (16, 153_600), 8: (32, 307_200)}, _BOTH),
    *_series("Standard_D{}ps_v5", "standardDPSv5Family", {2: (8, 0), 4: (16, 0)}, _V2, architecture="Arm64", trusted=False),
    *_series("Standard_E{}s_v3", "standardESv3Family", {2: (16, 32_768), 4: (32, 65_536), 8: (64, 131_072)}, _BOTH),
    *_series("Standard_E{}s_v5", "standardESv5Family", {2: (16, 0), 4: (32, 0), 8: (64, 0)}, _BOTH),
    *_series("Standard_F{}s_v2", "standardFSv2Family", {2: (4, 16_384), 4: (8, 32_768), 8: (16, 65_536), 16: (32, 131_072)}, _BOTH),
    VmSize("Standard_F2", "standardFFamily", 2, 4, 32_768, _V1, trusted_launch=False),
    VmSize("Standard_F4", "standardFFamily", 4, 8, 65_536, _V1, trusted_launch=False),
    VmSize("Standard_HB120rs_v3", "standardHBrsv3Family", 120, 448, 491_520, _BOTH, trusted_launch=False),
    VmSize("Standard_NC4as_T4_v3", "Standard NCASv3_T4 Family", 4, 28, 180_224, _BOTH),
    VmSize("Standard_DC2as_v5", "standardDCASv5Family", 2, 8, 0, _V2, low_priority=False, confidential=True),
)

_UBUNTU_20, _UBUNTU_22, _UBUNTU_24 = "batch.node.ubuntu 20.04", "batch.node.ubuntu 22.04", "batch.node.ubuntu 24.04"
_EL_8, _EL_9, _DEBIAN_12, _WINDOWS = "batch.node.el 8", "batch.node.el 9", "batch.node.debian 12", "batch.node.windows amd64"

SUPPORTED_IMAGES: tuple[SupportedImage, ...] = (
    # Recorded pools of it were made until April 2024; the end's exact day is not on record.
    SupportedImage("canonical", "ubuntuserver", "18.04-lts", "batch.node.ubuntu 18.04", "linux", end_of_life="2024-06-01T00:00:00Z"),
    SupportedImage("canonical", "0001-com-ubuntu-server-focal", "20_04-lts", _UBUNTU_20, "linux", end_of_life="2027-04-22T00:00:00Z"),
    SupportedImage(
        "canonical", "0001-com-ubuntu-server-focal", "20_04-lts-gen2", _UBUNTU_20, "linux", "V2", end_of_life="2027-04-22T00:00:00Z"
    ),
    SupportedImage("canonical", "0001-com-ubuntu-server-jammy", "22_04-lts", _UBUNTU_22, "linux"),
    SupportedImage("canonical", "0001-com-ubuntu-server-jammy", "22_04-lts-gen2", _UBUNTU_22, "linux", "V2"),
    SupportedImage("microsoft-dsvm", "ubuntu-hpc", "2204", _UBUNTU_22, "linux", "V2"),
    SupportedImage("canonical", "ubuntu-24_04-lts", "server-gen1", _UBUNTU_24, "linux"),
    SupportedImage("canonical", "ubuntu-24_04-lts", "server", _UBUNTU_24, "linux", "V2"),
    SupportedImage("almalinux", "almalinux-x86_64", "8-gen1", _EL_8, "linux"),
    SupportedImage("almalinux", "almalinux-x86_64", "8-gen2", _EL_8, "linux", "V2"),
    SupportedImage("almalinux", "almalinux-x86_64", "9-gen1", _EL_9, "linux"),
    SupportedImage("almalinux", "almalinux-x86_64", "9-gen2", _EL_9, "linux", "V2"),
    SupportedImage("redhat", "rhel", "9_4", _EL_9, "linux", verified=False),
    SupportedImage("debian", "debian-12", "12", _DEBIAN_12, "linux"),
    SupportedImage("debian", "debian-12", "12-gen2", _DEBIAN_12, "linux", "V2"),
    SupportedImage("microsoftwindowsserver", "windowsserver", "2016-datacenter-smalldisk", _WINDOWS, "windows"),
    SupportedImage("microsoftwindowsserver", "windowsserver", "2019-datacenter", _WINDOWS, "windows"),
    SupportedImage("microsoftwindowsserver", "windowsserver", "2022-datacenter", _WINDOWS, "windows"),
    SupportedImage("microsoftwindowsserver", "windowsserver", "2022-datacenter-g2", _WINDOWS, "windows", "V2"),
    SupportedImage("microsoftwindowsserver", "windowsserver", "2025-datacenter-g2", _WINDOWS, "windows", "V2"),
)


class Catalogue:
    """What one world offers. Names are compared without regard to case."""

    def __init__(self, sizes: tuple[VmSize, ...] = VM_SIZES, images: tuple[SupportedImage, ...] = SUPPORTED_IMAGES) -> None:
        self.images = images
        self.node_agents = frozenset(image.node_agent for image in images)
        self._sizes = {size.name.lower(): size for size in sizes}
        self._withdrawn: set[tuple[str, str]] = set()
        self._restricted: set[tuple[str, str]] = set()
        self._foreign: dict[str, dict[str, ForeignImage]] = {}

    def size(self, name: str, region: str) -> VmSize | None:
        """None when the region does not offer it."""
        if (region.lower(), name.lower()) in self._withdrawn:
            return None
        return self._sizes.get(name.lower())

    def sizes(self, region: str) -> list[VmSize]:
        """Everything the region offers."""
        return [size for size in self._sizes.values() if (region.lower(), size.name.lower()) not in self._withdrawn]

    def families(self) -> list[str]:
        """Every family, in the order of the table."""
        return list(dict.fromkeys(size.family for size in self._sizes.values()))

    def withdraw(self, region: str, size: str) -> None:
        """A region stops offering a size: new pools are refused, growing ones fail with UnsupportedVMSize."""
        self._withdrawn.add((region.lower(), size.lower()))

    def restrict(self, region: str, size: str) -> None:
        """A region keeps a size from this subscription: it is listed with a restriction, and machines of it are refused."""
        self._restricted.add((region.lower(), size.lower()))

    def restricted(self, region: str, size: str) -> bool:
        """Whether the region keeps the size from this subscription."""
        return (region.lower(), size.lower()) in self._restricted

    def image(self, publisher: str, offer: str, sku: str) -> SupportedImage | None:
        """None when Batch does not support it."""
        wanted = (publisher.lower(), offer.lower(), sku.lower())
        return next((i for i in self.images if (i.publisher, i.offer, i.sku) == wanted), None)

    def share(self, image_id: str, image: ForeignImage) -> None:
        """Offer a version of an image under the id of its definition, `/sharedGalleries/...` or `/communityGalleries/...`."""
        self._foreign.setdefault(image_id.lower(), {})[image.version] = image

    def foreign(self, image_id: str | None, region: str) -> ForeignImage | None:
        """The version an id names, or the highest one; None when the region has none."""
        name, _, version = (image_id or "").lower().partition("/versions/")
        offered = [
            image
            for image in self._foreign.get(name, {}).values()
            if region_key(region) in map(region_key, image.regions) and version in ("", "latest", image.version)
        ]
        return max(offered, key=lambda image: tuple(map(int, image.version.split("."))), default=None)
