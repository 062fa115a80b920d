"""The simulator over HTTPS, for any client. Dropped connections are really dropped."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path
from types import TracebackType
from typing import Self

from aiohttp import web

from azuresim.admin import PREFIX, Admin
from azuresim.application import Application
from azuresim.certificates import CertificateFiles, ensure_certificates
from azuresim.clock import RealClock
from azuresim.state import StateError
from azuresim.wire.bodies import body_limit, too_large
from azuresim.wire.http import Request, Response

_CHUNK = 1 << 16


class Server:
    """``async with Server(application, folder=...) as server``: listens on 127.0.0.1 until the block ends.

    ``failed`` is done when the state can no longer be kept: what was asked then is not answered, and a restart knows nothing of it.
    ``port`` 0 takes a free one. The world's ``base_url`` becomes the server's address. Clients must trust
    ``server.certificates.authority``.
    """

    def __init__(self, application: Application, *, folder: Path, host: str = "127.0.0.1", port: int = 0) -> None:
        self.application = application
        self.certificates: CertificateFiles = ensure_certificates(
            folder,
            now=RealClock().now(),
            hosts=dict.fromkeys(("localhost", "127.0.0.1", *([] if host == "0.0.0.0" else [host]))),  # noqa: S104  # recognised, not bound
        )
        self._admin = Admin(application, authority=str(self.certificates.authority))
        self._host, self._port = host, port
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        """`https://127.0.0.1:<port>`."""
        return self.application.world.base_url

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc_value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Listen."""
        self.failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        application = web.Application()
        application.router.add_route("*", "/{anything:.*}", self._serve)
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self.certificates.chain, self.certificates.key)
        self._runner = web.AppRunner(application, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, self._host, self._port, ssl_context=context).start()
        port = self._runner.addresses[0][1]
        shown = "127.0.0.1" if self._host == "0.0.0.0" else self._host  # noqa: S104  # recognised, not bound
        self.application.world.base_url = f"https://{shown}:{port}"

    async def stop(self) -> None:
        """Close all connections."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _serve(self, received: web.Request) -> web.StreamResponse:
        # The raw path: a decoded one would lose the difference between `/` and `%2F` in blob names.
        url, headers = f"{self.url}{received.raw_path}", {name.lower(): value for name, value in received.headers.items()}
        limit = body_limit(received.raw_path)
        body = await _read(received, limit)
        if body is None:
            return _answer(
                Request(received.method, url, headers), self.application.refuse(Request(received.method, url, headers), too_large(limit))
            )
        request = Request(received.method, url, headers, body)
        try:
            if request.path.startswith(PREFIX):
                return _answer(request, self._admin.handle(request))
            outcome = self.application.outcome(request)
        except StateError as lost:
            if not self.failed.done():
                self.failed.set_exception(lost)
            return _cut(received)
        if outcome.delay:
            await asyncio.sleep(outcome.delay)
        if outcome.response is None:
            return _cut(received)
        if outcome.cut:
            half = web.StreamResponse(status=outcome.response.status, headers=outcome.response.headers)
            half.content_length = len(outcome.response.body)
            await half.prepare(received)
            await half.write(outcome.response.body[: len(outcome.response.body) // 2])
            return _cut(received)
        return _answer(request, outcome.response)


def _cut(received: web.Request) -> web.StreamResponse:
    if received.transport is not None:
        received.transport.abort()
    # aiohttp wants an answer; it goes nowhere.
    return web.Response()


async def _read(received: web.Request, limit: int) -> bytes | None:
    """The body; None for one that is larger than ``limit`` bytes, of which no more is read."""
    if (received.content_length or 0) > limit:
        return None
    body = bytearray()
    async for part in received.content.iter_chunked(_CHUNK):
        body += part
        if len(body) > limit:
            return None
    return bytes(body)


def _answer(request: Request, response: Response) -> web.StreamResponse:
    headers = dict(response.headers)
    if request.method == "HEAD" and "Content-Length" in headers:
        answer = web.StreamResponse(status=response.status, headers=headers)
        answer.content_length = int(headers["Content-Length"])
        return answer
    return web.Response(status=response.status, headers=headers, body=response.body or None)
