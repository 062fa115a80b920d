"""Subscriptions and resource groups: what every ARM path passes through."""

from __future__ import annotations

from dataclasses import dataclass, field

from azuresim.core.errors import ServiceError
from azuresim.core.resource_id import ResourceId


@dataclass(slots=True, kw_only=True)
class ResourceGroup:
    """A resource group; deleting one is not simulated."""

    subscription: str
    name: str
    location: str
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """The ARM id."""
        return f"/subscriptions/{self.subscription}/resourceGroups/{self.name}"


@dataclass(slots=True, kw_only=True)
class Subscription:
    """A subscription of one tenant."""

    id: str
    tenant: str
    display_name: str
    groups: dict[str, ResourceGroup] = field(default_factory=dict)


class Subscriptions:
    """All subscriptions of the world."""

    def __init__(self) -> None:
        self._by_id: dict[str, Subscription] = {}

    def add(self, subscription_id: str, *, tenant: str, display_name: str = "") -> Subscription:
        """Create a subscription, or return the one there is."""
        made = Subscription(id=subscription_id, tenant=tenant, display_name=display_name or f"Subscription {subscription_id[:8]}")
        return self._by_id.setdefault(subscription_id.lower(), made)

    def get(self, subscription_id: str) -> Subscription:
        """Raises 404 SubscriptionNotFound."""
        found = self._by_id.get(subscription_id.lower())
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
