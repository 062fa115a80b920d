"""ARM resource ids and region names, compared as Azure compares them: without case."""

from __future__ import annotations

from dataclasses import dataclass

# /subscriptions/S/resourceGroups/G/providers/P/T/N: eight segments, then one pair a child resource.
_ROOT_SEGMENTS = 8


@dataclass(frozen=True, slots=True)
class ResourceId:
    """The parts of an ARM id; ``names`` are the resource's own names from the outermost in."""

    subscription: str
    resource_group: str
    provider: str
    types: tuple[str, ...]
    names: tuple[str, ...]

    @property
    def name(self) -> str:
        """The innermost name."""
        return self.names[-1]

    def __str__(self) -> str:
        path = "".join(f"/{kind}/{name}" for kind, name in zip(self.types, self.names, strict=True))
        return f"/subscriptions/{self.subscription}/resourceGroups/{self.resource_group}/providers/{self.provider}{path}"

    def child(self, kind: str, name: str) -> ResourceId:
        """The id of a resource inside this one."""
        return ResourceId(self.subscription, self.resource_group, self.provider, (*self.types, kind), (*self.names, name))

    def parent(self) -> ResourceId:
        """The id of the resource this one lives in."""
        return ResourceId(self.subscription, self.resource_group, self.provider, self.types[:-1], self.names[:-1])


def parse(text: str) -> ResourceId:
    """Read an ARM id; ValueError names the text when it is not one."""
    parts = text.strip().strip("/").split("/")
    wrong = len(parts) < _ROOT_SEGMENTS or len(parts) % 2 or parts[0].lower() != "subscriptions" or parts[4].lower() != "providers"
    if wrong or parts[2].lower() != "resourcegroups" or not all(parts):
        raise ValueError(f"{text!r} is not an ARM resource id")
    return ResourceId(parts[1], parts[3], parts[5], tuple(parts[6::2]), tuple(parts[7::2]))


def same(left: str, right: str) -> bool:
    """Whether two ids, or two names Azure treats without case, mean the same resource."""
    return left.strip("/").lower() == right.strip("/").lower()


def region(name: str) -> str:
    """The short form of a region: galleries answer ``West US`` where ``westus`` was sent."""
    return name.replace(" ", "").lower()
