"""What a scenario takes for granted: it is put in just before the first call that shows it, uses it or changes it.

A look-ahead over the recording finds the first body that shows the resource; one that is never shown, but named by a request that the
service accepted, is made up with the facts at hand (``plausible``). A resource is presupposed at most once: what a scenario itself
created or deleted is the simulator's business.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from azuresim.application import Application
from azuresim.core.operations import Operation
from azuresim.core.resource_id import ResourceId
from azuresim.replay.data_plane import DataPlane
from azuresim.replay.plausible import Facts, make_up
from azuresim.replay.recording import Interaction, Json, Scenario, objects, texts
from azuresim.replay.states import family, is_poll, is_running
from azuresim.replay.substitution import Substitutions
from azuresim.wire.http import Request

_BLOB = re.compile(r"https?://([a-z0-9]{3,24})\.blob\.[a-z0-9.-]+/([^/?]+)/([^?]+)")
_PLATFORM_IMAGES = "/artifacttypes/vmimage/"
# One api-version of each service that has versions of its own; Compute's machines and images have the one of none.
_VERSIONS = {
    "microsoft.compute/disks": "2023-10-02",
    "microsoft.compute/snapshots": "2023-10-02",
    "microsoft.compute/galleries": "2024-03-03",
    "microsoft.batch/": "2024-07-01",
    "microsoft.storage/": "2023-01-01",
    "microsoft.network/": "2024-05-01",
}
_CREATED = frozenset({201, 202})
_FOUND = 200
_FALLBACK_SUBSCRIPTION = "00000000-0000-0000-0000-000000000000"


class Presupposition:
    """One per scenario."""

    def __init__(self, scenario: Scenario, application: Application, substitutions: Substitutions) -> None:
        self._interactions = scenario.interactions
        self._application = application
        self._substitutions = substitutions
        self._settled: set[str] = set()
        self._blobs: set[str] = set()
        self._orphans: dict[str, Operation] = {}
        self._data_plane = DataPlane(scenario.interactions, application.world)
        for interaction in scenario.interactions:
            self._add_places(interaction)

    def provide(self, interaction: Interaction) -> None:
        """Put in what this call takes for granted."""
        if is_poll(interaction) and interaction.succeeded and not self._substitutions.was_handed_out(interaction):
            self._follow_operation(interaction)
        self._data_plane.note(interaction)
        if not interaction.succeeded:
            return
        if interaction.plane == "batch":
            self._data_plane.provide(interaction)
        self._add_platform_images(interaction)
        created = self._created(interaction)
        for resource in self._shown(interaction):
            if resource.key != created:
                self._require(resource, interaction, Facts())
        if created is not None:
            self._settled.add(created)
        for resource, facts in self._named(interaction):
            self._require(resource, interaction, facts)
        self._add_blobs(interaction.request_body, interaction)

    def account(self, interaction: Interaction) -> str:
        """The name of the Batch account a call of the data plane goes to."""
        return self._data_plane.account(interaction)

    def _add_places(self, interaction: Interaction) -> None:
        """Subscriptions and groups, from the path."""
        parts = interaction.path.split("/")
        if len(parts) > 2 and parts[1].lower() == "subscriptions":  # noqa: PLR2004  # '', subscriptions, {id}
            world = self._application.world
            world.subscriptions.add(parts[2], tenant=world.tenant)
            if len(parts) > 4 and parts[3].lower() == "resourcegroups":  # noqa: PLR2004  # and resourceGroups, {name}
                world.add_resource_group(parts[2], parts[4])

    def _follow_operation(self, interaction: Interaction) -> None:
        """An operation whose beginning was not recorded: it is over when the recording says so, with the output shown."""
        kind, parts, key = family(interaction.path), interaction.path.split("/"), interaction.path.lower()
        if kind is None or "locations" not in parts:
            return
        operations, now = self._application.world.operations, self._application.world.settle()
        if key not in self._orphans:
            begun = operations.begin(kind, parts[2], parts[parts.index("locations") + 1])
            self._orphans[key] = begun
            folder = f"{self._application.world.base_url}{interaction.path.rpartition('/')[0]}"
            address = f"{folder}/{begun.id}?api-version={interaction.query['api-version']}"
            self._substitutions.learn_operation(interaction.path, address)
            self._substitutions.learn_operation(f"{interaction.path}?monitor=true", f"{address}&monitor=true")
        body = interaction.response_body if isinstance(interaction.response_body, dict) else {}
        if not is_running(interaction.status, body):
            self._orphans[key].output = body.get("properties", {}).get("output")
            operations.end(self._orphans[key], now)

    def _created(self, interaction: Interaction) -> str | None:
        """The key of what this call makes. A PUT answered with 200 updates; 202 says neither, so what was never seen is new."""
        made = interaction.method == "PUT" and interaction.target is not None and interaction.status in _CREATED
        return interaction.target.key if made and interaction.target is not None else None

    def _shown(self, interaction: Interaction) -> Iterator[ResourceId]:
        """What the answer shows to exist, outer resources first."""
        if interaction.target is not None:
            for depth in range(1, len(interaction.target.types) + 1):
                target = interaction.target
                yield ResourceId(target.subscription, target.group, target.namespace, target.types[:depth], target.names[:depth])
        for shown in objects(interaction.response_body):
            resource = _resource(shown)
            if resource is not None:
                yield resource

    def _add_platform_images(self, interaction: Interaction) -> None:
        """What the Marketplace is shown to offer."""
        if _PLATFORM_IMAGES not in interaction.path.lower():
            return
        for shown in objects(interaction.response_body):
            if isinstance(shown.get("id"), str):
                with suppress(ValueError):
                    self._application.world.adopt(shown)

    def _named(self, interaction: Interaction) -> Iterator[tuple[ResourceId, Facts]]:
        """What the request refers to."""
        target = interaction.target
        for text in texts(interaction.request_body):
            resource = ResourceId.parse(text) if text.startswith("/") else None
            if resource is not None and (target is None or resource.key != target.key):
                yield resource, Facts.of(interaction.request_body, interaction.response_body)

    def _require(self, resource: ResourceId, interaction: Interaction, facts: Facts) -> None:
        if resource.key in self._settled:
            return
        self._settled.add(resource.key)
        if self._exists(resource):
            return
        body = self._look_ahead(resource, interaction.number) or make_up(resource, facts)
        if body is None:
            return
        self._require_disks(body, interaction)
        self._add_blobs(body, interaction)
        # A type the simulator does not have: the call itself will show it.
        with suppress(ValueError):
            self._application.world.adopt(self._substitutions.body(body))

    def _require_disks(self, body: Json, interaction: Interaction) -> None:
        """A machine's disks are there with it."""
        profile = body.get("properties", {}).get("storageProfile", {})
        disks = [profile.get("osDisk"), *(profile.get("dataDisks") or [])] if isinstance(profile, dict) else []
        for disk in disks:
            managed = (disk or {}).get("managedDisk") or {}
            resource = ResourceId.parse(managed.get("id", ""))
            # One that is never shown is made with the machine.
            if resource is not None and self._look_ahead(resource, interaction.number) is not None:
                self._require(resource, interaction, Facts())

    def _look_ahead(self, resource: ResourceId, start: int) -> Json | None:
        """The first body from ``start`` on that shows it.

        What it shows of a moment (`instanceView`) counts only until something is done to it.
        """
        touched = False
        for interaction in self._interactions[start:]:
            if interaction.method != "GET" and interaction.target is not None and interaction.target.key == resource.key:
                touched = True
            for shown in objects(interaction.response_body) if interaction.succeeded else ():
                found = _resource(shown)
                if found is not None and found.key == resource.key:
                    return _finished(shown, touched=touched)
        return None

    def _exists(self, resource: ResourceId) -> bool:
        kind = "/".join(resource.type.split("/")[:2])
        version = next((v for prefix, v in _VERSIONS.items() if kind.startswith(prefix)), "2024-07-01")
        url = f"{self._application.world.base_url}{resource}?api-version={version}"
        return self._application.handle(Request("GET", url, {"authorization": "Bearer replay"})).status == _FOUND

    def _add_blobs(self, body: Any, interaction: Interaction) -> None:
        """VHDs that a body names, and their accounts."""
        world = self._application.world
        for text in texts(body):
            named = _BLOB.fullmatch(text)
            if named is None:
                continue
            account, container, blob = named.groups()
            if world.storage.named(account) is None:
                owner = self._account_id(account, body, interaction)
                location = next((o["location"] for o in objects(body) if isinstance(o.get("location"), str)), "westeurope")
                world.add_storage_account(owner, location=location)
            if text not in self._blobs:
                self._blobs.add(text)
                world.add_vhd(f"{world.base_url}/blob/{account}/{container}/{blob}", size_mib=30 << 10)

    def _account_id(self, name: str, body: Any, interaction: Interaction) -> str:
        """As the body says, or in the group of the call."""
        for text in texts(body):
            resource = ResourceId.parse(text) if text.startswith("/") else None
            if resource is not None and resource.type == "microsoft.storage/storageaccounts" and resource.name.lower() == name:
                return text
        target = interaction.target
        place = f"/subscriptions/{_FALLBACK_SUBSCRIPTION}/resourceGroups/replay"
        if target is not None:
            place = f"/subscriptions/{target.subscription}/resourceGroups/{target.group}"
        return f"{place}/providers/Microsoft.Storage/storageAccounts/{name}"


def _resource(shown: Json) -> ResourceId | None:
    """The id of an object that is a resource and not only names one."""
    text = shown.get("id")
    return ResourceId.parse(text) if isinstance(text, str) and isinstance(shown.get("properties"), dict) else None


def _finished(shown: Json, *, touched: bool) -> Json:
    """As it is once its last write is over."""
    properties = {name: value for name, value in shown["properties"].items() if not (touched and name == "instanceView")}
    if "provisioningState" in properties:
        properties["provisioningState"] = "Succeeded"
    return {**shown, "properties": properties}
