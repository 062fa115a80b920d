from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poolwright.domain.objects import IMAGES, POOLS, Body, ObjectKey, key_of
from poolwright.engine.store import LAST_APPLIED, ObjectStore


def body(version: int | str, *, name: str = "render", uid: str = "u1", **metadata: Any) -> dict[str, Any]:
    return {
        "apiVersion": "poolwright.io/v1alpha1",
        "kind": "BatchPool",
        "metadata": {"namespace": "default", "name": name, "uid": uid, "resourceVersion": str(version), **metadata},
        "spec": {"image": {"customImageRef": {"name": "ubuntu"}}},
    }


KEY = key_of(POOLS, body(1))


def version(store: ObjectStore) -> str | None:
    stored = store.get(KEY)
    return None if stored is None else str(stored["metadata"]["resourceVersion"])


@pytest.mark.parametrize(
    ("arriving", "kept"),
    [
        pytest.param(["5", "6"], "6", id="newer"),
        pytest.param(["6", "5"], "6", id="older"),
        pytest.param(["9", "10"], "10", id="as numbers, not as text"),
        pytest.param(["5", "x5"], "x5", id="unreadable counts as newer"),
        pytest.param(["x5", "4"], "4", id="anything is newer than the unreadable"),
    ],
)
def test_the_newest_version_stays(arriving: list[str], kept: str) -> None:
    store = ObjectStore()
    for each in arriving:
        store.upsert(POOLS, body(each))
    assert version(store) == kept


def test_the_echo_of_a_write_is_not_news() -> None:
    store = ObjectStore()
    assert store.upsert(POOLS, body(5))
    assert not store.upsert(POOLS, body(5))
    assert store.is_known(POOLS, body(5))
    assert not store.is_known(POOLS, body(6))


def test_kinds_and_names_do_not_meet() -> None:
    store = ObjectStore()
    store.upsert(POOLS, body(5))
    store.upsert(POOLS, body(6, name="other", uid="u2"))
    store.upsert(IMAGES, body(7, uid="u3"))
    assert store.keys(POOLS) == [KEY, ObjectKey(POOLS, "default", "other")]
    assert store.keys(IMAGES) == [ObjectKey(IMAGES, "default", "render")]
    assert len(list(store)) == 3


def test_what_nobody_reads_is_not_kept_and_the_given_object_is_left_alone() -> None:
    store = ObjectStore()
    given_body = body(5, managedFields=[{"manager": "kubectl"}], annotations={LAST_APPLIED: "{}", "team": "film"})
    store.upsert(POOLS, given_body)
    stored = store.get(KEY)
    assert stored is not None
    assert stored["metadata"]["annotations"] == {"team": "film"}
    assert "managedFields" not in stored["metadata"]
    assert LAST_APPLIED in given_body["metadata"]["annotations"]
    assert given_body["metadata"]["managedFields"]


def test_the_dead_stay_dead_until_the_next_listing() -> None:
    store = ObjectStore()
    store.upsert(POOLS, body(5))
    assert store.remove(POOLS, body(7))
    assert not store.upsert(POOLS, body(6)), "a late event"
    assert not store.upsert(POOLS, body(8)), "the late answer to a write of ours"
    assert not store.remove(POOLS, body(7))
    assert store.get(KEY) is None


def test_a_deletion_that_comes_before_its_object_is_remembered() -> None:
    store = ObjectStore()
    assert not store.remove(POOLS, body(7))
    assert not store.upsert(POOLS, body(5))


def test_the_next_object_of_the_name_lives() -> None:
    store = ObjectStore()
    store.upsert(POOLS, body(5))
    store.remove(POOLS, body(7))
    assert store.upsert(POOLS, body(8, uid="u2"))
    assert not store.remove(POOLS, body(7)), "the late deletion of the one before"
    assert version(store) == "8"


def test_the_next_object_of_the_name_replaces_one_whose_deletion_was_never_told() -> None:
    store = ObjectStore()
    store.upsert(POOLS, body(5))
    assert store.upsert(POOLS, body(8, uid="u2"))
    assert not store.upsert(POOLS, body(6)), "a late event of the one before"
    assert version(store) == "8"


def test_a_listing_removes_what_it_lacks_unless_it_is_older_than_that() -> None:
    store = ObjectStore()
    for name, at in (("listed", 5), ("gone", 10), ("made since", 11)):
        store.upsert(POOLS, body(at, name=name, uid=name))
    store.upsert(IMAGES, body(3, name="image", uid="image"))
    gone = store.relisted(POOLS, [ObjectKey(POOLS, "default", "listed")], 10)
    assert gone == [ObjectKey(POOLS, "default", "gone")]
    assert {key.name for key, _ in store} == {"listed", "made since", "image"}


def test_a_listing_older_than_a_deletion_keeps_its_tombstone() -> None:
    store = ObjectStore()
    store.upsert(POOLS, body(5))
    store.remove(POOLS, body(20))
    store.relisted(POOLS, [KEY], 10)
    assert not store.upsert(POOLS, body(5)), "the stale list still has it"
    store.relisted(POOLS, [], 30)
    assert store.upsert(POOLS, body(40)), "tombstones do not pile up"


def test_a_listing_that_finds_an_object_gone_leaves_a_tombstone_for_the_events_before_it() -> None:
    store = ObjectStore()
    store.upsert(POOLS, body(5))
    assert store.relisted(POOLS, [], 10) == [KEY]
    assert not store.upsert(POOLS, body(6)), "an event from before the listing"
    store.relisted(POOLS, [], 20)
    assert store.upsert(POOLS, body(30)), "tombstones do not pile up"


def test_a_listing_of_one_kind_says_nothing_of_another() -> None:
    store = ObjectStore()
    store.upsert(POOLS, body(5))
    store.remove(POOLS, body(7))
    store.relisted(IMAGES, [], 10)
    assert not store.upsert(POOLS, body(6))


def test_listeners_see_before_and_after_and_whose_write_it_was() -> None:
    store, seen = ObjectStore(), []

    def listener(key: ObjectKey, before: Body | None, after: Body | None, own: bool) -> None:
        seen.append((key, *(None if each is None else each["metadata"]["resourceVersion"] for each in (before, after)), own))

    store.listen(listener)
    store.upsert(POOLS, body(5))
    store.upsert(POOLS, body(5))
    store.upsert(POOLS, body(6), own=True)
    store.upsert(POOLS, body(6))
    store.remove(POOLS, body(7))
    assert seen == [(KEY, None, "5", False), (KEY, "5", "6", True), (KEY, "6", None, False)]


NAMES, IMAGE_NAMES = st.sampled_from(["a", "b", "c"]), st.sampled_from(["ubuntu", "rocky", ""])


@given(st.lists(st.tuples(st.sampled_from(["upsert", "remove"]), NAMES, IMAGE_NAMES), max_size=40))
def test_the_reverse_map_agrees_with_the_objects(moves: list[tuple[str, str, str]]) -> None:
    store = ObjectStore()

    def images(pool: Body) -> list[str]:
        return [pool["spec"]["image"]] if pool["spec"]["image"] else []

    store.index("users", POOLS, images)
    store.upsert(IMAGES, body(1, name="ubuntu", uid="image"))
    for at, (move, name, image) in enumerate(moves, start=2):
        known = store.get(ObjectKey(POOLS, "default", name))
        # A name that is free is used by another object the next time.
        uid = f"{name}{at}" if known is None else known["metadata"]["uid"]
        changed = {**body(at, name=name, uid=uid), "spec": {"image": image}}
        (store.upsert if move == "upsert" else store.remove)(POOLS, changed)
    for image in ("ubuntu", "rocky", "", "nobody's"):
        users = [key for key, pool in store if key.kind == POOLS and image in images(pool)]
        assert store.lookup("users", image) == sorted(users)


@given(st.permutations(list(range(1, 13))), st.integers(1, 12))
def test_events_in_any_order_end_at_the_newest_truth(order: list[int], deleted_at: int) -> None:
    """Versions up to the deletion belong to the first incarnation, later ones to the second."""
    store = ObjectStore()
    for at in order:
        if at < deleted_at:
            store.upsert(POOLS, body(at))
        elif at == deleted_at:
            store.remove(POOLS, body(at))
        else:
            store.upsert(POOLS, body(at, uid="u2"))
    assert version(store) == ("12" if deleted_at < 12 else None)
