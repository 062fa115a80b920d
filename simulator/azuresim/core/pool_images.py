"""What a pool's image reference means in the account's region."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from azuresim.core.batch_accounts import BatchAccount
from azuresim.core.catalogue import Catalogue, VmSize
from azuresim.core.definitions import Definition
from azuresim.core.errors import ServiceError, invalid_property
from azuresim.core.galleries import Galleries
from azuresim.core.resource_id import ResourceId
from azuresim.core.versions import ImageVersion

_DEFINITION, _VERSION = "microsoft.compute/galleries/images", "microsoft.compute/galleries/images/versions"
_GALLERY_ID = (
    "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}/providers/Microsoft.Compute"
    "/galleries/{galleryName}/images/{galleryImageName}"
)
_WRONG_FORMAT = f"The specified resource id must be of the format {_GALLERY_ID}/versions/{{galleryImageVersionName}} or {_GALLERY_ID}"


@dataclass(frozen=True, slots=True, kw_only=True)
class BootImage:
    """What decides whether a node boots, and whether it ever turns idle: from what is not ``generalized`` it does not."""

    exact_version: str
    os_type: str
    generation: str
    architecture: str
    security_type: str
    generalized: bool = True

    def misfit(self, size: VmSize, pool_security: str) -> str | None:
        """Why a machine of ``size`` cannot be made from it; None when it can."""
        if self.generation not in size.generations:
            return (
                f"The selected VM size '{size.name}' cannot boot Hypervisor Generation '{self.generation[1:]}'. "
                "If this was a Create operation please check that the "
                "Hypervisor Generation of the Image matches the Hypervisor Generation of the selected VM Size."
            )
        if self.architecture.lower() != size.architecture.lower():
            return f"The selected VM size '{size.name}' has CPU architecture '{size.architecture}', the image has '{self.architecture}'."
        if self.security_type == "TrustedLaunch" and pool_security.lower() != "trustedlaunch":
            return "The provided gallery image only supports creation of VMs with security type 'TrustedLaunch'."
        if pool_security and self.security_type == "Standard" and pool_security.lower() == "trustedlaunch":
            return "Security type 'TrustedLaunch' is not supported for the provided image."
        return None


class PoolImages:
    """Looks image references up, at creation and again whenever nodes are made."""

    def __init__(self, catalogue: Catalogue, galleries: Galleries) -> None:
        self._catalogue = catalogue
        self._galleries = galleries

    def check(self, reference: Mapping[str, Any], account: BatchAccount) -> None:
        """Refuse, with 400 InvalidPropertyValue, what cannot be an image for this account."""
        image_id = reference.get("virtualMachineImageId")
        if image_id is None:
            self._check_marketplace(reference)
            return
        parsed = ResourceId.parse(image_id)
        if parsed is None or parsed.type not in {_DEFINITION, _VERSION}:
            raise invalid_property("virtualMachineImageId", _WRONG_FORMAT, value=image_id)
        definition, version = self._find(parsed, account.location)
        if definition is None:
            raise invalid_property(
                "virtualMachineImageId", "The specified resource id does not exist or is not accessible.", value=image_id
            )
        if definition.properties["osState"] != "Generalized":
            raise invalid_property("virtualMachineImageId", "The specified image is not generalized.", value=image_id)
        if version is None or not version.usable_in(account.location):
            raise invalid_property(
                "virtualMachineImageId",
                f"The specified image is not replicated to the region {account.location} of the Batch account.",
                value=image_id,
            )

    def resolve(self, reference: Mapping[str, Any], account: BatchAccount) -> BootImage | str:
        """The image nodes boot from now, or the reason why there is none."""
        image_id = reference.get("virtualMachineImageId")
        if image_id is None:
            found = self._catalogue.image(reference["publisher"], reference["offer"], reference["sku"])
            if found is None:
                return "The platform image is not available."
            version = reference.get("version", "latest")
            exact = "1.0.0" if version == "latest" else version
            return BootImage(
                exact_version=exact, os_type=found.os_type, generation=found.generation, architecture="x64", security_type="Supported"
            )
        parsed = ResourceId.parse(image_id)
        definition, gallery_version = self._find(parsed, account.location) if parsed else (None, None)
        if definition is None or gallery_version is None or not gallery_version.usable_in(account.location):
            return (
                f"The gallery image {image_id} is not available in {account.location} region. "
                "Please contact image owner to replicate to this region, or change your requested region."
            )
        return BootImage(
            exact_version=gallery_version.id.name,
            os_type=definition.properties["osType"].lower(),
            generation=definition.properties["hyperVGeneration"],
            architecture=definition.properties["architecture"],
            security_type=definition.security_type,
            generalized=gallery_version.contents is None or gallery_version.contents.generalized,
        )

    def _check_marketplace(self, reference: Mapping[str, Any]) -> None:
        names = [reference.get(name) for name in ("publisher", "offer", "sku")]
        if not all(names) or self._catalogue.image(*(str(name) for name in names)) is None:
            publisher, offer, sku = names
            raise invalid_property(
                "imageReference", f"The specified imageReference with publisher {publisher} offer {offer} sku {sku} is not supported."
            )

    def _find(self, image: ResourceId, region: str) -> tuple[Definition | None, ImageVersion | None]:
        """The definition and the version meant; an id without a version means the highest one offered in the region."""
        definition = self._galleries.find_definition(image if image.type == _DEFINITION else image.parent)
        if definition is None:
            return None, None
        if image.type == _VERSION:
            return definition, definition.version(image.name)
        return definition, definition.latest(region)


def check_node_agent(catalogue: Catalogue, node_agent: str) -> None:
    """400 for a node agent nobody knows."""
    if node_agent.lower() not in {known.lower() for known in catalogue.node_agents}:
        raise invalid_property("nodeAgentSKUId", "The specified node agent SKU id is not supported.", value=node_agent)


def check_vm_size(catalogue: Catalogue, vm_size: str, region: str) -> VmSize:
    """400 for a size the region does not offer."""
    size = catalogue.size(vm_size, region)
    if size is None:
        raise invalid_property("vmSize", f"The specified vmSize {vm_size} is not supported in {region}.", value=vm_size)
    return size


def pool_not_found() -> ServiceError:
    """404 in the service's words."""
    return ServiceError(404, "PoolNotFound", "The specified pool does not exist.")
