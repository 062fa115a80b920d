"""Microsoft.Compute managed images."""

from __future__ import annotations

from typing import Any

from azuresim.core.managed_images import ManagedImage
from azuresim.core.operations import Operation
from azuresim.core.resource_id import ResourceId
from azuresim.wire import arm
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


def _written(call: Call, image: ManagedImage, operation: Operation, status: int) -> Response:
    headers = {**arm.operation_headers(call, operation, location=False), "Azure-AsyncNotification": "Enabled"}
    return json_response(status, _show(image), headers)


def _put(call: Call) -> Response:
    image, written = call.world.images.put(_id(call), call.body)
    return _written(call, image, written.operation, 201 if written.created else 200)


def _get(call: Call) -> Response:
    return json_response(200, _show(call.world.images.get(_id(call))))


def _patch(call: Call) -> Response:
    image, operation = call.world.images.patch(_id(call), call.body)
    return _written(call, image, operation, 200)


def _delete(call: Call) -> Response:
    operation = call.world.images.delete(_id(call))
    if operation is None:
        return Response(204)
    return Response(202, {**arm.operation_headers(call, operation, location=True), "Azure-AsyncNotification": "Enabled"})


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
