"""What an ARM path speaks of: subscription, group, namespace, type."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmPath:
    """``kind`` is the type below the namespace, an action's name included: `virtualMachines/deallocate`. Names are as sent, or empty."""

    subscription: str = ""
    group: str = ""
    namespace: str = "Microsoft.Resources"
    kind: str = ""
    # The resource an action or a deletion is about: without the action.
    scope: str = ""
    # Of a tracked resource, the one at the top: a VM, of the VM and its run commands.
    top: str = ""


_RESOURCES = "Microsoft.Resources"
# Actions on a provider, where other paths have a type of its resources.
_PROVIDER_ACTIONS = frozenset({"register", "unregister"})


# The same paths are asked for again and again.
_CACHED = 4096


@lru_cache(_CACHED)
def read_path(segments: tuple[str, ...]) -> ArmPath:
    """Parse any ARM path, known or not."""
    rest = list(segments)
    subscription = group = ""
    kinds: list[str] = []
    if rest and rest[0].lower() == "subscriptions":
        subscription, kinds, rest = "".join(rest[1:2]), ["subscriptions"], rest[2:]
    if rest and rest[0].lower() == "resourcegroups":
        group, kinds, rest = "".join(rest[1:2]), [*kinds, "resourceGroups"], rest[2:]
    # A resource of one provider below that of another: permissions on a virtual machine.
    last = max((i for i, part in enumerate(rest) if part.lower() == "providers" and len(rest) > i + 2), default=0)
    rest = rest[last:]
    scope = "".join(f"/{part}" for part in segments[: len(segments) - len(rest)])
    if len(rest) > 1 + 1 and rest[0].lower() == "providers" and rest[2].lower() not in _PROVIDER_ACTIONS:
        namespace, below = rest[1], rest[2:]
        base = f"{scope}/providers/{namespace}"
        whole = below if len(below) % 2 == 0 else below[:-1]
        return ArmPath(
            subscription=subscription,
            group=group,
            namespace=namespace,
            kind="/".join(below[0::2]),
            scope="/".join((base, *whole)),
            top="/".join((base, *below[:2])),
        )
    kinds += rest[0::2] if rest[:1] != ["providers"] else ["providers"]
    return ArmPath(subscription=subscription, group=group, namespace=_RESOURCES, kind="/".join(kinds), scope=scope, top=scope)
