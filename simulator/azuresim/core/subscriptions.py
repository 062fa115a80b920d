"""Subscriptions and resource groups: what every ARM path passes through."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from azuresim.core.errors import ServiceError
from azuresim.core.resource_id import ResourceId

Registration = Literal["NotRegistered", "Registering", "Registered", "Unregistering"]


@dataclass(slots=True, kw_only=True)
class ResourceGroup:
    """A resource group. ``state`` is its provisioningState."""

    subscription: str
    name: str
    location: str
    tags: dict[str, str] = field(default_factory=dict)
    state: Literal["Succeeded", "Deleting"] = "Succeeded"
    managed_by: str | None = None

    @property
    def id(self) -> str:
        """The ARM id."""
        return f"/subscriptions/{self.subscription}/resourceGroups/{self.name}"


@dataclass(slots=True, kw_only=True)
class Subscription:
    """A subscription of one tenant. A namespace not in ``registrations`` (lower case) is registered."""

    id: str
    tenant: str
    display_name: str
    groups: dict[str, ResourceGroup] = field(default_factory=dict)
    registrations: dict[str, Registration] = field(default_factory=dict)

    def registration(self, namespace: str) -> Registration:
        """Whether the namespace's resources may be used here."""
        return self.registrations.get(namespace.lower(), "Registered")

    def require_registered(self, namespace: str) -> None:
        """Raises 409 MissingSubscriptionRegistration, in the words the SDKs look for."""
        if self.registration(namespace) in {"NotRegistered", "Unregistering"}:
            raise ServiceError(
                409,
                "MissingSubscriptionRegistration",
                f"The subscription is not registered to use namespace '{namespace}'. "
                "See https://aka.ms/rps-not-found for how to register subscriptions.",
            )


class Subscriptions:
    """All subscriptions of the world."""

    def __init__(self) -> None:
        self._by_id: dict[str, Subscription] = {}

    def add(self, subscription_id: str, *, tenant: str, display_name: str = "") -> Subscription:
        """Create a subscription, or return the one there is."""
        made = Subscription(id=subscription_id, tenant=tenant, display_name=display_name or f"Subscription {subscription_id[:8]}")
        return self._by_id.setdefault(subscription_id.lower(), made)

    def find(self, subscription_id: str) -> Subscription | None:
        """None when there is none."""
        return self._by_id.get(subscription_id.lower())

    def get(self, subscription_id: str) -> Subscription:
        """Raises 404 SubscriptionNotFound."""
        found = self.find(subscription_id)
        if found is None:
            raise ServiceError(404, "SubscriptionNotFound", f"The subscription '{subscription_id}' could not be found.")
        return found

    def all(self) -> list[Subscription]:
        """In the order of their creation."""
        return list(self._by_id.values())

    def add_group(self, subscription_id: str, name: str, location: str) -> ResourceGroup:
        """Create a resource group, or return the one there is."""
        made = ResourceGroup(subscription=subscription_id, name=name, location=location)
        return self.get(subscription_id).groups.setdefault(name.lower(), made)

    def group(self, subscription_id: str, name: str) -> ResourceGroup:
        """Raises 404 SubscriptionNotFound or ResourceGroupNotFound."""
        found = self.get(subscription_id).groups.get(name.lower())
        if found is None:
            raise ServiceError(404, "ResourceGroupNotFound", f"Resource group '{name}' could not be found.")
        return found

    def require(self, resource: ResourceId) -> ResourceGroup:
        """The group a resource id lies in; same errors as ``group``."""
        return self.group(resource.subscription, resource.group)

    def require_open(self, subscription_id: str, name: str) -> None:
        """Raises 409 for a write into a group that is being deleted; one that is not there is for ``require`` to report."""
        found = self.get(subscription_id).groups.get(name.lower())
        if found is not None and found.state == "Deleting":
            raise ServiceError(
                409,
                "ResourceGroupBeingDeleted",
                f"The resource group '{found.name}' is in deprovisioning state and cannot perform this operation.",
            )


def not_found(resource: ResourceId) -> ServiceError:
    """ARM's 404 for a resource, in the words of recorded traffic."""
    return ServiceError(
        404,
        "ResourceNotFound",
        f"The Resource '{_interleaved(resource)}' under resource group '{resource.group}' was not found. "
        "For more details please go to https://aka.ms/ARMResourceNotFoundFix",
    )


def _interleaved(resource: ResourceId) -> str:
    pairs = "/".join(f"{kind}/{name}" for kind, name in zip(resource.types, resource.names, strict=True))
    return f"{resource.namespace}/{pairs}"
