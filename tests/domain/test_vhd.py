from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poolwright.domain.image.observed import SourceView
from poolwright.domain.image.vhd import FOOTER_BYTES, MAX_BYTES, MIB, judge

GIB = 1024 * MIB
SIZE = 8 * MIB
BLOB = "https://disks.blob.core.windows.net/vhds/ubuntu.vhd"


def footer(*, size: int = SIZE, disk_type: int = 2) -> bytes:
    """As qemu-img writes it: cookie, features, version, no next header, time, creator, both sizes, geometry, type, checksum, id."""
    fields = (b"conectix", 2, 0x10000, 2**64 - 1, 0x2F1A2B3C, b"qemu", 0x50003, b"Wi2k", size, size, 0x03FF1020, disk_type)
    packed = struct.pack(">8sIIQI4sI4sQQII", *fields)
    rest = bytes(range(16)) + bytes(FOOTER_BYTES - len(packed) - 4 - 16)
    checksum = ~sum(packed + rest) & 0xFFFFFFFF
    return packed + struct.pack(">I", checksum) + rest


GOOD = footer()


def verdict(*, blob_type: str = "PageBlob", length: int = SIZE + FOOTER_BYTES, head: bytes = b"", tail: bytes = GOOD) -> SourceView:
    return judge(blob=BLOB, blob_type=blob_type, length=length, head=head, footer=tail)


def test_a_good_one() -> None:
    assert verdict(head=b"\xeb\x63\x90\x00\x00\x00\x00\x00") == SourceView()


@pytest.mark.parametrize(
    ("view", "problem"),
    [
        pytest.param(verdict(blob_type="BlockBlob"), "SourceNotPageBlob", id="block blob"),
        pytest.param(verdict(blob_type="AppendBlob", tail=b""), "SourceNotPageBlob", id="append blob, before its content"),
        pytest.param(verdict(head=b"vhdxfile", tail=bytes(512)), "SourceNotFixedVhd", id="VHDX"),
        pytest.param(verdict(tail=bytes(512)), "SourceCorrupt", id="no footer"),
        pytest.param(verdict(tail=b""), "SourceCorrupt", id="empty"),
        pytest.param(verdict(tail=GOOD[:-1]), "SourceCorrupt", id="cut short"),
        pytest.param(verdict(tail=GOOD[1:] + b"\0"), "SourceCorrupt", id="shifted"),
        pytest.param(verdict(tail=footer(disk_type=3)), "SourceNotFixedVhd", id="dynamic"),
        pytest.param(verdict(tail=footer(disk_type=4)), "SourceNotFixedVhd", id="differencing"),
        pytest.param(verdict(length=SIZE), "SourceCorrupt", id="shorter than the footer says"),
        pytest.param(verdict(length=SIZE + MIB), "SourceCorrupt", id="longer than the footer says"),
        pytest.param(verdict(tail=footer(size=SIZE + 512), length=SIZE + 1024), "SourceSizeNotWholeMiB", id="half a MiB"),
        pytest.param(verdict(tail=footer(size=MAX_BYTES + MIB), length=MAX_BYTES + MIB + 512), "SourceTooLarge", id="2 TiB and a bit"),
    ],
)
def test_each_rule_has_its_reason(view: SourceView, problem: str) -> None:
    assert view.problem == problem
    assert BLOB in view.detail
    assert view.detail.endswith(".")


@pytest.mark.parametrize(
    ("size", "warned"),
    [
        pytest.param(MIB, False, id="the smallest"),
        pytest.param(1023 * GIB, False, id="the last that nobody doubts"),
        pytest.param(1023 * GIB + MIB, True, id="the first that some doubt"),
        pytest.param(MAX_BYTES, True, id="the largest"),
    ],
)
def test_sizes_that_are_allowed(size: int, warned: bool) -> None:
    view = verdict(tail=footer(size=size), length=size + FOOTER_BYTES)
    assert view.problem is None
    assert bool(view.warning) is warned


@given(at=st.integers(0, FOOTER_BYTES - 1), change=st.integers(1, 255))
def test_any_single_changed_byte_of_the_footer_is_noticed(at: int, change: int) -> None:
    changed = bytearray(GOOD)
    changed[at] ^= change
    assert verdict(tail=bytes(changed)).problem == "SourceCorrupt"


@given(size=st.integers(1, MAX_BYTES), extra=st.integers(-MIB, MIB))
def test_a_good_size_is_a_whole_number_of_mib_and_the_length_agrees(size: int, extra: int) -> None:
    view = verdict(tail=footer(size=size), length=size + FOOTER_BYTES + extra)
    assert (view.problem is None) == (extra == 0 and size % MIB == 0)


@given(st.integers(1, MAX_BYTES // MIB))
def test_every_whole_number_of_mib_is_good(mib: int) -> None:
    assert verdict(tail=footer(size=mib * MIB), length=mib * MIB + FOOTER_BYTES).problem is None
