"""Scripts that the platform has a machine's agent run: managed run commands, and the older action.

Output is cut to its last 4 KB (run-command-managed.md). A managed command is provisioned when its script has ended, whatever its exit
code, or when it has begun (``asyncExecution``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from azuresim.core.arm_rules import parent_not_found
from azuresim.core.errors import ServiceError, invalid_parameter
from azuresim.core.extensions import extension_failed
from azuresim.core.guest import Guests, Report
from azuresim.core.guest_script import Outcome
from azuresim.core.kernel import Kernel
from azuresim.core.machine import Execution, Machine, RunCommand
from azuresim.core.operations import Operation
from azuresim.core.resource_id import ResourceId
from azuresim.core.script_blobs import ScriptBlobs
from azuresim.core.shelf import Shelf
from azuresim.core.subscriptions import not_found

Json = dict[str, Any]
_SECRETS = ("protectedParameters", "runAsPassword")
_SOURCES = ("script", "scriptUri", "commandId", "galleryScriptReferenceId")
_TAIL_BYTES = 4096
# Without a limit of its own a script has 90 minutes.
_LONGEST_SECONDS = 5400
# What a script that was killed ends with.
_KILLED = -1


def handler(machine: Machine) -> str:
    """The extension handler that delivers managed run commands, as instance views name it."""
    return f"Microsoft.CPlat.Core.RunCommandHandler{machine.os_type}"


class RunCommands:
    """Of all machines."""

    def __init__(self, kernel: Kernel, machines: Shelf[Machine], guests: Guests, blobs: ScriptBlobs) -> None:
        self._kernel = kernel
        self._machines = machines
        self._guests = guests
        self._blobs = blobs

    def within(self, machine: ResourceId) -> list[RunCommand]:
        """Of one machine. Raises 404."""
        return list(self._machines.get(machine).run_commands.values())

    def get(self, command: ResourceId) -> RunCommand:
        """Raises 404 ResourceNotFound."""
        machine = self._machines.find(command.parent)
        found = machine.run_commands.get(command.name.lower()) if machine is not None else None
        if found is None:
            raise not_found(command)
        return found

    def put(self, command: ResourceId, body: Mapping[str, Any]) -> tuple[RunCommand, Operation, bool]:
        """Run it; True: it is new. Every write runs the script again."""
        machine = self._machines.find(command.parent)
        if machine is None:
            raise parent_not_found(command)
        existing = machine.run_commands.get(command.name.lower())
        made = existing or RunCommand(id=command, location=machine.location, tags=None, properties={}, secrets={}, state="Creating")
        operation = self._begin(machine, made, dict(body.get("properties") or {}))
        made.tags = body.get("tags")
        if existing is None:
            made.state = "Creating"
            machine.run_commands[command.name.lower()] = made
        return made, operation, existing is None

    def patch(self, command: ResourceId, body: Mapping[str, Any]) -> tuple[RunCommand, Operation]:
        """Merge and run again."""
        found = self.get(command)
        properties = {**found.properties, **found.secrets, **(body.get("properties") or {})}
        operation = self._begin(self._machines.get(command.parent), found, properties)
        found.tags = body.get("tags", found.tags)
        return found, operation

    def delete(self, command: ResourceId) -> Operation | None:
        """None when there is nothing to delete; the agent has to take it off."""
        machine = self._machines.find(command.parent)
        found = machine.run_commands.get(command.name.lower()) if machine is not None else None
        if machine is None or found is None:
            return None

        def carry_out(report: Report) -> None:
            machine.run_commands.pop(command.name.lower(), None)
            report(None)

        operation = self._guests.tell(machine, command, carry_out, lambda: _set_state(found, "Failed"))
        found.state = "Deleting"
        return operation

    def adopt(self, command: ResourceId, body: Mapping[str, Any]) -> RunCommand:
        """A command as the service shows it; its machine must be there."""
        properties = {
            name: value for name, value in (body.get("properties") or {}).items() if name not in {"provisioningState", "instanceView"}
        }
        machine = self._machines.get(command.parent)
        made = RunCommand(
            id=command,
            location=body.get("location", machine.location),
            tags=body.get("tags"),
            properties=properties,
            secrets={},
            state=(body.get("properties") or {}).get("provisioningState", "Succeeded"),
        )
        view = (body.get("properties") or {}).get("instanceView") or {}
        made.execution = Execution(
            state=view.get("executionState", "Succeeded"),
            exit_code=view.get("exitCode", 0),
            message=view.get("executionMessage", ""),
            output=view.get("output", ""),
            error=view.get("error", ""),
            started=self._kernel.moment,
            ended=self._kernel.moment,
        )
        machine.run_commands[command.name.lower()] = made
        return made

    def act(self, machine: Machine, body: Mapping[str, Any]) -> Operation:
        """The action: one at a time, its output is the operation's; it succeeds whatever the script's exit code (azure-cli#14425)."""
        if any(task.exclusive for task in machine.tasks):
            raise ServiceError(
                409,
                "Conflict",
                "Run command extension execution is in progress. Please wait for completion before invoking a run command.",
            )
        script = "\n".join(body.get("script") or ())
        parameters = _values(body.get("parameters"))

        def carry_out(report: Report) -> None:
            path = "/var/lib/waagent/run-command/download/0/script.sh"
            outcome = self._guests.run(machine, script, parameters, path, limit=_LONGEST_SECONDS)

            def end() -> None:
                operation.output = {"value": _action_result(machine, outcome)}
                report(None)

            if outcome.reports and outcome.seconds <= _LONGEST_SECONDS:
                self._guests.later(machine, outcome.seconds, end)

        operation = self._guests.tell(machine, machine.id, carry_out, lambda: None, exclusive=True)
        return operation

    def _begin(self, machine: Machine, command: RunCommand, properties: Json) -> Operation:
        source = properties.get("source") or {}
        if sum(bool(source.get(name)) for name in _SOURCES) > 1:
            raise invalid_parameter("Only one of script, scriptUri, commandId and galleryScriptReferenceId can be given.", target="source")
        operation = self._guests.tell(
            machine, command.id, lambda report: self._execute(machine, command, report), lambda: _set_state(command, "Failed")
        )
        command.secrets = {name: properties[name] for name in _SECRETS if properties.get(name) is not None}
        shown = {name: value for name, value in properties.items() if name not in _SECRETS and value is not None}
        command.properties = {"timeoutInSeconds": 0, "asyncExecution": False, **shown}
        command.state, command.execution = "Updating", Execution()
        return operation

    def _execute(self, machine: Machine, command: RunCommand, report: Report) -> None:
        properties = command.properties
        limit = properties["timeoutInSeconds"] or _LONGEST_SECONDS
        running = command.execution = Execution(state="Running", started=self._kernel.moment)
        script = self._script(properties.get("source") or {})
        waiting: Report | None = report
        if properties["asyncExecution"]:
            waiting = None
            _set_state(command, "Succeeded")
            report(None)
        if script is None:
            ended = Execution(state="Failed", exit_code=1, message="Execution failed: failed to download script")
            self._end(machine, command, ended, waiting)
            return
        path = f"/var/lib/waagent/run-command-handler/download/{command.id.name}/0/script.sh"
        named = [*(properties.get("parameters") or ()), *(command.secrets.get("protectedParameters") or ())]
        outcome = self._guests.run(machine, script, _values(named), path, limit=limit)
        if outcome.reports or outcome.seconds > limit:
            ended = _ended(outcome, limit)

            def end() -> None:
                # Another script has begun under the same name, or none that counts.
                if command.execution is running:
                    self._end(machine, command, ended, waiting)

            self._guests.later(machine, min(outcome.seconds, limit), end)

    def _script(self, source: Mapping[str, Any]) -> str | None:
        """None when it cannot be had."""
        return self._blobs.read(source["scriptUri"]) if source.get("scriptUri") else source.get("script") or ""

    def _end(self, machine: Machine, command: RunCommand, ended: Execution, report: Report | None) -> None:
        """The script is over. ``report`` is None when the command was provisioned before."""
        self._blobs.write(command.properties.get("outputBlobUri"), ended.output)
        self._blobs.write(command.properties.get("errorBlobUri"), ended.error)
        command.execution = replace(
            ended, output=_tail(ended.output), error=_tail(ended.error), started=command.execution.started, ended=self._kernel.moment
        )
        if report is None:
            return
        if ended.exit_code and command.properties.get("treatFailureAsDeploymentFailure"):
            report(extension_failed(machine, command.id.name, handler(machine), ended.message))
        else:
            _set_state(command, "Succeeded")
            report(None)


def _ended(outcome: Outcome, limit: float) -> Execution:
    """How a script ended, in recorded words; the ones for a time-out are not recorded."""
    if outcome.seconds > limit:
        return Execution(
            state="TimedOut", exit_code=_KILLED, message="Execution failed: command timed out", output=outcome.output, error=outcome.error
        )
    if outcome.exit_code:
        message = f"Execution failed: failed to execute command: command terminated with exit status={outcome.exit_code}"
        return Execution(state="Failed", exit_code=outcome.exit_code, message=message, output=outcome.output, error=outcome.error)
    return Execution(state="Succeeded", message="Execution completed", output=outcome.output, error=outcome.error)


def _action_result(machine: Machine, outcome: Outcome) -> list[Json]:
    """One status for Linux, two for Windows, as recorded and as reported (azure-cli#19251)."""
    output, error = _tail(outcome.output), _tail(outcome.error)
    if machine.os_type == "Windows":
        return [_status("ComponentStatus/StdOut/succeeded", output), _status("ComponentStatus/StdErr/succeeded", error)]
    return [_status("ProvisioningState/succeeded", f"Enable succeeded: \n[stdout]\n{output}\n[stderr]\n{error}")]


def _status(code: str, message: str) -> Json:
    return {"code": code, "level": "Info", "displayStatus": "Provisioning succeeded", "message": message}


def _tail(text: str) -> str:
    return text.encode()[-_TAIL_BYTES:].decode(errors="ignore")


def _values(parameters: Iterable[Json] | None) -> dict[str, str]:
    return {each["name"]: each["value"] for each in parameters or ()}


def _set_state(command: RunCommand, state: str) -> None:
    command.state = state
