"""Microsoft.Compute galleries, image definitions and image versions."""

from __future__ import annotations

from typing import Any

from azuresim.core.definitions import Definition
from azuresim.core.errors import ServiceError
from azuresim.core.galleries import Gallery, Written
from azuresim.core.operations import Operation
from azuresim.core.recycling import ARTIFACTS
from azuresim.core.resource_id import ResourceId
from azuresim.core.versions import ImageVersion, SoftDeletion
from azuresim.wire import arm
from azuresim.wire.http import Response, json_response
from azuresim.wire.routing import Call, Route, Service
from azuresim.wire.timestamps import arm_time

Json = dict[str, Any]
_COMPUTE = "Microsoft.Compute"
# Recorded: 2024-03-03 shows it, 2023-07-03 does not.
_VALIDATIONS_FROM = "2024-03-03"


def _gallery_id(call: Call) -> ResourceId:
    found = call.resource_id(_COMPUTE, ("galleries", "gallery"))
    call.world.subscriptions.require(found)
    return found


def _definition_id(call: Call) -> ResourceId:
    return _gallery_id(call).child("images", call.params["image"])


def _version_id(call: Call) -> ResourceId:
    return _definition_id(call).child("versions", call.params["version"])


def _gallery(gallery: Gallery) -> Json:
    identifier = gallery.properties["identifier"]
    rest = {name: value for name, value in gallery.properties.items() if name != "identifier"}
    properties = {"identifier": identifier, "provisioningState": gallery.state, **rest}
    return {**arm.resource(gallery.id, gallery.location, gallery.tags, properties), **gallery.more}


def _definition(definition: Definition) -> Json:
    return arm.resource(
        definition.id, definition.location, definition.tags, {**definition.properties, "provisioningState": definition.state}
    )


def _version(call: Call, version: ImageVersion, *, expand: str = "") -> Json:
    profile = {**version.properties["publishingProfile"], "publishedDate": arm_time(version.published)}
    properties = {**version.properties, "publishingProfile": profile, "provisioningState": version.state}
    if call.api_version >= _VALIDATIONS_FROM and version.captured_at is not None:
        properties["validationsProfile"] = _validations(call, version, version.captured_at)
    if expand == "replicationstatus":
        properties["replicationStatus"] = version.replication_status(call.now)
    return arm.resource(version.id, version.location, version.tags, properties)


def _validations(call: Call, version: ImageVersion, captured_at: float) -> Json:
    """Recorded of a new version: nothing was executed. Whether one supports Trusted Launch is validated, after an hour or more."""
    supported = call.world.galleries.definition(version.id.parent).security_type.startswith("TrustedLaunch")
    done = captured_at + call.world.kernel.durations.version_validate
    if not supported or call.now < done:
        return {"validationOperationStatus": "NotExecuted"}
    return {"executedValidations": [{"type": "TrustedLaunch", "status": "Succeeded", "version": "1.0.0", "executionTime": arm_time(done)}]}


def _put_answer(call: Call, shown: Json, written: Written) -> Response:
    return json_response(201 if written.created else 200, shown, arm.operation_headers(call, written.operation, location=False))


def _delete_answer(call: Call, operation: Operation | None) -> Response:
    return Response(204) if operation is None else Response(202, arm.operation_headers(call, operation, location=True))


def _put_gallery(call: Call) -> Response:
    gallery, written = call.world.galleries.put(_gallery_id(call), call.body)
    return _put_answer(call, _gallery(gallery), written)


def _get_gallery(call: Call) -> Response:
    return json_response(200, _gallery(call.world.galleries.get(_gallery_id(call))))


def _patch_gallery(call: Call) -> Response:
    return json_response(200, _gallery(call.world.galleries.patch(_gallery_id(call), call.body)))


def _delete_gallery(call: Call) -> Response:
    return _delete_answer(call, call.world.galleries.delete(_gallery_id(call)))


def _list_galleries(call: Call) -> Response:
    subscription, group = call.params["subscription"], call.params.get("group")
    if group is None:
        call.world.subscriptions.get(subscription)
    else:
        call.world.subscriptions.group(subscription, group)
    return arm.page(map(_gallery, call.world.galleries.in_group(subscription, group)))


def _put_definition(call: Call) -> Response:
    definition, written = call.world.galleries.put_definition(_definition_id(call), call.body, api_version=call.api_version)
    return _put_answer(call, _definition(definition), written)


def _get_definition(call: Call) -> Response:
    return json_response(200, _definition(call.world.galleries.definition(_definition_id(call))))


def _patch_definition(call: Call) -> Response:
    return json_response(200, _definition(call.world.galleries.patch_definition(_definition_id(call), call.body)))


def _delete_definition(call: Call) -> Response:
    return _delete_answer(call, call.world.galleries.delete_definition(_definition_id(call)))


def _list_definitions(call: Call) -> Response:
    return arm.page(map(_definition, call.world.galleries.get(_gallery_id(call)).definitions.values()))


def _put_version(call: Call) -> Response:
    version, written = call.world.publishing.put(_version_id(call), call.body)
    return _put_answer(call, _version(call, version), written)


def _get_version(call: Call) -> Response:
    expand = call.request.query.get("$expand", "").lower()
    if expand not in {"", "replicationstatus", "uefisettings"}:
        raise ServiceError(400, "InvalidParameter", f"The value '{expand}' of the query parameter $expand is invalid.", target="$expand")
    version = call.world.publishing.get(_version_id(call))
    return json_response(200, _version(call, version, expand=expand))


def _patch_version(call: Call) -> Response:
    version, operation = call.world.publishing.patch(_version_id(call), call.body)
    return json_response(200, _version(call, version), arm.operation_headers(call, operation, location=False))


def _delete_version(call: Call) -> Response:
    bypass = call.request.query.get("bypasssoftdelete", "").lower() == "true"
    return _delete_answer(call, call.world.publishing.delete(_version_id(call), bypass_soft_delete=bypass))


def _list_versions(call: Call) -> Response:
    versions = call.world.galleries.definition(_definition_id(call)).versions.values()
    return arm.page(_version(call, version) for version in versions)


def _soft_deleted(gallery: ResourceId, artifact: str, version: ImageVersion, deletion: SoftDeletion) -> Json:
    shown = gallery.child("softDeletedArtifactTypes", ARTIFACTS).child("artifacts", artifact).child("versions", version.id.name)
    properties = {
        "resourceArmId": str(version.id),
        "softDeletedArtifactType": ARTIFACTS,
        "softDeletedTime": arm_time(deletion.deleted),
        "consumptionEndTime": arm_time(deletion.consumption_ends),
        "hardDeletionTargetTime": arm_time(deletion.hard_deletion),
    }
    return arm.resource(shown, version.location, version.tags, properties)


def _list_soft_deleted(call: Call) -> Response:
    gallery, artifact = _gallery_id(call), call.params["image"]
    found = call.world.publishing.bin.artifacts(gallery, call.params["kind"], artifact)
    return arm.page(_soft_deleted(gallery, artifact, v, v.soft_deletion) for v in found if v.soft_deletion is not None)


_GALLERIES = f"{arm.GROUP}/providers/Microsoft.Compute/galleries"
_GALLERY = f"{_GALLERIES}/{{gallery}}"
_IMAGES = f"{_GALLERY}/images"
_IMAGE = f"{_IMAGES}/{{image}}"
_VERSIONS = f"{_IMAGE}/versions"
_VERSION = f"{_VERSIONS}/{{version}}"

SERVICE = Service(
    "compute",
    (
        Route(
            "GET",
            "/subscriptions/{subscription}/providers/Microsoft.Compute/galleries",
            "Galleries_List",
            _list_galleries,
            shows="compute.Gallery",
        ),
        Route("GET", _GALLERIES, "Galleries_ListByResourceGroup", _list_galleries, shows="compute.Gallery"),
        Route("PUT", _GALLERY, "Galleries_CreateOrUpdate", _put_gallery, schema="compute.Gallery", shows="compute.Gallery"),
        Route("GET", _GALLERY, "Galleries_Get", _get_gallery, shows="compute.Gallery"),
        Route("PATCH", _GALLERY, "Galleries_Update", _patch_gallery, schema="compute.GalleryUpdate", shows="compute.Gallery"),
        Route("DELETE", _GALLERY, "Galleries_Delete", _delete_gallery),
        Route(
            "GET",
            f"{_GALLERY}/softDeletedArtifactTypes/{{kind}}/artifacts/{{image}}/versions",
            "SoftDeletedResource_ListByArtifactName",
            _list_soft_deleted,
            shows="compute.GallerySoftDeletedResource",
        ),
        Route("GET", _IMAGES, "GalleryImages_ListByGallery", _list_definitions, shows="compute.GalleryImage"),
        Route("PUT", _IMAGE, "GalleryImages_CreateOrUpdate", _put_definition, schema="compute.GalleryImage", shows="compute.GalleryImage"),
        Route("GET", _IMAGE, "GalleryImages_Get", _get_definition, shows="compute.GalleryImage"),
        Route(
            "PATCH", _IMAGE, "GalleryImages_Update", _patch_definition, schema="compute.GalleryImageUpdate", shows="compute.GalleryImage"
        ),
        Route("DELETE", _IMAGE, "GalleryImages_Delete", _delete_definition),
        Route("GET", _VERSIONS, "GalleryImageVersions_ListByGalleryImage", _list_versions, shows="compute.GalleryImageVersion"),
        Route(
            "PUT",
            _VERSION,
            "GalleryImageVersions_CreateOrUpdate",
            _put_version,
            schema="compute.GalleryImageVersion",
            shows="compute.GalleryImageVersion",
        ),
        Route("GET", _VERSION, "GalleryImageVersions_Get", _get_version, shows="compute.GalleryImageVersion"),
        Route(
            "PATCH",
            _VERSION,
            "GalleryImageVersions_Update",
            _patch_version,
            schema="compute.GalleryImageVersionUpdate",
            shows="compute.GalleryImageVersion",
        ),
        Route("DELETE", _VERSION, "GalleryImageVersions_Delete", _delete_version),
    ),
    arm.render_error,
    arm.admit,
)
