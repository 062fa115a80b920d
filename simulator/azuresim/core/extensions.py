"""Extensions of virtual machines, delivered by their agents."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from azuresim.core.arm_rules import parent_not_found
from azuresim.core.errors import ServiceError, invalid_parameter
from azuresim.core.guest import Guests, Report
from azuresim.core.kernel import Kernel
from azuresim.core.machine import Extension, Machine
from azuresim.core.operations import Operation
from azuresim.core.resource_id import ResourceId
from azuresim.core.shelf import Shelf
from azuresim.core.subscriptions import not_found

Json = dict[str, Any]
_REQUIRED = ("publisher", "type", "typeHandlerVersion")
_SECRET = ("protectedSettings", "protectedSettingsFromKeyVault")
_SCRIPTS = frozenset({"customscript", "customscriptextension"})


class Extensions:
    """Of all machines."""

    def __init__(self, kernel: Kernel, machines: Shelf[Machine], guests: Guests) -> None:
        self._kernel = kernel
        self._machines = machines
        self._guests = guests

    def machine(self, extension: ResourceId) -> Machine:
        """The parent. Raises 404 ParentResourceNotFound."""
        found = self._machines.find(extension.parent)
        if found is None:
            raise parent_not_found(extension)
        return found

    def get(self, extension: ResourceId) -> Extension:
        """Raises 404 ResourceNotFound."""
        machine = self._machines.find(extension.parent)
        found = machine.extensions.get(extension.name.lower()) if machine is not None else None
        if found is None:
            raise not_found(extension)
        return found

    def put(self, extension: ResourceId, body: Mapping[str, Any]) -> tuple[Extension, Operation, bool]:
        """Install, or change its settings. True: it is new. 409 when the machine does not run, or has another one of the kind."""
        machine = self.machine(extension)
        properties = dict(body.get("properties") or {})
        existing = machine.extensions.get(extension.name.lower())
        for name in _REQUIRED:
            if not properties.get(name):
                raise invalid_parameter(f"Required parameter 'properties.{name}' is missing (null).", target=name)
        made = existing or Extension(
            id=extension, location=machine.location, tags=None, properties={}, secrets={}, state="Creating", version=""
        )
        _check_one_of_a_kind(machine, extension, properties)
        operation = self._install(machine, made, properties)
        made.tags = body.get("tags")
        if existing is None:
            machine.extensions[extension.name.lower()] = made
            made.state = "Creating"
        return made, operation, existing is None

    def patch(self, extension: ResourceId, body: Mapping[str, Any]) -> tuple[Extension, Operation]:
        """Merge tags and properties, and run it again."""
        found = self.get(extension)
        properties = {**found.properties, **found.secrets, **(body.get("properties") or {})}
        operation = self._install(self.machine(extension), found, properties)
        found.tags = body.get("tags", found.tags)
        return found, operation

    def delete(self, extension: ResourceId) -> Operation | None:
        """None when there is nothing to delete; the agent has to take it off."""
        machine = self._machines.find(extension.parent)
        found = machine.extensions.get(extension.name.lower()) if machine is not None else None
        if machine is None or found is None:
            return None

        def carry_out(report: Report) -> None:
            machine.extensions.pop(extension.name.lower(), None)
            report(None)

        operation = self._guests.tell(machine, extension, carry_out, lambda: _fail(found))
        found.state = "Deleting"
        return operation

    def _install(self, machine: Machine, extension: Extension, properties: Json) -> Operation:
        def carry_out(report: Report) -> None:
            self._run(machine, extension, lambda failure: settle(report, failure))

        def settle(report: Report, failure: ServiceError | None) -> None:
            # Later settings, or an operation of the machine, may have overtaken these.
            if operation.ended is None:
                if failure is None:
                    extension.state = "Succeeded"
                report(failure)

        operation = self._guests.tell(machine, extension.id, carry_out, lambda: _fail(extension))
        extension.secrets = {name: properties[name] for name in _SECRET if properties.get(name) is not None}
        shown = {name: value for name, value in properties.items() if name not in _SECRET and value is not None}
        extension.properties = {"autoUpgradeMinorVersion": False, **shown}
        extension.version = f"{properties['typeHandlerVersion']}.0"
        extension.state = "Updating"
        return operation

    def _run(self, machine: Machine, extension: Extension, report: Report) -> None:
        """Custom scripts run; everything else installs."""
        script = _script(extension)
        if script is None:
            extension.message = "Enable succeeded."
            report(None)
            return
        outcome = self._guests.run(machine, script, {}, "script.sh", limit=self._kernel.durations.agent_silence)
        if not outcome.reports:
            return
        failure = None
        if outcome.exit_code:
            extension.message = (
                f"Enable failed: failed to execute command: command terminated with exit status={outcome.exit_code}\n"
                f"[stdout]\n{outcome.output}\n[stderr]\n{outcome.error}"
            )
            failure = extension_failed(machine, extension.id.name, extension.kind, extension.message)
        else:
            extension.message = f"Enable succeeded: \n[stdout]\n{outcome.output}\n[stderr]\n{outcome.error}"
        self._guests.later(machine, min(outcome.seconds, self._kernel.durations.agent_silence), lambda: report(failure))


def extension_failed(machine: Machine, name: str, kind: str, message: str) -> ServiceError:
    """How an operation fails whose handler reported a failure; code from a recorded operation."""
    publisher, _, short = kind.rpartition(".")
    platform = "Windows" if machine.os_type == "Windows" else "Linux"
    return ServiceError(
        409,
        "VMExtensionProvisioningError",
        f"VM has reported a failure when processing extension '{name}' (publisher '{publisher}' and type '{short}'). "
        f"Error message: '{message}'. More information on troubleshooting is available at "
        f"https://aka.ms/VMExtensionCSE{platform}Troubleshoot. ",
    )


def _check_one_of_a_kind(machine: Machine, extension: ResourceId, properties: Mapping[str, Any]) -> None:
    kind = f"{properties['publisher']}.{properties['type']}"
    other = next((e for e in machine.extensions.values() if e.kind.lower() == kind.lower() and e.id.key != extension.key), None)
    if other is not None:
        raise ServiceError(
            409,
            "OperationNotAllowed",
            f"Multiple VMExtensions per handler not supported for OS type '{machine.os_type}'. VMExtension '{other.id.name}' with handler "
            f"'{kind}' already added or specified in input.",
        )


def _script(extension: Extension) -> str | None:
    """What a custom script extension runs; None for other extensions."""
    if str(extension.properties.get("type", "")).lower() not in _SCRIPTS:
        return None
    # Both may be any JSON; handlers read objects only.
    given = (extension.properties.get("settings"), extension.secrets.get("protectedSettings"))
    settings = {name: value for part in given if isinstance(part, dict) for name, value in part.items()}
    if settings.get("script"):
        try:
            return base64.b64decode(str(settings["script"]), validate=True).decode()
        except ValueError:
            return ""
    return str(settings.get("commandToExecute", ""))


def _fail(extension: Extension) -> None:
    extension.state = "Failed"
