"""The three kinds of shared access signatures, made by the real SDK."""

from __future__ import annotations

from typing import Any

import pytest
from azure.storage.blob import (
    AccessPolicy,
    AccountSasPermissions,
    BlobBlock,
    ContainerSasPermissions,
    ResourceTypes,
    generate_account_sas,
    generate_blob_sas,
    generate_container_sas,
)

from azuresim import Application, ManualClock, ScaledClock
from azuresim.core import sas
from simulator.blob_clients import PAGE, account, key, made, moment, refused, service
from simulator.cloud import Cloud

UNAUTHENTICATED = (403, "AuthenticationFailed")
NO_PERMISSION = (403, "AuthorizationPermissionMismatch")


async def test_an_account_signature(cloud: Cloud) -> None:
    signature = generate_account_sas(
        "vhds", key(cloud), ResourceTypes(object=True), AccountSasPermissions(read=True, create=True), moment(cloud, 60)
    )
    blobs = service(cloud, query=signature)
    blob = blobs.get_blob_client("images", "os.vhd")
    assert (await blob.get_blob_properties()).size > 0
    assert await refused(blob.delete_blob()) == NO_PERMISSION
    assert await refused(blob.create_page_blob(512)) == (403, "UnauthorizedBlobOverwrite")
    await blobs.get_blob_client("images", "new.vhd").create_page_blob(512)
    blocks = blobs.get_blob_client("images", "blocks")
    await blocks.stage_block("a", b"1")
    await blocks.commit_block_list([BlobBlock("a")])
    await blocks.stage_block("b", b"2")
    assert await refused(blocks.commit_block_list([BlobBlock("b")])) == (403, "UnauthorizedBlobOverwrite")
    assert await refused(blobs.get_container_client("images").get_container_properties()) == (403, "AuthorizationResourceTypeMismatch")
    cloud.clock.advance(60)
    assert await refused(blob.get_blob_properties()) == UNAUTHENTICATED


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        pytest.param({"services": "q"}, (403, "AuthorizationServiceMismatch"), id="of another service"),
        pytest.param({"start": 10}, UNAUTHENTICATED, id="not yet valid"),
        pytest.param({"ip": "10.0.0.1-10.0.0.9"}, (403, "AuthorizationSourceIPMismatch"), id="from elsewhere"),
        pytest.param({"ip": "somewhere"}, UNAUTHENTICATED, id="no address"),
        pytest.param({"protocol": "http"}, (403, "AuthorizationProtocolMismatch"), id="over another protocol"),
        pytest.param({"account_name": "other"}, UNAUTHENTICATED, id="of another account"),
        pytest.param({"account_key": "AAAA"}, UNAUTHENTICATED, id="made with another key"),
    ],
)
async def test_account_signatures_that_do_not_count(cloud: Cloud, options: dict[str, Any], expected: tuple[int, str]) -> None:
    if "start" in options:
        options = {"start": moment(cloud, options["start"])}
    used = {"account_name": "vhds", "account_key": key(cloud), **options}
    signature = generate_account_sas(
        resource_types=ResourceTypes(object=True), permission=AccountSasPermissions(read=True), expiry=moment(cloud, 60), **used
    )
    blob = service(cloud, query=signature).get_blob_client("images", "os.vhd")
    assert await refused(blob.get_blob_properties()) == expected


async def test_a_blob_signature_is_for_one_blob(cloud: Cloud) -> None:
    await made(cloud)
    signature = generate_blob_sas("vhds", "images", "b.vhd", account_key=key(cloud), permission="r", expiry=moment(cloud, 60))
    images = service(cloud, query=signature).get_container_client("images")
    assert (await images.get_blob_client("b.vhd").get_blob_properties()).size == 4096
    assert await refused(images.get_blob_client("os.vhd").get_blob_properties()) == UNAUTHENTICATED
    assert await refused(images.get_container_properties()) == UNAUTHENTICATED
    assert await refused(images.get_blob_client("b.vhd").upload_page(PAGE, 0, 512)) == NO_PERMISSION


async def test_a_snapshot_signature_is_for_that_snapshot(cloud: Cloud) -> None:
    blob = await made(cloud)
    stamp = str((await blob.create_snapshot())["snapshot"])
    signature = generate_blob_sas(
        "vhds", "images", "b.vhd", snapshot=stamp, account_key=key(cloud), permission="r", expiry=moment(cloud, 60)
    )
    blobs = service(cloud, query=signature)
    assert await blobs.get_blob_client("images", "b.vhd", snapshot=stamp).exists()
    assert await refused(blobs.get_blob_client("images", "b.vhd").get_blob_properties()) == UNAUTHENTICATED


async def test_a_container_signature_reads_and_lists_its_blobs(cloud: Cloud) -> None:
    signature = generate_container_sas(
        "vhds", "images", account_key=key(cloud), permission=ContainerSasPermissions(read=True, list=True), expiry=moment(cloud, 60)
    )
    blobs = service(cloud, query=signature)
    assert [b.name async for b in blobs.get_container_client("images").list_blobs()] == ["os.vhd"]
    assert await blobs.get_blob_client("images", "os.vhd").exists()
    assert await refused(blobs.get_container_client("images").delete_container()) == NO_PERMISSION
    assert await refused(blobs.get_container_client("images").get_container_properties()) == NO_PERMISSION
    assert await refused(anext(blobs.list_containers().__aiter__())) == UNAUTHENTICATED


async def test_a_signature_replaces_headers_of_the_answer(cloud: Cloud) -> None:
    signature = generate_blob_sas(
        "vhds",
        "images",
        "os.vhd",
        account_key=key(cloud),
        permission="r",
        expiry=moment(cloud, 60),
        content_type="text/x",
        cache_control="no",
    )
    properties = await service(cloud, query=signature).get_blob_client("images", "os.vhd").get_blob_properties()
    assert (properties.content_settings.content_type, properties.content_settings.cache_control) == ("text/x", "no")


async def test_a_stored_access_policy_can_be_taken_back(cloud: Cloud) -> None:
    container = cloud.blobs.get_container_client("images")
    policy = AccessPolicy(permission="r", expiry=moment(cloud, 60), start=moment(cloud, -1))
    await container.set_container_access_policy({"readers": policy})
    stored = (await container.get_container_access_policy())["signed_identifiers"]
    assert [(s.id, s.access_policy.permission) for s in stored] == [("readers", "r")]
    blob = service(cloud, query=generate_blob_sas("vhds", "images", "os.vhd", account_key=key(cloud), policy_id="readers"))
    assert await blob.get_blob_client("images", "os.vhd").exists()
    assert await refused(blob.get_blob_client("images", "os.vhd").delete_blob()) == NO_PERMISSION
    twice = generate_blob_sas("vhds", "images", "os.vhd", account_key=key(cloud), policy_id="readers", permission="d")
    assert await refused(service(cloud, query=twice).get_blob_client("images", "os.vhd").delete_blob()) == UNAUTHENTICATED
    await container.set_container_access_policy({})
    assert await refused(blob.get_blob_client("images", "os.vhd").get_blob_properties()) == UNAUTHENTICATED


async def test_a_user_delegation_signature(cloud: Cloud) -> None:
    delegated = await cloud.blobs.get_user_delegation_key(moment(cloud), moment(cloud, 3600))
    options: dict[str, Any] = {"user_delegation_key": delegated, "permission": "rw", "expiry": moment(cloud, 60)}
    blob = service(cloud, query=generate_blob_sas("vhds", "images", "os.vhd", **options)).get_blob_client("images", "os.vhd")
    assert await blob.exists()
    assert await refused(blob.delete_blob()) == NO_PERMISSION
    cloud.world.storage.set_data_role("Reader")
    assert await blob.exists()
    assert await refused(blob.upload_page(PAGE, 0, 512)) == NO_PERMISSION
    other = service(cloud, query=generate_blob_sas("vhds", "images", "b.vhd", **options)).get_blob_client("images", "os.vhd")
    assert await refused(other.get_blob_properties()) == UNAUTHENTICATED


async def test_a_delegation_signature_may_demand_headers_and_parameters(cloud: Cloud) -> None:
    delegated = await cloud.blobs.get_user_delegation_key(moment(cloud), moment(cloud, 3600))
    signature = generate_blob_sas(
        "vhds",
        "images",
        "os.vhd",
        user_delegation_key=delegated,
        permission="r",
        expiry=moment(cloud, 60),
        request_headers={"x-ms-color": "blue"},
        request_query_params={"shade": "dark"},
    )
    path = f"/blob/vhds/images/os.vhd?{signature}"
    assert cloud.ask("HEAD", f"{path}&shade=dark", authorization="", x_ms_color="blue").status == 200
    assert cloud.ask("HEAD", f"{path}&shade=dark", authorization="", x_ms_color="red").status == 403
    assert cloud.ask("HEAD", path, authorization="", x_ms_color="blue").status == 403


async def test_delegation_keys_run_out_and_are_for_tokens_only(cloud: Cloud) -> None:
    delegated = await cloud.blobs.get_user_delegation_key(moment(cloud), moment(cloud, 100))
    signature = generate_blob_sas("vhds", "images", "os.vhd", user_delegation_key=delegated, permission="r", expiry=moment(cloud, 9_000))
    cloud.clock.advance(101)
    blob = service(cloud, query=signature).get_blob_client("images", "os.vhd")
    assert await refused(blob.get_blob_properties()) == UNAUTHENTICATED
    by_key = service(cloud, {"account_name": "vhds", "account_key": key(cloud)})
    assert await refused(by_key.get_user_delegation_key(moment(cloud), moment(cloud, 100))) == UNAUTHENTICATED
    eight_days = cloud.blobs.get_user_delegation_key(moment(cloud), moment(cloud, 8 * 86_400))
    assert await refused(eight_days) == (400, "InvalidXmlNodeValue")
    cloud.world.storage.set_data_role(None)
    assert await refused(cloud.blobs.get_user_delegation_key(moment(cloud), moment(cloud, 100))) == NO_PERMISSION


@pytest.mark.parametrize("query", ["sv=2026-10-06&sr=b&sp=r&se=soon", "sv=2026-10-06&sr=b&sp=r", "sv=2026-10-06&sp=r&se=2030-01-01"])
def test_signatures_that_are_not_well_formed(cloud: Cloud, query: str) -> None:
    given = dict(part.split("=") for part in query.split("&"))
    own = sas.sign(sas.key_bytes(account(cloud).keys[0]), sas.string_to_sign(given, "/blob/vhds/images/os.vhd")).replace("+", "%2B")
    assert cloud.ask("GET", f"/blob/vhds/images/os.vhd?{query}&sig={own}", authorization="").status == 403


@pytest.mark.parametrize("version", ["2018-11-09", "2020-02-10", "2020-12-06", "2025-07-05", "2026-04-06"])
def test_older_signatures_are_laid_out_as_they_were(cloud: Cloud, version: str) -> None:
    """The SDK signs only the newest; the layouts of the others differ in lines, and none is taken for another."""
    query = {
        "sv": version,
        "sr": "b",
        "sp": "r",
        "se": "2030-01-01",
        "skoid": "o",
        "sktid": "t",
        "skt": "2020-01-01",
        "ske": "2030-01-01",
        "skv": version,
    }
    signed = sas.string_to_sign(query, "/blob/vhds/images/os.vhd")
    own = sas.sign(sas.delegation_key(account(cloud), query), signed).replace("+", "%2B")
    asked = "&".join(f"{name}={value}" for name, value in query.items())
    assert cloud.ask("HEAD", f"/blob/vhds/images/os.vhd?{asked}&sig={own}", authorization="").status == 200
    assert len(signed.split("\n")) == {"2018-11-09": 20, "2020-02-10": 23, "2020-12-06": 24, "2025-07-05": 26, "2026-04-06": 28}[version]


async def test_the_core_mints_what_the_wire_accepts(cloud: Cloud) -> None:
    await made(cloud, "a b.vhd")
    minted = sas.blob_sas(account(cloud), "images", "a b.vhd", permissions="r", expires=cloud.clock.now() + 60, starts=cloud.clock.now())
    blob = service(cloud, query=minted).get_blob_client("images", "a b.vhd")
    assert await blob.exists()
    assert await refused(blob.upload_page(PAGE, 0, 512)) == NO_PERMISSION
    cloud.clock.advance(60)
    assert await refused(blob.get_blob_properties()) == UNAUTHENTICATED


def test_beside_a_scaled_clock_signatures_go_by_the_machine(cloud: Cloud) -> None:
    minted = sas.blob_sas(account(cloud), "images", "os.vhd", permissions="r", expires=1_700_000_060)
    cloud.app = Application(cloud.world, token_clock=ManualClock(1_700_000_000))
    cloud.world.clock = ScaledClock(60)
    assert cloud.ask("HEAD", f"/blob/vhds/images/os.vhd?{minted}", authorization="").status == 200


@pytest.mark.parametrize("kind", ["account", "service", "delegated"])
async def test_no_part_of_a_signature_can_be_changed_left_out_or_added(cloud: Cloud, kind: str) -> None:
    options: dict[str, Any] = {
        "permission": "r",
        "start": moment(cloud, -1),
        "expiry": moment(cloud, 60),
        "ip": "127.0.0.1",
        "protocol": "https",
    }
    if kind == "account":
        query = generate_account_sas("vhds", key(cloud), ResourceTypes(object=True), **options)
    elif kind == "service":
        query = generate_blob_sas("vhds", "images", "os.vhd", account_key=key(cloud), content_type="a/b", **options)
    else:
        delegated = await cloud.blobs.get_user_delegation_key(moment(cloud), moment(cloud, 3600))
        query = generate_blob_sas("vhds", "images", "os.vhd", user_delegation_key=delegated, **options)
    parts = query.split("&")

    def status(asked: list[str]) -> int:
        return cloud.ask("HEAD", f"/blob/vhds/images/os.vhd?{'&'.join(asked)}", authorization="").status

    assert status(parts) == 200
    for at, part in enumerate(parts):
        name, _, value = part.partition("=")
        others = parts[:at] + parts[at + 1 :]
        for changed in (f"{name}=", f"{name}={value}x", f"{name}={value[:-1]}", f"{name}={value.swapcase()}0"):
            assert status([*others, changed]) in {400, 401, 403}, changed
        assert status(others) in {400, 401, 403}, name
    # What is no part of this kind of signature says nothing.
    ignored = {"account": {"si", "rsct", "skoid", "saoid"}, "service": {"saoid"}}.get(kind, set())
    for more in ("sip=127.0.0.1-127.0.0.2", "si=x", "ses=x", "rsct=x/y", "skoid=x", "saoid=x"):
        assert (status([*parts, more]) == 200) == (more.partition("=")[0] in ignored), more
    shown = cloud.ask("HEAD", f"/blob/vhds/images/os.vhd?{query}&rsct=x/y", authorization="").headers
    assert shown.get("Content-Type") in {None, "application/octet-stream", "application/xml"}
