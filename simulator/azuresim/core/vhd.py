"""The footer of a fixed VHD, the only form Azure makes images of.

Layout: "Virtual Hard Disk Image Format Specification" (Microsoft, 2006), big-endian, the last 512 bytes of the file.
"""

from __future__ import annotations

import struct

FOOTER_BYTES = 512
MIB = 1 << 20
GIB = 1 << 30
COOKIE = b"conectix"
FIXED = 2
_FEATURES_RESERVED = 0x2
_FORMAT_VERSION = 0x0001_0000
_NO_DATA_OFFSET = 0xFFFF_FFFF_FFFF_FFFF
_HEAD = struct.Struct(">8sIIQI4sI4sQQII")
_CHECKSUM = struct.Struct(">I")
_CHECKSUM_AT = 64
_SIZE_AT = 48
_TYPE_AT = 60


def checksum(footer: bytes) -> int:
    """Ones' complement of the sum of all bytes, the checksum field itself left out."""
    total = sum(footer) - sum(footer[_CHECKSUM_AT : _CHECKSUM_AT + 4])
    return ~total & 0xFFFF_FFFF


def fixed_footer(virtual_size: int, *, disk_type: int = FIXED, cookie: bytes = COOKIE) -> bytes:
    """A footer with a right checksum; the keywords make wrong ones."""
    fixed = (cookie, _FEATURES_RESERVED, _FORMAT_VERSION, _NO_DATA_OFFSET)
    made_by = (0, b"asim", 0x1_0000, b"Wi2k")
    head = _HEAD.pack(*fixed, *made_by, virtual_size, virtual_size, 0, disk_type)
    blank = head.ljust(FOOTER_BYTES, b"\0")
    return blank[:_CHECKSUM_AT] + _CHECKSUM.pack(checksum(blank)) + blank[_CHECKSUM_AT + 4 :]


def footer_fault(footer: bytes, blob_bytes: int) -> str | None:
    """Why Azure would refuse a VHD with this footer in a blob of ``blob_bytes``; None when it would take it."""
    if footer[:8] != COOKIE:
        return (
            "The cookie value in the VHD footer indicates that it is not a supported VHD. Disk is expected to have cookie value 'conectix'."
        )
    if _CHECKSUM.unpack_from(footer, _CHECKSUM_AT)[0] != checksum(footer):
        return "The checksum of the VHD footer is wrong."
    if _CHECKSUM.unpack_from(footer, _TYPE_AT)[0] != FIXED:
        return "The VHD is not of the fixed type. Only fixed VHDs are supported."
    size: int = struct.unpack_from(">Q", footer, _SIZE_AT)[0]
    if size != blob_bytes - FOOTER_BYTES:
        return (
            f"The VHD footer gives a virtual size of {size} bytes, but the blob holds {blob_bytes - FOOTER_BYTES} bytes before the footer."
        )
    if size == 0 or size % MIB:
        return f"The VHD has an unsupported virtual size of {size} bytes. The size must be a whole number (in MBs)."
    return None
