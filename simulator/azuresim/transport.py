"""The simulator under the real Azure SDK clients, without sockets: an ``azure.core`` transport.

Needs azure-core; nothing else in the package does.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable, Mapping
from http.client import responses
from types import TracebackType
from typing import Any, Literal, Self
from urllib.parse import urlencode

from azure.core.exceptions import IncompleteReadError, ServiceRequestError
from azure.core.pipeline.transport import AsyncHttpTransport
from azure.core.rest import AsyncHttpResponse, HttpRequest
from azure.core.rest._http_response_impl_async import AsyncHttpResponseImpl
from azure.core.utils import case_insensitive_dict

from azuresim.application import Application
from azuresim.wire.http import Request, Response, header_names

Phase = Literal["before", "after"]
# Called around each request; raising there kills the caller at that point. The response is None before, and after a dropped connection.
Gate = Callable[[Phase, Request, Response | None], Awaitable[None]]


class SimulatorTransport(AsyncHttpTransport[HttpRequest, AsyncHttpResponse]):
    """Give it to a client as ``transport=``; one may serve any number of clients.

    Never sleeps, except for a delay of the fault plan (``asyncio.sleep``, virtual on a virtual-time loop).
    A cut connection looks as it does with the aiohttp transport: ``ServiceRequestError`` "Server disconnected", although the request may
    have been carried out. One that is cut in the middle of the answer raises ``IncompleteReadError`` when the body is read.
    """

    def __init__(self, application: Application, *, gate: Gate | None = None) -> None:
        self.application = application
        self.gate = gate

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None = None, exc_value: BaseException | None = None, traceback: TracebackType | None = None
    ) -> None:
        return None

    async def open(self) -> None:
        """Do nothing; there is no connection."""

    async def close(self) -> None:
        """Do nothing; a closed client may share this transport with others."""

    async def sleep(self, duration: float) -> None:
        """What the SDK's retry policy waits with."""
        await asyncio.sleep(duration)

    async def send(self, request: HttpRequest, *, stream: bool = False, **_options: Any) -> AsyncHttpResponse:
        """Carry ``request`` out against the simulator."""
        asked = Request(request.method, request.url, header_names(request.headers), await _body(request))
        if self.gate is not None:
            await self.gate("before", asked, None)
        outcome = self.application.outcome(asked)
        if self.gate is not None:
            await self.gate("after", asked, outcome.response)
        if outcome.delay:
            await asyncio.sleep(outcome.delay)
        if outcome.response is None:
            raise ServiceRequestError("Server disconnected")
        answer = _SimulatedResponse(request, outcome.response, cut=outcome.cut)
        if not stream:
            await answer.read()
        return answer


class _Exchange:
    """Stands where the SDK's response object keeps its connection."""

    def __init__(self, body: bytes, *, cut: bool) -> None:
        self.body = body
        self.cut = cut

    async def close(self) -> None:
        """Do nothing; there is no connection."""


class _Download(AsyncIterator[bytes]):
    """The body, in one piece; of a cut one the first half, and then the error."""

    def __init__(self, _pipeline: Any = None, response: Any = None, **_options: Any) -> None:
        # The blob client reads these two from the stream.
        self.response = response
        self.content_length = int(response.headers["Content-Length"])
        exchange: _Exchange = response._internal_response  # noqa: SLF001  # azure.core keeps it there
        self._cut = exchange.cut
        body = exchange.body[: len(exchange.body) // 2] if self._cut else exchange.body
        self._left = [body] if body else []

    def __len__(self) -> int:
        return sum(map(len, self._left))

    async def __anext__(self) -> bytes:
        if not self._left:
            if self._cut:
                raise IncompleteReadError("Response payload is not completed")
            raise StopAsyncIteration
        return self._left.pop()


class _SimulatedResponse(AsyncHttpResponseImpl):
    """The simulator's answer as azure.core knows answers."""

    def __init__(self, request: HttpRequest, response: Response, *, cut: bool) -> None:
        headers = case_insensitive_dict(response.headers)
        if "content-length" not in headers:
            headers["Content-Length"] = str(len(response.body))
        body = response.body if response.parts is None else b"".join(response.parts)
        super().__init__(
            request=request,
            internal_response=_Exchange(body, cut=cut),
            status_code=response.status,
            headers=headers,
            content_type=headers.get("Content-Type"),
            reason=responses.get(response.status, ""),
            stream_download_generator=_Download,
        )

    async def load_body(self) -> None:
        """What the blob client calls before it checks a digest."""
        await self.read()

    def body(self) -> bytes:
        """What it takes the digest of."""
        return self.content


async def _body(request: HttpRequest) -> bytes:
    """Whatever form the SDK gave the body."""
    # The requests of a blob batch are of an older class, without content.
    content: Any = getattr(request, "content", None) or getattr(request, "_data", None)
    if content is None:
        return b""
    if hasattr(content, "read"):
        content = content.read()
        if inspect.isawaitable(content):
            content = await content
    if isinstance(content, str):
        return content.encode()
    if isinstance(content, bytes | bytearray | memoryview):
        return bytes(content)
    if isinstance(content, Mapping):
        return urlencode(content).encode()
    if isinstance(content, AsyncIterable):
        return b"".join([part async for part in content])
    if isinstance(content, Iterable):
        return b"".join(content)
    raise TypeError(f"cannot read a request body of type {type(content).__name__}")
