from __future__ import annotations

import base64
from typing import Any

import pytest

from simulator import machines as vm
from simulator.cloud import Cloud
from simulator.test_run_commands import operation

EXTENSION = f"{vm.MACHINE}/extensions/ext"
ACCESS = {"publisher": "Microsoft.OSTCExtensions", "type": "VMAccessForLinux", "typeHandlerVersion": "1.5", "settings": {}}
SCRIPT = {"publisher": "Microsoft.Azure.Extensions", "type": "CustomScript", "typeHandlerVersion": "2.1"}


def extension(properties: dict[str, Any]) -> dict[str, Any]:
    return {"location": "westus", "properties": properties}


async def test_an_extension_is_installed_shown_changed_and_removed(cloud: Cloud) -> None:
    await vm.made(cloud)
    extensions = cloud.compute.virtual_machine_extensions
    answer = vm.sent(cloud, "PUT", EXTENSION, extension({**ACCESS, "protectedSettings": {"password": "hidden"}}))
    assert (answer.status, answer.json()["properties"]["provisioningState"]) == (201, "Creating")
    assert answer.json()["properties"]["autoUpgradeMinorVersion"] is False
    cloud.clock.advance(11)
    shown = vm.sent(cloud, "GET", vm.MACHINE)
    assert "hidden" not in shown.body.decode()
    assert [e["name"] for e in shown.json()["resources"]] == ["ext"]
    view = await cloud.compute.virtual_machines.instance_view("rg", "vm")
    assert [(e.name, e.type, e.statuses[0].message) for e in view.extensions] == [
        ("ext", "Microsoft.OSTCExtensions.VMAccessForLinux", "Enable succeeded.")
    ]
    assert [h.type for h in view.vm_agent.extension_handlers] == ["Microsoft.OSTCExtensions.VMAccessForLinux"]
    await extensions.begin_update("rg", "vm", "ext", {"tags": {"a": "b"}}, polling=False)
    assert (await extensions.get("rg", "vm", "ext")).properties.provisioning_state == "Updating"
    cloud.clock.advance(11)
    found = await extensions.get("rg", "vm", "ext", expand="instanceView")
    assert (found.tags, found.properties.instance_view.statuses[0].code) == ({"a": "b"}, "ProvisioningState/succeeded")
    assert [e.name for e in (await extensions.list("rg", "vm")).value] == ["ext"]
    await vm.stopped(cloud, deallocated=False)
    assert (await vm.refused(extensions.begin_delete("rg", "vm", "ext", polling=False)))[:2] == (409, "OperationNotAllowed")
    await cloud.compute.virtual_machines.begin_start("rg", "vm", polling=False)
    cloud.clock.advance(60)
    assert vm.sent(cloud, "DELETE", EXTENSION).status == 202
    cloud.clock.advance(11)
    assert vm.sent(cloud, "GET", EXTENSION).status == 404
    assert vm.sent(cloud, "DELETE", EXTENSION).status == 204


@pytest.mark.parametrize(
    ("settings", "state", "words"),
    [
        pytest.param({"settings": {"commandToExecute": "echo hi"}}, "Succeeded", "[stdout]\nhi\n", id="a command"),
        pytest.param({"protectedSettings": {"commandToExecute": "exit 3"}}, "Failed", "exit status=3", id="a command that fails"),
        pytest.param({"settings": {"script": base64.b64encode(b"exit 4").decode()}}, "Failed", "exit status=4", id="a script"),
        pytest.param({"settings": "none", "protectedSettings": 1}, "Succeeded", "Enable succeeded", id="settings of another kind"),
        pytest.param({"settings": {"script": "*"}}, "Succeeded", "Enable succeeded", id="no script"),
        pytest.param({"settings": {"script": "é"}}, "Succeeded", "Enable succeeded", id="no ASCII"),
    ],
)
async def test_a_custom_script_runs(cloud: Cloud, settings: dict[str, Any], state: str, words: str) -> None:
    await vm.made(cloud)
    answer = vm.sent(cloud, "PUT", EXTENSION, extension({**SCRIPT, **settings}))
    cloud.clock.advance(20)
    found = vm.sent(cloud, "GET", f"{EXTENSION}?$expand=instanceView").json()["properties"]
    assert found["provisioningState"] == state
    assert words in found["instanceView"]["statuses"][0]["message"]
    assert operation(cloud, answer).get("error", {}).get("code") == (None if state == "Succeeded" else "VMExtensionProvisioningError")


async def test_later_settings_and_operations_take_over_from_a_script(cloud: Cloud) -> None:
    await vm.made(cloud)

    def sent(line: str) -> Any:
        return vm.sent(cloud, "PUT", EXTENSION, extension({**SCRIPT, "settings": {"commandToExecute": line}}))

    def state() -> str:
        cloud.world.settle()
        found: str = vm.sent(cloud, "GET", EXTENSION).json()["properties"]["provisioningState"]
        return found

    first = sent("sleep 60; exit 1")
    cloud.clock.advance(20)
    sent("sleep 100")
    assert operation(cloud, first)["error"]["code"] == "OperationPreempted"
    cloud.clock.advance(60)
    assert state() == "Updating"
    cloud.clock.advance(60)
    assert state() == "Succeeded"
    sent("sleep 100")
    cloud.clock.advance(20)
    await vm.stopped(cloud)
    cloud.clock.advance(200)
    assert state() == "Failed"


async def test_a_custom_script_that_ends_the_agent_never_reports(cloud: Cloud) -> None:
    await vm.made(cloud)
    answer = vm.sent(cloud, "PUT", EXTENSION, extension({**SCRIPT, "settings": {"commandToExecute": "waagent -deprovision"}}))
    cloud.clock.advance(60)
    assert operation(cloud, answer)["status"] == "InProgress"
    view = vm.sent(cloud, "GET", f"{EXTENSION}?$expand=instanceView").json()["properties"]["instanceView"]
    assert view["statuses"][0]["code"] == "ProvisioningState/transitioning"


async def test_refusals_of_an_extension(cloud: Cloud) -> None:
    assert vm.sent(cloud, "PUT", EXTENSION, extension(ACCESS)).json()["error"]["code"] == "ParentResourceNotFound"
    await vm.made(cloud)
    assert vm.sent(cloud, "PUT", EXTENSION, extension({"publisher": "p", "type": "t"})).json()["error"]["code"] == "InvalidParameter"
    vm.sent(cloud, "PUT", EXTENSION, extension(ACCESS))
    second = vm.sent(cloud, "PUT", f"{EXTENSION}2", extension(ACCESS))
    assert (second.status, second.json()["error"]["code"]) == (409, "OperationNotAllowed")


async def test_an_encrypted_machine_is_known_as_one(cloud: Cloud) -> None:
    await vm.made(cloud)
    (disk,) = (await cloud.compute.virtual_machines.instance_view("rg", "vm")).disks
    assert disk.encryption_settings is None
    kind = {"publisher": "Microsoft.Azure.Security", "type": "AzureDiskEncryptionForLinux", "typeHandlerVersion": "1.1"}
    vm.sent(cloud, "PUT", EXTENSION, extension(kind))
    cloud.clock.advance(20)
    assert vm.machine(cloud).encrypted
    (disk,) = (await cloud.compute.virtual_machines.instance_view("rg", "vm")).disks
    assert [setting.enabled for setting in disk.encryption_settings] == [True]
