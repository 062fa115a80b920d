"""Checksums of bodies: MD5 and the service's CRC64."""

from __future__ import annotations

import base64
import binascii
import hashlib
from functools import cache

from azuresim.core.blob_errors import bad_header, refusal
from azuresim.wire.http import Request

# CRC-64/NVME, bits reflected: what azure-storage-extensions computes.
_POLYNOMIAL = 0x9A6C_9329_AC4B_C9B5
_ALL_ONES = 0xFFFF_FFFF_FFFF_FFFF
_MD5_BYTES = 16
_CRC_BYTES = 8


def md5_of(data: bytes) -> str:
    """As `Content-MD5` shows it."""
    return base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()


def check_md5(text: str) -> str:
    """``text``, if it can be one; 400 otherwise."""
    if not _is_base64(text, _MD5_BYTES):
        raise refusal("InvalidMd5")
    return text


def crc64_of(data: bytes) -> str:
    """As `x-ms-content-crc64` shows it: eight bytes, the lowest first."""
    table = _table()
    crc = _ALL_ONES
    for byte in data:
        crc = table[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    return base64.b64encode((crc ^ _ALL_ONES).to_bytes(_CRC_BYTES, "little")).decode()


def check_body(request: Request, data: bytes, *, mark: str = "") -> dict[str, str]:
    """Raises 400 for a body that is not what its checksums say; the headers that confirm them. ``mark`` is `x-ms-source-` for a source."""
    md5_name, crc_name = (f"{mark}content-md5", f"{mark}content-crc64") if mark else ("content-md5", "x-ms-content-crc64")
    md5, crc = request.headers.get(md5_name), request.headers.get(crc_name)
    confirmed: dict[str, str] = {}
    if md5 is not None:
        check_md5(md5)
        counted = md5_of(data)
        if counted != md5:
            raise refusal("Md5Mismatch", UserSpecifiedMd5=md5, ServerCalculatedMd5=counted)
        confirmed["Content-MD5"] = counted
    if crc is not None:
        if not _is_base64(crc, _CRC_BYTES):
            raise bad_header(crc_name, crc)
        counted = crc64_of(data)
        if counted != crc:
            raise refusal("Crc64Mismatch", UserSpecifiedCrc=crc, ServerCalculatedCrc=counted)
        confirmed["x-ms-content-crc64"] = counted
    if "x-ms-structured-body" in request.headers:
        raise refusal("UnsupportedHeader", HeaderName="x-ms-structured-body")
    return confirmed


@cache
def _table() -> tuple[int, ...]:
    entries = []
    for byte in range(256):
        crc = byte
        for _ in range(8):
            crc = (crc >> 1) ^ (_POLYNOMIAL if crc & 1 else 0)
        entries.append(crc)
    return tuple(entries)


def _is_base64(text: str, length: int) -> bool:
    try:
        return len(base64.b64decode(text, validate=True)) == length
    except binascii.Error:
        return False
