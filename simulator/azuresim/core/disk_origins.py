"""What a new disk or snapshot can be made from: `creationData`, and what the service refuses in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from azuresim.core.contents import Contents
from azuresim.core.errors import ServiceError, invalid_parameter
from azuresim.core.extents import SparseBytes
from azuresim.core.managed_disks import DiskKind
from azuresim.core.regions import region_key
from azuresim.core.resource_id import ResourceId
from azuresim.core.sources import Sources
from azuresim.core.subscriptions import not_found
from azuresim.core.vhd import FOOTER_BYTES, MIB
from azuresim.core.vhd_blobs import VhdBlob, copied, resized

Json = dict[str, Any]
_MIN_UPLOAD_BYTES = 20 * MIB + FOOTER_BYTES
# What a copy has like its source, unless it is declared otherwise.
_INHERITED = ("osType", "hyperVGeneration", "supportedCapabilities", "purchasePlan", "securityProfile", "encryption", "supportsHibernation")
# Azure/azure-cli#22561.
_TRUSTED_OPTIONS = "FromImage, Import, ImportSecure, UploadPreparedSecure"


@dataclass(frozen=True, slots=True)
class Origin:
    """What is on the new disk; ``creation`` and ``declared`` are what the source adds to the properties."""

    contents: Contents
    bits: SparseBytes | None = None
    creation: Json = field(default_factory=dict)
    declared: Json = field(default_factory=dict)
    awaits_upload: bool = False
    copies_slowly: bool = False


class Origins:
    """Reads `creationData`."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources

    def find(self, properties: Mapping[str, Any], location: str, kind: DiskKind, *, now: float) -> Callable[[], Origin]:
        """Refuse with 400 or 404 what is wrong at once; the function answers, or fails, when the copy is done."""
        creation = properties["creationData"]
        option = str(creation["createOption"])
        trusted = (properties.get("securityProfile") or {}).get("securityType")
        if trusted and option.lower() not in {name.strip().lower() for name in _TRUSTED_OPTIONS.split(",")}:
            raise ServiceError(
                400,
                "BadRequest",
                f"Security Type '{trusted}' is not supported for CreateOption '{option}'. Supported create options are {_TRUSTED_OPTIONS}.",
            )
        match option.lower():
            case "empty":
                return _fixed(Origin(Contents(size_gib=_required(properties, "diskSizeGB", kind))))
            case "copy" | "copystart" | "restore":
                return self._copy(creation, location, kind, now=now)
            case "import" | "importsecure":
                return self._imported(creation, properties, kind)
            case "fromimage" if kind == "disks":
                return _fixed(self._from_image(creation, location, trusted))
            case "upload" | "uploadpreparedsecure":
                return _fixed(_upload(creation, properties, kind))
            case _:
                raise invalid_parameter(
                    f"The value '{option}' of parameter '{kind[:-1]}.creationData.createOption' is invalid.",
                    target="creationData.createOption",
                )

    def _copy(self, creation: Mapping[str, Any], location: str, kind: DiskKind, *, now: float) -> Callable[[], Origin]:
        text = _required(creation, "sourceResourceId", kind, within="creationData.")
        source = self._sources.disk(text)
        if source is not None and str(creation["createOption"]).lower() == "restore":
            raise invalid_parameter(f"Id {text} is not the id of a disk restore point.", target="sourceResourceId")
        if source is None:
            parsed = ResourceId.parse(text)
            raise (
                not_found(parsed)
                if parsed
                else invalid_parameter(f"Id {text} is not a valid resource reference.", target="sourceResourceId")
            )
        far = region_key(source.location) != region_key(location)
        slow = str(creation["createOption"]).lower() == "copystart"
        if far and not slow:
            raise ServiceError(
                400,
                "BadRequest",
                f"Source resource {text} is in region {source.location}; a copy with CreateOption 'Copy' must be in the same region. "
                "Use CreateOption 'CopyStart' with an incremental snapshot to copy to another region.",
            )
        if not source.is_readable(now):
            raise ServiceError(
                409, "OperationNotAllowed", f"The source {text} cannot be copied: its data is not complete (state {source.disk_state})."
            )
        declared = {name: source.declared[name] for name in _INHERITED if name in source.declared}
        origin = Origin(
            source.contents,
            source.bits and copied(source.bits, source.bits.size),
            {"sourceUniqueId": source.computed["uniqueId"]} if "uniqueId" in source.computed else {},
            declared,
            copies_slowly=slow,
        )
        return _fixed(origin)

    def _imported(self, creation: Mapping[str, Any], properties: Mapping[str, Any], kind: DiskKind) -> Callable[[], Origin]:
        uri = _required(creation, "sourceUri", kind, within="creationData.")
        found = self._sources.vhd(uri)
        if found is None:
            raise invalid_parameter(f"The source blob {uri} does not belong to a storage account that can be read.", target="sourceUri")
        assumed = declared_contents(properties)
        return lambda: _blob_origin(found, assumed)

    def _from_image(self, creation: Mapping[str, Any], location: str, trusted: str | None) -> Origin:
        for member in ("galleryImageReference", "imageReference"):
            reference = creation.get(member) or {}
            text = reference.get("id") or reference.get("sharedGalleryImageId") or reference.get("communityGalleryImageId")
            if text:
                contents = self._sources.image_disk(text, location, lun=reference.get("lun"))
                secured = replace(contents, security_type=_security_type(contents.security_type, trusted))
                return Origin(secured, declared=_declared_by(secured))
        raise invalid_parameter(
            "Required parameter 'disk.creationData.imageReference' is missing (null).", target="creationData.imageReference"
        )


def declared_contents(properties: Mapping[str, Any]) -> Contents:
    """What a disk's own properties say is on it."""
    security = (properties.get("securityProfile") or {}).get("securityType", "Standard")
    architecture = (properties.get("supportedCapabilities") or {}).get("architecture", "x64")
    return Contents(
        size_gib=int(properties.get("diskSizeGB") or 0),
        os_type=properties.get("osType"),
        generation=properties.get("hyperVGeneration", "V1"),
        architecture=architecture,
        security_type=security,
        generalized=True,
    )


def _security_type(of_image: str, declared: str | None) -> str:
    """What an image supports its disks have when they say so; recorded: those that say nothing show no security profile."""
    if declared is not None:
        # `ConfidentialVM_VMGuestStateOnlyEncryptedWithPlatformKey` and its like.
        return declared.partition("_")[0]
    return "Standard" if of_image.endswith("Supported") else of_image


def _declared_by(contents: Contents) -> Json:
    if contents.os_type is None:
        return {}
    declared: Json = {
        "osType": contents.os_type,
        "hyperVGeneration": contents.generation,
        "supportedCapabilities": {"architecture": contents.architecture},
    }
    if contents.security_type != "Standard":
        declared["securityProfile"] = {"securityType": contents.security_type}
    return declared


def _upload(creation: Mapping[str, Any], properties: Mapping[str, Any], kind: DiskKind) -> Origin:
    given = int(_required(creation, "uploadSizeBytes", kind, within="creationData."))
    if given < _MIN_UPLOAD_BYTES or (given - FOOTER_BYTES) % MIB:
        raise invalid_parameter(
            f"The value {given} of parameter uploadSizeBytes is invalid. It must be at least {_MIN_UPLOAD_BYTES} bytes: "
            f"a whole number of MiB and {FOOTER_BYTES} bytes for the VHD footer.",
            target="creationData.uploadSizeBytes",
        )
    return Origin(resized(declared_contents(properties), given - FOOTER_BYTES), awaits_upload=True)


def _blob_origin(found: VhdBlob, assumed: Contents) -> Origin:
    blob = found.blob()
    return Origin(found.contents(assumed), copied(blob.content, blob.content.size - FOOTER_BYTES))


def _fixed(origin: Origin) -> Callable[[], Origin]:
    return lambda: origin


def _required(values: Mapping[str, Any], name: str, kind: DiskKind, *, within: str = "") -> Any:
    if values.get(name) is None:
        path = f"{kind[:-1]}.{within}{name}"
        raise invalid_parameter(f"Required parameter '{path}' is missing (null).", target=path)
    return values[name]


def at_least(origin: Origin, declared_gib: int | None) -> Origin:
    """The disk is as large as declared; smaller than its source it cannot be."""
    if declared_gib is None or declared_gib == origin.contents.size_gib:
        return origin
    if declared_gib < origin.contents.size_gib:
        # hitachienergy/epiphany#1049, for disks made from images.
        raise ServiceError(
            400,
            "InvalidParameter",
            f"The specified disk size {declared_gib} GB is smaller than the size of the source: {origin.contents.size_gib} GB. "
            "This is not allowed. Please choose equal or greater size or do not specify an explicit size.",
            target="diskSizeGB",
        )
    return replace(origin, contents=replace(origin.contents, size_gib=declared_gib))
