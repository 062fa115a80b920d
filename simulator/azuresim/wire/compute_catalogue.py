"""Usages and resource SKUs of Microsoft.Compute."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from azuresim.core.catalogue import VmSize
from azuresim.core.errors import invalid_parameter
from azuresim.core.regions import region_key, region_keys
from azuresim.wire import arm
from azuresim.wire.compute import LOCATION, location
from azuresim.wire.http import Response
from azuresim.wire.routing import Call, Route, Service

Json = dict[str, Any]
_FILTER = re.compile(r"location\s+eq\s+'([^']*)'", re.IGNORECASE)
_ZONES = ["1", "2", "3"]
# Regions without availability zones, of those this simulator knows.
_ZONELESS = frozenset(
    {"westus", "northcentralus", "westcentralus", "canadaeast", "ukwest", "japanwest", "southindia", "australiasoutheast", "brazilsouth"}
)


def _usages(call: Call) -> Response:
    region = location(call)
    rows = call.world.virtual.machines.quotas.usages(call.params["subscription"], region)
    return arm.page(
        {"limit": row.limit, "unit": "Count", "currentValue": row.current, "name": {"value": row.name, "localizedValue": row.title}}
        for row in rows
    )


def _skus(call: Call) -> Response:
    """All sizes of all regions, or of the one in `$filter`; a SKU is listed once for each region, as the service does."""
    call.world.subscriptions.get(call.params["subscription"])
    text = call.request.query.get("$filter", "").strip()
    wanted = _FILTER.fullmatch(text)
    if text and wanted is None:
        raise invalid_parameter("The value of query parameter $filter is invalid.", target="$filter")
    regions = [region_key(wanted[1])] if wanted is not None else list(region_keys())
    return arm.page(_rows(call, regions))


def _rows(call: Call, regions: list[str]) -> Iterator[Json]:
    catalogue = call.world.catalogue
    for region in regions:
        for size in catalogue.sizes(region) if region in region_keys() else ():
            yield _sku(size, region, restricted=catalogue.restricted(region, size.name))


def _sku(size: VmSize, region: str, *, restricted: bool) -> Json:
    tier, _, short = size.name.partition("_")
    restrictions = [
        {
            "type": "Location",
            "values": [region],
            "restrictionInfo": {"locations": [region], "zones": []},
            "reasonCode": "NotAvailableForSubscription",
        }
    ]
    return {
        "resourceType": "virtualMachines",
        "name": size.name,
        "tier": tier,
        "size": short,
        "family": size.family,
        "locations": [region],
        "locationInfo": [{"location": region, "zones": [] if region in _ZONELESS else _ZONES, "zoneDetails": []}],
        "capabilities": [{"name": name, "value": value} for name, value in _capabilities(size)],
        "restrictions": restrictions if restricted else [],
    }


def _capabilities(size: VmSize) -> list[tuple[str, str]]:
    """A selection, named and written as the service does. A size without a temporary disk says 0; what is unsaid is not disabled."""
    found = [
        ("MaxResourceVolumeMB", str(size.temp_disk_mb)),
        ("vCPUs", str(size.vcpus)),
        ("HyperVGenerations", ",".join(size.generations)),
        ("MemoryGB", f"{size.memory_gib:g}"),
        ("CpuArchitectureType", size.architecture),
        ("LowPriorityCapable", str(size.low_priority)),
        ("PremiumIO", str(size.premium_io)),
        ("VMDeploymentTypes", "IaaS"),
        ("vCPUsAvailable", str(size.vcpus)),
        ("EphemeralOSDiskSupported", str(size.premium_io and size.temp_disk_mb > 0)),
        ("EncryptionAtHostSupported", str(size.premium_io)),
        ("AcceleratedNetworkingEnabled", str(size.vcpus > 1)),
    ]
    if not size.trusted_launch:
        found.append(("TrustedLaunchDisabled", "True"))
    return found


SERVICE = Service(
    "compute",
    (
        Route("GET", f"{LOCATION}/usages", "Usage_List", _usages, shows="compute.Usage"),
        Route(
            "GET",
            "/subscriptions/{subscription}/providers/Microsoft.Compute/skus",
            "ResourceSkus_List",
            _skus,
            shows="compute.ResourceSku",
        ),
    ),
    arm.render_error,
    arm.admit,
)
