"""A world from a document, so that a demo and a test begin with the same data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from azuresim.core.errors import ServiceError
from azuresim.core.vhd_contents import GENERALIZED

if TYPE_CHECKING:
    from azuresim.core.world import World


# What a world begins with that nobody described: room for everything else.
BLANK: Mapping[str, Any] = {"subscriptions": [{"id": "00000000-0000-0000-0000-000000000001"}]}


class SeedError(ValueError):
    """A seed document that cannot be followed; the message names the entry."""


def load(world: World, document: Mapping[str, Any]) -> None:
    """Create everything in ``document``, section by section.

    Sections are optional, each a list of objects, `tenant` a text; `docs/azuresim.md` has the table of members. Raises SeedError.
    """
    unknown = document.keys() - _SECTIONS.keys() - {"tenant"}
    if unknown:
        raise SeedError(f"unknown sections: {', '.join(sorted(unknown))}")
    world.tenant = document.get("tenant", world.tenant)
    for section, add in _SECTIONS.items():
        for number, entry in enumerate(document.get(section, ())):
            try:
                add(world, entry)
            except KeyError as missing:
                raise SeedError(f"{section}[{number}]: the member {missing} is missing, or names nothing that is known") from missing
            except (TypeError, AttributeError, ValueError, LookupError, ServiceError) as wrong:
                raise SeedError(f"{section}[{number}]: {wrong}") from wrong


def _renamed(entry: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    unknown = entry.keys() - names.keys()
    if unknown:
        raise SeedError(f"unknown members {', '.join(sorted(unknown))}; known are {', '.join(names)}")
    return {names[name]: value for name, value in entry.items()}


def _subscription(world: World, entry: Mapping[str, Any]) -> None:
    named = _renamed(entry, {"id": "id", "name": "name"})
    world.subscriptions.add(named["id"], tenant=world.tenant, display_name=named.get("name", ""))


def _group(world: World, entry: Mapping[str, Any]) -> None:
    named = _renamed(entry, {"subscription": "subscription", "name": "name", "location": "location"})
    world.add_resource_group(named["subscription"], named["name"], named.get("location", "westeurope"))


def _storage_account(world: World, entry: Mapping[str, Any]) -> None:
    names = {"id": "id", "location": "location", "sku": "sku", "blobEndpoint": "endpoint", "dataRole": "role"}
    named = _renamed(entry, names)
    made = world.add_storage_account(named["id"], location=named["location"], sku=named.get("sku", "Standard_LRS"))
    made.endpoint = named.get("endpoint")
    role = named.get("role", made.data_role)
    if role not in {"Owner", "Contributor", "Reader", None}:
        raise ValueError(f"no data role: {role!r}")
    made.data_role = role


def _application(world: World, entry: Mapping[str, Any]) -> None:
    named = _renamed(entry, {"clientId": "client", "secrets": "secrets", "subjects": "subjects"})
    world.directory.register(named["client"], secrets=frozenset(named.get("secrets", ())), subjects=frozenset(named.get("subjects", ())))


def _vhd(world: World, entry: Mapping[str, Any]) -> None:
    named = _renamed(
        entry, {"account": "account", "container": "container", "blob": "blob", "sizeMiB": "size_mib", "generalized": "generalized"}
    )
    uri = f"{world.base_url}/blob/{named['account']}/{named['container']}/{named['blob']}"
    made = world.add_vhd(uri, size_mib=named.get("size_mib", 1024))
    if "generalized" in named:
        made.metadata[GENERALIZED] = str(bool(named["generalized"])).lower()


def _batch_account(world: World, entry: Mapping[str, Any]) -> None:
    names = {
        "id": "account_id",
        "location": "location",
        "allocationMode": "allocation_mode",
        "dedicatedCoreQuota": "dedicated_quota",
        "lowPriorityCoreQuota": "low_priority_quota",
        "poolQuota": "pool_quota",
        "familyQuotas": "family_quotas",
        "capacity": "capacity",
        "applications": "applications",
    }
    world.add_batch_account(**_renamed(entry, names))


def _gallery(world: World, entry: Mapping[str, Any]) -> None:
    world.add_gallery(**_renamed(entry, {"id": "gallery_id", "location": "location", "tags": "tags"}))


def _definition(world: World, entry: Mapping[str, Any]) -> None:
    names = {
        "id": "definition_id",
        "location": "location",
        "osType": "os_type",
        "hyperVGeneration": "generation",
        "architecture": "architecture",
        "securityType": "security_type",
        "identifier": "identifier",
        "tags": "tags",
    }
    world.add_definition(**_renamed(entry, names))


def _version(world: World, entry: Mapping[str, Any]) -> None:
    named = _renamed(entry, {"id": "version_id", "regions": "regions", "tags": "tags", "sizeGiB": "size_gib", "generalized": "generalized"})
    world.add_version(**{**named, "regions": tuple(named["regions"])})


def _lock(world: World, entry: Mapping[str, Any]) -> None:
    if entry.get("level", "CanNotDelete") not in {"CanNotDelete", "ReadOnly"}:
        raise ValueError(f"a lock is CanNotDelete or ReadOnly, not {entry['level']}")
    named = _renamed(entry, {"scope": "scope", "level": "level"})
    world.locks.put(named["scope"], named.get("level", "CanNotDelete"))


def _quota(world: World, entry: Mapping[str, Any]) -> None:
    named = _renamed(entry, {name: name for name in ("subscription", "location", "name", "limit")})
    world.virtual.machines.quotas.set_limit(named["subscription"], named["location"], named["name"], int(named["limit"]))


def _unregistered(world: World, entry: Mapping[str, Any]) -> None:
    named = _renamed(entry, {"subscription": "subscription", "namespace": "namespace"})
    world.groups.unregister(world.subscriptions.get(named["subscription"]), named["namespace"])


_SECTIONS: dict[str, Callable[[World, Mapping[str, Any]], None]] = {
    "subscriptions": _subscription,
    "resourceGroups": _group,
    "storageAccounts": _storage_account,
    "vhds": _vhd,
    "applications": _application,
    "batchAccounts": _batch_account,
    "galleries": _gallery,
    "definitions": _definition,
    "versions": _version,
    "locks": _lock,
    "quotas": _quota,
    "unregistered": _unregistered,
}
