"""What a pool's image reference means in the account's region."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from azuresim.core.batch_accounts import BatchAccount
from azuresim.core.catalogue import Catalogue, VmSize
from azuresim.core.definitions import Definition
from azuresim.core.errors import invalid_property
from azuresim.core.galleries import Galleries
from azuresim.core.resource_id import ResourceId
from azuresim.core.versions import ImageVersion

_DEFINITION, _VERSION = "microsoft.compute/galleries/images", "microsoft.compute/galleries/images/versions"
_GALLERY_ID = (
    "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}/providers/Microsoft.Compute"
    "/galleries/{galleryName}/images/{galleryImageName}"
)
_MAX_SLOTS, _SLOTS_A_CORE = 256, 4
_FOREIGN = ("sharedGalleryImageId", "communityGalleryImageId")
_INACCESSIBLE = "The specified resource id does not exist or is not accessible."
_WRONG_FORMAT = f"The specified resource id must be of the format {_GALLERY_ID}/versions/{{galleryImageVersionName}} or {_GALLERY_ID}"


@dataclass(frozen=True, slots=True, kw_only=True)
class BootImage:
    """What decides whether a node boots, and whether it ever turns idle: from what is not ``generalized`` it does not."""

    exact_version: str
    os_type: str
    generation: str
    architecture: str
    security_type: str
    # Whether the operating system was generalised: a machine made from anything else never reports to Batch.
    generalized: bool = True
    # The agent for the Marketplace image it began as; None when nobody knows.
    node_agent: str | None = None

    def misfit(self, size: VmSize, pool_security: str) -> str | None:
        """Why a machine of ``size`` cannot be made from it; None when it can."""
        return self._misfit_of_hardware(size) or self._misfit_of_security(size, pool_security)

    def _misfit_of_hardware(self, size: VmSize) -> str | None:
        if self.generation not in size.generations:
            return (
                f"The selected VM size '{size.name}' cannot boot Hypervisor Generation '{self.generation[1:]}'. "
                "If this was a Create operation please check that the "
                "Hypervisor Generation of the Image matches the Hypervisor Generation of the selected VM Size."
            )
        if self.architecture.lower() != size.architecture.lower():
            return f"The selected VM size '{size.name}' has CPU architecture '{size.architecture}', the image has '{self.architecture}'."
        return None

    def _misfit_of_security(self, size: VmSize, pool_security: str) -> str | None:
        if pool_security.lower() == "trustedlaunch" and not size.trusted_launch:
            return f"The VM size '{size.name}' is not supported for creation of VMs with security type 'TrustedLaunch'."
        if pool_security.lower() == "confidentialvm" and not size.confidential:
            return f"The VM size '{size.name}' is not supported for creation of VMs with security type 'ConfidentialVM'."
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

    def check(self, machines: Mapping[str, Any], account: BatchAccount, now: float) -> None:
        """Refuse, with 400 InvalidPropertyValue, images that cannot be for this account, and node agents that do not fit them."""
        reference, agent = machines["imageReference"], machines["nodeAgentSKUId"]
        check_node_agent(self._catalogue, agent, now)
        image_id = reference.get("virtualMachineImageId")
        if image_id is not None:
            self._check_gallery(image_id, account)
        elif _foreign_id(reference) is not None:
            if self._catalogue.foreign(_foreign_id(reference), account.location) is None:
                name = next(name for name in _FOREIGN if reference.get(name) is not None)
                raise invalid_property(name, _INACCESSIBLE, value=reference[name])
        else:
            self._check_marketplace(reference, agent, now)

    def _check_gallery(self, image_id: str, account: BatchAccount) -> None:
        parsed = ResourceId.parse(image_id)
        if parsed is None or parsed.type not in {_DEFINITION, _VERSION}:
            raise invalid_property("virtualMachineImageId", _WRONG_FORMAT, value=image_id)
        definition, version = self._find(parsed, account.location)
        if definition is None:
            raise invalid_property("virtualMachineImageId", _INACCESSIBLE, value=image_id)
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
            return self._resolve_catalogue(reference, account)
        parsed = ResourceId.parse(image_id)
        definition, gallery_version = self._find(parsed, account.location) if parsed else (None, None)
        if definition is None or gallery_version is None or not gallery_version.usable_in(account.location):
            return (
                f"The gallery image {image_id} is not available in {account.location} region. "
                "Please contact image owner to replicate to this region, or change your requested region."
            )
        contents = gallery_version.contents
        origin = self._catalogue.image(*contents.image) if contents is not None and contents.image is not None else None
        return BootImage(
            exact_version=gallery_version.id.name,
            os_type=definition.properties["osType"].lower(),
            generation=definition.properties["hyperVGeneration"],
            architecture=definition.properties["architecture"],
            security_type=definition.security_type,
            generalized=contents is None or contents.generalized,
            node_agent=None if origin is None else origin.node_agent,
        )

    def _resolve_catalogue(self, reference: Mapping[str, Any], account: BatchAccount) -> BootImage | str:
        """An image of the Marketplace, or of a gallery shared with everybody."""
        foreign_id = _foreign_id(reference)
        if foreign_id is not None:
            foreign = self._catalogue.foreign(foreign_id, account.location)
            if foreign is None:
                return f"The gallery image {foreign_id} is not available in {account.location} region."
            return BootImage(
                exact_version=foreign.version,
                os_type=foreign.os_type,
                generation=foreign.generation,
                architecture=foreign.architecture,
                security_type=foreign.security_type,
            )
        found = self._catalogue.image(reference["publisher"], reference["offer"], reference["sku"])
        if found is None:
            return "The platform image is not available."
        version = reference.get("version", "latest")
        exact = "1.0.0" if version == "latest" else version
        return BootImage(
            exact_version=exact,
            os_type=found.os_type,
            generation=found.generation,
            architecture="x64",
            security_type="Supported",
            node_agent=found.node_agent,
        )

    def _check_marketplace(self, reference: Mapping[str, Any], agent: str, now: float) -> None:
        names = [str(reference.get(name)) for name in ("publisher", "offer", "sku")]
        found = self._catalogue.image(*names)
        described = "publisher {} offer {} sku {}".format(*names)
        if found is None:
            raise invalid_property("imageReference", f"The specified imageReference with {described} is not supported.")
        if found.ended(now):
            raise invalid_property("imageReference", f"Batch support for the specified imageReference with {described} has ended.")
        if found.node_agent.lower() != agent.lower():
            raise invalid_property(
                "nodeAgentSKUId", f"The specified node agent SKU id is not supported for the imageReference with {described}.", value=agent
            )

    def _find(self, image: ResourceId, region: str) -> tuple[Definition | None, ImageVersion | None]:
        """The definition and the version meant; an id without a version means the highest one offered in the region."""
        definition = self._galleries.find_definition(image if image.type == _DEFINITION else image.parent)
        if definition is None:
            return None, None
        if image.type == _VERSION:
            return definition, definition.version(image.name)
        return definition, definition.latest(region)


def _foreign_id(reference: Mapping[str, Any]) -> str | None:
    """The id of an image in somebody else's gallery."""
    return next((str(reference[name]) for name in _FOREIGN if reference.get(name) is not None), None)


def names_gallery_image(image_id: str | None) -> bool:
    """Whether an id is that of a gallery's image or version, which shared keys cannot reach."""
    parsed = ResourceId.parse(image_id) if image_id else None
    return parsed is not None and parsed.type in {_DEFINITION, _VERSION}


def check_node_agent(catalogue: Catalogue, node_agent: str, now: float) -> None:
    """400 for a node agent nobody knows, or whose last image is no longer supported."""
    known = [image for image in catalogue.images if image.node_agent.lower() == node_agent.lower()]
    if not known:
        raise invalid_property("nodeAgentSKUId", "The specified node agent SKU id is not supported.", value=node_agent)
    if all(image.ended(now) for image in known):
        raise invalid_property("nodeAgentSKUId", "Batch support for the specified node agent SKU id has ended.", value=node_agent)


def check_slots(slots: int, size: VmSize) -> None:
    """400 for more task slots than four a core: azure-batch, BatchPoolCreateOptions."""
    most = min(_MAX_SLOTS, _SLOTS_A_CORE * size.vcpus)
    if not 1 <= slots <= most:
        raise invalid_property("taskSlotsPerNode", f"The value must be between 1 and {most}.", value=str(slots))


def check_vm_size(catalogue: Catalogue, vm_size: str, region: str) -> VmSize:
    """400 for a size the region does not offer."""
    size = catalogue.size(vm_size, region)
    if size is None:
        raise invalid_property("vmSize", f"The specified vmSize {vm_size} is not supported in {region}.", value=vm_size)
    return size
