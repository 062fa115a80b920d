"""Rules for every field of both kinds, checked on the files alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from crds.schema import KINDS, Json, Place, crd, places, root, version

ALL = [place for kind in KINDS for place in places(kind)]


def each(candidates: list[Place]) -> pytest.MarkDecorator:
    assert candidates
    return pytest.mark.parametrize("place", [pytest.param(place, id=f"{place.kind}:{place.path}") for place in candidates])


@each(ALL)
def test_is_described_in_sentences(place: Place) -> None:
    description = place.schema["description"]
    assert description[0].isupper()
    assert description.endswith(".")
    assert "  " not in description


@each([place for place in ALL if place.schema["type"] == "string"])
def test_string_is_bounded(place: Place) -> None:
    assert "maxLength" in place.schema or "enum" in place.schema or place.schema.get("format") == "date-time"


@each([place for place in ALL if place.schema["type"] == "array"])
def test_list_is_bounded_and_says_how_it_merges(place: Place) -> None:
    assert place.schema["maxItems"] <= 256
    assert place.schema["x-kubernetes-list-type"] in {"map", "atomic"}


@each([place for place in ALL if place.schema["type"] == "object"])
def test_object_names_its_fields_or_bounds_them(place: Place) -> None:
    """In a spec every field is named, so that a misspelt one is refused."""
    assert "x-kubernetes-preserve-unknown-fields" not in place.schema
    if place.path.startswith("spec"):
        assert "additionalProperties" not in place.schema
    assert place.schema.get("properties") or place.schema["maxProperties"] <= 64


@each([place for place in ALL if place.path.split(".")[0] == "spec"])
def test_nothing_in_a_spec_has_a_default(place: Place) -> None:
    assert "default" not in place.schema


@each([place for place in ALL if place.path.split(".")[0] == "spec" and not place.schema.get("x-kubernetes-validations")])
def test_what_a_spec_refuses_is_said_in_words(place: Place) -> None:
    """The API server answers a failed pattern with the pattern itself."""
    assert "pattern" not in place.schema


REMEDIES = ("add", "choose", "correct", "put it back", "remove", "set", "write")


@pytest.mark.parametrize("kind", KINDS)
def test_rules_name_the_field_and_say_what_to_do(kind: str) -> None:
    for rule in rules(kind):
        said, _, remedy = rule["message"].partition("; ") if "; " in rule["message"] else rule["message"].partition(": ")
        assert "spec." in said or "metadata.name" in said, rule["message"]
        assert remedy.startswith(REMEDIES), rule["message"]


@pytest.mark.parametrize("kind", KINDS)
def test_required_fields_exist(kind: str) -> None:
    for place in places(kind):
        assert set(place.schema.get("required", ())) <= set(place.schema.get("properties", ()))


@pytest.mark.parametrize("kind", KINDS)
def test_one_version_is_served_and_stored(kind: str) -> None:
    only = version(kind)
    assert (only["name"], only["served"], only["storage"]) == ("v1alpha1", True, True)
    assert crd(kind)["spec"]["names"]["categories"] == ["poolwright"]


def test_both_kinds_have_the_same_conditions() -> None:
    images, pools = (root(kind)["properties"]["status"]["properties"]["conditions"] for kind in KINDS)
    assert images["items"] == pools["items"]
    assert images["x-kubernetes-list-map-keys"] == pools["x-kubernetes-list-map-keys"] == ["type"]


@pytest.mark.parametrize(
    ("kind", "columns"),
    [("customimages", "Ready Reason Version Home Age"), ("batchpools", "Ready Reason Current Target Spot Image Version Age")],
)
def test_columns_that_are_shown_by_default(kind: str, columns: str) -> None:
    shown = [column["name"] for column in version(kind)["additionalPrinterColumns"] if not column.get("priority")]
    assert shown == columns.split()


def rules(kind: str) -> Iterator[Json]:
    yield from root(kind).get("x-kubernetes-validations", ())
    for place in places(kind):
        yield from place.schema.get("x-kubernetes-validations", ())
