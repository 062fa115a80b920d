"""Who may do what with blobs: holders of a key or a token, and everybody."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from azure.storage.blob import ResourceTypes, generate_account_sas, generate_blob_sas

from azuresim import Application, ManualClock
from azuresim.core.resource_id import ResourceId
from azuresim.core.seed import SeedError
from azuresim.core.storage import DataRole
from azuresim.wire import tokens
from simulator.blob_clients import PAGE, account, key, made, moment, page_blob, refused, service
from simulator.cloud import STORAGE, Cloud

UNAUTHENTICATED = (403, "AuthenticationFailed")


def named(cloud: Cloud, *, account_name: str = "vhds", account_key: str | None = None) -> dict[str, str]:
    return {"account_name": account_name, "account_key": account_key or key(cloud)}


async def test_a_shared_key_opens_everything(cloud: Cloud) -> None:
    blobs = service(cloud, named(cloud))
    container = blobs.get_container_client("made")
    await container.create_container(metadata={"under_score": "1", "a1": "2", "b": "3"})
    blob = container.get_blob_client("dir/a b+ü&=.vhd")
    await blob.upload_blob(PAGE * 4, blob_type="PageBlob", metadata={"k_2": "v"})
    assert await (await blob.download_blob(offset=512, length=512)).readall() == PAGE
    assert [b.name async for b in container.list_blobs(name_starts_with="dir/a b+ü&", include=["metadata", "snapshots"])] == [
        blob.blob_name
    ]
    await blob.set_blob_tags({"a": "b"})
    assert await blob.get_blob_tags() == {"a": "b"}
    assert [c.name async for c in blobs.list_containers(results_per_page=1)] == ["images", "made"]


async def test_both_keys_sign_and_the_account_may_be_named_by_its_path(cloud: Cloud) -> None:
    second = cloud.ask("POST", f"{account(cloud).id}/listKeys?api-version=1").json()["keys"][1]["value"]
    for credential in (named(cloud, account_key=second), named(cloud, account_name="blob/vhds")):
        assert await service(cloud, credential).get_blob_client("images", "os.vhd").exists()


@pytest.mark.parametrize("change", [{"account_key": "bm90IHRoZSBrZXk="}, {"account_name": "other"}], ids=["key", "account"])
async def test_a_wrong_key_opens_nothing(cloud: Cloud, change: dict[str, str]) -> None:
    assert await refused(service(cloud, named(cloud, **change)).get_account_information()) == UNAUTHENTICATED


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"authorization": "SharedKey vhds"}, UNAUTHENTICATED),
        ({"authorization": "SharedKey vhds:x"}, UNAUTHENTICATED),
        ({"authorization": "SharedKey vhds:x", "x-ms-date": "Thu, 01 Jan 1970 00:00:00 GMT"}, UNAUTHENTICATED),
        ({"authorization": "SharedKey vhds:x", "x-ms-date": "yesterday"}, UNAUTHENTICATED),
        ({"authorization": "Digest vhds:x"}, (400, "InvalidAuthenticationInfo")),
        ({"authorization": ""}, (401, "NoAuthenticationInformation")),
        ({"authorization": "", "x-ms-version": "2019-07-07"}, (409, "PublicAccessNotPermitted")),
    ],
)
def test_headers_that_prove_nothing(cloud: Cloud, headers: dict[str, Any], expected: tuple[int, str]) -> None:
    answer = cloud.ask("GET", "/blob/vhds/images/os.vhd", **headers)
    assert (answer.status, answer.headers["x-ms-error-code"]) == expected


async def test_keys_can_be_switched_off(cloud: Cloud) -> None:
    signature = generate_account_sas("vhds", key(cloud), ResourceTypes(object=True), "r", moment(cloud, 60))
    account(cloud).shared_key_access = False
    refusal = (403, "KeyBasedAuthenticationNotPermitted")
    assert await refused(service(cloud, named(cloud)).get_account_information()) == refusal
    assert await refused(service(cloud, query=signature).get_blob_client("images", "os.vhd").get_blob_properties()) == refusal


CLOSED = {"publicNetworkAccess": "Disabled"}
DENYING = {"networkAcls": {"defaultAction": "Deny", "ipRules": [{"value": "10.0.0.0/8", "action": "Allow"}]}}


@pytest.mark.parametrize("settings", [CLOSED, DENYING], ids=["no public network", "deny by default"])
async def test_networks_that_may_not_come_in(cloud: Cloud, settings: dict[str, Any]) -> None:
    minted = generate_account_sas("vhds", key(cloud), ResourceTypes(object=True), "r", moment(cloud, 60))
    path = f"{STORAGE}?api-version=1"
    assert cloud.ask("PATCH", path, json.dumps({"properties": settings}).encode()).status == 200
    for blobs in (cloud.blobs, service(cloud, named(cloud)), service(cloud, query=minted), service(cloud)):
        assert await refused(blobs.get_blob_client("images", "os.vhd").get_blob_properties()) == (403, "AuthorizationFailure")
    assert cloud.ask("POST", f"{STORAGE}/listKeys?api-version=1").status == 200
    here = {"defaultAction": "Deny", "ipRules": [{"value": "127.0.0.1"}]}
    opened = {"properties": {"publicNetworkAccess": "Enabled", "networkAcls": here}}
    cloud.ask("PATCH", path, json.dumps(opened).encode())
    assert await cloud.blobs.get_blob_client("images", "os.vhd").exists()


async def test_a_closed_account_is_no_source_of_a_copy(cloud: Cloud) -> None:
    cloud.world.add_storage_account(STORAGE.replace("/vhds", "/far"), location="westus")
    cloud.world.add_vhd("https://azuresim.test/blob/far/images/os.vhd")
    cloud.ask("PATCH", f"{STORAGE.replace('/vhds', '/far')}?api-version=1", json.dumps({"properties": CLOSED}).encode())
    query = generate_blob_sas("far", "images", "os.vhd", account_key=key(cloud, "far"), permission="r", expiry=moment(cloud, 60))
    copy = page_blob(cloud).start_copy_from_url(f"https://azuresim.test/blob/far/images/os.vhd?{query}")
    assert await refused(copy) == (403, "CannotVerifyCopySource")


async def test_tags_are_a_right_of_their_own(cloud: Cloud) -> None:
    cloud.world.storage.set_data_role("Contributor")
    container = cloud.blobs.get_container_client("images")
    assert await refused(container.upload_blob("note", b"x", tags={"a": "b"})) == (403, "AuthorizationPermissionMismatch")
    await container.upload_blob("note", b"x")


async def test_public_containers(cloud: Cloud) -> None:
    container = cloud.blobs.get_container_client("images")
    assert await refused(container.set_container_access_policy({}, public_access="blob")) == (409, "PublicAccessNotPermitted")
    account(cloud).public_access = True
    await container.set_container_access_policy({}, public_access="blob")
    anybody = service(cloud).get_container_client("images")
    assert await anybody.get_blob_client("os.vhd").exists()
    assert (await refused(anybody.get_container_properties()))[0] == 401
    await container.set_container_access_policy({}, public_access="container")
    assert [b.name async for b in anybody.list_blobs()] == ["os.vhd"]
    assert (await container.get_container_access_policy())["public_access"] == "container"
    assert (await refused(anybody.delete_blob("os.vhd")))[0] == 401


@pytest.mark.parametrize(
    ("role", "reads", "writes", "tags"),
    [("Owner", True, True, True), ("Contributor", True, True, False), ("Reader", True, False, False), (None, False, False, False)],
)
async def test_data_roles(cloud: Cloud, role: DataRole | None, reads: bool, writes: bool, tags: bool) -> None:
    blob = await made(cloud)
    cloud.world.storage.set_data_role(role)
    attempts: list[tuple[bool, Callable[[], Any]]] = [
        (reads, blob.get_blob_properties),
        (writes, lambda: blob.upload_page(PAGE, 0, 512)),
        (tags, blob.get_blob_tags),
        (writes, blob.delete_blob),
    ]
    for allowed, attempt in attempts:
        if allowed:
            await attempt()
        else:
            assert (await refused(attempt()))[0] == 403


def token(cloud: Cloud, **claims: Any) -> str:
    whole = {
        "aud": "https://storage.azure.com",
        "iss": f"https://sts.windows.net/{cloud.world.tenant}/",
        "exp": 1_700_000_000 + 3600,
        "nbf": 1_700_000_000,
        "tid": cloud.world.tenant,
        "oid": "somebody",
        **claims,
    }
    return tokens.encode({name: value for name, value in whole.items() if value is not None})


@pytest.mark.parametrize(
    ("claims", "status", "words"),
    [
        pytest.param({}, 200, b"", id="in order"),
        pytest.param({"aud": "https://storage.azure.com/"}, 200, b"", id="a last slash"),
        pytest.param({"aud": "https://vhds.blob.core.windows.net"}, 200, b"", id="for this account"),
        pytest.param({"aud": "https://azuresim.test/blob/vhds/"}, 200, b"", id="for this endpoint"),
        pytest.param({"aud": "https://management.azure.com"}, 401, b"Audience validation failed", id="for ARM"),
        pytest.param({"exp": 1_700_000_000 - 300}, 401, b"The token is expired", id="expired"),
        pytest.param({"nbf": 1_700_000_301}, 401, b"not yet valid", id="not yet valid"),
        pytest.param({"iss": "https://sts.windows.net/other/"}, 401, b"Issuer validation failed", id="of another tenant"),
        pytest.param({"exp": None}, 401, b"IDX12729", id="without an end"),
    ],
)
def test_tokens(cloud: Cloud, claims: dict[str, Any], status: int, words: bytes) -> None:
    cloud.app = Application(cloud.world, token_clock=ManualClock(1_700_000_000))
    answer = cloud.ask("GET", "/blob/vhds/images?restype=container&comp=list", authorization=f"Bearer {token(cloud, **claims)}")
    assert (answer.status, words in answer.body) == (status, True)
    if status == 401:
        assert answer.headers["x-ms-error-code"] == "InvalidAuthenticationInfo"
        assert answer.headers["WWW-Authenticate"].endswith("resource_id=https://storage.azure.com")


def test_a_delegation_key_names_who_asked_for_it(cloud: Cloud) -> None:
    cloud.app = Application(cloud.world, token_clock=ManualClock(1_700_000_000))
    body = b"<KeyInfo><Expiry>2027-01-16T00:00:00Z</Expiry></KeyInfo>"
    answer = cloud.ask("POST", "/blob/vhds?restype=service&comp=userdelegationkey", body, authorization=f"Bearer {token(cloud, oid='me')}")
    assert (answer.status, b"<SignedOid>me</SignedOid>" in answer.body) == (200, True)
    wrong = cloud.ask("POST", "/blob/vhds?restype=service&comp=userdelegationkey", b"<KeyInfo>")
    assert (wrong.status, wrong.headers["x-ms-error-code"]) == (400, "InvalidXmlDocument")


@pytest.mark.parametrize("text", ["eyJ.a.b", "eyJhIjoxfQ.W10.x"])
def test_what_only_looks_like_a_token(cloud: Cloud, text: str) -> None:
    assert cloud.ask("HEAD", "/blob/vhds/images/os.vhd", authorization=f"Bearer {text}").status == 401


def test_an_adopted_account_is_shown_as_it_was(cloud: Cloud) -> None:
    adopted = ResourceId.parse(STORAGE.replace("/vhds", "/adopted"))
    assert adopted is not None
    body = {
        "sku": {"name": "Premium_LRS", "tier": "Premium"},
        "kind": "Storage",
        "id": str(adopted),
        "location": "westus2",
        "tags": {"a": "b"},
        "identity": {"type": "None"},
        "properties": {
            "allowSharedKeyAccess": False,
            "minimumTlsVersion": "TLS1_2",
            "primaryEndpoints": {"file": "https://adopted.file.core.windows.net/"},
        },
    }
    account_ = cloud.world.storage_accounts.adopt(adopted, body)
    shown = cloud.ask("GET", f"{adopted}?api-version=2025-06-01").json()
    assert {name: shown[name] for name in ("sku", "kind", "tags", "identity", "location")} == {
        name: body[name] for name in ("sku", "kind", "tags", "identity", "location")
    }
    properties = shown["properties"]
    assert (properties["minimumTlsVersion"], properties["allowSharedKeyAccess"]) == ("TLS1_2", False)
    assert set(properties["primaryEndpoints"]) == {"file", "blob"}
    assert not account_.shared_key_access


def test_a_world_that_begins_with_roles_and_applications(cloud: Cloud) -> None:
    cloud.world.load(
        {
            "storageAccounts": [{"id": STORAGE.replace("/vhds", "/seeded"), "location": "westus", "dataRole": "Reader"}],
            "applications": [{"clientId": "me", "secrets": ["s"]}],
        }
    )
    assert account(cloud, "seeded").data_role == "Reader"
    assert (cloud.world.directory.takes_secret("me", "s"), cloud.world.directory.takes_secret("me", "t")) == (True, False)
    assert (cloud.world.directory.knows("ME"), cloud.world.directory.knows("other")) == (True, False)
    with pytest.raises(SeedError, match="dataRole must be Owner or Contributor or Reader or None"):
        cloud.world.load({"storageAccounts": [{"id": STORAGE.replace("/vhds", "/x"), "location": "westus", "dataRole": "King"}]})
