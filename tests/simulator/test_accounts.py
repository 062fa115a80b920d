from __future__ import annotations

import base64
import io
import json
from typing import Any

import pytest

from azuresim import Application, Journal, ManualClock, Request, ScaledClock, World
from azuresim.admin import Admin
from azuresim.core.seed import SeedError
from simulator.cloud import BATCH, DEFINITION, GALLERY, GROUP, STORAGE, SUBSCRIPTION, VHD, Cloud, pool_options

TENANT = "00000000-0000-0000-0000-00000000aaaa"


async def test_a_batch_account_says_where_it_is_and_what_it_may_use(cloud: Cloud) -> None:
    account = await cloud.management.batch_account.get("rg", "acct")
    assert account.properties is not None
    assert account.properties.account_endpoint == "azuresim.test/batch/acct"
    assert account.properties.dedicated_core_quota == 500
    assert account.properties.pool_allocation_mode == "BatchService"
    assert {f.name for f in account.properties.dedicated_core_quota_per_vm_family or ()} == set(cloud.world.catalogue.families())
    assert [a.name async for a in cloud.management.batch_account.list()] == ["acct"]
    assert [a.name async for a in cloud.management.batch_account.list_by_resource_group("rg")] == ["acct"]
    keys = await cloud.management.batch_account.get_keys("rg", "acct")
    assert keys.primary != keys.secondary
    assert cloud.ask("GET", f"{BATCH}?api-version=1").headers["ETag"] == f'"{cloud.account.etag}"'


async def test_in_the_users_own_subscription_no_core_quotas_are_shown_and_no_keys_given(cloud: Cloud) -> None:
    cloud.world.add_batch_account(f"{BATCH}2", location="westus", allocation_mode="UserSubscription")
    account = await cloud.management.batch_account.get("rg", "acct2")
    assert account.properties is not None
    assert account.properties.dedicated_core_quota is None
    assert account.properties.allowed_authentication_modes == ["AAD", "TaskAuthenticationToken"]
    assert cloud.ask("POST", f"{BATCH}2/listKeys?api-version=1").status == 409


async def test_locations_have_sizes_and_a_quota(cloud: Cloud) -> None:
    cloud.world.catalogue.withdraw("westus", "Standard_D2s_v3")
    sizes = {s.name: s async for s in cloud.management.location.list_supported_virtual_machine_skus("westus")}
    assert "Standard_D2s_v3" not in sizes
    assert {c.name: c.value for c in sizes["Standard_D2_v2"].capabilities or ()}["HyperVGenerations"] == "V1"
    assert sizes["Standard_D4s_v3"].family_name == "standardDSv3Family"
    assert (await cloud.management.location.get_quotas("westus")).account_quota == 1000
    assert (
        cloud.ask("GET", f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Batch/locations/atlantis/quotas?api-version=1").status == 400
    )


def test_a_storage_account_says_where_its_blobs_are(cloud: Cloud) -> None:
    shown = cloud.ask("GET", f"{STORAGE}?api-version=1").json()
    assert shown["properties"]["primaryEndpoints"] == {"blob": "https://azuresim.test/blob/vhds/"}
    keys = cloud.ask("POST", f"{STORAGE}/listKeys?api-version=1").json()["keys"]
    assert [k["keyName"] for k in keys] == ["key1", "key2"]
    assert base64.b64decode(keys[0]["value"])
    listed = f"{GROUP}/providers/Microsoft.Storage/storageAccounts?api-version=1"
    assert [a["id"] for a in cloud.ask("GET", listed).json()["value"]] == [STORAGE]
    whole = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Storage/storageAccounts?api-version=1"
    assert len(cloud.ask("GET", whole).json()["value"]) == 1
    assert cloud.ask("GET", f"{STORAGE}2?api-version=1").json()["error"]["code"] == "ResourceNotFound"


def test_accounts_of_other_groups_are_not_found_under_this_one(cloud: Cloud) -> None:
    cloud.world.add_resource_group(SUBSCRIPTION, "other")
    assert cloud.ask("GET", f"{STORAGE.replace('/rg/', '/other/')}?api-version=1").status == 404
    assert cloud.ask("GET", f"{BATCH.replace('/rg/', '/other/')}?api-version=1").status == 404


def token(cloud: Cloud, tenant: str = TENANT, **form: str) -> tuple[int, dict[str, Any]]:
    body = "&".join(f"{name}={value}" for name, value in {"grant_type": "client_credentials", "client_id": "me", **form}.items())
    answer = cloud.app.handle(Request("POST", f"https://azuresim.test/{tenant}/oauth2/v2.0/token", {}, body.encode()))
    return answer.status, answer.json()


def test_tokens_parse_and_expire_by_real_time(cloud: Cloud) -> None:
    real = ManualClock(1_700_000_000)
    cloud.app = Application(cloud.world, token_clock=real)
    status, issued = token(cloud, client_assertion="s", scope="https://batch.core.windows.net//.default")
    head, claims, signature = issued["access_token"].split(".")
    shown = json.loads(base64.urlsafe_b64decode(claims + "=="))
    assert (status, bool(head), bool(signature)) == (200, True, True)
    assert shown["iss"] == f"https://sts.windows.net/{TENANT}/"
    assert shown["aud"] == "https://batch.core.windows.net/"
    assert shown["exp"] == 1_700_003_600


@pytest.mark.parametrize(
    ("tenant", "form", "status", "error"),
    [
        ("nobody", {"client_secret": "s"}, 400, "invalid_request"),
        (TENANT, {}, 401, "invalid_client"),
        (TENANT, {"grant_type": "password", "client_secret": "s"}, 400, "unsupported_grant_type"),
    ],
)
def test_tokens_that_are_refused(cloud: Cloud, tenant: str, form: dict[str, str], status: int, error: str) -> None:
    answered, shown = token(cloud, tenant, **form)
    assert (answered, shown["error"]) == (status, error)


def test_the_cloud_describes_itself(cloud: Cloud) -> None:
    one = cloud.ask("GET", "/metadata/endpoints?api-version=2022-09-01").json()
    (old,) = cloud.ask("GET", "/metadata/endpoints?api-version=2019-05-01").json()
    assert one == old
    assert one["resourceManager"] == one["authentication"]["loginEndpoint"] == "https://azuresim.test"
    configuration = cloud.ask("GET", f"/{TENANT}/v2.0/.well-known/openid-configuration").json()
    assert configuration["token_endpoint"] == f"https://azuresim.test/{TENANT}/oauth2/v2.0/token"


WORLD: dict[str, Any] = {
    "tenant": TENANT,
    "resourceGroups": [{"subscription": SUBSCRIPTION, "name": "empty"}],
    "storageAccounts": [{"id": STORAGE, "location": "westus"}],
    "vhds": [{"account": "vhds", "container": "images", "blob": "os.vhd", "sizeMiB": 64}],
    "batchAccounts": [
        {"id": BATCH, "location": "westus", "dedicatedCoreQuota": 8, "capacity": {"Standard_D2s_v3": 1}, "applications": {"App": ["1"]}}
    ],
    "quotas": [{"subscription": SUBSCRIPTION, "location": "West US", "name": "standardDSv3Family", "limit": 7}],
    "galleries": [{"id": f"{GALLERY}2", "location": "westus", "tags": {"a": "b"}}],
    "definitions": [{"id": DEFINITION, "location": "westus", "hyperVGeneration": "V1"}],
    "versions": [{"id": f"{DEFINITION}/versions/1.0.0", "regions": ["westus", "North Europe"]}],
}


def test_a_world_from_a_document() -> None:
    world = World()
    world.load(WORLD)
    assert world.batch.named("acct").dedicated_quota == 8
    assert world.batch.named("acct").capacity == {"standard_d2s_v3": 1}
    assert world.batch.named("acct").has_application("app", "1")
    assert world.virtual.machines.quotas.limit(SUBSCRIPTION, "westus", "standardDSv3Family") == 7
    account = world.storage.named("vhds")
    assert account is not None
    assert account.blob("images", "os.vhd").content.size == 64 * 2**20 + 512
    assert {g.id.name for g in world.galleries.in_group(SUBSCRIPTION, "rg")} == {"gal", "gal2"}
    with pytest.raises(LookupError, match="no storage account"):
        world.add_vhd(VHD.replace("vhds", "none"))
    with pytest.raises(ValueError, match="not the id"):
        world.add_gallery("gal", location="westus")


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({"virtualMachines": []}, "unknown sections: virtualMachines"),
        ({"galleries": [{"id": "x", "location": "westus"}]}, r"galleries\[0\]"),
        ({"batchAccounts": [{"id": BATCH, "location": "westus", "colour": "red"}]}, "unknown members colour"),
        ({"vhds": [{"account": "none", "container": "c", "blob": "b"}]}, r"vhds\[0\]"),
        ({"storageAccounts": [{"id": STORAGE}]}, "location"),
    ],
)
def test_documents_that_cannot_be_followed(document: dict[str, Any], words: str) -> None:
    with pytest.raises(SeedError, match=words):
        World().load(document)


def ask(admin: Admin, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    answer = admin.handle(Request(method, f"https://azuresim.test/_sim/{path}", {}, b"" if body is None else json.dumps(body).encode()))
    return answer.status, answer.json()


async def test_the_admin_interface(cloud: Cloud) -> None:
    admin = Admin(cloud.app)
    await cloud.batch.create_pool(pool_options(target_dedicated_nodes=3, target_low_priority_nodes=1))
    assert ask(admin, "GET", "clock")[1] == {"now": cloud.clock.now(), "kind": "ManualClock", "nextEvent": cloud.clock.now() + 1.5}
    assert ask(admin, "POST", "advance", {"seconds": 100})[0] == 200
    assert ask(admin, "GET", "world")[1]["pools"]["acct"]["p"]["nodes"] == 4
    for action, left in (("lose", 3), ("preempt", 3), ("break", 3)):
        assert len(ask(admin, "POST", "nodes", {"account": "acct", "pool": "p", "action": action})[1]["nodes"]) == 1
        assert len(cloud.account.pools["p"].nodes) == left
    broken = {"account": "acct", "pool": "p", "action": "break", "code": "DiskFull", "message": "No space."}
    (full,) = ask(admin, "POST", "nodes", broken)[1]["nodes"]
    assert [error["code"] for error in cloud.account.pools["p"].nodes[full].errors] == ["DiskFull"]
    assert ask(admin, "POST", "nodes", {"account": "acct", "pool": "p", "action": "paint"})[0] == 400
    assert ask(admin, "POST", "nodes", {**broken, "state": "blue"})[0] == 400
    assert ask(admin, "POST", "nodes", {**broken, "count": -1})[0] == 400
    assert ask(admin, "POST", "nodes", {"account": "acct", "pool": "none", "action": "lose"})[0] == 404
    rule = {"action": {"kind": "Drop", "when": "before"}, "operation": "Pools_Get"}
    assert ask(admin, "POST", "faults", rule)[0] == 200
    assert ask(admin, "GET", "faults")[1][0]["hits"] == 0
    assert ask(admin, "POST", "faults", {"action": {}})[0] == 400
    assert ask(admin, "DELETE", "faults") == (200, {})
    assert len(cloud.app.faults) == 0
    shown = ask(admin, "GET", "journal?writes=true&tail=1")[1]
    assert [e["operation"] for e in shown["entries"]] == ["Pools_Create"]
    assert shown["next"] == cloud.app.journal.written
    assert ask(admin, "GET", "counts")[1] == [{"service": "batch", "operation": "Pools_Create", "method": "POST", "count": 1}]
    assert ask(admin, "POST", "world", {"galleries": [{"id": GALLERY, "location": "westus"}]}) == (200, {})
    assert ask(admin, "POST", "world", {"none": []})[0] == 400
    assert ask(admin, "GET", "nothing")[0] == 404


def test_only_a_manual_clock_is_advanced_by_hand() -> None:
    assert ask(Admin(Application(World(ScaledClock(10)))), "POST", "advance", {"seconds": 1})[0] == 409


def test_a_scaled_clock_tells_clients_to_poll_faster() -> None:
    world = World(ScaledClock(600))
    world.add_resource_group(SUBSCRIPTION, "rg")
    headers = {"authorization": "Bearer x", "content-type": "application/json"}
    request = Request("PUT", f"https://azuresim.test{GALLERY}?api-version=2026-03-03", headers, b'{"location": "westus"}')
    answer = Application(world).handle(request)
    assert (answer.headers["Retry-After"], answer.headers["x-ms-retry-after-ms"]) == ("1", "100")


def test_the_journal_can_be_bounded_and_written_to_a_file(cloud: Cloud) -> None:
    sink = io.StringIO()
    application = Application(cloud.world, journal=Journal(keep=1, sink=sink))
    for _ in range(3):
        application.handle(Request("GET", "https://azuresim.test/subscriptions?api-version=1", {"authorization": "Bearer x"}))
    assert [e.number for e in application.journal] == [2]
    assert [json.loads(line)["number"] for line in sink.getvalue().splitlines()] == [0, 1, 2]


def test_unreadable_bodies_are_noted_by_their_length(cloud: Cloud) -> None:
    cloud.ask("PUT", f"{GALLERY}?api-version=1", b"{", content_type="application/json")
    cloud.ask("PUT", "/blob/vhds/images/x", b"abc", x_ms_blob_type="BlockBlob")
    assert [e.request_body for e in cloud.app.journal] == [{"unreadable": 1}, {"bytes": 3}]
