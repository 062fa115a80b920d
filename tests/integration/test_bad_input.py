"""Wrong declarations and wrong things in Azure: said with a reason of their own, cost no write, and are left again once put right."""

from __future__ import annotations

import asyncio

import pytest

from azuresim import FaultRule, Status
from azuresim.core.vhd import fixed_footer
from harness.world import BLOBS, HOME, SECOND, Scene
from integration.mistakes import (
    ELSEWHERE,
    IN_PLACE,
    NORTH,
    NOWHERE,
    OTHER_CLUSTER,
    RIGHT_VHD,
    SECOND_IMAGE,
    SIZE,
    SOMEBODY,
    Case,
    bad_blob,
    bad_footer,
    bad_pool,
    forget_definition,
    found_at_once,
    in_place_at_home_only,
    named,
    nothing,
    put_blob,
    taken,
    vhd,
    widened,
    widened_and_declared,
)
from integration.scenes import (
    BY_ID,
    DEFINITION,
    IMAGE,
    POOL,
    VERSION,
    farm,
    made_version,
    operating,
    operations,
    shown,
    status_writes,
    until_ready,
    until_told,
)

CASES: dict[str, Case] = {
    "block blob": bad_blob(
        "SourceNotPageBlob", ("BlockBlob", "upload the VHD as a page blob"), lambda scene: put_blob(scene, "BlockBlob", SIZE + 512)
    ),
    "dynamic VHD": bad_blob(
        "SourceNotFixedVhd", ("dynamic or differencing", "convert it to a fixed one"), bad_footer(fixed_footer(SIZE, disk_type=3))
    ),
    "VHDX": bad_blob(
        "SourceNotFixedVhd", ("is a VHDX", "convert it to a fixed VHD"), lambda scene: put_blob(scene, "PageBlob", SIZE, (0, b"vhdxfile"))
    ),
    "truncated: no footer at the end": bad_blob(
        "SourceCorrupt", ("no VHD footer in its last 512 bytes", "cut short"), lambda scene: put_blob(scene, "PageBlob", SIZE)
    ),
    "truncated: fewer bytes than the footer says": bad_blob(
        "SourceCorrupt", (f"promises {2 * SIZE}", "upload the file again"), bad_footer(fixed_footer(2 * SIZE))
    ),
    "corrupt checksum": bad_blob(
        "SourceCorrupt", ("wrong checksum", "upload the file again"), bad_footer(fixed_footer(SIZE)[:100] + b"?" + fixed_footer(SIZE)[101:])
    ),
    "empty page blob": bad_blob("SourceCorrupt", ("no VHD footer",), lambda scene: put_blob(scene, "PageBlob", 0)),
    "size not whole MiB": bad_blob(
        "SourceSizeNotWholeMiB",
        (f"{SIZE + 512} bytes", "not a whole number of MiB"),
        lambda scene: put_blob(scene, "PageBlob", SIZE + 1024, (SIZE + 512, fixed_footer(SIZE + 512))),
    ),
    "missing blob": bad_blob("SourceNotFound", ("does not exist", "Upload the VHD", "spec.source.vhd.blobUri"), nothing),
    "missing container": Case(
        reason="SourceNotFound",
        words=("does not exist", "Upload the VHD"),
        wrong=lambda scene: scene.image(source=vhd("v1", blobs=BLOBS.replace("/images", "/other"))),
        right=lambda scene: scene.image(source=RIGHT_VHD),
    ),
    "unreadable blob": Case(
        reason="SourceUnreadable",
        words=("cannot be read (403", "Storage Blob Data Reader"),
        given=lambda scene: scene.azure.faults.add(
            FaultRule(action=Status(status=403, code="AuthorizationPermissionMismatch"), service="blob", count=None)
        ),
        wrong=lambda scene: scene.image(),
        right=found_at_once(IMAGE, lambda scene: scene.azure.faults.clear()),
    ),
    "storage account in another region": Case(
        reason="SourceWrongRegion",
        words=("elsewhere lies in northeurope", f"home region is {HOME}", f"Copy the VHD to an account in {HOME}"),
        given=lambda scene: scene.world.add_storage_account(ELSEWHERE, location=SECOND),
        wrong=lambda scene: scene.image(source=vhd("v1", ELSEWHERE, BLOBS.replace("/vhds/", "/elsewhere/"))),
        right=lambda scene: scene.image(source=RIGHT_VHD),
    ),
    "unknown storage account": Case(
        reason="StorageAccountNotFound",
        words=("no storage account", "storageAccounts/elsewhere"),
        wrong=lambda scene: scene.image(source=vhd("v1", ELSEWHERE)),
        right=lambda scene: scene.image(source=RIGHT_VHD),
    ),
    "blob of another account": Case(
        reason="StorageAccountMismatch",
        words=("v1.vhd does not begin with", "/blob/elsewhere/"),
        given=lambda scene: scene.world.add_storage_account(ELSEWHERE, location=HOME),
        wrong=lambda scene: scene.image(source=vhd("v1", ELSEWHERE)),
        right=lambda scene: scene.image(source=RIGHT_VHD),
    ),
    "fixed version taken": Case(
        reason="VersionTaken",
        words=("Version 1.0.0", "exists with another source", "spec.version"),
        given=lambda scene: scene.image(version="1.0.0"),
        first=(IMAGE,),
        wrong=lambda scene: scene.image(version="1.0.0", vhd="v2"),
        right=lambda scene: scene.image(version="1.0.1", vhd="v2"),
    ),
    "definition of another CustomImage": Case(
        reason="NotOwned",
        words=("ubuntu belongs to the CustomImage render/ubuntu", "spec.gallery.definition"),
        given=lambda scene: scene.image(),
        first=(IMAGE,),
        about=SECOND_IMAGE,
        wrong=lambda scene: scene.image(
            name="debian", vhd="v2", gallery={"id": DEFINITION.split("/images/")[0], "definition": "ubuntu", "location": HOME}
        ),
        right=lambda scene: scene.kube.delete(*named(IMAGE)),
    ),
    "definition of a stranger": Case(
        reason="NotOwned",
        words=("made was not made by Poolwright", "spec.gallery.definition"),
        given=made_version,
        wrong=lambda scene: scene.image(gallery={"id": DEFINITION.split("/images/")[0], "definition": "made", "location": HOME}),
        right=found_at_once(IMAGE, forget_definition),
    ),
    "gallery image version that does not exist": Case(
        reason="VersionNotFound",
        words=(VERSION, "does not exist", "spec.source.galleryImageVersion.id"),
        wrong=lambda scene: scene.image(source=IN_PLACE),
        right=found_at_once(IMAGE, made_version),
    ),
    "pool id taken by an unmarked pool": bad_pool(
        "NotOwned",
        ("Pool frames exists and was not made by Poolwright", "poolId", "spec.adoptionPolicy to IfUnowned"),
        given=taken({}),
        right=lambda scene: scene.pool(**BY_ID, adoptionPolicy="IfUnowned"),
    ),
    "pool id taken by another BatchPool": bad_pool(
        "NotOwned",
        ("Pool frames belongs to the BatchPool studio/other", "spec.adoptionPolicy to Force"),
        given=taken(SOMEBODY),
        right=found_at_once(POOL, lambda scene: scene.world.pools.delete(farm(scene), "frames")),
    ),
    "pool id taken by another cluster": bad_pool(
        "NotOwned",
        ("Pool frames belongs to the BatchPool render/frames", "spec.adoptionPolicy to Force"),
        given=taken(OTHER_CLUSTER),
        right=lambda scene: scene.pool(**BY_ID, adoptionPolicy="Force"),
    ),
    "unknown VM size": bad_pool(
        "UnknownVmSize", ("spec.vmSize Standard_Z99", f"not offered by Batch in {HOME}", "Choose another size"), vmSize="Standard_Z99"
    ),
    "image not replicated here": bad_pool(
        "RegionNotReplicated",
        ("CustomImage ubuntu", f"not replicated to {SECOND}", "spec.replication.regions"),
        given=in_place_at_home_only,
        right=widened_and_declared,
        batchAccountId=NORTH,
        image={"customImageRef": {"name": "ubuntu"}},
    ),
    "version not replicated here": bad_pool(
        "RegionNotReplicated",
        ("Version 1.0.0 of made", f"not replicated to {SECOND}", "Add the region"),
        given=in_place_at_home_only,
        right=found_at_once(POOL, widened),
        batchAccountId=NORTH,
    ),
    "version that does not exist": bad_pool(
        "ImageVersionNotFound",
        (VERSION, "does not exist", "spec.image.galleryImage.id"),
        given=nothing,
        right=found_at_once(POOL, made_version),
    ),
    "unknown node agent": bad_pool(
        "NodeAgentUnknown",
        ("spec.nodeAgentSku 'batch.node.amiga 1'", "not known to the account", "batch.node.ubuntu 22.04"),
        nodeAgentSku="batch.node.amiga 1",
    ),
    "unknown Batch account": bad_pool(
        "AccountNotFound",
        ("no Batch account", "batchAccounts/nowhere", "spec.batchAccountId"),
        right=found_at_once(POOL, lambda scene: scene.world.add_batch_account(NOWHERE, location=HOME)),
        batchAccountId=NOWHERE,
    ),
}


@pytest.mark.parametrize("name", CASES)
async def test_bad_input_is_named_costs_nothing_and_is_left_again(name: str) -> None:
    case = CASES[name]
    scene = Scene()
    async with operating(scene):
        case.given(scene)
        for item in case.first:
            await until_ready(scene, item)
        await asyncio.sleep(3600)
        mark, log = scene.azure.journal.written, len(scene.kube.log)

        case.wrong(scene)
        await until_told(scene, case.about, case.reason, within=60)
        ready, stalled = shown(scene, case.about, "Ready"), shown(scene, case.about, "Stalled")
        assert (ready["status"], stalled["status"], stalled["reason"]) == ("False", "True", case.reason)
        assert [words for words in case.words if words not in stalled["message"]] == [], stalled["message"]
        await asyncio.sleep(2 * 3600)
        assert scene.ready(*case.about) == ("False", case.reason)
        assert operations(scene, mark) == []
        assert status_writes(scene, log)[case.about[1]] == 1

        case.right(scene)
        await until_ready(scene, case.about)
        assert shown(scene, case.about, "Stalled") == {}
