"""Bytes on a socket that no client of Azure would send, and bodies of a size that no memory should hold."""

from __future__ import annotations

import asyncio
import logging
import re
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from azuresim import Application, World
from azuresim.core.vhd import MIB
from azuresim.server import Server
from simulator.cloud import BATCH, STORAGE

BLOB = "/blob/vhds/images/os.vhd"
SIGNED_IN = "Authorization: Bearer t"


class Wire:
    """One server, and what is written to it and read from it."""

    def __init__(self, server: Server) -> None:
        self._port = int(server.url.rpartition(":")[2])
        self._context = ssl.create_default_context(cafile=str(server.certificates.authority))

    async def open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self._port, ssl=self._context, server_hostname="127.0.0.1")

    async def ask(self, sent: bytes, until: bytes = b"") -> bytes:
        """All that comes until the server closes, or until these words."""
        reader, writer = await self.open()
        writer.write(sent)
        answered = await (reader.readuntil(until) if until else reader.read())
        writer.close()
        return answered


@asynccontextmanager
async def listening(folder: Path, *, size_mib: int = 8) -> AsyncIterator[Wire]:
    world = World()
    world.add_storage_account(STORAGE, location="westus")
    world.add_batch_account(BATCH, location="westus")
    async with Server(Application(world), folder=folder) as server:
        world.add_vhd(f"{server.url}/blob/vhds/images/os.vhd", size_mib=size_mib)
        yield Wire(server)


def request(method: str, path: str, *headers: str | bytes, last: bool = True) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: x", SIGNED_IN, *headers, *(["Connection: close"] if last else [])]
    return b"\r\n".join(line.encode() if isinstance(line, str) else line for line in (*lines, "", ""))


def statuses(answered: bytes) -> list[int]:
    return [int(status) for status in re.findall(rb"HTTP/1\.[01] (\d+) ", answered)]


@pytest.mark.parametrize(
    ("sent", "status", "words"),
    [
        pytest.param(
            request("GET", BLOB, b"x-ms-client-request-id: \xff"), 400, b"<Code>InvalidHeaderValue", id="a header that is no text"
        ),
        pytest.param(request("PUT", f"{BLOB}?comp=metadata", b"x-ms-meta-a: \xff"), 400, b"<Code>InvalidHeaderValue", id="metadata"),
        pytest.param(request("GET", "/subscriptions", b"x-a: \xff"), 400, b'{"error":{"code":"InvalidHeaderValue"', id="for ARM"),
        pytest.param(request("OPTIONS", "*"), 400, b'{"error":', id="the server itself"),
        pytest.param(request("OPTIONS", BLOB), 405, b"<Code>UnsupportedHttpVerb", id="a verb nobody answers"),
        pytest.param(request("GET", BLOB, f"x-a: {'a' * 100_000}"), 400, b"", id="a long header"),
        pytest.param(request("GET", BLOB, *(f"x-{n}: a" for n in range(50_000))), 400, b"", id="many headers"),
        pytest.param(request("GET", f"/blob/vhds/images/{'a' * 20_000}"), 400, b"", id="a long address"),
        pytest.param(b"NONSENSE\r\n\r\n", 400, b"", id="no HTTP"),
        pytest.param(request("PUT", BLOB, "Transfer-Encoding: chunked", "Content-Length: 5"), 400, b"", id="two lengths"),
        pytest.param(request("PUT", BLOB, "Content-Length: -5"), 400, b"", id="less than nothing"),
        pytest.param(
            request("PUT", "/subscriptions/x", f"Content-Length: {100 * MIB}"), 413, b'{"error":{"code":"RequestBodyTooLarge', id="ARM"
        ),
        pytest.param(
            request("POST", "/batch/acct/pools", f"Content-Length: {100 * MIB}"),
            413,
            b'"code":"RequestBodyTooLarge","message":{',
            id="Batch",
        ),
        pytest.param(
            request("POST", "/x/oauth2/v2.0/token", f"Content-Length: {100 * MIB}"), 413, b'{"error":"RequestBodyTooLarge",', id="Entra"
        ),
        pytest.param(
            request("POST", "/batch/acct/pools", "Transfer-Encoding: chunked") + b"500000\r\n" + bytes(5 * MIB) + b"\r\n0\r\n\r\n",
            413,
            b"RequestBodyTooLarge",
            id="without saying how much",
        ),
        pytest.param(
            request("PUT", f"{BLOB}?comp=tags", f"Content-Length: {9 * MIB}") + bytes(9 * MIB), 413, b"<Code>RequestBodyTooLarge", id="XML"
        ),
    ],
)
async def test_an_answer_to_everything(tmp_path: Path, caplog: pytest.LogCaptureFixture, sent: bytes, status: int, words: bytes) -> None:
    async with listening(tmp_path) as wire:
        assert statuses(await wire.ask(sent, words)) == [status]
        assert statuses(await wire.ask(request("HEAD", BLOB))) == [200]
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


async def test_requests_in_a_row_are_answered_in_a_row(tmp_path: Path) -> None:
    async with listening(tmp_path) as wire:
        read = request("GET", BLOB, "Range: bytes=0-3", last=False)
        answered = await wire.ask(read + request("HEAD", "/blob/vhds/images/none", last=False) + read + request("HEAD", BLOB))
        assert statuses(answered) == [206, 404, 206, 200]
        assert answered.count(b"\r\n\r\n\0\0\0\0HTTP") == 2
        # What HEAD is asked for has a length and no body.
        assert answered.endswith(b"\r\n\r\n")
        assert f"Content-Length: {8 * MIB + 512}".encode() in answered


async def test_clients_that_never_finish_keep_nobody_waiting(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with listening(tmp_path) as wire:
        slow = [await wire.open() for _ in range(50)]
        for _, writer in slow[:25]:
            writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nX-A: ")
        for _, writer in slow[25:]:
            writer.write(request("PUT", BLOB, "Content-Length: 100") + b"abc")
        assert statuses(await wire.ask(request("HEAD", BLOB))) == [200]
        for _, writer in slow:
            writer.transport.abort()
        assert statuses(await wire.ask(request("HEAD", BLOB))) == [200]
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


async def test_a_large_blob_is_never_in_memory_as_a_whole(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    size = 2 * 1024 * 1024
    async with listening(tmp_path, size_mib=size) as wire:
        reader, writer = await wire.open()
        writer.write(request("GET", BLOB))
        head = await reader.readuntil(b"\r\n\r\n")
        assert f"Content-Length: {size * MIB + 512}\r\n".encode() in head
        assert await reader.readexactly(16 * MIB) == bytes(16 * MIB)
        assert statuses(await wire.ask(request("HEAD", BLOB))) == [200]
        writer.transport.abort()
        last = await wire.ask(request("GET", BLOB, f"Range: bytes={(size - 40) * MIB}-"))
        assert (statuses(last), last[-512:-504], len(last.partition(b"\r\n\r\n")[2])) == ([206], b"conectix", 40 * MIB + 512)
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []
