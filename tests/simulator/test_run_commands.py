from __future__ import annotations

from typing import Any

from azuresim.core.contents import Contents
from simulator import machines as vm
from simulator.cloud import GROUP, SUBSCRIPTION, Cloud

RUN = f"{vm.MACHINE}/runCommands/step"
DEPROVISION = "systemd-run --on-active=10 /bin/sh -c 'waagent -deprovision+user -force && sync && poweroff'"
SCRIPT_BLOB = "https://azuresim.test/blob/vhds/scripts/step.sh"
OUTPUT_BLOB = "https://azuresim.test/blob/vhds/scripts/out.txt"
A_DAY = 86_400


def command(script: str = "echo done", **properties: Any) -> dict[str, Any]:
    return {"location": "westus", "properties": {"source": {"script": script}, **properties}}


async def begun(cloud: Cloud, script: str = "echo done", **properties: Any) -> Any:
    """A command that was sent; the answer."""
    return vm.sent(cloud, "PUT", RUN, command(script, **properties))


async def view(cloud: Cloud) -> Any:
    """The command with its instance view."""
    return await cloud.compute.virtual_machine_run_commands.get_by_virtual_machine("rg", "vm", "step", expand="instanceView")


def operation(cloud: Cloud, answer: Any) -> Any:
    """How its operation stands."""
    return cloud.ask("GET", answer.headers["Azure-AsyncOperation"].removeprefix(cloud.world.base_url)).json()


async def test_a_command_is_delivered_runs_and_is_read_back(cloud: Cloud) -> None:
    await vm.made(cloud)
    answer = await begun(cloud, "echo $who; sleep 3; exit 2", parameters=[{"name": "who", "value": "me"}])
    assert answer.status == 201
    assert answer.json()["properties"] == {
        "source": {"script": "echo $who; sleep 3; exit 2"},
        "parameters": [{"name": "who", "value": "me"}],
        "timeoutInSeconds": 0,
        "asyncExecution": False,
        "provisioningState": "Creating",
    }
    states = []
    for seconds in (0, 7, 3, 4):
        cloud.clock.advance(seconds)
        found = (await view(cloud)).properties
        states.append((found.provisioning_state, found.instance_view.execution_state))
    assert states == [("Creating", "Pending"), ("Creating", "Running"), ("Succeeded", "Failed"), ("Succeeded", "Failed")]
    seen = found.instance_view
    assert (seen.exit_code, seen.output, seen.error) == (2, "me\n", "")
    assert seen.execution_message == "Execution failed: failed to execute command: command terminated with exit status=2"
    assert (seen.end_time - seen.start_time).total_seconds() == 3
    assert operation(cloud, answer)["status"] == "Succeeded"
    plain = await cloud.compute.virtual_machine_run_commands.get_by_virtual_machine("rg", "vm", "step")
    assert plain.properties.instance_view is None


async def test_a_second_script_takes_over_from_the_first(cloud: Cloud) -> None:
    await vm.made(cloud)
    first = await begun(cloud, "echo first; sleep 100")
    cloud.clock.advance(10)
    second = await begun(cloud, "echo second; sleep 5")
    assert (operation(cloud, first)["status"], operation(cloud, first)["error"]["code"]) == ("Failed", "OperationPreempted")
    cloud.clock.advance(30)
    assert operation(cloud, second)["status"] == "Succeeded"
    cloud.clock.advance(200)
    found = (await view(cloud)).properties
    assert (found.provisioning_state, found.instance_view.output) == ("Succeeded", "second\n")


async def test_a_command_written_while_it_is_removed_stays(cloud: Cloud) -> None:
    await vm.made(cloud)
    await begun(cloud)
    cloud.clock.advance(20)
    removal = vm.sent(cloud, "DELETE", RUN)
    assert (await begun(cloud, "echo again")).status == 200
    assert operation(cloud, removal)["error"]["code"] == "OperationPreempted"
    cloud.clock.advance(20)
    assert (await view(cloud)).properties.instance_view.output == "again\n"


async def test_a_command_sent_before_a_reboot_runs_after_it(cloud: Cloud) -> None:
    await vm.made(cloud)
    await begun(cloud, "nohup sh -c 'sleep 11; reboot' &", asyncExecution=True)
    cloud.clock.advance(14)
    answer = vm.sent(cloud, "PUT", f"{RUN}2", command("echo up"))
    cloud.clock.advance(30)
    assert operation(cloud, answer)["status"] == "Succeeded"
    assert vm.sent(cloud, "GET", f"{RUN}2?$expand=instanceView").json()["properties"]["instanceView"]["output"] == "up\n"


async def test_a_script_out_of_time_keeps_what_it_has_said(cloud: Cloud) -> None:
    await vm.made(cloud)
    await begun(cloud, "echo out; echo err >&2; sleep 60", timeoutInSeconds=10)
    cloud.clock.advance(30)
    seen = (await view(cloud)).properties.instance_view
    assert (seen.execution_state, seen.output, seen.error) == ("TimedOut", "out\n", "err\n")


async def test_an_action_without_end_fails_with_its_time_and_nothing_is_left_to_come(cloud: Cloud) -> None:
    await vm.made(cloud)
    body = {"commandId": "RunShellScript", "script": ["sleep 999999999"]}
    answer = vm.sent(cloud, "POST", f"{vm.MACHINE}/runCommand", body)
    cloud.clock.advance(2 * A_DAY)
    assert operation(cloud, answer)["error"]["code"] == "VMAgentStatusCommunicationError"
    assert cloud.world.kernel.agenda.next_at() is None


async def test_a_list_a_change_and_a_removal(cloud: Cloud) -> None:
    commands = cloud.compute.virtual_machine_run_commands
    await vm.made(cloud)
    await begun(cloud, protectedParameters=[{"name": "key", "value": "hidden"}], runAsUser="me", runAsPassword="hidden")  # a test's
    cloud.clock.advance(20)
    assert "hidden" not in vm.sent(cloud, "GET", RUN).body.decode()
    await commands.begin_update("rg", "vm", "step", {"properties": {"source": {"script": "echo $key"}}}, polling=False)
    assert (await view(cloud)).properties.provisioning_state == "Updating"
    cloud.clock.advance(20)
    assert (await view(cloud)).properties.instance_view.output == "hidden\n"
    assert [(c.name, c.properties.run_as_user) async for c in commands.list_by_virtual_machine("rg", "vm")] == [("step", "me")]
    (handler,) = (await cloud.compute.virtual_machines.instance_view("rg", "vm")).vm_agent.extension_handlers
    assert handler.type == "Microsoft.CPlat.Core.RunCommandHandlerLinux"
    assert vm.sent(cloud, "DELETE", RUN).status == 202
    cloud.clock.advance(20)
    assert [c async for c in commands.list_by_virtual_machine("rg", "vm")] == []
    assert vm.sent(cloud, "DELETE", RUN).status == 204
    assert (await cloud.compute.virtual_machines.instance_view("rg", "vm")).vm_agent.extension_handlers == []


async def test_only_the_tail_of_the_output_is_kept(cloud: Cloud) -> None:
    cloud.world.storage.create_container(cloud.world.storage.named("vhds"), "scripts", {})  # type: ignore[arg-type]  # it is there
    await vm.made(cloud)
    await begun(cloud, "seq 2000", outputBlobUri=f"{OUTPUT_BLOB}?sig=x")
    cloud.clock.advance(20)
    output = (await view(cloud)).properties.instance_view.output
    assert (len(output), output[-10:]) == (4096, "1999\n2000\n")
    cloud.world.settle()
    found = cloud.world.sources.vhd(OUTPUT_BLOB)
    assert found is not None
    assert found.account.blob("scripts", "out.txt").content.size == 8893


async def test_a_script_is_fetched_from_its_address(cloud: Cloud) -> None:
    account = cloud.world.storage.named("vhds")
    assert account is not None
    cloud.world.storage.create_container(account, "scripts", {})
    blob = cloud.world.storage.put_blob(account, "scripts", "step.sh", kind="BlockBlob", size=9, metadata={}, http_headers={})
    blob.content.write(0, b"echo blob")
    await vm.made(cloud)
    for uri, expected in ((SCRIPT_BLOB, (0, "blob\n")), (f"{SCRIPT_BLOB}.none", (1, "")), ("https://elsewhere.test/x", (1, ""))):
        vm.sent(cloud, "PUT", RUN, {"location": "westus", "properties": {"source": {"scriptUri": uri}}})
        cloud.clock.advance(20)
        seen = (await view(cloud)).properties.instance_view
        assert (seen.exit_code, seen.output) == expected


async def test_a_time_out_ends_the_script_but_not_what_it_detached(cloud: Cloud) -> None:
    await vm.made(cloud)
    answer = await begun(cloud, f"{DEPROVISION}\nsleep 100; poweroff", timeoutInSeconds=5)
    cloud.clock.advance(17)
    seen = (await view(cloud)).properties
    assert (seen.provisioning_state, seen.instance_view.execution_state, seen.instance_view.exit_code) == ("Succeeded", "TimedOut", -1)
    assert operation(cloud, answer)["status"] == "Succeeded"
    cloud.clock.advance(10)
    assert (await vm.statuses(cloud))[-1] == "PowerState/stopped"


async def test_an_asynchronous_command_is_provisioned_when_it_begins(cloud: Cloud) -> None:
    await vm.made(cloud)
    answer = await begun(cloud, "sleep 60; echo late", asyncExecution=True)
    cloud.clock.advance(11)
    seen = (await view(cloud)).properties
    assert (seen.provisioning_state, seen.instance_view.execution_state, seen.instance_view.end_time) == ("Succeeded", "Running", None)
    assert operation(cloud, answer)["status"] == "Succeeded"
    cloud.clock.advance(60)
    assert (await view(cloud)).properties.instance_view.output == "late\n"


async def test_a_failure_counts_only_when_asked_to(cloud: Cloud) -> None:
    await vm.made(cloud)
    answer = await begun(cloud, "exit 1", treatFailureAsDeploymentFailure=True)
    cloud.clock.advance(20)
    failed = operation(cloud, answer)
    assert (failed["status"], failed["error"]["code"]) == ("Failed", "VMExtensionProvisioningError")
    assert (await view(cloud)).properties.provisioning_state == "Failed"


async def test_the_road_of_an_image_build(cloud: Cloud) -> None:
    """Detached deprovisioning, its own power-off, deallocation, mark: what the disk then is, an image from it is too."""
    await vm.made(cloud)
    assert not vm.contents(cloud).generalized
    await begun(cloud, DEPROVISION, asyncExecution=True)
    cloud.clock.advance(20)
    assert await vm.agent(cloud) == "Not Ready"
    assert vm.contents(cloud).generalized
    cloud.clock.advance(20)
    assert (await vm.statuses(cloud))[-1] == "PowerState/stopped"
    await vm.stopped(cloud)
    await cloud.compute.virtual_machines.generalize("rg", "vm")
    image = {"location": "westus", "properties": {"sourceVirtualMachine": {"id": vm.MACHINE}, "hyperVGeneration": "V2"}}
    await cloud.compute.images.begin_create_or_update("rg", "img", image, polling=False)
    cloud.clock.advance(20)
    cloud.world.settle()
    (made,) = cloud.world.sources.images
    assert made.contents.generalized
    image_id = {"id": f"{GROUP}/providers/Microsoft.Compute/images/img"}
    await vm.made(cloud, "again", image=image_id)
    assert vm.contents(cloud, "again").image == vm.contents(cloud).image
    assert not vm.contents(cloud, "again").generalized


async def test_a_machine_that_was_only_marked_is_not_generalised_inside(cloud: Cloud) -> None:
    await vm.made(cloud)
    await vm.stopped(cloud)
    await cloud.compute.virtual_machines.generalize("rg", "vm")
    assert not vm.contents(cloud).generalized


async def test_what_boots_again_is_generalised_no_longer(cloud: Cloud) -> None:
    await vm.made(cloud)
    await begun(cloud, DEPROVISION, asyncExecution=True)
    cloud.clock.advance(60)
    await cloud.compute.virtual_machines.begin_start("rg", "vm", polling=False)
    cloud.clock.advance(60)
    assert not vm.contents(cloud).generalized
    assert await vm.agent(cloud) == "Ready"


async def test_a_command_that_ends_its_own_agent_never_reports(cloud: Cloud) -> None:
    await vm.made(cloud)
    answer = await begun(cloud, "waagent -deprovision+user -force; poweroff")
    cloud.clock.advance(3600)
    assert operation(cloud, answer)["status"] == "InProgress"
    assert (await vm.statuses(cloud))[-1] == "PowerState/running"
    assert (await view(cloud)).properties.instance_view.execution_state == "Running"
    cloud.clock.advance(3600)
    failed = operation(cloud, answer)
    assert (failed["status"], failed["error"]["code"]) == ("Failed", "VMAgentStatusCommunicationError")
    assert (await view(cloud)).properties.provisioning_state == "Failed"
    removal = vm.sent(cloud, "DELETE", RUN)
    cloud.clock.advance(A_DAY)
    assert operation(cloud, removal)["error"]["code"] == "VMAgentStatusCommunicationError"
    assert vm.sent(cloud, "GET", RUN).json()["properties"]["provisioningState"] == "Failed"


async def test_a_restart_from_inside_brings_the_agent_back(cloud: Cloud) -> None:
    await vm.made(cloud)
    answer = await begun(cloud, "reboot")
    cloud.clock.advance(60)
    assert await vm.agent(cloud) == "Ready"
    assert operation(cloud, answer)["status"] == "InProgress"


async def test_a_machine_that_does_not_run_takes_no_command(cloud: Cloud) -> None:
    await vm.made(cloud)
    await begun(cloud)
    cloud.clock.advance(20)
    await vm.stopped(cloud, deallocated=False)
    commands = cloud.compute.virtual_machine_run_commands
    for call in (
        commands.begin_create_or_update("rg", "vm", "two", command(), polling=False),
        commands.begin_update("rg", "vm", "step", {"properties": {}}, polling=False),
        commands.begin_delete("rg", "vm", "step", polling=False),
        cloud.compute.virtual_machines.begin_run_command("rg", "vm", {"commandId": "RunShellScript", "script": ["true"]}, polling=False),
    ):
        assert await vm.refused(call) == (409, "OperationNotAllowed", "Cannot modify extensions in the VM when the VM is not running.")


async def test_power_takes_the_machine_away_from_a_command(cloud: Cloud) -> None:
    await vm.made(cloud)
    answer = await begun(cloud, "sleep 600")
    cloud.clock.advance(20)
    await vm.stopped(cloud)
    assert operation(cloud, answer)["error"]["code"] == "OperationPreempted"
    assert vm.sent(cloud, "GET", RUN).json()["properties"]["provisioningState"] == "Failed"


async def test_what_a_script_had_in_mind_ends_with_its_guest(cloud: Cloud) -> None:
    await vm.made(cloud)
    await begun(cloud, DEPROVISION.replace("10", "300"), asyncExecution=True)
    cloud.clock.advance(20)
    await cloud.compute.virtual_machines.begin_restart("rg", "vm", polling=False)
    cloud.clock.advance(A_DAY)
    assert not vm.contents(cloud).generalized


async def test_a_machine_without_an_agent_never_answers(cloud: Cloud) -> None:
    await vm.made(cloud, osProfile={**vm.USER, "linuxConfiguration": {"provisionVMAgent": False}})
    assert await vm.agent(cloud) == "Not Ready"
    answer = await begun(cloud)
    cloud.clock.advance(A_DAY)
    assert operation(cloud, answer)["error"]["code"] == "VMAgentStatusCommunicationError"


async def test_a_command_waits_for_an_agent_that_is_on_its_way(cloud: Cloud) -> None:
    cloud = Cloud()
    await cloud.compute.virtual_machines.begin_create_or_update("rg", "vm", vm.body(), polling=False)
    cloud.clock.advance(30)
    await begun(cloud)
    cloud.clock.advance(13)
    assert (await view(cloud)).properties.instance_view.execution_state == "Succeeded"


async def test_refusals_of_a_command(cloud: Cloud) -> None:
    assert vm.sent(cloud, "PUT", RUN, command()).json()["error"]["code"] == "ParentResourceNotFound"
    await vm.made(cloud)
    assert vm.sent(cloud, "GET", RUN).status == 404
    both = {"source": {"script": "true", "scriptUri": SCRIPT_BLOB}}
    assert vm.sent(cloud, "PUT", RUN, {"location": "westus", "properties": both}).json()["error"]["code"] == "InvalidParameter"
    assert vm.sent(cloud, "GET", f"{vm.MACHINE}/runCommands?$expand=all").status == 400


async def test_the_action_answers_with_the_output_of_its_operation(cloud: Cloud) -> None:
    await vm.made(cloud)
    machines = cloud.compute.virtual_machines
    script = {"commandId": "RunShellScript", "script": ["echo $who", "exit 9"], "parameters": [{"name": "who", "value": "me"}]}
    poller = await machines.begin_run_command("rg", "vm", script)
    busy = await vm.refused(machines.begin_run_command("rg", "vm", script, polling=False))
    assert busy[:2] == (409, "Conflict")
    cloud.clock.advance(20)
    (status,) = (await poller.result()).value
    assert (status.code, status.message) == ("ProvisioningState/succeeded", "Enable succeeded: \n[stdout]\nme\n\n[stderr]\n")
    wrong = await vm.refused(machines.begin_run_command("rg", "vm", {"commandId": "Nothing"}, polling=False))
    assert wrong[:2] == (400, "InvalidParameter")


async def test_the_action_on_windows_has_two_statuses(cloud: Cloud) -> None:
    await vm.made(cloud, image=vm.WINDOWS)
    script = {"commandId": "RunPowerShellScript", "script": ["Write-Output hello"]}
    poller = await cloud.compute.virtual_machines.begin_run_command("rg", "vm", script)
    cloud.clock.advance(20)
    assert [(s.code, s.message) for s in (await poller.result()).value] == [
        ("ComponentStatus/StdOut/succeeded", "hello\n"),
        ("ComponentStatus/StdErr/succeeded", ""),
    ]
    view = await cloud.compute.virtual_machines.instance_view("rg", "vm")
    assert (view.os_name, view.os_version) == ("Windows Server 2022 Datacenter", "10.0.20348")


async def test_sysprep_leaves_the_agent_until_the_power_goes(cloud: Cloud) -> None:
    await vm.made(cloud, image=vm.WINDOWS)
    await begun(cloud, "sysprep.exe /generalize /oobe /quit")
    cloud.clock.advance(80)
    assert (await view(cloud)).properties.instance_view.exit_code == 0
    assert vm.contents(cloud).generalized
    assert await vm.agent(cloud) == "Ready"


async def test_the_platform_has_commands_of_its_own(cloud: Cloud) -> None:
    cloud.world.add_resource_group(SUBSCRIPTION, "rg")
    commands = cloud.compute.virtual_machine_run_commands
    assert "RunShellScript" in [found.id async for found in commands.list("westus")]
    assert (await commands.get("westus", "runshellscript")).os_type == "Linux"
    assert (await vm.refused(commands.get("westus", "none")))[0] == 404


def test_a_recorded_command_is_adopted_as_it_is(cloud: Cloud) -> None:
    vm.unmanaged(cloud)
    shown = {
        "location": "westus",
        "properties": {
            "source": {"script": "x"},
            "provisioningState": "Succeeded",
            "instanceView": {"exitCode": 127, "executionState": "Failed", "output": "", "error": "x\n", "executionMessage": "m"},
        },
    }
    cloud.world.virtual.run_commands.adopt(vm.parsed(RUN), shown)
    found = vm.sent(cloud, "GET", f"{RUN}?$expand=instanceView").json()["properties"]["instanceView"]
    assert (found["exitCode"], found["executionState"], found["error"]) == (127, "Failed", "x\n")


def test_an_unmanaged_machine_keeps_its_contents_in_the_blob(cloud: Cloud) -> None:
    found = vm.unmanaged(cloud)
    cloud.clock.advance(10)
    vm.sent(cloud, "PUT", RUN, command(DEPROVISION))
    cloud.clock.advance(60)
    cloud.world.settle()
    blob = cloud.world.sources.vhd(vm.VHD)
    assert blob is not None
    assert blob.contents(Contents(size_gib=0)).generalized
    assert found.power == "stopped"
    assert GROUP in str(found.id)
