"""What lies under every Azure client: one shared transport, counted a service."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Any, TypeAlias

from aiohttp import ClientSession, DummyCookieJar, TCPConnector
from azure.core.exceptions import AzureError
from azure.core.pipeline.transport import AioHttpTransport, AsyncHttpTransport

from poolwright.domain.metrics import Metrics

Transport: TypeAlias = AsyncHttpTransport[Any, Any]
# A TLS connection holds 256 KiB of buffers in asyncio, so memory is what bounds them: passes of both kinds and the pollers share these.
AZURE_CONNECTIONS = 24


def azure_transport() -> AioHttpTransport:
    """One for all clients, and for the credential's own requests none of it."""
    # As the SDK would make it for itself, but with a bound: no cookies, no decompression, proxies from the environment.
    session = ClientSession(
        connector=TCPConnector(limit=AZURE_CONNECTIONS), cookie_jar=DummyCookieJar(), auto_decompress=False, trust_env=True
    )
    return AioHttpTransport(session=session, session_owner=True, connection_timeout=10, read_timeout=30)


class CountedTransport(AsyncHttpTransport[Any, Any]):
    """Passes requests on to a transport it does not own, and counts the answers under a service's name."""

    def __init__(self, inner: Transport, service: str, metrics: Metrics) -> None:
        self._inner = inner
        self._service = service
        self._metrics = metrics

    async def send(self, request: Any, **kwargs: Any) -> Any:
        """Send one request; a failure to get an answer counts as code 0."""
        clock = asyncio.get_running_loop().time
        started = clock()
        try:
            response = await self._inner.send(request, **kwargs)
        except AzureError:
            self._metrics.azure_request(self._service, request.method, "0", clock() - started)
            raise
        self._metrics.azure_request(self._service, request.method, str(response.status_code), clock() - started)
        return response

    async def open(self) -> None:
        """The owner opens."""

    async def close(self) -> None:
        """The owner closes."""

    async def sleep(self, duration: float) -> None:
        """Never wait inside a call: retries are scheduled by the engine."""
        raise AzureError(f"a client wanted to sleep for {duration} s")

    async def __aexit__(
        self, exc_type: type[BaseException] | None = None, exc_value: BaseException | None = None, traceback: TracebackType | None = None
    ) -> None:
        """The owner closes."""
