from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azuresim.core.extents import SparseBytes
from azuresim.core.iso_duration import format_duration, parse_duration
from azuresim.core.regions import display_name, is_region, region_key
from azuresim.core.resource_id import ResourceId
from azuresim.core.sorted_names import SortedNames
from azuresim.core.vhd import FOOTER_BYTES, MIB, fixed_footer, footer_fault

SIZE = 200_000
SPANS = st.tuples(st.integers(0, SIZE - 1), st.integers(1, SIZE)).map(lambda s: (s[0], min(s[0] + s[1], SIZE)))


@given(st.lists(st.tuples(st.booleans(), SPANS, st.integers(1, 255)), max_size=12))
def test_sparse_bytes_behave_like_a_byte_array_that_remembers_what_was_written(steps: list[tuple[bool, tuple[int, int], int]]) -> None:
    sparse, plain, written = SparseBytes(SIZE), bytearray(SIZE), bytearray(SIZE)
    for clears, (start, end), value in steps:
        if clears:
            sparse.clear(start, end)
            plain[start:end] = written[start:end] = bytes(end - start)
        else:
            data = bytes([value]) * (end - start)
            sparse.write(start, data)
            plain[start:end] = data
            written[start:end] = b"\1" * (end - start)
    assert sparse.read(0, SIZE) == plain
    shown = bytearray(SIZE)
    for start, end in sparse.ranges():
        shown[start:end] = b"\1" * (end - start)
    assert shown == written
    assert all(a[1] < b[0] for a, b in zip(sparse.ranges(), sparse.ranges()[1:], strict=False))


def test_shrinking_forgets_what_lay_beyond() -> None:
    sparse = SparseBytes(1024)
    sparse.write(0, b"x" * 1024)
    sparse.resize(512)
    sparse.resize(1024)
    assert sparse.ranges() == [(0, 512)]
    assert sparse.read(512, 1024) == bytes(512)


@pytest.mark.parametrize(
    ("footer", "blob_bytes", "words"),
    [
        pytest.param(fixed_footer(MIB), MIB + FOOTER_BYTES, None, id="in order"),
        pytest.param(bytes(512), MIB + FOOTER_BYTES, "conectix", id="no footer"),
        pytest.param(fixed_footer(MIB, disk_type=3), MIB + FOOTER_BYTES, "fixed type", id="dynamic"),
        pytest.param(fixed_footer(MIB)[:-1] + b"\1", MIB + FOOTER_BYTES, "checksum", id="damaged"),
        pytest.param(fixed_footer(MIB), 2 * MIB + FOOTER_BYTES, "virtual size", id="size of another blob"),
        pytest.param(fixed_footer(MIB + 512), MIB + 512 + FOOTER_BYTES, "whole number (in MBs)", id="not whole MiB"),
        pytest.param(fixed_footer(0), FOOTER_BYTES, "whole number (in MBs)", id="empty"),
    ],
)
def test_vhd_footers(footer: bytes, blob_bytes: int, words: str | None) -> None:
    fault = footer_fault(footer, blob_bytes)
    assert fault is None if words is None else words in str(fault)


@pytest.mark.parametrize(
    ("text", "seconds", "shown"),
    [
        ("PT15M", 900, "PT15M"),
        ("PT06M00S", 360, "PT6M"),
        ("P1DT2H", 93_600, "P1DT2H"),
        ("P7D", 604_800, "P7D"),
        ("PT0S", 0, "PT0S"),
        ("PT90S", 90, "PT1M30S"),
        ("P3Y6M4DT12H30M5S", 110_550_605, "P1279DT12H30M5S"),
    ],
)
def test_durations(text: str, seconds: int, shown: str) -> None:
    assert parse_duration(text) == seconds
    assert format_duration(seconds) == shown


@pytest.mark.parametrize("text", ["", "P", "PT", "15M", "PT-5M", "five"])
def test_what_is_no_duration(text: str) -> None:
    assert parse_duration(text) is None


def test_regions_are_compared_in_one_form_and_shown_in_another() -> None:
    assert region_key("West US 2") == "westus2"
    assert display_name("westus2") == "West US 2"
    assert is_region("WESTUS2")
    assert not is_region("atlantis")


def test_resource_ids_keep_their_spelling_and_compare_without_it() -> None:
    text = "/subscriptions/s/resourceGroups/G/providers/Microsoft.Compute/galleries/Gal/images/Img"
    parsed = ResourceId.parse(text)
    assert parsed is not None
    assert str(parsed) == text
    assert parsed.type == "microsoft.compute/galleries/images"
    assert parsed.parent.name == "Gal"
    assert parsed.child("versions", "1.0.0").key == f"{text}/versions/1.0.0".lower()


@pytest.mark.parametrize(
    "text", ["", "gal", "/subscriptions/s/resourceGroups/g", "/subscriptions/s/resourceGroups/g/providers/N/t", "/a/b/c/d/e/f/g/h"]
)
def test_what_is_no_resource_id(text: str) -> None:
    assert ResourceId.parse(text) is None


def test_sorted_names_give_what_comes_after_a_name_there_or_not() -> None:
    names = SortedNames()
    for name in ("b", "d", "a"):
        names.add(name)
    assert list(names.after(None)) == ["a", "b", "d"]
    assert list(names.after("b")) == ["d"]
    assert list(names.after("c")) == ["d"]
    names.remove("b")
    assert (list(names), len(names)) == (["a", "d"], 2)
    with pytest.raises(KeyError):
        names.remove("b")
