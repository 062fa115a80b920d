"""What a gallery version has captured: its disks, as shown and as they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from azuresim.core.contents import Contents
from azuresim.core.errors import invalid_parameter

Json = dict[str, Any]
_MAX_OS_DISK_GIB = 2048
_MAX_DATA_DISK_GIB = 1024
# azure-compute-gallery.md: without a copy, images may be larger.
_MAX_SHALLOW_GIB = 32_767
OS_CACHING, DATA_CACHING = "ReadWrite", "ReadOnly"


@dataclass(frozen=True, slots=True, kw_only=True)
class CapturedDisk:
    """One disk. ``lun`` is None for the disk of the operating system; ``source`` is what is shown of its origin."""

    contents: Contents
    host_caching: str
    lun: int | None = None
    source: Json | None = None

    def shown(self) -> Json:
        """As in the version's `storageProfile`."""
        number = {} if self.lun is None else {"lun": self.lun}
        source = {} if self.source is None else {"source": self.source}
        return {**number, "sizeInGB": self.contents.size_gib, "hostCaching": self.host_caching, **source}


@dataclass(frozen=True, slots=True, kw_only=True)
class Capture:
    """All disks of one version."""

    os_disk: CapturedDisk
    data_disks: tuple[CapturedDisk, ...] = ()

    def shown(self) -> Json:
        """`osDiskImage` and `dataDiskImages`."""
        disks: Json = {"osDiskImage": self.os_disk.shown()}
        if self.data_disks:
            disks["dataDiskImages"] = [disk.shown() for disk in self.data_disks]
        return disks

    def check_sizes(self, *, shallow: bool) -> None:
        """Raises 400 for a disk that is too large."""
        for disk in (self.os_disk, *self.data_disks):
            limit = _MAX_SHALLOW_GIB if shallow else _MAX_OS_DISK_GIB if disk.lun is None else _MAX_DATA_DISK_GIB
            if disk.contents.size_gib > limit:
                raise invalid_parameter(
                    f"The GalleryImageVersion source resource size {disk.contents.size_gib} exceeds the max size {limit} supported."
                )


class Source(Protocol):
    """Where the bits come from."""

    def capture(self) -> Capture:
        """The disks once copied. Raises ServiceError when the copy fails."""
