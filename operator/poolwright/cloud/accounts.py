"""Batch accounts: what is cached of them, the shared view of their pools, and every write to a pool."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any, TypeVar

from azure.batch.aio import BatchClient
from azure.batch.models import BatchPoolUpdateOptions
from azure.core import MatchConditions

from poolwright.cloud import pool_bodies
from poolwright.cloud.account_poller import AccountPoller, Clock, Rhythm
from poolwright.cloud.clients import AzureClients
from poolwright.cloud.errors import called, found
from poolwright.domain import reasons, resource_id
from poolwright.domain.image.spec import MarketplaceName
from poolwright.domain.metrics import Metrics
from poolwright.domain.outcomes import CallFailed, LookAgain, Stalled, Unseen
from poolwright.domain.pool import situation as pool
from poolwright.domain.pool.observed import AccountView, NodeAgent, PoolView
from poolwright.domain.ports import AccountState, PoolWatcher
from poolwright.domain.resource_id import ResourceId

# Sizes, node agents and the account itself change in months; an hour bounds both the reads and the surprise.
CACHED_SECONDS = 3600.0
ACCOUNT_ABSENT = frozenset({"ResourceNotFound", "ResourceGroupNotFound", "SubscriptionNotFound", "AccountNotFound"})
POOL_ABSENT = frozenset({"PoolNotFound"})

ValueT = TypeVar("ValueT")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    view: AccountView
    endpoint: str


class AzureAccounts:
    """The port ``Accounts`` over the SDKs. Pollers run as tasks of the loop that called ``follow``, until ``close``."""

    def __init__(
        self, clients: AzureClients, *, clock: Clock, random: Random, metrics: Metrics, rhythm: Rhythm, moved: PoolWatcher
    ) -> None:
        self._clients = clients
        self._clock = clock
        self._random = random
        self._metrics = metrics
        self._rhythm = rhythm
        self._watcher = moved
        self._pollers: dict[str, AccountPoller] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._cache: dict[tuple[str, str], tuple[float, Any]] = {}

    def follow(self, account: ResourceId) -> AccountState:
        """Poll this account from now on, and say what is known of it."""
        return self._poller(account).state

    def unfollow(self, account: ResourceId) -> None:
        """Nobody has a pool in this account any more."""
        key = str(account).lower()
        self._pollers.pop(key, None)
        if (task := self._tasks.pop(key, None)) is not None:
            task.cancel()
        self._metrics.account_left(key)

    async def close(self) -> None:
        """Stop every poller."""
        tasks = list(self._tasks.values())
        self._tasks.clear()
        self._pollers.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def pool_view(self, account: ResourceId, pool_id: str) -> PoolView | Unseen:
        """The pool of the shared view, UNSEEN when it has to be read directly."""
        return self._poller(account).view(pool_id)

    def node_counts(self, account: ResourceId, pool_id: str) -> Mapping[str, int] | None:
        """Nodes by state, where known; documented as possibly stale."""
        return self._poller(account).node_counts(pool_id)

    async def view(self, account: ResourceId) -> AccountView | None:
        """The account itself, cached for an hour."""
        known = await self._account(account)
        return None if known is None else known.view

    async def sizes(self, account: ResourceId) -> frozenset[str]:
        """VM sizes of the account's region in lower case, cached for an hour."""
        view = await self.view(account)
        region = view.location if view is not None else ""
        management = self._clients.batch_management(account.subscription)

        async def collect() -> frozenset[str]:
            return frozenset(
                [sku.name.lower() async for sku in management.location.list_supported_virtual_machine_skus(region) if sku.name]
            )

        return await self._cached(
            "sizes", f"{account.subscription}/{region}".lower(), lambda: called(f"listing VM sizes of {region}", collect())
        )

    async def agents(self, account: ResourceId) -> tuple[NodeAgent, ...]:
        """Node agents the account supports, cached for an hour."""
        client = await self._existing(account)

        async def collect() -> tuple[NodeAgent, ...]:
            images = [image async for image in client.list_supported_images()]
            return tuple(
                NodeAgent(
                    sku=image.node_agent_sku_id,
                    image=MarketplaceName(
                        publisher=image.image_reference.publisher or "",
                        offer=image.image_reference.offer or "",
                        sku=image.image_reference.sku or "",
                    ),
                )
                for image in images
            )

        return await self._cached("agents", str(account).lower(), lambda: called(f"listing supported images of {account.name}", collect()))

    async def read_pool(self, account: ResourceId, pool_id: str) -> PoolView | None:
        """One direct read, which also refreshes the shared view."""
        began, client = self._clock.monotonic(), await self._existing(account)
        body = await found(f"reading pool {pool_id}", client.get_pool(pool_id), absent=POOL_ABSENT)
        view = None if body is None else pool_bodies.view(body)
        self._poller(account).read(pool_id, view, began)
        return view

    async def apply(self, account: ResourceId, pool_id: str, action: pool.PoolAction) -> None:
        """Send one mutation; the shared view of this pool counts as old from then on, whatever the answer."""
        client = await self._existing(account)
        try:
            await _send(client, pool_id, action)
        finally:
            self._poller(account).wrote(pool_id)

    def _poller(self, account: ResourceId) -> AccountPoller:
        key = str(account).lower()
        if key not in self._pollers:
            poller = AccountPoller(
                account,
                lambda: self._client(account),
                moved=lambda pool_id: self._watcher(account, pool_id),
                clock=self._clock,
                random=self._random,
                metrics=self._metrics,
                rhythm=self._rhythm,
            )
            self._pollers[key] = poller
            self._tasks[key] = asyncio.create_task(poller.forever(), name=f"poller-{account.name}")
        return self._pollers[key]

    async def _account(self, account: ResourceId) -> _Known | None:
        management = self._clients.batch_management(account.subscription)

        async def read() -> _Known | None:
            call = management.batch_account.get(account.resource_group, account.name)
            model = await found(f"reading Batch account {account.name}", call, absent=ACCOUNT_ABSENT)
            if model is None:
                return None
            body = model.as_dict()
            view = AccountView(location=resource_id.region(body["location"]), state=body["properties"]["provisioningState"])
            return _Known(view=view, endpoint=f"https://{body['properties']['accountEndpoint']}")

        return await self._cached("account", str(account).lower(), read)

    async def _client(self, account: ResourceId) -> BatchClient | None:
        known = await self._account(account)
        return None if known is None else self._clients.batch(known.endpoint)

    async def _existing(self, account: ResourceId) -> BatchClient:
        client = await self._client(account)
        if client is None:
            raise CallFailed(Stalled(reason=reasons.ACCOUNT_NOT_FOUND, detail=f"There is no Batch account {account}."))
        return client

    async def _cached(self, what: str, key: str, read: Callable[[], Awaitable[ValueT]]) -> ValueT:
        """Absence is not kept: an account that is created is found by the next look."""
        at, value = self._cache.get((what, key), (float("-inf"), None))
        if value is None or self._clock.monotonic() - at >= CACHED_SECONDS:
            value = await read()
            self._cache[what, key] = (self._clock.monotonic(), value)
        cached: ValueT = value
        return cached


async def _send(client: BatchClient, pool_id: str, action: pool.PoolAction) -> None:
    unmodified = MatchConditions.IfNotModified
    match action:
        case pool.CreatePool():
            await called(f"creating pool {pool_id}", client.create_pool(pool_bodies.creation(action)))
        case pool.Adopt(etag=etag, metadata=metadata):
            options = BatchPoolUpdateOptions(metadata=pool_bodies.metadata(metadata))
            await called(f"marking pool {pool_id}", client.update_pool(pool_id, options, etag=etag, match_condition=unmodified))
        case pool.Update(etag=etag):
            body = await called(f"reading pool {pool_id}", client.get_pool(pool_id))
            if body.etag != etag:
                raise CallFailed(LookAgain(detail=f"pool {pool_id} moved"))
            options = pool_bodies.update(body, action)
            await called(f"updating pool {pool_id}", client.update_pool(pool_id, options, etag=etag, match_condition=unmodified))
        case pool.Resize(etag=etag):
            call = client.begin_resize_pool(pool_id, pool_bodies.resize(action), etag=etag, match_condition=unmodified)
            await called(f"resizing pool {pool_id}", call)
        case pool.StopResize(etag=etag):
            call = client.begin_stop_pool_resize(pool_id, etag=etag, match_condition=unmodified)
            await called(f"stopping the resize of pool {pool_id}", call)
        case pool.DeletePool(etag=etag):
            await called(f"deleting pool {pool_id}", client.begin_delete_pool(pool_id, etag=etag, match_condition=unmodified))
        case pool.Release():
            raise TypeError("taking the finalizer off is no call to Azure")
