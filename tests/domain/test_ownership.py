from __future__ import annotations

import pytest

from poolwright.domain.ownership import CLUSTER, NAME, NAMESPACE, UID, Mark, owner

MARK = Mark(cluster="c-1", namespace="studio", name="frames", uid="u-1")
TAGS = MARK.tags()


def test_a_mark_names_its_object() -> None:
    assert TAGS == {
        "poolwright-cluster": "c-1",
        "poolwright-namespace": "studio",
        "poolwright-name": "frames",
        "poolwright-uid": "u-1",
    }


@pytest.mark.parametrize(
    ("tags", "ours"),
    [
        pytest.param(TAGS, True, id="as written"),
        pytest.param({**TAGS, "team": "frames"}, True, id="beside the tags of others"),
        pytest.param({**TAGS, UID: "u-2"}, True, id="of an earlier life of the object"),
        pytest.param({**TAGS, CLUSTER: "c-2"}, False, id="another cluster"),
        pytest.param({**TAGS, NAMESPACE: "other"}, False, id="another namespace"),
        pytest.param({**TAGS, NAME: "team"}, False, id="another name"),
        pytest.param({**TAGS, NAME: "Frames"}, False, id="another case: Kubernetes' names are in lower case"),
        pytest.param({UID: "u-1"}, False, id="the uid alone"),
        pytest.param({}, False, id="no mark"),
    ],
)
def test_ours(tags: dict[str, str], ours: bool) -> None:
    assert MARK.on(tags) is ours


@pytest.mark.parametrize(
    ("tags", "whose"),
    [
        pytest.param(TAGS, "studio/frames", id="marked"),
        pytest.param({CLUSTER: "c-1"}, "?/?", id="half a mark"),
        pytest.param({"team": "frames"}, None, id="tags of others"),
        pytest.param({NAMESPACE: "studio", NAME: "frames"}, None, id="no cluster, no mark"),
    ],
)
def test_whose(tags: dict[str, str], whose: str | None) -> None:
    assert owner(tags) == whose
