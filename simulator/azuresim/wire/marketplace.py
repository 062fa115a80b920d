"""Marketplace images of Microsoft.Compute: bare lists, ids with capital letters, as recorded."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from azuresim.core.errors import invalid_parameter
from azuresim.core.marketplace import MarketplaceImage, version_order
from azuresim.wire import arm
from azuresim.wire.compute import LOCATION, location
from azuresim.wire.http import Response, json_response
from azuresim.wire.routing import Call, Route, Service

Json = dict[str, Any]
_STARTS_WITH = re.compile(r"startswith\(name,\s*'([^']*)'\)", re.IGNORECASE)


def _item(call: Call, *path: str, properties: Mapping[str, Any] | None = None) -> Json:
    """``path``: publisher, offer, SKU, version, as far as the item goes."""
    region = location(call)
    kinds = ("Publishers", "ArtifactTypes/VMImage/Offers", "Skus", "Versions")
    tail = "/".join(f"{kind}/{name}" for kind, name in zip(kinds, path, strict=False))
    shown: Json = {} if properties is None else {"properties": dict(properties)}
    return {
        **shown,
        "location": region,
        "name": path[-1],
        "id": f"/Subscriptions/{call.params['subscription']}/Providers/Microsoft.Compute/Locations/{region}/{tail}",
    }


def _publishers(call: Call) -> Response:
    return _answer(_item(call, name) for name in call.world.sources.marketplace.publishers())


def _offers(call: Call) -> Response:
    location(call)
    publisher = call.params["publisher"]
    return _answer(_item(call, publisher, name) for name in call.world.sources.marketplace.offers(publisher))


def _skus(call: Call) -> Response:
    location(call)
    publisher, offer = call.params["publisher"], call.params["offer"]
    found = call.world.sources.marketplace.skus(publisher, offer)
    return _answer(_item(call, publisher, offer, image.sku, properties=_upgrades(image)) for image in found)


def _versions(call: Call) -> Response:
    """`$top`, `$orderby=name [desc]`, `$filter=startswith(name,'..')`; `$expand=properties` shows each version whole."""
    location(call)
    names = _names(call)
    image = call.world.sources.marketplace.sku(*names)
    query = call.request.query
    versions = list(image.versions)
    starts = _STARTS_WITH.fullmatch(query.get("$filter", "").strip())
    if query.get("$filter") and starts is None:
        raise invalid_parameter("The value of query parameter $filter is invalid.", target="$filter")
    if starts is not None:
        versions = [version for version in versions if version.startswith(starts[1])]
    if query.get("$orderby"):
        versions.sort(key=version_order, reverse=query["$orderby"].lower().endswith(" desc"))
    whole = query.get("$expand", "").lower() == "properties"
    return _answer(_item(call, *names, version, properties=_version(image) if whole else None) for version in versions[: arm.top(call)])


def _get(call: Call) -> Response:
    location(call)
    names = _names(call)
    image, exact = call.world.sources.marketplace.version(*names, call.params["version"])
    return json_response(200, _item(call, *names, exact, properties=_version(image)))


def _names(call: Call) -> tuple[str, str, str]:
    return call.params["publisher"], call.params["offer"], call.params["sku"]


def _upgrades(image: MarketplaceImage) -> Json:
    supported = (image.shown or {}).get("automaticOSUpgradeProperties")
    return {"automaticOSUpgradeProperties": supported or {"automaticOSUpgradeSupported": True}}


def _version(image: MarketplaceImage) -> Json:
    plan = {} if image.plan is None else {"plan": dict(image.plan)}
    features = [{"name": name, "value": value} for name, value in image.features]
    return {
        **plan,
        "hyperVGeneration": image.generation,
        "architecture": image.architecture,
        "disallowed": {"vmDiskType": "Unmanaged"},
        **_upgrades(image),
        "imageDeprecationStatus": {"imageState": "Active"},
        **({"features": features} if features else {}),
        # Recorded answers have `sizeInBytes` as well, which no SDK model knows; adopted images show it.
        "osDiskImage": {"operatingSystem": image.os_type},
        "dataDiskImages": [],
        **{name: value for name, value in (image.shown or {}).items() if name != "automaticOSUpgradeProperties"},
    }


def _answer(items: Iterable[Json]) -> Response:
    return json_response(200, list(items))


_PUBLISHERS = f"{LOCATION}/publishers"
_OFFERS = f"{_PUBLISHERS}/{{publisher}}/artifacttypes/vmimage/offers"
_SKUS = f"{_OFFERS}/{{offer}}/skus"
_VERSIONS = f"{_SKUS}/{{sku}}/versions"
_RESOURCE, _IMAGE = "compute.VirtualMachineImageResource", "compute.VirtualMachineImage"

SERVICE = Service(
    "compute",
    (
        Route("GET", _PUBLISHERS, "VirtualMachineImages_ListPublishers", _publishers, shows=_RESOURCE),
        Route("GET", _OFFERS, "VirtualMachineImages_ListOffers", _offers, shows=_RESOURCE),
        # The SDK's own model of these items has no `properties`, which recorded ones have.
        Route("GET", _SKUS, "VirtualMachineImages_ListSkus", _skus, shows=_IMAGE),
        Route("GET", _VERSIONS, "VirtualMachineImages_List", _versions, shows=_IMAGE),
        Route("GET", f"{_VERSIONS}/{{version}}", "VirtualMachineImages_Get", _get, shows=_IMAGE),
    ),
    arm.render_error,
    arm.admit,
)
