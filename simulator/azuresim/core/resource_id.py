"""ARM resource ids. Compared without regard to case, kept as they were written."""

from __future__ import annotations

from dataclasses import dataclass

_PROVIDER_AT = 6  # '', subscriptions, {s}, resourceGroups, {g}, providers, {namespace}


@dataclass(frozen=True, slots=True)
class ResourceId:
    """`/subscriptions/{subscription}/resourceGroups/{group}/providers/{namespace}/{type}/{name}[/{type}/{name}...]`."""

    subscription: str
    group: str
    namespace: str
    types: tuple[str, ...]
    names: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> ResourceId | None:
        """None when ``text`` is not the id of a resource in a resource group."""
        parts = text.rstrip("/").split("/")
        rest = parts[_PROVIDER_AT + 1 :]
        shape = [parts[i].lower() for i in (0, 1, 3, 5)] if len(parts) > _PROVIDER_AT else []
        if shape != ["", "subscriptions", "resourcegroups", "providers"] or not rest or len(rest) % 2 or not all(parts[1:]):
            return None
        return cls(parts[2], parts[4], parts[_PROVIDER_AT], tuple(rest[0::2]), tuple(rest[1::2]))

    @property
    def type(self) -> str:
        """`microsoft.compute/galleries/images`, lower case."""
        return "/".join((self.namespace, *self.types)).lower()

    @property
    def name(self) -> str:
        """The last name."""
        return self.names[-1]

    @property
    def key(self) -> str:
        """The whole id in lower case."""
        return str(self).lower()

    @property
    def parent(self) -> ResourceId:
        """The id one level up; only for nested types."""
        return ResourceId(self.subscription, self.group, self.namespace, self.types[:-1], self.names[:-1])

    def child(self, kind: str, name: str) -> ResourceId:
        """The id of a nested resource."""
        return ResourceId(self.subscription, self.group, self.namespace, (*self.types, kind), (*self.names, name))

    def __str__(self) -> str:
        tail = "/".join(f"{kind}/{name}" for kind, name in zip(self.types, self.names, strict=True))
        return f"/subscriptions/{self.subscription}/resourceGroups/{self.group}/providers/{self.namespace}/{tail}"
