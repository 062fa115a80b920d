"""Microsoft.Compute managed images."""

from __future__ import annotations

from typing import Any

from azuresim.core.managed_images import ManagedImage
from azuresim.core.resource_id import ResourceId
from azuresim.wire import arm
from azuresim.wire.compute import accepted, written
from azuresim.wire.http import Response, json_response
from azuresim.wire.routing import Call, Route, Service

Json = dict[str, Any]


def _id(call: Call) -> ResourceId:
    found = call.resource_id("Microsoft.Compute", ("images", "image"))
    call.world.subscriptions.require(found)
    return found


def _show(image: ManagedImage) -> Json:
    document = arm.resource(image.id, image.location, image.tags, {**image.properties, "provisioningState": image.state})
    return {**document, **image.more}


def _put(call: Call) -> Response:
    image, operation, created = call.world.images.put(_id(call), call.body)
    return written(call, _show(image), operation, created=created)


def _get(call: Call) -> Response:
    return json_response(200, _show(call.world.images.get(_id(call))))


def _patch(call: Call) -> Response:
    image, operation = call.world.images.patch(_id(call), call.body)
    return written(call, _show(image), operation)


def _delete(call: Call) -> Response:
    return accepted(call, call.world.images.delete(_id(call)))


def _list(call: Call) -> Response:
    return arm.page(map(_show, call.world.images.shelf.within(*arm.check_scope(call))))


_IMAGES = f"{arm.GROUP}/providers/Microsoft.Compute/images"
_IMAGE = f"{_IMAGES}/{{image}}"
_ALL = "/subscriptions/{subscription}/providers/Microsoft.Compute/images"
_MODEL = "compute.Image"

SERVICE = Service(
    "images",
    (
        Route("GET", _ALL, "Images_List", _list, shows=_MODEL),
        Route("GET", _IMAGES, "Images_ListByResourceGroup", _list, shows=_MODEL),
        Route("PUT", _IMAGE, "Images_CreateOrUpdate", _put, schema=_MODEL, shows=_MODEL),
        Route("GET", _IMAGE, "Images_Get", _get, shows=_MODEL),
        Route("PATCH", _IMAGE, "Images_Update", _patch, schema="compute.ImageUpdate", shows=_MODEL),
        Route("DELETE", _IMAGE, "Images_Delete", _delete),
    ),
    arm.render_error,
    arm.admit,
)
