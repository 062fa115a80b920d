"""Resource groups as ARM changes them, and the registration of resource providers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from azuresim.core.arm_rules import check_tags
from azuresim.core.errors import ServiceError
from azuresim.core.inventory import Inventory
from azuresim.core.kernel import Kernel
from azuresim.core.operations import Operation, Operations
from azuresim.core.regions import is_region, region_key
from azuresim.core.subscriptions import ResourceGroup, Subscription, Subscriptions

# The word of the operation's address.
GROUP_OPERATIONS = "operationresults"
_NAME = re.compile(r"[\w().-]{0,89}[\w()-]")


class ResourceGroups:
    """Creation, changes and deletion, and what a subscription is registered for."""

    def __init__(self, kernel: Kernel, operations: Operations, subscriptions: Subscriptions, inventory: Inventory) -> None:
        self._kernel = kernel
        self._operations = operations
        self._subscriptions = subscriptions
        self._inventory = inventory

    def put(self, subscription_id: str, name: str, body: Mapping[str, Any]) -> tuple[ResourceGroup, bool]:
        """Create or replace; whether it was created. The location never changes."""
        subscription = self._subscriptions.get(subscription_id)
        if not _NAME.fullmatch(name):
            raise ServiceError(
                400,
                "InvalidResourceGroup",
                f"The provided resource group name '{name}' has these invalid characters or length. The name can be up to 90 characters: "
                "letters, digits, '_', '-', '(', ')' and '.', and not end with '.'.",
            )
        location = body.get("location")
        if not location:
            raise ServiceError(400, "LocationRequired", "The location property is required for this definition.")
        if not is_region(location):
            raise ServiceError(400, "LocationNotAvailableForResourceGroup", f"The provided location '{location}' is not available.")
        check_tags(body.get("tags"))
        existing = subscription.groups.get(name.lower())
        if existing is None:
            made = self._subscriptions.add_group(subscription.id, name, region_key(location))
            made.tags, made.managed_by = dict(body.get("tags") or {}), body.get("managedBy")
            return made, True
        self._subscriptions.require_open(subscription_id, name)
        if region_key(existing.location) != region_key(location):
            raise ServiceError(
                409,
                "InvalidResourceGroupLocation",
                f"Invalid resource group location '{location}'. The Resource group already exists in location '{existing.location}'.",
            )
        existing.tags, existing.state = dict(body.get("tags") or {}), "Succeeded"
        return existing, False

    def patch(self, subscription_id: str, name: str, body: Mapping[str, Any]) -> ResourceGroup:
        """Tags, as a whole."""
        group = self._subscriptions.group(subscription_id, name)
        self._subscriptions.require_open(subscription_id, name)
        if "tags" in body:
            check_tags(body["tags"])
            group.tags = dict(body["tags"] or {})
        return group

    def delete(self, subscription_id: str, name: str) -> Operation:
        """Begin; at the end the group and everything in it is gone."""
        group = self._subscriptions.group(subscription_id, name)
        self._subscriptions.require_open(subscription_id, name)
        group.state = "Deleting"
        operation = self._operations.begin(GROUP_OPERATIONS, group.subscription, group.location)

        def gone(at: float) -> None:
            self._inventory.purge(group.subscription, group.name)
            self._subscriptions.get(group.subscription).groups.pop(group.name.lower(), None)
            self._operations.end(operation, at)

        self._kernel.agenda.at(self._kernel.moment + self._kernel.durations.group_delete, gone)
        return operation

    def register(self, subscription: Subscription, namespace: str) -> None:
        """Takes a while; requests are let through from the beginning."""
        if subscription.registration(namespace) not in {"NotRegistered", "Unregistering"}:
            return
        subscription.registrations[namespace.lower()] = "Registering"

        def registered(_at: float) -> None:
            if subscription.registration(namespace) == "Registering":
                subscription.registrations[namespace.lower()] = "Registered"

        self._kernel.agenda.at(self._kernel.moment + self._kernel.durations.provider_register, registered)

    @staticmethod
    def unregister(subscription: Subscription, namespace: str) -> None:
        """At once; what exists stays and cannot be reached."""
        subscription.registrations[namespace.lower()] = "NotRegistered"
