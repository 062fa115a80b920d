"""The small world of the demo: one subscription, a storage account, a Batch account, and a VHD to upload."""

from __future__ import annotations

import struct
import time
import uuid
from pathlib import Path

TENANT = "11111111-1111-4111-8111-111111111111"
SUBSCRIPTION = "00000000-0000-0000-0000-000000000001"
GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/render"
STORAGE_ACCOUNT, BATCH_ACCOUNT, HOME = "rendervhds", "renderbatch", "westeurope"
IMAGE, POOL = "ubuntu-render", "frames"
SPEED = 60

SEED = {
    "tenant": TENANT,
    "resourceGroups": [{"subscription": SUBSCRIPTION, "name": "render", "location": HOME}],
    "storageAccounts": [{"id": f"{GROUP}/providers/Microsoft.Storage/storageAccounts/{STORAGE_ACCOUNT}", "location": HOME}],
    "batchAccounts": [{"id": f"{GROUP}/providers/Microsoft.Batch/batchAccounts/{BATCH_ACCOUNT}", "location": HOME}],
}

MIB = 1024 * 1024
VHD_EPOCH = 946_684_800  # 2000-01-01, from which a VHD counts its seconds
GEOMETRY = (1024, 4, 32)  # cylinders, heads, sectors of 512 bytes: 64 MiB


def write_vhd(path: Path, *, label: str) -> int:
    """Write a fixed VHD of 64 MiB that begins with a label; answers with its length in bytes.

    The disk, then the footer of Microsoft's Virtual Hard Disk Image Format Specification (2006): type 2 (fixed) and a ones'-complement
    checksum over the footer itself.
    """
    cylinders, heads, sectors = GEOMETRY
    size = cylinders * heads * sectors * 512
    fields = struct.pack(
        ">8sIIQI4sI4sQQHBBI",
        b"conectix",
        2,
        0x00010000,
        0xFFFFFFFFFFFFFFFF,
        int(time.time()) - VHD_EPOCH,
        b"pool",
        0x00010000,
        b"Wi2k",
        size,
        size,
        cylinders,
        heads,
        sectors,
        2,
    )
    rest = uuid.uuid4().bytes + bytes(512 - len(fields) - 4 - 16)
    checksum = ~(sum(fields) + sum(rest)) & 0xFFFFFFFF
    with path.open("wb") as disk:
        disk.write(f"{label}\n".encode())
        disk.truncate(size)
        disk.seek(size)
        disk.write(fields + struct.pack(">I", checksum) + rest)
    return size + 512
