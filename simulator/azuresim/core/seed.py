"""A world from a document, so that a demo and a test begin with the same data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from azuresim.core.errors import ServiceError
from azuresim.core.regions import is_region
from azuresim.core.vhd_contents import GENERALIZED

if TYPE_CHECKING:
    from azuresim.core.world import World


# What a world begins with that nobody described: room for everything else.
BLANK: Mapping[str, Any] = {"subscriptions": [{"id": "00000000-0000-0000-0000-000000000001"}]}


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 31


def _all_texts(value: Any) -> bool:
    return all(isinstance(item, str) for item in value)


def _one_of(*words: str | None) -> tuple[str, Callable[[Any], bool]]:
    return " or ".join(map(str, words)), lambda value: value in words


_TEXT = ("a text", lambda value: isinstance(value, str))
_WHOLE = ("a whole number from 0 on", _is_whole)
_NUMBERS = ("an object of whole numbers", lambda value: isinstance(value, Mapping) and all(map(_is_whole, value.values())))
_OBJECT = ("an object of texts", lambda value: isinstance(value, Mapping) and _all_texts(value.values()))
_LIST = ("a list of texts", lambda value: isinstance(value, list) and _all_texts(value))
_TEXTS = (
    "account",
    "blob",
    "blobEndpoint",
    "clientId",
    "container",
    "id",
    "name",
    "namespace",
    "scope",
    "securityType",
    "sku",
    "subscription",
)
# What a member must be, whatever section it stands in.
_KINDS: dict[str, tuple[str, Callable[[Any], bool]]] = {
    **dict.fromkeys(_TEXTS, _TEXT),
    "allocationMode": _one_of("BatchService", "UserSubscription"),
    "architecture": _one_of("x64", "Arm64"),
    "blobEndpoint": ("a text or null", lambda value: value is None or isinstance(value, str)),
    "capacity": _NUMBERS,
    "dataRole": _one_of("Owner", "Contributor", "Reader", None),
    "dedicatedCoreQuota": _WHOLE,
    "familyQuotas": _NUMBERS,
    "generalized": ("true or false", lambda value: isinstance(value, bool)),
    "hyperVGeneration": _one_of("V1", "V2"),
    "identifier": _OBJECT,
    "level": _one_of("CanNotDelete", "ReadOnly"),
    "limit": _WHOLE,
    "location": ("a region of Azure's", lambda value: isinstance(value, str) and is_region(value)),
    "lowPriorityCoreQuota": _WHOLE,
    "osType": _one_of("Linux", "Windows"),
    "poolQuota": _WHOLE,
    "regions": _LIST,
    "secrets": _LIST,
    "sizeGiB": _WHOLE,
    "sizeMiB": _WHOLE,
    "subjects": _LIST,
    "tags": _OBJECT,
}


class SeedError(ValueError):
    """A seed document that cannot be followed; the message names the entry."""


def load(world: World, document: Mapping[str, Any]) -> None:
    """Create everything in ``document``, section by section.

    Sections are optional, each a list of objects, `tenant` a text; `docs/azuresim.md` has the table of members. Raises SeedError.
    """
    unknown = document.keys() - _SECTIONS.keys() - {"tenant"}
    if unknown:
        raise SeedError(f"unknown sections: {', '.join(sorted(unknown))}")
    tenant = document.get("tenant", world.tenant)
    if not isinstance(tenant, str):
        raise SeedError(f"tenant must be a text, not {tenant!r}")
    world.tenant = tenant
    for section, add in _SECTIONS.items():
        entries = document.get(section, [])
        if not isinstance(entries, list):
            raise SeedError(f"{section} must be a list, not {entries!r}")
        for number, entry in enumerate(entries):
            try:
                if not isinstance(entry, Mapping):
                    raise SeedError(f"must be an object, not {entry!r}")
                add(world, entry)
            except KeyError as missing:
                raise SeedError(f"{section}[{number}]: the member {missing} is missing, or names nothing that is known") from missing
            except (TypeError, AttributeError, ValueError, LookupError, ServiceError) as wrong:
                raise SeedError(f"{section}[{number}]: {wrong}") from wrong


def _renamed(entry: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    unknown = entry.keys() - names.keys()
    if unknown:
        raise SeedError(f"unknown members {', '.join(sorted(unknown))}; known are {', '.join(names)}")
    for name, value in entry.items():
        kind = _KINDS.get(name)
        if kind is not None and not kind[1](value):
            raise SeedError(f"{name} must be {kind[0]}, not {value!r}")
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
    made.data_role = named.get("role", made.data_role)


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
        made.metadata[GENERALIZED] = str(named["generalized"]).lower()


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
