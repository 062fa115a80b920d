"""Storage accounts through ARM."""

from __future__ import annotations

import json
from typing import Any

import pytest

from azuresim import Response
from azuresim.core.resource_id import ResourceId
from simulator.cloud import API, STORAGE, SUBSCRIPTION, Cloud

NEW = STORAGE.replace("/vhds", "/fresh")
PROVIDER = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Storage"


def body(**more: Any) -> dict[str, Any]:
    return {"location": "westus", "sku": {"name": "Standard_LRS"}, "kind": "StorageV2", **more}


def put(cloud: Cloud, account: str = NEW, **more: Any) -> Response:
    return cloud.ask("PUT", f"{account}?{API}", json.dumps(body(**more)).encode())


def code(answer: Response) -> tuple[int, str]:
    return answer.status, answer.json()["error"]["code"]


def test_an_account_is_made_and_then_holds_blobs(cloud: Cloud) -> None:
    answer = put(cloud, tags={"a": "b"}, properties={"allowSharedKeyAccess": False})
    assert (answer.status, answer.body, answer.headers["Retry-After"]) == (202, b"", "17")
    location = answer.headers["Location"].removeprefix(cloud.world.base_url)
    assert location.startswith(f"{PROVIDER}/locations/westus/asyncoperations/")
    assert cloud.ask("GET", location).status == 202
    cloud.clock.advance(17)
    done = cloud.ask("GET", location)
    assert (done.status, done.json()) == (200, cloud.ask("GET", f"{NEW}?{API}").json())
    assert done.json()["properties"]["provisioningState"] == "Succeeded"
    assert done.json()["properties"]["primaryEndpoints"] == {"blob": "https://azuresim.test/blob/fresh/"}
    assert (done.json()["tags"], done.json()["properties"]["allowSharedKeyAccess"]) == ({"a": "b"}, False)
    account = cloud.world.storage.named("fresh")
    assert account is not None
    assert account.shared_key_access is False
    cloud.world.add_vhd("https://azuresim.test/blob/fresh/images/os.vhd")


def test_an_account_is_changed_in_place(cloud: Cloud) -> None:
    put(cloud, tags={"a": "b"})
    again = put(cloud, tags={"c": "d"})
    assert (again.status, again.json()["tags"]) == (200, {"c": "d"})
    changed = cloud.ask(
        "PATCH", f"{NEW}?{API}", json.dumps({"sku": {"name": "Standard_GRS"}, "properties": {"allowBlobPublicAccess": True}}).encode()
    )
    assert (changed.json()["sku"]["name"], changed.json()["properties"]["allowBlobPublicAccess"]) == ("Standard_GRS", True)
    assert changed.json()["tags"] == {"c": "d"}


def test_an_account_goes_at_once(cloud: Cloud) -> None:
    assert cloud.ask("DELETE", f"{STORAGE}?{API}").status == 200
    assert cloud.ask("GET", f"{STORAGE}?{API}").status == 404
    assert cloud.ask("DELETE", f"{STORAGE}?{API}").status == 204
    assert cloud.world.storage.named("vhds") is None


@pytest.mark.parametrize(
    ("account", "more", "expected"),
    [
        pytest.param(STORAGE.replace("/vhds", "/Not-A-Name"), {}, (400, "AccountNameInvalid"), id="a name with a dash"),
        pytest.param(NEW, {"kind": "Tape"}, (400, "InvalidValuesForRequestParameters"), id="no such kind"),
        pytest.param(NEW, {"sku": {"name": "Gold"}}, (400, "InvalidValuesForRequestParameters"), id="no such sku"),
        pytest.param(NEW, {"sku": None}, (400, "InvalidValuesForRequestParameters"), id="no sku"),
        pytest.param(NEW, {"location": None}, (400, "LocationRequired"), id="no location"),
        pytest.param(NEW, {"location": "atlantis"}, (400, "LocationNotAvailableForResourceType"), id="no such location"),
        pytest.param(STORAGE, {"location": "eastus"}, (409, "InvalidResourceLocation"), id="it does not move"),
        pytest.param(STORAGE, {"kind": "BlobStorage"}, (409, "AccountPropertyCannotBeUpdated"), id="the kind stays"),
        pytest.param(STORAGE, {"sku": {"name": "Premium_LRS"}}, (409, "AccountPropertyCannotBeUpdated"), id="the tier stays"),
        pytest.param(STORAGE.replace("/rg/", "/other/"), {}, (409, "StorageAccountInAnotherResourceGroup"), id="another group has it"),
        pytest.param(
            STORAGE.replace(SUBSCRIPTION, SUBSCRIPTION[:-1] + "2"),
            {},
            (409, "StorageAccountAlreadyTaken"),
            id="another subscription has it",
        ),
    ],
)
def test_accounts_that_cannot_be(cloud: Cloud, account: str, more: dict[str, Any], expected: tuple[int, str]) -> None:
    cloud.world.add_resource_group(SUBSCRIPTION, "other")
    cloud.world.add_resource_group(SUBSCRIPTION[:-1] + "2", "rg")
    assert code(put(cloud, account, **more)) == expected
    assert [a.name for a in cloud.world.storage.all()] == ["vhds"]


@pytest.mark.parametrize(("name", "reason"), [("fresh", None), ("vhds", "AlreadyExists"), ("No", "AccountNameInvalid")])
def test_whether_a_name_is_free(cloud: Cloud, name: str, reason: str | None) -> None:
    asked = json.dumps({"name": name, "type": "Microsoft.Storage/storageAccounts"}).encode()
    found = cloud.ask("POST", f"{PROVIDER}/checkNameAvailability?{API}", asked).json()
    assert (found["nameAvailable"], found.get("reason")) == (reason is None, reason)


def test_keys_change_one_at_a_time(cloud: Cloud) -> None:
    before = cloud.ask("POST", f"{STORAGE}/listKeys?{API}").json()["keys"]
    after = cloud.ask("POST", f"{STORAGE}/regenerateKey?{API}", b'{"keyName": "key2"}').json()["keys"]
    assert after == cloud.ask("POST", f"{STORAGE}/listKeys?{API}").json()["keys"]
    assert (after[0] == before[0], after[1] == before[1]) == (True, False)
    assert cloud.ask("POST", f"{STORAGE}/regenerateKey?{API}", b'{"keyName": "key3"}').status == 400


def test_an_account_is_adopted_as_the_service_shows_it(cloud: Cloud) -> None:
    shown = {
        **body(tags={"a": "b"}),
        "properties": {
            "allowBlobPublicAccess": True,
            "isHnsEnabled": True,
            "provisioningState": "Succeeded",
            "primaryEndpoints": {"blob": "x"},
        },
    }
    parsed = ResourceId.parse(NEW)
    assert parsed is not None
    account = cloud.world.storage_accounts.adopt(parsed, shown)
    answered = cloud.ask("GET", f"{NEW}?{API}").json()
    assert (answered["tags"], answered["properties"]["isHnsEnabled"], account.public_access) == ({"a": "b"}, True, True)
    assert answered["properties"]["primaryEndpoints"] == {"blob": "https://azuresim.test/blob/fresh/"}
