"""Galleries, sources and accounts as the domain sees them, over the real SDKs."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable

import pytest

from azuresim import FaultRule, Status
from cloud.azure import ACCOUNT_ID, IMAGE_ID, MARK, UBUNTU, Azure
from harness.world import ACCOUNT, BLOBS, HOME, SECOND, STORAGE
from poolwright.cloud.galleries import AzureGalleries
from poolwright.cloud.sources import AzureSources
from poolwright.domain.image.observed import State
from poolwright.domain.image.situation import CreateDefinition, CreateGallery, PutVersion, UpdateRegions
from poolwright.domain.image.spec import Home, ImageSpec, VhdSource, read
from poolwright.domain.outcomes import CallFailed, LookAgain, Transient
from poolwright.domain.pool.observed import AccountView
from poolwright.domain.resource_id import ResourceId, parse

GALLERY = parse(f"{ACCOUNT.split('/providers/')[0]}/providers/Microsoft.Compute/galleries/made")
VHD = {"blobUri": f"{BLOBS}/v1.vhd", "storageAccountId": STORAGE, "osState": "Generalized"}


def spec(*regions: str) -> ImageSpec:
    system = {"type": "Linux", "hyperVGeneration": "V2", "architecture": "x64", "securityType": "Standard"}
    declared = {
        "gallery": {"id": str(GALLERY), "location": HOME},
        "os": system,
        "source": {"vhd": VHD},
        "replication": {"regions": [{"name": region, "replicas": 2} for region in regions]},
    }
    return read({"namespace": "render", "name": "ubuntu"}, declared)


def home() -> Home:
    made = spec().home
    assert made is not None
    return made


async def refused(call: Awaitable[object]) -> CallFailed:
    with pytest.raises(CallFailed) as caught:
        await call
    return caught.value


async def test_galleries_from_nothing_to_a_version_and_back() -> None:
    azure = Azure()
    galleries, target = AzureGalleries(azure.clients), home().definition.child("versions", "1.0.0")
    assert await galleries.gallery(GALLERY) is None
    assert await galleries.definition(home().definition) is None
    assert await galleries.versions(home().definition) is None
    assert await galleries.version(target) is None

    await galleries.create_gallery(CreateGallery(gallery=GALLERY, location=HOME), MARK)
    await _later(azure)
    gallery = await galleries.gallery(GALLERY)
    assert gallery is not None
    assert (gallery.location, gallery.state) == (HOME, "Succeeded")
    await galleries.create_definition(CreateDefinition(home=home()), MARK)
    await _later(azure)
    definition = await galleries.definition(home().definition)
    assert definition is not None
    assert (definition.os, definition.os_state, MARK.on(definition.tags)) == (home().os, "Generalized", True)
    assert await galleries.versions(home().definition) == ()

    declared = spec(HOME, SECOND)
    await galleries.put_version(PutVersion(spec=declared, home=home(), version="1.0.0", digest=declared.digest), MARK)
    assert [version.state for version in await galleries.versions(home().definition) or ()] == [State.CREATING]
    await _later(azure, 1000)
    version = await galleries.version(target)
    assert version is not None
    assert (version.state, version.digest, MARK.on(version.tags)) == (State.SUCCEEDED, declared.digest, True)
    assert {(region.name, region.replicas) for region in version.regions} == {(HOME, 2), (SECOND, 2)}
    assert {region.name for region in version.replication or () if region.completed} == {HOME, SECOND}

    await galleries.update_regions(UpdateRegions(spec=spec(HOME), version=target))
    await _later(azure, 1000)
    narrowed = await galleries.version(target)
    assert narrowed is not None
    assert [region.name for region in narrowed.regions] == [HOME]
    assert narrowed.tags == version.tags

    await galleries.delete_version(target)
    await _later(azure, 1000)
    await galleries.delete_definition(home().definition)
    await _later(azure, 1000)
    assert await galleries.definition(home().definition) is None
    assert await galleries.gallery(GALLERY) is not None


async def _later(azure: Azure, seconds: float = 1.0) -> None:
    await asyncio.sleep(seconds)
    azure.world.settle()


async def test_a_listing_is_unlike_a_read_without_replication() -> None:
    azure = Azure()
    galleries = AzureGalleries(azure.clients)
    listed = await galleries.versions(parse(IMAGE_ID).parent())
    assert listed is not None
    assert [(version.name, version.replication) for version in listed] == [("1.0.0", None)]


async def test_regions_of_a_version_that_went_away_are_looked_at_again() -> None:
    azure = Azure()
    call = AzureGalleries(azure.clients).update_regions(
        UpdateRegions(spec=spec(HOME), version=home().definition.child("versions", "9.9.9"))
    )
    assert isinstance((await refused(call)).outcome, LookAgain)


@pytest.mark.parametrize("code", ["ResourceNotFound", "NotFound", "ResourceGroupNotFound"])
async def test_absence_is_a_404_with_a_code_that_says_so(code: str) -> None:
    azure = Azure()
    azure.app.faults.add(FaultRule(action=Status(status=404, code=code), service="compute", count=None))
    assert await AzureGalleries(azure.clients).gallery(GALLERY) is None


async def test_a_404_of_a_proxy_proves_no_absence() -> None:
    azure = Azure()
    azure.pool("p")
    azure.app.faults.add(FaultRule(action=Status(status=404, code="InvalidUri"), count=None))
    assert isinstance((await refused(AzureGalleries(azure.clients).gallery(GALLERY))).outcome, LookAgain)


@pytest.mark.parametrize(
    ("uri", "account", "problem"),
    [
        (f"{BLOBS}/v1.vhd", STORAGE, None),
        (f"{BLOBS}/none.vhd", STORAGE, "SourceNotFound"),
        (f"{BLOBS}/v1.vhd", f"{STORAGE}x", "StorageAccountNotFound"),
        ("https://azuresim.test/blob/vhdsx/images/v1.vhd", STORAGE, "StorageAccountMismatch"),
    ],
)
async def test_sources(uri: str, account: str, problem: str | None) -> None:
    azure = Azure()
    view = await AzureSources(azure.clients).inspect_vhd(VhdSource(blob_uri=uri, storage_account=parse(account)), HOME)
    assert view.problem == problem
    assert not [entry for entry in azure.app.journal if entry.is_write]


async def test_a_source_in_a_storage_account_that_does_not_answer_is_no_problem_of_the_source() -> None:
    azure = Azure()
    azure.app.faults.add(FaultRule(action=Status(status=503), service="blob", count=None))
    source = VhdSource(blob_uri=f"{BLOBS}/v1.vhd", storage_account=parse(STORAGE))
    assert isinstance((await refused(AzureSources(azure.clients).inspect_vhd(source, HOME))).outcome, Transient)


async def test_accounts_are_read_once_an_hour_and_absence_is_not_kept() -> None:
    azure = Azure()
    accounts, nowhere = azure.accounts(), _account("nowhere")
    for _ in range(3):
        assert await accounts.view(ACCOUNT_ID) == AccountView(location=HOME, state="Succeeded")
        assert "standard_d2s_v3" in await accounts.sizes(ACCOUNT_ID)
        assert UBUNTU in {agent.sku for agent in await accounts.agents(ACCOUNT_ID)}
    for operation in ("BatchAccount_Get", "Location_ListSupportedVirtualMachineSkus", "Pools_ListSupportedImages"):
        assert azure.count(operation) == 1
    assert await accounts.view(nowhere) is None
    azure.world.add_batch_account(str(nowhere), location=HOME)
    assert await accounts.view(nowhere) is not None
    await _later(azure, 3601)
    await accounts.view(ACCOUNT_ID)
    assert azure.count("BatchAccount_Get") == 1 + 2 + 1


def _account(name: str) -> ResourceId:
    return parse(ACCOUNT.replace("/farm", f"/{name}"))
