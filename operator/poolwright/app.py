"""The process: probes first, then leadership, then the core with kopf as its watcher."""

from __future__ import annotations

import asyncio
import logging
import signal
from random import Random

from poolwright.cloud.credentials import azure_credential
from poolwright.cloud.transport import azure_transport
from poolwright.core import OperatorCore
from poolwright.engine.clock import SystemClock
from poolwright.engine.election import Elector, LostLease
from poolwright.engine.patience import patiently
from poolwright.engine.reconciler import STOP_SECONDS
from poolwright.engine.resync import EVERY_SECONDS
from poolwright.engine.shard import Shard
from poolwright.kube.client import KubeClient
from poolwright.kube.connection import api_client
from poolwright.kube.events import EventRecorder
from poolwright.kube.handlers import wait_for_kinds, watch
from poolwright.kube.leases import KubeLeases
from poolwright.settings import Settings
from poolwright.telemetry.http import Probes
from poolwright.telemetry.lag import measure_lag
from poolwright.telemetry.metrics import PrometheusMetrics

log = logging.getLogger(__name__)

# Two relists missed in a row and some: the process has lost its sight and is better started anew.
OVERDUE_SECONDS = 3 * EVERY_SECONDS


class App:
    """One process of the operator."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._clock = SystemClock()
        self._metrics = PrometheusMetrics()
        self._core: OperatorCore | None = None
        self._watching = False
        self._stop = asyncio.Event()

    async def run(self) -> int:
        """Run until SIGTERM or SIGINT (0), or until the lease is lost (1)."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        probes = Probes(self._metrics.registry, healthy=self._problem, ready=lambda: None)
        port = await probes.start(self._settings.http_host, self._settings.http_port)
        log.info("started", extra={"port": port})
        measuring = asyncio.create_task(measure_lag(self._metrics, loop.time), name="lag")
        client = KubeClient(await api_client(), self._metrics)
        try:
            return await self._lead(client)
        finally:
            measuring.cancel()
            await client.close()
            await probes.stop()

    async def _lead(self, client: KubeClient) -> int:
        """Wait for the lease without standing in the way of a signal."""
        shard, settings = Shard(), self._settings
        leases = KubeLeases(client, settings.namespace, shard.lease)
        elector = Elector(leases, name=shard.lease, identity=settings.identity, clock=self._clock, metrics=self._metrics)

        async def lead() -> None:
            await wait_for_kinds(client)
            await elector.lead(lambda: self._work(client))

        leading = asyncio.create_task(lead(), name="leading")
        stopping = asyncio.create_task(self._stop.wait(), name="stopping")
        await asyncio.wait({leading, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if not self._watching:
            # Once kopf runs it has the signal, too, and the way out goes through it.
            leading.cancel()
        try:
            await leading
        except LostLease as error:
            log.error("lost the lease", extra={"error": str(error)})  # noqa: TRY400 - the traceback tells nothing more
            return 1
        except asyncio.CancelledError:
            return 0
        finally:
            stopping.cancel()
        return 0

    async def _work(self, client: KubeClient) -> None:
        """What only the leader does."""
        settings, random = self._settings, Random()  # noqa: S311 - jitter, not secrets
        cluster = settings.cluster_id or await patiently("the cluster's id", client.cluster_id, random)
        recorder = EventRecorder(client, self._clock.now, instance=settings.identity, metrics=self._metrics)
        async with azure_transport() as transport, azure_credential(instance_discovery=settings.instance_discovery) as credential:
            core = OperatorCore(
                settings,
                objects=client,
                recorder=recorder,
                credential=credential,
                transport=transport,
                cluster=cluster,
                clock=self._clock,
                random=random,
                metrics=self._metrics,
            )
            self._core = core
            telling = asyncio.create_task(recorder.forever(), name="events")
            grace = STOP_SECONDS
            try:
                await core.start()
                await self._watch(core)
            except asyncio.CancelledError:
                # The lease is lost: somebody else may act by now, so nothing of ours goes on.
                grace = 0.0
                raise
            finally:
                await core.stop(grace)
                telling.cancel()

    async def _watch(self, core: OperatorCore) -> None:
        """Kopf replaces our signal handlers by its own; both set the same flag."""
        self._watching = True
        await watch(core.intake, stop=self._stop)

    def _problem(self) -> str | None:
        if self._core is None:
            return None
        now = self._clock.monotonic()
        late = [kind for kind, at in self._core.resync.listed_at.items() if now - at > OVERDUE_SECONDS]
        return f"relist overdue: {', '.join(late)}" if late else None
