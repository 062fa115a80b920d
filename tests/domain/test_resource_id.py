from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poolwright.domain.resource_id import ResourceId, parse, region, same

TEXT = "/subscriptions/0f/resourceGroups/render/providers/Microsoft.Compute/galleries/farm/images/ubuntu/versions/1.0.0"
SEGMENTS = st.text("abcXYZ019-_.", min_size=1)


def resource(root: tuple[str, str, str], pairs: list[tuple[str, str]]) -> ResourceId:
    subscription, group, provider = root
    return ResourceId(subscription, group, provider, tuple(kind for kind, _ in pairs), tuple(name for _, name in pairs))


IDS = st.builds(resource, st.tuples(SEGMENTS, SEGMENTS, SEGMENTS), st.lists(st.tuples(SEGMENTS, SEGMENTS), min_size=1, max_size=4))


def test_the_parts() -> None:
    version = parse(TEXT)
    assert (version.subscription, version.resource_group, version.provider) == ("0f", "render", "Microsoft.Compute")
    assert (version.types, version.names) == (("galleries", "images", "versions"), ("farm", "ubuntu", "1.0.0"))
    assert (version.name, str(version)) == ("1.0.0", TEXT)
    assert str(version.parent().parent()) == TEXT.split("/images/", maxsplit=1)[0]


@given(IDS)
def test_what_is_written_is_read_back(made: ResourceId) -> None:
    assert parse(str(made)) == parse(f" {made}/ ") == made


@given(IDS, SEGMENTS, SEGMENTS)
def test_the_parent_of_a_child(made: ResourceId, kind: str, name: str) -> None:
    child = made.child(kind, name)
    assert (child.parent(), child.name) == (made, name)
    assert str(child) == f"{made}/{kind}/{name}"


@given(IDS)
def test_ids_are_compared_without_case(made: ResourceId) -> None:
    assert same(str(made).upper(), str(made).lower() + "/")
    assert not same(str(made), str(made.child("images", "x")))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("farm", id="a name"),
        pytest.param("/subscriptions/0f/resourceGroups/render", id="a group"),
        pytest.param(f"{TEXT}/blobs", id="a type without a name"),
        pytest.param(TEXT.replace("subscriptions", "tenants"), id="no subscription"),
        pytest.param(TEXT.replace("resourceGroups", "groups"), id="no group"),
        pytest.param(TEXT.replace("providers", "services"), id="no provider"),
        pytest.param(TEXT.replace("farm", ""), id="an empty name"),
        pytest.param("/CommunityGalleries/farm/Images/ubuntu/Versions/1.0.0", id="a community gallery"),
    ],
)
def test_what_is_no_id_is_named(text: str) -> None:
    with pytest.raises(ValueError, match="is not an ARM resource id"):
        parse(text)


@pytest.mark.parametrize("name", ["westus2", "West US 2", "WESTUS2"])
def test_the_short_form_of_a_region(name: str) -> None:
    assert region(name) == "westus2"
