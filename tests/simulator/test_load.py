"""Many clients at once, many pools, and bodies larger than anybody takes."""

from __future__ import annotations

import asyncio
import http.client
import json
import ssl
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from azure.batch import BatchClient
from azure.batch.aio import BatchClient as AsyncBatchClient
from azure.core.credentials import AccessToken
from azure.core.pipeline.transport import AioHttpTransport
from azure.mgmt.compute import ComputeManagementClient
from azure.mgmt.compute.aio import ComputeManagementClient as AsyncComputeManagementClient

from azuresim import Application, ManualClock, World
from azuresim.core.sorted_names import SortedNames
from azuresim.server import Server
from azuresim.wire.bodies import MAX_BODY
from simulator.cloud import API, BATCH, GROUP, SUBSCRIPTION, Cloud, StaticCredential, pool_options
from simulator.counting import counted

CLIENTS = 25
POOLS = 10_000
# Any: the clients' annotations know models only.
GALLERY: Any = {"location": "westus"}


class Token:
    """A token that means nothing, for the clients that do not wait."""

    def get_token(self, *_scopes: str, **_options: Any) -> AccessToken:
        return AccessToken("token", 4_102_444_800)

    def close(self) -> None: ...


def served(tmp_path: Path) -> Server:
    world = World(ManualClock())
    world.add_batch_account(BATCH, location="westus", pool_quota=1000)
    return Server(Application(world), folder=tmp_path)


def synchronous(server: Server, number: int) -> list[str]:
    """One client's work: a pool and a gallery of its own, written and read back."""
    verify: dict[str, Any] = {"connection_verify": str(server.certificates.authority), "retry_total": 0}
    with (
        BatchClient(f"{server.url}/batch/acct", Token(), **verify) as batch,
        ComputeManagementClient(Token(), SUBSCRIPTION, base_url=server.url, **verify) as compute,
    ):
        batch.create_pool(pool_options(f"sync-{number}"))
        compute.galleries.begin_create_or_update("rg", f"sync{number}", GALLERY, polling=False)
        assert compute.galleries.get("rg", f"sync{number}").name == f"sync{number}"
        assert batch.get_pool(f"sync-{number}").id == f"sync-{number}"
        return [pool.id for pool in batch.list_pools(max_results=7)]


async def asynchronous(server: Server, number: int) -> list[str]:
    transport = AioHttpTransport(connection_verify=str(server.certificates.authority))
    other = AioHttpTransport(connection_verify=str(server.certificates.authority))
    async with (
        AsyncBatchClient(f"{server.url}/batch/acct", StaticCredential(), transport=transport, retry_total=0) as batch,
        AsyncComputeManagementClient(StaticCredential(), SUBSCRIPTION, base_url=server.url, transport=other, retry_total=0) as compute,
    ):
        await batch.create_pool(pool_options(f"async-{number}"))
        await compute.galleries.begin_create_or_update("rg", f"async{number}", GALLERY, polling=False)
        assert (await compute.galleries.get("rg", f"async{number}")).name == f"async{number}"
        assert (await batch.get_pool(f"async-{number}")).id == f"async-{number}"
        return [pool.id async for pool in batch.list_pools(max_results=7)]


async def test_fifty_clients_at_once(tmp_path: Path) -> None:
    async with served(tmp_path) as server:
        world = server.application.world
        threads = [asyncio.to_thread(synchronous, server, number) for number in range(CLIENTS)]
        tasks = [asynchronous(server, number) for number in range(CLIENTS)]
        listings = await asyncio.gather(*threads, *tasks)
        made = {f"{kind}-{number}" for kind in ("sync", "async") for number in range(CLIENTS)}
        assert set(world.batch.named("acct").pools) == made
        assert {gallery.id.name for gallery in world.galleries.in_group(SUBSCRIPTION, "rg")} == {name.replace("-", "") for name in made}
        for number, listed in enumerate(listings):
            # A listing in pages while others create: nobody twice, one's own always.
            own = f"sync-{number}" if number < CLIENTS else f"async-{number - CLIENTS}"
            assert own in listed
            assert len(set(listed)) == len(listed)
        counted = server.application.journal.count()
        assert counted["batch", "Pools_Create", "POST"] == counted["compute", "Galleries_CreateOrUpdate", "PUT"] == 2 * CLIENTS
        etags = [pool.etag for pool in world.batch.named("acct").pools.values()]
        assert len(set(etags)) == len(etags)


POOL_MACHINES = pool_options().as_dict()["virtualMachineConfiguration"]


@pytest.mark.parametrize("path", ["pools?$select=id,eTag&", "pools?", "nodecounts?"])
def test_a_page_costs_what_is_on_it(cloud: Cloud, path: str) -> None:
    cloud.account.pool_quota = POOLS
    for number in range(POOLS):
        body = {"id": f"p{number:05}", "vmSize": "Standard_D2s_v3", "virtualMachineConfiguration": POOL_MACHINES}
        cloud.world.pools.create(cloud.account, body)
    with counted(SortedNames.after) as visited:
        first = cloud.ask("GET", f"/batch/acct/{path}maxresults=100&{API}").json()
    assert len(first["value"]) == 100
    assert visited["after"] == 101
    # The middle costs no more than the beginning: nothing is skipped over.
    token = first["odata.nextLink"].rpartition("$skiptoken=")[2]
    with counted(SortedNames.after) as visited:
        second = cloud.ask("GET", f"/batch/acct/{path}maxresults=100&{API}&$skiptoken={token}").json()
    names = {"pools": "id", "nodecounts": "poolId"}
    assert second["value"][0][names[path.partition("?")[0]]] == "p00100"
    assert visited["after"] == 101


def connected(server: Server) -> http.client.HTTPSConnection:
    address = urlsplit(server.url)
    assert address.hostname is not None
    trust = ssl.create_default_context(cafile=str(server.certificates.authority))
    return http.client.HTTPSConnection(address.hostname, address.port, context=trust, timeout=10)


@pytest.mark.parametrize(
    ("path", "code"),
    [
        (f"{GROUP}/providers/Microsoft.Compute/galleries/gal?{API}", ("error", "code")),
        (f"/batch/acct/pools?{API}", ("code",)),
    ],
)
@pytest.mark.parametrize("announced", [True, False])
async def test_a_body_too_large_is_refused_before_it_is_read(tmp_path: Path, path: str, code: tuple[str, ...], *, announced: bool) -> None:
    def ask(server: Server) -> tuple[int, Any]:
        connection = connected(server)
        connection.putrequest("PUT", path)
        size = {"Content-Length": str(100 << 20)} if announced else {"Transfer-Encoding": "chunked"}
        for name, value in {**size, "Authorization": "Bearer x", "Content-Type": "application/json"}.items():
            connection.putheader(name, value)
        connection.endheaders()
        if not announced:
            # The first bytes beyond the limit; more would follow, and a server that wants to read them waits for ever.
            connection.send(b"%x\r\n" % (MAX_BODY + 1) + bytes(MAX_BODY + 1) + b"\r\n")
        answer = connection.getresponse()
        shown = json.loads(answer.read())
        connection.close()
        return answer.status, shown

    async with served(tmp_path) as server:
        status, shown = await asyncio.to_thread(ask, server)
    for name in code:
        shown = shown[name]
    assert (status, shown) == (413, "RequestBodyTooLarge")
