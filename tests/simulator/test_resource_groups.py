"""Microsoft.Resources: groups, providers, and lists of everything."""

from __future__ import annotations

import json
from typing import Any

import pytest

from azuresim import Response, World
from azuresim.core.seed import SeedError
from simulator.cloud import API, BATCH, GALLERY, GROUP, STORAGE, SUBSCRIPTION, Cloud, pool_options

WHOLE = f"/subscriptions/{SUBSCRIPTION}"
OTHER = f"{WHOLE}/resourceGroups/other"


def put(cloud: Cloud, group: str = OTHER, method: str = "PUT", **given: Any) -> Response:
    return cloud.ask(method, f"{group}?{API}", json.dumps(given).encode())


def code(answer: Response) -> tuple[int, str]:
    return answer.status, answer.json()["error"]["code"]


def test_a_group_is_made_changed_and_found(cloud: Cloud) -> None:
    made = put(cloud, location="West Europe", tags={"a": "b"})
    assert (made.status, made.json()["location"], made.json()["properties"]) == (201, "westeurope", {"provisioningState": "Succeeded"})
    assert put(cloud, location="westeurope").status == 200
    assert put(cloud, method="PATCH", tags={"c": "d"}).json()["tags"] == {"c": "d"}
    assert [cloud.ask("HEAD", f"{path}?{API}").status for path in (OTHER, f"{OTHER}2")] == [204, 404]
    assert cloud.ask("HEAD", f"{OTHER}2?{API}").body == b""
    listed = cloud.ask("GET", f"{WHOLE}/resourceGroups?{API}&$filter=tagName%20eq%20'c'%20and%20tagValue%20eq%20'd'").json()["value"]
    assert [group["name"] for group in listed] == ["other"]


@pytest.mark.parametrize(
    ("group", "given", "expected"),
    [
        (OTHER, {}, (400, "LocationRequired")),
        (OTHER, {"location": "atlantis"}, (400, "LocationNotAvailableForResourceGroup")),
        (f"{WHOLE}/resourceGroups/ends.", {"location": "westus"}, (400, "InvalidResourceGroup")),
        (GROUP, {"location": "northeurope"}, (409, "InvalidResourceGroupLocation")),
        (OTHER, {"location": "westus", "tags": {"a/b": "c"}}, (400, "InvalidTagNameCharacters")),
        (OTHER, {"location": -1}, (400, "InvalidRequestContent")),
        (OTHER, {"location": "westus", "tags": "x"}, (400, "InvalidRequestContent")),
        (OTHER, {"location": "westus", "tags": {"a": 1}}, (400, "InvalidRequestContent")),
        (OTHER, {"location": "westus", "managedBy": []}, (400, "InvalidRequestContent")),
        (f"/subscriptions/{'0' * 8}/resourceGroups/g", {"location": "westus"}, (404, "SubscriptionNotFound")),
    ],
)
def test_groups_that_cannot_be(cloud: Cloud, group: str, given: dict[str, Any], expected: tuple[int, str]) -> None:
    assert code(put(cloud, group, **given)) == expected


@pytest.mark.parametrize("top", ["x", "²", "-1", "9" * 5000])
def test_a_list_takes_only_a_number_of_items(cloud: Cloud, top: str) -> None:
    assert code(cloud.ask("GET", f"{WHOLE}/resources?{API}&$top={top}")) == (400, "InvalidParameter")


def test_a_deleted_group_takes_everything_along(cloud: Cloud) -> None:
    cloud.image()
    cloud.world.pools.create(cloud.account, pool_options(target_dedicated_nodes=1).as_dict())
    cloud.world.add_storage_account(STORAGE.replace("/rg/", "/other/").replace("vhds", "stays"), location="westus")
    answer = cloud.ask("DELETE", f"{GROUP}?{API}")
    location = answer.headers["Location"].removeprefix(cloud.world.base_url)
    assert (answer.status, location.startswith(f"{WHOLE}/operationresults/")) == (202, True)
    assert cloud.ask("GET", f"{GROUP}?{API}").json()["properties"] == {"provisioningState": "Deleting"}
    assert code(put(cloud, GROUP, location="westus")) == (409, "ResourceGroupBeingDeleted")
    assert code(put(cloud, GALLERY, location="westus")) == (409, "ResourceGroupBeingDeleted")
    assert code(cloud.ask("DELETE", f"{GROUP}?{API}")) == (409, "ResourceGroupBeingDeleted")
    assert cloud.ask("GET", location).status == 202
    cloud.clock.advance(60)
    assert cloud.ask("GET", location).status == 200
    assert code(cloud.ask("GET", f"{BATCH}?{API}")) == (404, "ResourceGroupNotFound")
    put(cloud, GROUP, location="westus")
    assert [code(cloud.ask("GET", f"{path}?{API}")) for path in (BATCH, GALLERY, STORAGE)] == [(404, "ResourceNotFound")] * 3
    assert [shown["name"] for shown in cloud.ask("GET", f"{WHOLE}/resources?{API}").json()["value"]] == ["stays"]
    cloud.clock.advance(3600)
    assert cloud.world.settle()


def test_existence_of_any_resource_by_its_id(cloud: Cloud) -> None:
    assert [cloud.ask("HEAD", f"{path}?{API}").status for path in (BATCH, STORAGE, f"{BATCH}2")] == [204, 204, 404]
    assert cloud.ask("HEAD", f"{WHOLE}/nothing?{API}").status == 404


@pytest.mark.parametrize(
    ("condition", "names"),
    [
        ("", {"vhds", "acct", "gal"}),
        ("resourceType eq 'microsoft.batch/batchaccounts'", {"acct"}),
        ("resourceType ne 'Microsoft.Batch/batchAccounts' and location eq 'West US'", {"vhds", "gal"}),
        ("name eq 'gal' or name eq 'vhds'", {"gal", "vhds"}),
        ("substringof('cc', name)", {"acct"}),
        ("startswith(name, 'g')", {"gal"}),
        ("tagName eq 'Team'", {"acct"}),
        ("tagName eq 'team' and tagValue eq 'blue'", set()),
        ("resourceGroup eq 'RG'", {"vhds", "acct", "gal"}),
    ],
)
def test_lists_across_types(cloud: Cloud, condition: str, names: set[str]) -> None:
    cloud.world.add_gallery(GALLERY, location="westus")
    cloud.account.tags = {"team": "red"}
    for scope in (WHOLE, GROUP):
        path = f"{scope}/resources?{API}" + (f"&$filter={condition.replace(' ', '%20')}" if condition else "")
        assert {shown["name"] for shown in cloud.ask("GET", path).json()["value"]} == names


def test_what_a_list_across_types_shows(cloud: Cloud) -> None:
    storage, account = cloud.ask("GET", f"{WHOLE}/resources?{API}").json()["value"]
    assert storage == {
        "id": STORAGE,
        "name": "vhds",
        "type": "Microsoft.Storage/storageAccounts",
        "sku": {"name": "Standard_LRS", "tier": "Standard"},
        "kind": "StorageV2",
        "location": "westus",
    }
    assert account["type"] == "Microsoft.Batch/batchAccounts"
    assert len(cloud.ask("GET", f"{WHOLE}/resources?{API}&$top=1").json()["value"]) == 1
    for wrong in ("nonsense", "colour eq 'red'"):
        refused = cloud.ask("GET", f"{WHOLE}/resources?{API}&$filter={wrong.replace(' ', '%20')}")
        assert code(refused) == (400, "InvalidFilterInQueryString")


def test_a_provider_is_registered_before_it_is_used(cloud: Cloud) -> None:
    provider = f"{WHOLE}/providers/Microsoft.Batch"
    assert cloud.ask("GET", f"{provider}?{API}").json()["registrationState"] == "Registered"
    assert cloud.ask("POST", f"{provider}/unregister?{API}").json()["registrationState"] == "NotRegistered"
    refused = cloud.ask("GET", f"{BATCH}?{API}")
    assert code(refused) == (409, "MissingSubscriptionRegistration")
    assert "'Microsoft.Batch'" in refused.json()["error"]["message"]
    assert cloud.ask("GET", f"{STORAGE}?{API}").status == 200
    # The SDKs' registration policy sends this version.
    assert cloud.ask("POST", f"{provider}/register?api-version=2016-02-01").json()["registrationState"] == "Registering"
    assert cloud.ask("GET", f"{BATCH}?{API}").status == 200
    cloud.clock.advance(30)
    assert cloud.ask("GET", f"{provider}?{API}").json()["registrationState"] == "Registered"
    assert code(cloud.ask("GET", f"{WHOLE}/providers/Microsoft.Nothing?{API}")) == (404, "InvalidResourceNamespace")


def test_providers_tell_their_types_and_versions(cloud: Cloud) -> None:
    providers = {p["namespace"]: p for p in cloud.ask("GET", f"{WHOLE}/providers?{API}").json()["value"]}
    types = {t["resourceType"]: t for t in providers["Microsoft.Batch"]["resourceTypes"]}
    assert "2025-06-01" in types["batchAccounts"]["apiVersions"]
    assert "West US" in types["batchAccounts"]["locations"]


def test_tenants_and_locations(cloud: Cloud) -> None:
    assert [t["tenantId"] for t in cloud.ask("GET", f"/tenants?{API}").json()["value"]] == [cloud.world.tenant]
    places = {place["name"]: place["displayName"] for place in cloud.ask("GET", f"{WHOLE}/locations?{API}").json()["value"]}
    assert places["westus"] == "West US"


def test_locks_and_registrations_from_a_document() -> None:
    world = World()
    world.load(
        {
            "resourceGroups": [{"subscription": SUBSCRIPTION, "name": "rg"}],
            "locks": [{"scope": GROUP, "level": "ReadOnly"}],
            "unregistered": [{"subscription": SUBSCRIPTION, "namespace": "Microsoft.Batch"}],
        }
    )
    assert world.subscriptions.get(SUBSCRIPTION).registration("microsoft.batch") == "NotRegistered"
    with pytest.raises(SeedError, match=r"locks\[0\]"):
        world.load({"locks": [{"scope": GROUP, "level": "Sometimes"}]})
