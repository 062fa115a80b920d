"""/metrics, /healthz and /readyz on one port."""

from __future__ import annotations

from collections.abc import Callable

from aiohttp import web
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

Check = Callable[[], str | None]
"""Answers with what is wrong, or None."""


class Probes:
    """A small server that lives as long as the process, before and after leadership."""

    def __init__(self, registry: CollectorRegistry, *, healthy: Check, ready: Check) -> None:
        self._registry = registry
        self._runner = web.AppRunner(self._application(healthy, ready), access_log=None)

    async def start(self, host: str, port: int) -> int:
        """Listen; answers with the port, which the system chooses when it is 0."""
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port)
        await site.start()
        chosen: int = self._runner.addresses[0][1]
        return chosen

    async def stop(self) -> None:
        """Close the port."""
        await self._runner.cleanup()

    def _application(self, healthy: Check, ready: Check) -> web.Application:
        application = web.Application()

        async def metrics(_: web.Request) -> web.Response:
            return web.Response(body=generate_latest(self._registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

        def probe(check: Check) -> Callable[[web.Request], object]:
            async def answer(_: web.Request) -> web.Response:
                problem = check()
                return web.Response(text=problem or "ok", status=503 if problem else 200)

            return answer

        application.router.add_get("/metrics", metrics)
        application.router.add_get("/healthz", probe(healthy))  # type: ignore[arg-type] # aiohttp's handler type is not exported
        application.router.add_get("/readyz", probe(ready))  # type: ignore[arg-type] # as above
        return application
