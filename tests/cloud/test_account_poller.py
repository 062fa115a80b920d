"""The shared view of an account's pools: when a listing counts, and when only a direct read does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from azuresim import Delay, FaultRule, Stale
from cloud.azure import ACCOUNT_ID, Azure
from harness.world import ACCOUNT, HOME
from poolwright.cloud.accounts import AzureAccounts
from poolwright.cloud.pool_bodies import SELECTED
from poolwright.domain.outcomes import UNSEEN
from poolwright.domain.pool.observed import PoolView, Size
from poolwright.domain.pool.situation import Resize
from poolwright.domain.resource_id import ResourceId, parse

LATER_ID = parse(f"{ACCOUNT}-later")


@asynccontextmanager
async def followed(azure: Azure, account: ResourceId = ACCOUNT_ID) -> AsyncIterator[AzureAccounts]:
    """The account, with its first listing in."""
    accounts = azure.accounts()
    accounts.follow(account)
    try:
        await asyncio.sleep(1)
        yield accounts
    finally:
        await accounts.close()


def seen(accounts: AzureAccounts, pool_id: str = "p") -> PoolView:
    view = accounts.pool_view(ACCOUNT_ID, pool_id)
    assert isinstance(view, PoolView)
    return view


def size(dedicated: int) -> Size:
    return Size(dedicated=dedicated, low_priority=0)


def resize(view: PoolView, dedicated: int) -> Resize:
    return Resize(etag=view.etag, size=size(dedicated), timeout_seconds=900)


async def test_the_first_listing_is_in_full_and_later_ones_select() -> None:
    azure = Azure()
    azure.pool("p", nodes=2)
    async with followed(azure) as accounts:
        assert accounts.follow(ACCOUNT_ID).listed
        assert seen(accounts).vm_size.lower() == "standard_d2s_v3"
        await asyncio.sleep(100)
        assert seen(accounts).current == size(2)
        assert seen(accounts).vm_size.lower() == "standard_d2s_v3"
    queries = [entry.query for entry in azure.app.journal if entry.operation == "Pools_List"]
    assert len(queries) >= 5
    assert "$select" not in queries[0]
    assert {tuple(query["$select"].split(",")) for query in queries[1:]} == {SELECTED}
    assert azure.count("Pools_Get") == 0


async def test_only_pools_whose_view_moved_are_told_of() -> None:
    azure = Azure()
    azure.pool("p")
    azure.pool("q")
    async with followed(azure):
        await asyncio.sleep(60)
        assert azure.moved[0] is None
        azure.moved.clear()
        azure.world.settle()
        azure.world.pools.resize(azure.account, "p", {"targetDedicatedNodes": 3})
        await asyncio.sleep(25)
        assert set(azure.moved) == {"p"}


async def test_an_etag_that_moved_makes_the_pool_unseen_until_it_is_read() -> None:
    azure = Azure()
    azure.pool("p")
    async with followed(azure) as accounts:
        await asyncio.sleep(60)
        azure.world.settle()
        azure.world.pools.patch(azure.account, "p", {"metadata": [{"name": "by", "value": "somebody"}]})
        await asyncio.sleep(25)
        assert accounts.pool_view(ACCOUNT_ID, "p") is UNSEEN
        await asyncio.sleep(100)
        assert accounts.pool_view(ACCOUNT_ID, "p") is UNSEEN
        read = await accounts.read_pool(ACCOUNT_ID, "p")
        assert read is not None
        assert read.metadata == {"by": "somebody"}
        await asyncio.sleep(100)
        assert seen(accounts) == read
        assert azure.count("Pools_Get") == 1


async def test_a_listing_that_began_before_our_write_is_not_used() -> None:
    azure = Azure()
    azure.pool("p")
    async with followed(azure) as accounts:
        await asyncio.sleep(30)
        view = seen(accounts)
        azure.app.faults.add(FaultRule(action=Delay(seconds=10), operation="Pools_List"))
        await azure.until(lambda: azure.app.faults.hits(azure.app.faults.rules[0]) == 1)
        await accounts.apply(ACCOUNT_ID, "p", resize(view, 3))
        assert accounts.pool_view(ACCOUNT_ID, "p") is UNSEEN
        await asyncio.sleep(10)
        assert accounts.pool_view(ACCOUNT_ID, "p") is UNSEEN


async def test_after_a_write_the_next_listing_comes_early_and_is_shared() -> None:
    azure = Azure()
    for pool_id in ("p", "q", "r"):
        azure.pool(pool_id)
    async with followed(azure) as accounts:
        await asyncio.sleep(60)
        listings = azure.count("Pools_List")
        await azure.until(lambda: azure.count("Pools_List") > listings)
        for pool_id in ("p", "q", "r"):
            await accounts.apply(ACCOUNT_ID, pool_id, resize(seen(accounts, pool_id), 2))
        await asyncio.sleep(3)
        assert azure.count("Pools_List") == listings + 2


async def test_absence_is_never_proven_by_the_listing() -> None:
    azure = Azure()
    azure.pool("p")
    async with followed(azure) as accounts:
        assert accounts.pool_view(ACCOUNT_ID, "never-was") is UNSEEN
        assert await accounts.read_pool(ACCOUNT_ID, "never-was") is None
        assert accounts.pool_view(ACCOUNT_ID, "never-was") is UNSEEN
        azure.world.settle()
        azure.world.pools.delete(azure.account, "p")
        await asyncio.sleep(120)
        assert accounts.pool_view(ACCOUNT_ID, "p") is UNSEEN
        assert azure.moved[-1] == "p"
        assert await accounts.read_pool(ACCOUNT_ID, "p") is None


async def test_a_pool_that_a_listing_lost_can_still_be_read() -> None:
    azure = Azure()
    async with followed(azure) as accounts:
        azure.app.faults.add(FaultRule(action=Stale(seconds=600), operation="Pools_List"))
        await asyncio.sleep(30)
        azure.pool("p")
        await asyncio.sleep(60)
        assert accounts.pool_view(ACCOUNT_ID, "p") is UNSEEN
        read = await accounts.read_pool(ACCOUNT_ID, "p")
        assert read is not None


async def test_an_account_that_nobody_follows_is_not_asked() -> None:
    azure = Azure()
    async with followed(azure) as accounts:
        await asyncio.sleep(60)
        accounts.unfollow(ACCOUNT_ID)
        await asyncio.sleep(0)
        mark = azure.app.journal.written
        await asyncio.sleep(3600)
        assert azure.app.journal.written == mark


async def test_an_answer_that_cannot_be_read_does_not_end_the_looking() -> None:
    azure = Azure()
    azure.pool("p")
    async with followed(azure) as accounts:
        await asyncio.sleep(60)
        azure.account.pools["p"].allocation_state = "hibernating"  # type: ignore[assignment] # a state of a later api-version
        await asyncio.sleep(30)
        trouble = accounts.follow(ACCOUNT_ID).trouble
        assert trouble is not None
        assert "cannot be read" in trouble.detail
        azure.account.pools["p"].allocation_state = "steady"
        await asyncio.sleep(120)
        assert accounts.follow(ACCOUNT_ID).trouble is None
        assert seen(accounts).steady


async def test_an_account_that_appears_wakes_its_pools() -> None:
    azure = Azure()
    async with followed(azure, LATER_ID) as accounts:
        assert accounts.follow(LATER_ID).listed
        azure.moved.clear()
        await asyncio.sleep(600)
        assert azure.moved == []
        azure.world.add_batch_account(str(LATER_ID), location=HOME)
        await asyncio.sleep(600)
        assert azure.moved == [None]


async def test_sizes_are_asked_for_each_subscription() -> None:
    azure = Azure()
    other = parse(f"{ACCOUNT}2".replace(ACCOUNT_ID.subscription, "00000000-0000-0000-0000-000000000002"))
    azure.world.add_batch_account(str(other), location=HOME)
    async with followed(azure) as accounts:
        for account in (ACCOUNT_ID, other, ACCOUNT_ID, other):
            assert "standard_d2s_v3" in await accounts.sizes(account)
    assert azure.count("Location_ListSupportedVirtualMachineSkus") == 2
