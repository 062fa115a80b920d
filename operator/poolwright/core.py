"""The parts that decide and act, put together over any Kubernetes API and any Azure.

``app`` adds what a process needs around it: probes, leadership, kopf. Tests run exactly this over virtual time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from random import Random
from typing import Any

from poolwright import __version__
from poolwright.cloud.account_poller import Rhythm
from poolwright.cloud.accounts import AzureAccounts
from poolwright.cloud.clients import AzureClients, AzureCloud
from poolwright.cloud.credentials import Credential
from poolwright.cloud.galleries import AzureGalleries
from poolwright.cloud.sources import AzureSources
from poolwright.cloud.transport import Transport
from poolwright.controllers.image.logic import ImageLogic
from poolwright.controllers.pool.images import BY_ACCOUNT, BY_POOL_ID, BY_REFERENCE, account_of, index, pool_name, users_of
from poolwright.controllers.pool.logic import PoolLogic
from poolwright.controllers.reconcile import Controller, Logic, Recorder
from poolwright.domain import resource_id
from poolwright.domain.image.situation import Pace as ImagePace
from poolwright.domain.metrics import Metrics
from poolwright.domain.objects import IMAGES, KINDS, POOLS, Body, ObjectKey, Objects, is_deleting
from poolwright.domain.pool.situation import Pace as PoolPace
from poolwright.domain.resource_id import ResourceId
from poolwright.engine.backoff import Backoff
from poolwright.engine.clock import Clock
from poolwright.engine.patience import patiently
from poolwright.engine.publish import Publisher
from poolwright.engine.reconciler import STOP_SECONDS, Reconciler
from poolwright.engine.resync import Resync
from poolwright.engine.store import ObjectStore
from poolwright.engine.workqueue import Priority, WorkQueue
from poolwright.settings import Settings


class OperatorCore:
    """Store, queues, controllers and pollers of one shard. ``start`` once, ``stop`` once."""

    def __init__(
        self,
        settings: Settings,
        *,
        objects: Objects,
        recorder: Recorder,
        credential: Credential,
        transport: Transport,
        cluster: str,
        clock: Clock,
        random: Random,
        metrics: Metrics,
    ) -> None:
        self._clock = clock
        self._metrics = metrics
        self._random = random
        self.store = ObjectStore()
        index(self.store)
        self.store.listen(self._changed)
        cloud = AzureCloud(
            resource_manager=settings.resource_manager,
            resource_manager_scope=settings.resource_manager_scope,
            batch_scope=settings.batch_scope,
        )
        clients = AzureClients(cloud, credential, transport, metrics, __version__)
        rhythm = Rhythm(pools=settings.pool_poll_seconds, node_counts=settings.node_count_seconds)
        self.accounts = AzureAccounts(clients, clock=clock, random=random, metrics=metrics, rhythm=rhythm, moved=self._pool_moved)
        galleries = AzureGalleries(clients)
        images = ImageLogic(
            galleries,
            AzureSources(clients),
            cluster=cluster,
            users=lambda image: users_of(self.store, image),
            pace=ImagePace(motion=settings.image_motion_seconds, calm=settings.image_poll_seconds),
        )
        pools = PoolLogic(self.accounts, galleries, self.store, cluster=cluster, clock=clock, pace=PoolPace())
        publisher = Publisher(objects, self.store, clock, volatile_seconds=settings.volatile_status_seconds)

        def controller(logic: Logic[Any]) -> Controller[Any]:
            return Controller(logic, objects=objects, store=self.store, publisher=publisher, recorder=recorder, clock=clock)

        self._queues = {kind: WorkQueue[ObjectKey](kind, clock, Backoff(random), metrics) for kind in KINDS}
        workers = {IMAGES: settings.image_workers, POOLS: settings.pool_workers}
        steps: dict[str, Callable[[ObjectKey], Any]] = {IMAGES: controller(images).reconcile, POOLS: controller(pools).reconcile}
        self._reconcilers = [
            Reconciler(self._queues[kind], steps[kind], workers=workers[kind], clock=clock, metrics=metrics) for kind in KINDS
        ]
        self.resync = Resync(
            objects, self.store, lambda key: self._queues[key.kind].add(key, Priority.RESYNC), random=random, clock=clock, metrics=metrics
        )
        self._relisting: list[asyncio.Task[None]] = []

    @property
    def idle(self) -> bool:
        """No key waits and none is worked on."""
        return all(queue.idle for queue in self._queues.values())

    def intake(self, kind: str, event: str, body: Body) -> None:
        """A watch event: what kopf's handlers call, and nothing that can fail."""
        self._metrics.object_heard_of(kind, self._clock.now().timestamp())
        if event == "DELETED":
            self.store.remove(kind, body)
        else:
            self.store.upsert(kind, body)

    async def start(self) -> None:
        """List both kinds, then start the workers: nothing is decided on half a picture."""
        for kind in KINDS:
            await patiently(f"the first listing of {kind}", lambda kind=kind: self.resync.first(kind), self._random)  # type: ignore[misc] # bound now
        for reconciler in self._reconcilers:
            reconciler.start()
        self._relisting = [asyncio.create_task(self.resync.forever(kind), name=f"resync-{kind}") for kind in KINDS]

    async def stop(self, grace: float = STOP_SECONDS) -> None:
        """Give the steps in flight ``grace`` seconds, then stop the pollers. Without the lease there is no grace: 0."""
        for task in self._relisting:
            task.cancel()
        await asyncio.gather(*self._relisting, return_exceptions=True)
        await asyncio.gather(*(reconciler.stop(grace) for reconciler in self._reconcilers))
        await self.accounts.close()

    def _changed(self, key: ObjectKey, before: Body | None, after: Body | None, own: bool) -> None:
        """Wake the object, unless it only heard its own voice, and those it matters to."""
        if not own:
            self._queues[key.kind].add(key)
        if key.kind == IMAGES:
            for pool in self.store.lookup(BY_REFERENCE, f"{key.namespace}/{key.name}"):
                self._queues[POOLS].add(pool)
            return
        if not own:
            self._wake_deleted_images(key.namespace)
        if after is None and before is not None and not self.store.lookup(BY_ACCOUNT, account_of(before)):
            self.accounts.unfollow(resource_id.parse(account_of(before)))

    def _wake_deleted_images(self, namespace: str) -> None:
        """An image that waits to be deleted waits for its last pool."""
        for image in self.store.keys(IMAGES):
            body = self.store.get(image)
            if image.namespace == namespace and body is not None and is_deleting(body):
                self._queues[IMAGES].add(image)

    def _pool_moved(self, account: ResourceId, pool_id: str | None) -> None:
        """The shared view of a pool moved, or (None) something that concerns all pools of the account."""
        name = str(account).lower()
        keys = self.store.lookup(BY_ACCOUNT, name) if pool_id is None else self.store.lookup(BY_POOL_ID, pool_name(name, pool_id))
        for key in keys:
            self._queues[POOLS].add(key)
