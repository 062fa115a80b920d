"""The rules a VHD keeps before Azure makes an image of it.

A fixed VHD is the disk followed by a 512-byte footer: cookie ``conectix``, current size at 48, disk type 2 at 60, and at 64 the ones'
complement of the sum of all other bytes (Microsoft's Virtual Hard Disk Image Format Specification, 2006).
"""

from __future__ import annotations

import struct

from poolwright.domain import reasons
from poolwright.domain.image.observed import SourceView

FOOTER_BYTES = 512
COOKIE, VHDX_SIGNATURE = b"conectix", b"vhdxfile"
_SIZE_AT, _TYPE_AT, _CHECKSUM_AT = 48, 60, 64
_FIXED = 2
MIB = 1024 * 1024
MAX_BYTES = 2 * 1024**4
# The Linux page of Azure's docs names 1,023 GiB where others name 2 TiB: allowed, with a word.
DOUBTFUL_BYTES = 1023 * 1024**3


def judge(*, blob: str, blob_type: str, length: int, head: bytes, footer: bytes) -> SourceView:
    """The first rule the blob breaks. ``head`` are its first 8 bytes, ``footer`` its last 512."""
    if blob_type != "PageBlob":
        return _problem(reasons.SOURCE_NOT_PAGE_BLOB, f"{blob} is a {blob_type}; upload the VHD as a page blob.")
    if head.startswith(VHDX_SIGNATURE):
        return _problem(reasons.SOURCE_NOT_FIXED_VHD, f"{blob} is a VHDX; convert it to a fixed VHD.")
    if len(footer) != FOOTER_BYTES or not footer.startswith(COOKIE):
        return _problem(reasons.SOURCE_CORRUPT, f"{blob} has no VHD footer in its last 512 bytes; it was cut short or is no VHD.")
    if _checksum(footer) != _number(footer, _CHECKSUM_AT):
        return _problem(reasons.SOURCE_CORRUPT, f"The VHD footer of {blob} has a wrong checksum; upload the file again.")
    if _number(footer, _TYPE_AT) != _FIXED:
        return _problem(reasons.SOURCE_NOT_FIXED_VHD, f"{blob} is a dynamic or differencing VHD; convert it to a fixed one.")
    return _judge_size(blob, length, struct.unpack_from(">Q", footer, _SIZE_AT)[0])


def _judge_size(blob: str, length: int, size: int) -> SourceView:
    if length != size + FOOTER_BYTES:
        return _problem(
            reasons.SOURCE_CORRUPT, f"{blob} has {length} bytes where its footer promises {size} and 512; upload the file again."
        )
    if size % MIB:
        return _problem(
            reasons.SOURCE_SIZE_NOT_WHOLE_MIB, f"The virtual size of {blob} is {size} bytes, which is not a whole number of MiB."
        )
    if size > MAX_BYTES:
        return _problem(
            reasons.SOURCE_TOO_LARGE, f"The virtual size of {blob} is {size // MIB} MiB; at most {MAX_BYTES // MIB} are allowed."
        )
    warning = "The VHD is larger than 1,023 GiB, which some of Azure's tools refuse." if size > DOUBTFUL_BYTES else ""
    return SourceView(warning=warning)


def _checksum(footer: bytes) -> int:
    total = sum(footer) - sum(footer[_CHECKSUM_AT : _CHECKSUM_AT + 4])
    return ~total & 0xFFFFFFFF


def _number(footer: bytes, offset: int) -> int:
    value: int = struct.unpack_from(">I", footer, offset)[0]
    return value


def _problem(reason: reasons.Reason, detail: str) -> SourceView:
    return SourceView(problem=reason.name, detail=detail)
