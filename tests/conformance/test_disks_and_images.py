from __future__ import annotations

import pytest

from conformance.judge import GROUP, Judge, RefusedError

LINUX = ("--os-type", "Linux", "--hyper-v-generation", "V2")
RG = ("--resource-group", "rg")
STORAGE = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/vhds"


def vhd(judge: Judge) -> str:
    return f"{judge.url}/blob/vhds/images/os.vhd"


def test_a_disk_from_a_vhd_a_snapshot_of_it_and_an_image(judge: Judge) -> None:
    source = ("--source", vhd(judge), "--source-storage-account-id", STORAGE)
    judge.az("disk", "create", *RG, "--name", "d", *source, *LINUX, "--location", "westus")
    disk = judge.compute.disks.get("rg", "d")
    assert (disk.provisioning_state, disk.disk_state) == ("Succeeded", "Unattached")
    judge.az("snapshot", "create", *RG, "--name", "s", "--source", disk.id, "--location", "westus")
    assert judge.compute.snapshots.get("rg", "s").creation_data.source_resource_id.lower() == disk.id.lower()
    judge.az(
        "image", "create", *RG, "--name", "i", "--source", "s", "--os-type", "Linux", "--hyper-v-generation", "V2", "--location", "westus"
    )
    assert judge.compute.images.get("rg", "i").hyper_v_generation == "V2"
    for kind, name in (("image", "i"), ("disk", "d"), ("snapshot", "s")):
        assert name in {shown["name"] for shown in judge.az(kind, "list", *RG)}
    judge.az("image", "delete", *RG, "--name", "i")
    judge.az("snapshot", "delete", *RG, "--name", "s")
    judge.az("disk", "delete", *RG, "--name", "d", "--yes")
    assert "d" not in {shown.name for shown in judge.compute.disks.list_by_resource_group("rg")}


def test_access_to_a_disk_is_given_and_taken(judge: Judge) -> None:
    judge.az("disk", "create", *RG, "--name", "a", "--size-gb", "4", "--location", "westus")
    granted = judge.az("disk", "grant-access", *RG, "--name", "a", "--duration-in-seconds", "3600")
    assert "sig=" in granted.get("accessSas", granted.get("accessSAS"))
    assert judge.compute.disks.get("rg", "a").disk_state == "ActiveSAS"
    judge.az("disk", "revoke-access", *RG, "--name", "a")
    judge.az("disk", "delete", *RG, "--name", "a", "--yes")


def test_an_image_straight_from_a_vhd(judge: Judge) -> None:
    # The CLI first asks for a virtual machine named `https%3A`.
    judge.az("image", "create", *RG, "--name", "v", "--source", vhd(judge), "--os-type", "Linux", "--location", "westus")
    # Its default, and not ours.
    assert judge.compute.images.get("rg", "v").hyper_v_generation == "V1"
    judge.az("image", "delete", *RG, "--name", "v")
    with pytest.raises(RefusedError, match="ResourceNotFound"):
        judge.az("image", "show", *RG, "--name", "v")
