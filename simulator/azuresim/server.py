"""The simulator over HTTPS, for any client. Dropped connections are really dropped."""

from __future__ import annotations

import asyncio
import logging
import ssl
from pathlib import Path
from types import TracebackType
from typing import Self

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from azuresim.admin import PREFIX, Admin
from azuresim.application import Application
from azuresim.certificates import CertificateFiles, ensure_certificates
from azuresim.clock import RealClock
from azuresim.core.errors import ServiceError
from azuresim.state import StateError
from azuresim.wire.bodies import body_limit, too_large
from azuresim.wire.http import Request, Response, header_names

_CHUNK = 1 << 16
_MOST_HEADER = 1 << 14
_NO_TEXT = ServiceError(400, "InvalidHeaderValue", "The value for one of the HTTP headers is not in the correct format.")


def _is_ours(record: logging.LogRecord) -> bool:
    """What is no HTTP has its 400; it is no mistake that somebody should look for."""
    return record.exc_info is None or not isinstance(record.exc_info[1], HttpProcessingError)


_log = logging.getLogger(__name__)
_log.addFilter(_is_ours)


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
        self._runner: web.ServerRunner | None = None

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
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self.certificates.chain, self.certificates.key)
        # Lines of headers may be as long as in front of the services. No router: `OPTIONS *` is a request too.
        server = web.Server(self._serve, logger=_log, access_log=None, max_line_size=_MOST_HEADER, max_field_size=_MOST_HEADER)
        self._runner = web.ServerRunner(server)
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

    async def _serve(self, received: web.BaseRequest) -> web.StreamResponse:
        try:
            return await self._answer(received)
        except ConnectionError:
            # The client is gone; aiohttp wants an answer all the same.
            return web.Response()
        except StateError as lost:
            if not self.failed.done():
                self.failed.set_exception(lost)
            return _cut(received)

    async def _answer(self, received: web.BaseRequest) -> web.StreamResponse:
        # The raw path: a decoded one would lose the difference between `/` and `%2F` in blob names.
        url, headers = f"{self.url}{received.raw_path}", header_names(received.headers)
        limit = body_limit(received.raw_path)
        body = await _read(received, limit)
        request = Request(received.method, url, headers, body or b"")
        early = too_large(limit) if body is None else None if all(map(_is_text, headers.values())) else _NO_TEXT
        if early is not None:
            return _whole(request, self.application.refuse(request, early))
        if request.path.startswith(PREFIX):
            return _whole(request, self._admin.handle(request))
        outcome = self.application.outcome(request)
        if outcome.delay:
            await asyncio.sleep(outcome.delay)
        if outcome.response is None:
            return _cut(received)
        if outcome.cut:
            await _stream(received, outcome.response, outcome.response.size // 2)
            return _cut(received)
        if outcome.response.parts is not None:
            return await _stream(received, outcome.response, outcome.response.size)
        return _whole(request, outcome.response)


def _is_text(value: str) -> bool:
    """Whether the bytes of a header were UTF-8."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


async def _stream(received: web.BaseRequest, response: Response, size: int) -> web.StreamResponse:
    """Send the head and the first ``size`` bytes of the body."""
    answer = web.StreamResponse(status=response.status, headers=response.headers)
    answer.content_length = response.size
    await answer.prepare(received)
    for part in (response.body,) if response.parts is None else response.parts:
        await answer.write(part[:size])
        size -= len(part)
        if size <= 0:
            break
    return answer


def _cut(received: web.BaseRequest) -> web.StreamResponse:
    if received.transport is not None:
        received.transport.abort()
    # aiohttp wants an answer; it goes nowhere.
    return web.Response()


async def _read(received: web.BaseRequest, limit: int) -> bytes | None:
    """The body; None for one that is larger than ``limit`` bytes, of which no more is read."""
    if (received.content_length or 0) > limit:
        return None
    body = bytearray()
    async for part in received.content.iter_chunked(_CHUNK):
        body += part
        if len(body) > limit:
            return None
    return bytes(body)


def _whole(request: Request, response: Response) -> web.StreamResponse:
    headers = dict(response.headers)
    if request.method == "HEAD" and "Content-Length" in headers:
        answer = web.StreamResponse(status=response.status, headers=headers)
        answer.content_length = int(headers["Content-Length"])
        return answer
    return web.Response(status=response.status, headers=headers, body=response.body or None)
