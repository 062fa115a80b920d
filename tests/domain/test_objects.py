from __future__ import annotations

from typing import Any

import pytest

from poolwright.domain.objects import FINALIZER, IMAGES, KINDS, POOLS, SINGULAR, Conflict, has_finalizer, is_deleting, key_of, version_of


def body(**metadata: Any) -> dict[str, Any]:
    return {"metadata": {"namespace": "studio", "name": "frames", **metadata}}


def test_a_key_names_an_object() -> None:
    assert key_of(POOLS, body()) == ("batchpools", "studio", "frames")
    assert KINDS == (IMAGES, POOLS)
    assert set(SINGULAR) == set(KINDS)


@pytest.mark.parametrize(("text", "number"), [("7", 7), (7, 7), ("x7", None), ("", None)])
def test_a_version_is_a_number_or_nothing(text: object, number: int | None) -> None:
    assert version_of(body(resourceVersion=text)) == number


def test_an_object_without_a_version_has_none() -> None:
    assert version_of(body()) is None


@pytest.mark.parametrize(("metadata", "deleting"), [({}, False), ({"deletionTimestamp": "2026-05-01T12:00:00Z"}, True)])
def test_deleting(metadata: dict[str, str], deleting: bool) -> None:
    assert is_deleting(body(**metadata)) is deleting


@pytest.mark.parametrize(("finalizers", "held"), [([], False), (["other"], False), (["other", FINALIZER], True)])
def test_our_finalizer(finalizers: list[str], held: bool) -> None:
    assert has_finalizer(body(finalizers=finalizers)) is held
    assert not has_finalizer(body())


def test_what_the_api_server_said() -> None:
    error = Conflict(409, "Conflict", "the object has been modified")
    assert (error.status, error.reason, str(error)) == (409, "Conflict", "409 Conflict: the object has been modified")
