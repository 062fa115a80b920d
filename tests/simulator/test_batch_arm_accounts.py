"""Batch accounts through ARM: as they are made, changed, deleted, and as recorded traffic shows them."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError

from azuresim import Response
from azuresim.core.resource_id import ResourceId
from simulator.cloud import API, BATCH, GROUP, STORAGE, SUBSCRIPTION, Cloud, pool_options

NEW = BATCH.replace("/acct", "/newacct")
POOLS = "/batch/newacct/pools?api-version=2025-06-01"
VAULT = {"id": f"{GROUP}/providers/Microsoft.KeyVault/vaults/v", "url": "https://v.vault.azure.net/"}


def put(cloud: Cloud, account: str = NEW, **properties: Any) -> Response:
    return cloud.ask("PUT", f"{account}?{API}", json.dumps({"location": "westus", "properties": properties}).encode())


def patch(cloud: Cloud, body: dict[str, Any], account: str = BATCH) -> Response:
    return cloud.ask("PATCH", f"{account}?{API}", json.dumps(body).encode())


def show(cloud: Cloud, account: str = BATCH) -> dict[str, Any]:
    shown: dict[str, Any] = cloud.ask("GET", f"{account}?{API}").json()
    return shown


def code(answer: Response) -> tuple[int, str]:
    return answer.status, answer.json()["error"]["code"]


async def test_the_sdk_makes_and_deletes_an_account(cloud: Cloud) -> None:
    accounts: Any = cloud.management.batch_account
    began = cloud.clock.now()
    made = await (await accounts.begin_create("rg", "newacct", {"location": "westus", "tags": {"a": "b"}})).result()
    assert cloud.clock.now() - began == 15
    assert (made.name, made.tags, made.properties.provisioning_state) == ("newacct", {"a": "b"}, "Succeeded")
    assert made.properties.account_endpoint == "azuresim.test/batch/newacct"
    began = cloud.clock.now()
    await (await accounts.begin_delete("rg", "newacct")).result()
    assert cloud.clock.now() - began == 45
    assert [account.name async for account in accounts.list()] == ["acct"]


def test_a_creation_is_polled_at_one_address_and_told_a_new_one_each_time(cloud: Cloud) -> None:
    first = put(cloud)
    assert (first.status, first.body, first.headers["Retry-After"]) == (202, b"", "15")
    assert "Azure-AsyncOperation" not in first.headers
    location = first.headers["Location"].removeprefix(cloud.world.base_url)
    assert location.startswith(f"{NEW}/operationResults/")
    cloud.clock.advance(14)
    second = cloud.ask("GET", location)
    assert (second.status, second.body) == (202, b"")
    assert second.headers["Location"] != first.headers["Location"]
    assert show(cloud, NEW)["properties"]["provisioningState"] == "Creating"
    cloud.clock.advance(1)
    done = cloud.ask("GET", location)
    assert done.status == 200
    assert done.json() == show(cloud, NEW)
    assert done.headers["ETag"].startswith('"0x')


def test_a_deletion_is_polled_at_the_location_and_takes_the_pools_along(cloud: Cloud) -> None:
    cloud.world.pools.create(cloud.account, pool_options(target_dedicated_nodes=2).as_dict())
    answer = cloud.ask("DELETE", f"{BATCH}?{API}")
    location = answer.headers["Location"].removeprefix(cloud.world.base_url)
    assert answer.status == 202
    assert location.startswith(f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Batch/locations/westus/accountOperationResults/acct-")
    assert show(cloud)["properties"]["provisioningState"] == "Deleting"
    assert cloud.ask("GET", f"{BATCH}/pools/p?{API}").json()["properties"]["provisioningState"] == "Deleting"
    assert code(patch(cloud, {"tags": {}})) == (409, "AccountBeingDeleted")
    assert cloud.ask("GET", "/batch/acct/pools?api-version=2025-06-01").json()["code"] == "AccountIsDisabled"
    cloud.clock.advance(44)
    assert cloud.ask("GET", location).status == 202
    cloud.clock.advance(1)
    assert (cloud.ask("GET", location).status, cloud.ask("GET", location).body) == (200, b"")
    assert cloud.ask("GET", f"{BATCH}?{API}").status == 404
    assert cloud.ask("DELETE", f"{BATCH}?{API}").status == 204
    cloud.clock.advance(600)
    assert put(cloud, BATCH).status == 202
    cloud.clock.advance(15)
    assert cloud.ask("GET", "/batch/acct/pools?api-version=2025-06-01").json()["value"] == []


def test_accounts_in_the_users_subscription_go_sooner(cloud: Cloud) -> None:
    cloud.world.add_batch_account(NEW, location="westus", allocation_mode="UserSubscription")
    location = cloud.ask("DELETE", f"{NEW}?{API}").headers["Location"].removeprefix(cloud.world.base_url)
    cloud.clock.advance(30)
    assert cloud.ask("GET", location).status == 200


def test_the_data_plane_of_an_account_in_the_making_is_closed(cloud: Cloud) -> None:
    put(cloud)
    assert (cloud.ask("GET", POOLS).status, cloud.ask("GET", POOLS).json()["code"]) == (403, "AccountIsDisabled")
    cloud.clock.advance(15)
    assert cloud.ask("GET", POOLS).status == 200


def test_automatic_storage_is_shown_with_the_time_of_its_keys(cloud: Cloud) -> None:
    version = cloud.account.etag
    answer = patch(cloud, {"properties": {"autoStorage": {"storageAccountId": STORAGE}}})
    shown = answer.json()["properties"]["autoStorage"]
    assert answer.status == 200
    assert list(shown) == ["storageAccountId", "lastKeySync", "authenticationMode"]
    assert answer.headers["ETag"] == f'"{cloud.account.etag}"' != f'"{version}"'
    cloud.clock.advance(60)
    assert cloud.ask("POST", f"{BATCH}/syncAutoStorageKeys?{API}").status == 204
    assert show(cloud)["properties"]["autoStorage"]["lastKeySync"] > shown["lastKeySync"]
    reach = cloud.ask("GET", f"{BATCH}/outboundNetworkDependenciesEndpoints?{API}").json()["value"]
    assert [category["category"] for category in reach] == [
        "Azure Batch",
        "Azure Storage",
        "Microsoft Package Repository",
        "Azure Key Vault",
    ]
    assert reach[1]["endpoints"][0]["domainName"] == "azuresim.test/blob/vhds"
    patch(cloud, {"properties": {"autoStorage": None}})
    assert "autoStorage" not in show(cloud)["properties"]
    assert cloud.ask("POST", f"{BATCH}/syncAutoStorageKeys?{API}").status == 400


def test_what_is_patched_is_shown_and_the_rest_stays(cloud: Cloud) -> None:
    profile = {"accountAccess": {"defaultAction": "Allow", "ipRules": [{"action": "Allow", "value": "1.2.3.6"}]}}
    before = show(cloud)
    shown = patch(cloud, {"tags": {"a": "b"}, "identity": {"type": "SystemAssigned"}, "properties": {"networkProfile": profile}}).json()
    assert shown["tags"] == {"a": "b"}
    assert shown["properties"] == {**before["properties"], "networkProfile": profile}
    assert (shown["identity"]["type"], shown["identity"]["tenantId"]) == ("SystemAssigned", cloud.world.tenant)
    assert shown["identity"]["principalId"]
    name = f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/who"
    shown = patch(cloud, {"identity": {"type": "UserAssigned", "userAssignedIdentities": {name: {}}}}).json()
    assert shown["identity"]["userAssignedIdentities"][name].keys() == {"principalId", "clientId"}
    assert patch(cloud, {"identity": {"type": "None"}}).json()["identity"] == {"type": "None"}


async def test_keys_change_one_at_a_time(cloud: Cloud) -> None:
    accounts: Any = cloud.management.batch_account
    before = await accounts.get_keys("rg", "acct")
    after = await accounts.regenerate_key("rg", "acct", {"keyName": "Secondary"})
    assert (after.primary, after.secondary != before.secondary) == (before.primary, True)
    assert base64.b64decode(after.secondary).decode() == cloud.account.keys[1]
    with pytest.raises(HttpResponseError) as refused:
        await accounts.regenerate_key("rg", "acct", {"keyName": "Tertiary"})
    assert refused.value.status_code == 400


@pytest.mark.parametrize(
    ("modes", "scheme", "status"),
    [
        (["AAD"], "SharedKey acct:sig", 403),
        (["AAD"], "Bearer token", 200),
        (["SharedKey"], "Bearer token", 403),
    ],
)
def test_the_data_plane_refuses_what_the_account_does_not_allow(cloud: Cloud, modes: list[str], scheme: str, status: int) -> None:
    assert patch(cloud, {"properties": {"allowedAuthenticationModes": modes}}).status == 200
    answer = cloud.ask("GET", "/batch/acct/pools?api-version=2025-06-01", authorization=scheme)
    assert answer.status == status
    if status == 403:
        shown = answer.json()
        assert (shown["code"], shown["values"][0]["key"]) == ("AuthenticationFailed", "AuthenticationErrorDetail")
    if modes == ["AAD"]:
        assert code(cloud.ask("POST", f"{BATCH}/listKeys?{API}")) == (409, "OperationNotAllowed")
        assert code(cloud.ask("POST", f"{BATCH}/regenerateKeys?{API}", b'{"keyName": "Primary"}')) == (409, "OperationNotAllowed")


@pytest.mark.parametrize(
    ("account", "properties", "expected"),
    [
        pytest.param(BATCH.replace("/acct", "/Bad-Name"), {}, (400, "InvalidRequestBody"), id="a name with a dash"),
        pytest.param(BATCH.replace("/acct", "/ab"), {}, (400, "InvalidRequestBody"), id="a short name"),
        pytest.param(NEW, {"poolAllocationMode": "Mine"}, (400, "InvalidPropertyValue"), id="no such mode"),
        pytest.param(NEW, {"publicNetworkAccess": "Perhaps"}, (400, "InvalidPropertyValue"), id="no such access"),
        pytest.param(NEW, {"poolAllocationMode": "UserSubscription"}, (400, "InvalidRequestBody"), id="own subscription, no vault"),
        pytest.param(
            NEW,
            {"poolAllocationMode": "UserSubscription", "keyVaultReference": VAULT, "allowedAuthenticationModes": ["SharedKey"]},
            (400, "InvalidRequestBody"),
            id="shared key in the own subscription",
        ),
        pytest.param(NEW, {"allowedAuthenticationModes": ["Password"]}, (400, "InvalidPropertyValue"), id="no such authentication"),
        pytest.param(NEW, {"autoStorage": {"storageAccountId": "vhds"}}, (400, "InvalidRequestBody"), id="no id"),
        pytest.param(NEW, {"autoStorage": {"storageAccountId": f"{STORAGE}2"}}, (400, "InvalidRequestBody"), id="no such storage"),
        pytest.param(NEW, {"encryption": {"keySource": "Microsoft.KeyVault"}}, (400, "InvalidRequestBody"), id="no key"),
        pytest.param(NEW, {"colour": "red"}, (400, "BadRequest"), id="no such member"),
        pytest.param(BATCH, {"poolAllocationMode": "UserSubscription"}, (409, "PropertyChangeNotAllowed"), id="the mode stays"),
        pytest.param(BATCH.replace("/rg/", "/other/"), {}, (409, "AccountAlreadyExists"), id="the name is taken"),
    ],
)
def test_accounts_that_cannot_be(cloud: Cloud, account: str, properties: dict[str, Any], expected: tuple[int, str]) -> None:
    cloud.world.add_resource_group(SUBSCRIPTION, "other")
    assert code(put(cloud, account, **properties)) == expected
    assert len(cloud.world.batch.all()) == 1


def test_the_reason_stands_among_the_details(cloud: Cloud) -> None:
    error = put(cloud, NEW, publicNetworkAccess="Perhaps").json()["error"]
    assert {d["code"]: d["message"] for d in error["details"]} == {
        "PropertyName": "properties/publicNetworkAccess",
        "PropertyValue": "Perhaps",
        "Reason": "The value is not one of Enabled, Disabled, SecuredByPerimeter.",
    }
    assert "\nRequestId:" in error["message"]
    assert "\nTime:" in error["message"]


def test_a_second_put_changes_what_is_there(cloud: Cloud) -> None:
    answer = put(cloud, BATCH, publicNetworkAccess="Disabled")
    assert (answer.status, answer.json()["properties"]["publicNetworkAccess"]) == (200, "Disabled")
    moved = cloud.ask("PUT", f"{BATCH}?{API}", b'{"location": "eastus"}')
    assert code(moved) == (409, "InvalidResourceLocation")


def test_a_region_has_a_quota_of_accounts(cloud: Cloud) -> None:
    cloud.world.batch.regional_quota = 1
    assert code(put(cloud)) == (409, "SubscriptionQuotaExceeded")
    quota = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Batch/locations/westus/quotas?{API}"
    assert cloud.ask("GET", quota).json() == {"accountQuota": 1}


@pytest.mark.parametrize(("name", "reason"), [("newacct", None), ("acct", "AlreadyExists"), ("Not-A-Name", "Invalid")])
async def test_whether_a_name_is_free(cloud: Cloud, name: str, reason: str | None) -> None:
    locations: Any = cloud.management.location
    found = await locations.check_name_availability("westus", {"name": name, "type": "Microsoft.Batch/batchAccounts"})
    assert (found.name_available, found.reason, bool(found.message)) == (reason is None, reason, reason is not None)


def test_sizes_are_filtered_by_family(cloud: Cloud) -> None:
    path = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Batch/locations/westus/virtualMachineSkus?{API}"
    chosen = cloud.ask("GET", f"{path}&$filter=familyName%20eq%20'standardFFamily'").json()["value"]
    assert {size["name"] for size in chosen} == {"Standard_F2", "Standard_F4"}


def test_an_account_is_adopted_as_the_service_shows_it(cloud: Cloud) -> None:
    shown = {
        "id": NEW,
        "name": "newacct",
        "type": "Microsoft.Batch/batchAccounts",
        "location": "eastus",
        "tags": {"a": "b"},
        "properties": {
            "accountEndpoint": "azuresim.test/batch/newacct",
            "nodeManagementEndpoint": "00000000-0000-4000-8000-000000000002.pilotprod2.service.batch.azure.com",
            "provisioningState": "Succeeded",
            "dedicatedCoreQuota": 7,
            "dedicatedCoreQuotaPerVMFamily": [{"name": "standardFFamily", "coreQuota": 3}],
            "dedicatedCoreQuotaPerVMFamilyEnforced": False,
            "lowPriorityCoreQuota": 5,
            "poolQuota": 2,
            "activeJobAndJobScheduleQuota": 9,
            "autoStorage": {
                "storageAccountId": STORAGE,
                "lastKeySync": "2024-04-18T20:06:39.9224982Z",
                "authenticationMode": "StorageKeys",
            },
            "poolAllocationMode": "BatchService",
            "publicNetworkAccess": "Disabled",
            "privateEndpointConnections": [],
            "encryption": {"keySource": "Microsoft.Batch"},
            "allowedAuthenticationModes": ["AAD"],
        },
        "identity": {"type": "None"},
    }
    parsed = ResourceId.parse(NEW)
    assert parsed is not None
    cloud.world.batch_writes.adopt(parsed, shown)
    assert show(cloud, NEW) == shown
