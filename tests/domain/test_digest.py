from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.images import IN_PLACE_SPEC, VHD_SOURCE
from poolwright.domain.image.digest import source_digest

TEXTS = st.text(st.characters(codec="utf-8"))
LEAVES = TEXTS | st.integers() | st.booleans()
SOURCES = st.dictionaries(TEXTS, LEAVES | st.dictionaries(TEXTS, LEAVES), min_size=1)


def canonical(value: object) -> object:
    """What JSON tells apart and Python's ``==`` does not: True and 1."""
    if isinstance(value, dict):
        return {name: canonical(member) for name, member in value.items()}
    return (type(value), value)


# A digest that changes rebuilds every image of every user: these values never change.
@pytest.mark.parametrize(
    ("source", "digest"),
    [
        pytest.param({"vhd": VHD_SOURCE}, "v1:8884d92f21718e3ca0febe8abf1f20b51b493f15b4597ea58a73464573f6c2c2", id="a VHD"),
        pytest.param(
            {"vhd": VHD_SOURCE, "revision": "2"},
            "v1:f8beceb5871092b4d5e74177267552b1eda6570ec93ee65790c82c340de4d597",
            id="with a revision",
        ),
        pytest.param(
            {"vhd": VHD_SOURCE, "revision": "größer"},
            "v1:810473609a0afbe67094d50a23d411602737e87f9f28cb527c3df4487f3f1cb7",
            id="with letters outside ASCII",
        ),
        pytest.param(
            IN_PLACE_SPEC["source"], "v1:deab151061a26ae80a4905fb4119dc833dff344724b6c59d8e90171c2306376c", id="a version used in place"
        ),
    ],
)
def test_golden_values(source: dict[str, Any], digest: str) -> None:
    assert source_digest(source) == digest


@given(SOURCES, st.randoms(use_true_random=False))
def test_the_order_of_keys_does_not_matter(source: dict[str, Any], order: Any) -> None:
    names = list(source)
    order.shuffle(names)
    shuffled = {name: dict(reversed(source[name].items())) if isinstance(source[name], dict) else source[name] for name in names}
    assert source_digest(shuffled) == source_digest(source)


@given(SOURCES, SOURCES)
def test_another_source_has_another_digest(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert (source_digest(one) == source_digest(other)) == (canonical(one) == canonical(other))


@given(SOURCES, st.data())
def test_any_change_changes_it(source: dict[str, Any], data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(source)))
    leaf = data.draw(LEAVES.filter(lambda value: canonical(value) != canonical(source[name])))
    without = {key: value for key, value in source.items() if key != name}
    renamed = data.draw(TEXTS.filter(lambda text: text not in source))
    for changed in ({**source, name: leaf}, without, {**source, renamed: leaf}, {**without, renamed: source[name]}):
        assert source_digest(changed) != source_digest(source)
