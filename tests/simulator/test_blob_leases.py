"""Leases: every action in every state, and what a lease keeps others from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError
from azure.storage.blob.aio import BlobLeaseClient

from azuresim.core.errors import ServiceError
from azuresim.core.leases import INFINITE, Lease
from simulator.blob_clients import PAGE, made, refused
from simulator.cloud import Cloud

A, B = "aaaaaaaa-0000-4000-8000-000000000000", "bbbbbbbb-0000-4000-8000-000000000000"
STATES = ("available", "leased", "breaking", "broken", "expired")


def lease_in(state: str) -> Lease:
    """At the moment 0, held as A unless it is available."""
    lease = Lease(subject="blob")
    if state != "available":
        lease.acquire(-60 if state == "expired" else 0, proposed=A, duration=60, fresh=B)
    if state in {"breaking", "broken"}:
        lease.end(0, None if state == "breaking" else 0)
    assert lease.state(0) == state
    return lease


def outcome(act: Callable[[], Any]) -> str:
    try:
        act()
    except ServiceError as refused_:
        return refused_.code
    return "ok"


# The rows are actions, the columns states: "Outcomes of lease operations on blobs by lease state" ("Lease Blob").
ACTIONS: dict[str, Callable[[Lease], Any]] = {
    "acquire A": lambda lease: lease.acquire(0, proposed=A, duration=15, fresh=""),
    "acquire B": lambda lease: lease.acquire(0, proposed=B, duration=INFINITE, fresh=""),
    "acquire": lambda lease: lease.acquire(0, proposed=None, duration=15, fresh=B),
    "renew A": lambda lease: lease.renew(0, A),
    "renew B": lambda lease: lease.renew(0, B),
    "change A to B": lambda lease: lease.change(0, A, B),
    "change B to A": lambda lease: lease.change(0, B, A),
    "change B to B": lambda lease: lease.change(0, B, B),
    "release A": lambda lease: lease.release(A),
    "release B": lambda lease: lease.release(B),
    "break": lambda lease: lease.end(0, None),
    "break at once": lambda lease: lease.end(0, 0),
}
PRESENT, BREAKING, BROKEN = "LeaseAlreadyPresent", "LeaseIsBreakingAndCannotBe", "LeaseIsBrokenAndCannotBeRenewed"
MISMATCH, NONE = "LeaseIdMismatchWithLeaseOperation", "LeaseNotPresentWithLeaseOperation"
TABLE = {
    #                available  leased    breaking               broken    expired
    "acquire A": ("ok", "ok", f"{BREAKING}Acquired", "ok", "ok"),
    "acquire B": ("ok", PRESENT, PRESENT, "ok", "ok"),
    "acquire": ("ok", PRESENT, PRESENT, "ok", "ok"),
    "renew A": (MISMATCH, "ok", BROKEN, BROKEN, "ok"),
    "renew B": (MISMATCH, MISMATCH, MISMATCH, MISMATCH, MISMATCH),
    "change A to B": (NONE, "ok", f"{BREAKING}Changed", NONE, NONE),
    "change B to A": (NONE, "ok", f"{BREAKING}Changed", NONE, NONE),
    "change B to B": (NONE, MISMATCH, MISMATCH, NONE, NONE),
    "release A": (MISMATCH, "ok", "ok", "ok", "ok"),
    "release B": (MISMATCH, MISMATCH, MISMATCH, MISMATCH, MISMATCH),
    "break": (NONE, "ok", "ok", "ok", "ok"),
    "break at once": (NONE, "ok", "ok", "ok", "ok"),
}


@pytest.mark.parametrize(
    ("action", "state", "expected"),
    [(action, state, expected) for action, row in TABLE.items() for state, expected in zip(STATES, row, strict=True)],
)
def test_every_action_in_every_state(action: str, state: str, expected: str) -> None:
    lease = lease_in(state)
    assert outcome(lambda: ACTIONS[action](lease)) == expected


@pytest.mark.parametrize(
    ("state", "given", "writes", "expected", "after"),
    [
        ("available", None, True, "ok", "available"),
        ("available", A, True, "LeaseNotPresentWithBlobOperation", "available"),
        ("leased", None, True, "LeaseIdMissing", "leased"),
        ("leased", None, False, "ok", "leased"),
        ("leased", A, True, "ok", "leased"),
        ("leased", B, False, "LeaseIdMismatchWithBlobOperation", "leased"),
        ("breaking", None, True, "LeaseIdMissing", "breaking"),
        ("breaking", A, True, "ok", "breaking"),
        ("broken", A, True, "LeaseNotPresentWithBlobOperation", "broken"),
        ("broken", None, True, "ok", "available"),
        ("expired", A, True, "LeaseLost", "expired"),
        ("expired", None, True, "ok", "available"),
    ],
)
def test_use_of_what_is_leased(state: str, given: str | None, writes: bool, expected: str, after: str) -> None:
    lease = lease_in(state)
    assert outcome(lambda: lease.admit(0, given, writes=writes)) == expected
    assert lease.state(0) == after


@pytest.mark.parametrize(
    ("duration", "period", "left"),
    [(60, None, 60), (60, 10, 10), (15, 60, 15), (INFINITE, None, 0), (INFINITE, 30, 30)],
)
def test_how_long_breaking_takes(duration: int, period: int | None, left: int) -> None:
    lease = Lease(subject="blob")
    lease.acquire(0, proposed=None, duration=duration, fresh=A)
    assert lease.end(0, period) == left
    assert lease.state(max(0, left - 0.1)) == ("breaking" if left else "broken")
    assert lease.state(left) == "broken"


def test_breaking_again_only_shortens() -> None:
    lease = Lease(subject="blob")
    lease.acquire(0, proposed=None, duration=INFINITE, fresh=A)
    assert [lease.end(0, 30), lease.end(10, 60), lease.end(10, 5), lease.end(20, None)] == [30, 20, 5, 0]


async def test_a_lease_by_the_clock(cloud: Cloud) -> None:
    blob = await made(cloud)
    lease = await blob.acquire_lease(15)
    shown = (await blob.get_blob_properties()).lease
    assert (shown.status, shown.state, shown.duration) == ("locked", "leased", "fixed")
    assert await refused(blob.upload_page(PAGE, 0, 512)) == (412, "LeaseIdMissing")
    assert await refused(blob.delete_blob()) == (412, "LeaseIdMissing")
    await blob.upload_page(PAGE, 0, 512, lease=lease)
    cloud.clock.advance(14)
    await lease.renew()
    cloud.clock.advance(14)
    assert await refused(blob.set_blob_metadata({})) == (412, "LeaseIdMissing")
    cloud.clock.advance(1)
    assert (await blob.get_blob_properties()).lease.state == "expired"
    assert await refused(blob.set_blob_metadata({}, lease=lease)) == (412, "LeaseLost")
    await blob.set_blob_metadata({})
    assert await refused(lease.renew()) == (409, "LeaseIdMismatchWithLeaseOperation")


async def test_an_infinite_lease_changed_broken_and_released(cloud: Cloud) -> None:
    blob = await made(cloud)
    lease = await blob.acquire_lease(lease_id=A)
    assert (await blob.get_blob_properties()).lease.duration == "infinite"
    await lease.change(B)
    assert lease.id == B
    etag = (await blob.get_blob_properties()).etag
    assert await lease.break_lease(20) == 20
    assert (await blob.get_blob_properties()).lease.state == "breaking"
    assert (await blob.get_blob_properties()).etag == etag
    assert await refused(BlobLeaseClient(blob, A).acquire()) == (409, "LeaseAlreadyPresent")
    cloud.clock.advance(20)
    assert (await blob.get_blob_properties()).lease.state == "broken"
    await lease.release()
    assert (await blob.get_blob_properties()).lease.state == "available"
    assert [b.lease.state async for b in cloud.blobs.get_container_client("images").list_blobs(name_starts_with="b.")] == ["available"]


async def test_a_leased_container_cannot_be_deleted_without_its_id(cloud: Cloud) -> None:
    container = cloud.blobs.get_container_client("images")
    lease = await container.acquire_lease(60)
    assert await refused(container.delete_container()) == (412, "LeaseIdMissing")
    await container.set_container_metadata({"a": "b"})
    assert await refused(container.get_container_properties(lease=A)) == (412, "LeaseIdMismatchWithContainerOperation")
    assert [(c.name, c.lease.status) async for c in cloud.blobs.list_containers()] == [("images", "locked")]
    await container.delete_container(lease=lease)
    for _ in range(3):
        # Asking does not prolong it.
        assert await refused(container.create_container()) == (409, "ContainerBeingDeleted")
        assert await refused(container.get_container_properties()) == (404, "ContainerNotFound")
        cloud.clock.advance(10)
    await container.create_container()


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, "MissingRequiredHeader"),
        ({"x-ms-lease-action": "steal"}, "InvalidHeaderValue"),
        ({"x-ms-lease-action": "acquire"}, "MissingRequiredHeader"),
        ({"x-ms-lease-action": "acquire", "x-ms-lease-duration": "long"}, "InvalidHeaderValue"),
        ({"x-ms-lease-action": "acquire", "x-ms-lease-duration": "14"}, "InvalidHeaderValue"),
        ({"x-ms-lease-action": "acquire", "x-ms-lease-duration": "61"}, "InvalidHeaderValue"),
        ({"x-ms-lease-action": "acquire", "x-ms-lease-duration": "60", "x-ms-proposed-lease-id": "mine"}, "InvalidHeaderValue"),
        ({"x-ms-lease-action": "renew"}, "MissingRequiredHeader"),
    ],
)
def test_what_a_lease_must_be_told(cloud: Cloud, headers: dict[str, Any], code: str) -> None:
    answer = cloud.ask("PUT", "/blob/vhds/images/os.vhd?comp=lease", **headers)
    assert (answer.status, answer.headers["x-ms-error-code"]) == (400, code)


async def test_a_break_period_has_bounds(cloud: Cloud) -> None:
    lease = await (await made(cloud)).acquire_lease()
    with pytest.raises(HttpResponseError):
        await lease.break_lease(61)
