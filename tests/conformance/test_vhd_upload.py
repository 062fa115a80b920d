from __future__ import annotations

from azuresim.core.vhd import MIB, fixed_footer
from conformance.judge import GROUP, Judge

DEFINITION = ("--resource-group", "rg", "--gallery-name", "uploaded", "--gallery-image-definition", "ubuntu")
STORAGE = "providers/Microsoft.Storage/storageAccounts/vhds"
DESCRIBED = ("--publisher", "p", "--offer", "uploaded", "--sku", "s", "--os-type", "Linux", "--hyper-v-generation", "V2")


def test_a_vhd_is_uploaded_and_becomes_a_version(judge: Judge) -> None:
    where = ("--blob-endpoint", f"{judge.url}/blob/vhds", "--auth-mode", "login")
    content = b"\1" * MIB + bytes(3 * MIB) + fixed_footer(4 * MIB)
    (judge.folder / "up.vhd").write_bytes(content)
    judge.az("storage", "container", "create", "--name", "uploads", *where)
    judge.az("storage", "blob", "upload", "--container-name", "uploads", "--name", "up.vhd", "--file", "up.vhd", "--type", "page", *where)
    shown = judge.az("storage", "blob", "show", "--container-name", "uploads", "--name", "up.vhd", *where)
    assert (shown["properties"]["blobType"], shown["properties"]["contentLength"]) == ("PageBlob", len(content))
    judge.az("storage", "blob", "download", "--container-name", "uploads", "--name", "up.vhd", "--file", "down.vhd", *where)
    assert (judge.folder / "down.vhd").read_bytes() == content
    assert [blob["name"] for blob in judge.az("storage", "blob", "list", "--container-name", "uploads", *where)] == ["up.vhd"]
    judge.az("sig", "create", *DEFINITION[:4], "--location", "westus")
    judge.az("sig", "image-definition", "create", *DEFINITION, *DESCRIBED)
    source = ("--os-vhd-uri", f"{judge.url}/blob/vhds/uploads/up.vhd", "--os-vhd-storage-account", f"{GROUP}/{STORAGE}")
    judge.az("sig", "image-version", "create", *DEFINITION, "--gallery-image-version", "1.0.0", *source, "--target-regions", "westus")
    assert judge.compute.gallery_image_versions.get("rg", "uploaded", "ubuntu", "1.0.0").properties.provisioning_state == "Succeeded"
    judge.az("storage", "blob", "delete", "--container-name", "uploads", "--name", "up.vhd", *where)
