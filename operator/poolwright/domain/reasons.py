"""The catalogue: every reason a user can meet, with its cause and the next step.

Names are part of the API: alerts and scripts match on them, so they never change. The reference page is generated from here.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    """What a reason says about the object; it decides which conditions are shown."""

    SETTLED = "settled"
    """The declared state is reached: Ready=True."""
    WORKING = "working"
    """A change is on its way: Ready=False, Reconciling=True."""
    WAITING = "waiting"
    """Something else has to happen first, and will wake us: Ready=False, Reconciling=True."""
    STALLED = "stalled"
    """A person has to act: Ready=False, Stalled=True; looked at again every 30 to 60 minutes."""
    SUSPENDED = "suspended"
    """The user asked us to keep our hands off: Ready=False, nothing else."""
    UNKNOWN = "unknown"
    """Azure cannot be asked: Ready=Unknown."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One entry: ``cause`` says why a user sees it, ``remedy`` what to do."""

    name: str
    kind: Kind
    cause: str
    remedy: str

    @property
    def page(self) -> str:
        """Where the docs explain it."""
        return f"docs/reference/reasons.md#{self.name.lower()}"


CATALOGUE: dict[str, Reason] = {}


def _reason(name: str, kind: Kind, cause: str, remedy: str) -> Reason:
    reason = Reason(name, kind, cause, remedy)
    CATALOGUE[name] = reason
    return reason


NOTHING_TO_DO = "Nothing; it goes on by itself."

# Both kinds.
SUSPENDED = _reason(
    "Suspended", Kind.SUSPENDED, "spec.suspend is true, so changes are observed but not made.", "Set spec.suspend to false to go on."
)
DELETING = _reason("Deleting", Kind.WORKING, "The object is being deleted, and what it made in Azure goes first.", NOTHING_TO_DO)
INVALID_SPEC = _reason(
    "InvalidSpec",
    Kind.STALLED,
    "A field has a value that Azure refuses or that this version cannot read.",
    "Correct the field that the message names.",
)
NOT_OWNED = _reason(
    "NotOwned",
    Kind.STALLED,
    "The resource exists in Azure and carries no mark of this object, so it is left alone.",
    "Choose another name, delete the resource, or (for a pool) allow adoption with spec.adoptionPolicy.",
)
AZURE_UNAVAILABLE = _reason(
    "AzureUnavailable",
    Kind.UNKNOWN,
    "Azure does not answer or answers with an error of its own.",
    "Nothing; it is asked again with growing pauses.",
)
ACCESS_DENIED = _reason(
    "AccessDenied",
    Kind.UNKNOWN,
    "Azure refuses the operator's identity (401 or 403).",
    "Give the operator's identity a role that allows what the message names, at the scope of the resource; it is tried again by itself.",
)
AZURE_REFUSED = _reason(
    "AzureRefused",
    Kind.STALLED,
    "Azure refused a request for a reason the operator has no better name for.",
    "Read Azure's own words in the message.",
)
QUOTA_EXCEEDED = _reason(
    "QuotaExceeded",
    Kind.STALLED,
    "A quota of the subscription or the account is used up.",
    "Ask for more quota or declare less; it is tried again by itself.",
)

# CustomImage.
AVAILABLE = _reason("Available", Kind.SETTLED, "The current version is complete in every declared region.", "Nothing.")
CREATING_GALLERY = _reason("CreatingGallery", Kind.WORKING, "The gallery does not exist yet and is being created.", NOTHING_TO_DO)
CREATING_DEFINITION = _reason(
    "CreatingDefinition", Kind.WORKING, "The image definition does not exist yet and is being created.", NOTHING_TO_DO
)
PUBLISHING = _reason("Publishing", Kind.WORKING, "A new image version is being made from the source.", NOTHING_TO_DO)
REPLICATING = _reason("Replicating", Kind.WORKING, "The version exists and is being copied to the declared regions.", NOTHING_TO_DO)
REPLICATION_FAILED = _reason(
    "ReplicationFailed",
    Kind.STALLED,
    "A region failed three times.",
    "Read the region's own message; take the region out, or change spec.source.revision to build under the next number.",
)
PUBLISH_FAILED = _reason(
    "PublishFailed",
    Kind.STALLED,
    "Azure could not make the version, three times in a row.",
    "Check the source; change spec.source.revision to build again under the next number.",
)
IN_USE = _reason(
    "InUse",
    Kind.WAITING,
    "The image is being deleted but pools still name it.",
    "Delete the named pools or point them at another image; then it goes by itself.",
)
VERSION_TAKEN = _reason(
    "VersionTaken",
    Kind.STALLED,
    "The fixed spec.version exists already with another source, and versions are never altered.",
    "Set another spec.version, or leave it out to take the next number.",
)
VERSION_NOT_FOUND = _reason(
    "VersionNotFound",
    Kind.STALLED,
    "spec.source.galleryImageVersion names a version that does not exist.",
    "Correct the id or create the version.",
)
VERSION_FAILED = _reason(
    "VersionFailed",
    Kind.STALLED,
    "The gallery image version that is used in place has failed in Azure.",
    "Name another version or repair it in Azure.",
)
REGION_MISSING = _reason(
    "RegionMissing",
    Kind.STALLED,
    "A version that is used in place is not replicated to a declared region, and Poolwright does not alter versions it did not make.",
    "Add the region to the version in Azure, or take it out of spec.replication.regions.",
)
DEFINITION_MISMATCH = _reason(
    "DefinitionMismatch",
    Kind.STALLED,
    "The image definition exists with another operating system, generation, architecture or security type, and these cannot change.",
    "Use another spec.gallery.definition, or correct spec.os in a new CustomImage.",
)
OS_STATE_MISMATCH = _reason(
    "OsStateMismatch",
    Kind.STALLED,
    "The image is specialised, and Batch boots generalised images only.",
    "Generalise the machine and publish it again.",
)
GALLERY_FAILED = _reason(
    "GalleryFailed", Kind.STALLED, "The gallery or the definition is in a failed state.", "Look at it in Azure; delete or repair it."
)
SOURCE_NOT_FOUND = _reason(
    "SourceNotFound", Kind.STALLED, "The VHD blob does not exist.", "Upload the VHD or correct spec.source.vhd.blobUri."
)
SOURCE_UNREADABLE = _reason(
    "SourceUnreadable",
    Kind.STALLED,
    "The VHD blob cannot be read by the operator's identity.",
    "Grant it Storage Blob Data Reader on the account.",
)
SOURCE_NOT_PAGE_BLOB = _reason(
    "SourceNotPageBlob",
    Kind.STALLED,
    "The VHD is a block or append blob; Azure makes images from page blobs only.",
    "Upload it again as a page blob.",
)
SOURCE_NOT_FIXED_VHD = _reason(
    "SourceNotFixedVhd",
    Kind.STALLED,
    "The blob is a dynamic or differencing VHD or a VHDX.",
    "Convert it: qemu-img convert -O vpc -o subformat=fixed,force_size.",
)
SOURCE_CORRUPT = _reason(
    "SourceCorrupt",
    Kind.STALLED,
    "The blob has no intact VHD footer in its last 512 bytes, or its length disagrees with the footer.",
    "Upload the file again, in full.",
)
SOURCE_SIZE_NOT_WHOLE_MIB = _reason(
    "SourceSizeNotWholeMiB",
    Kind.STALLED,
    "The virtual size is not a whole number of MiB.",
    "Resize the raw disk to a whole MiB and convert it again.",
)
SOURCE_TOO_LARGE = _reason("SourceTooLarge", Kind.STALLED, "The virtual disk is larger than 2 TiB.", "Shrink the disk.")
SOURCE_WRONG_REGION = _reason(
    "SourceWrongRegion",
    Kind.STALLED,
    "The storage account lies in another region than the gallery's home region.",
    "Copy the VHD to an account in spec.gallery.location.",
)
STORAGE_ACCOUNT_NOT_FOUND = _reason(
    "StorageAccountNotFound", Kind.STALLED, "spec.source.vhd.storageAccountId names no storage account.", "Correct the id."
)
STORAGE_ACCOUNT_MISMATCH = _reason(
    "StorageAccountMismatch",
    Kind.STALLED,
    "spec.source.vhd.blobUri does not lie in the account that storageAccountId names.",
    "Make the two name the same account.",
)

# BatchPool.
SETTLED = _reason("Settled", Kind.SETTLED, "The pool is as declared.", "Nothing.")
UPDATE_PENDING = _reason(
    "UpdatePending",
    Kind.SETTLED,
    "The pool works; changes that need an empty pool are made when it has no nodes (spec.imageUpdate.strategy WhenEmpty).",
    "Scale the pool to zero when it suits you.",
)
CREATING = _reason("Creating", Kind.WORKING, "The pool is being created.", NOTHING_TO_DO)
ADOPTING = _reason("Adopting", Kind.WORKING, "An existing pool is being marked as managed by this object.", NOTHING_TO_DO)
UPDATING = _reason("Updating", Kind.WORKING, "The empty pool is taking a new image, size or node agent.", NOTHING_TO_DO)
RESIZING = _reason("Resizing", Kind.WORKING, "The pool grows or shrinks towards the declared targets.", NOTHING_TO_DO)
WAITING_FOR_IMAGE = _reason(
    "WaitingForImage",
    Kind.WAITING,
    "The image has no usable version in the pool's region yet.",
    "Nothing; the image's arrival wakes the pool.",
)
IMAGE_NOT_FOUND = _reason(
    "ImageNotFound",
    Kind.WAITING,
    "No CustomImage of that name is in this namespace.",
    "Apply the CustomImage, or correct spec.image.customImageRef.name.",
)
IMAGE_VERSION_NOT_FOUND = _reason(
    "ImageVersionNotFound", Kind.STALLED, "spec.image.galleryImage.id names a version that does not exist.", "Correct the id."
)
REGION_NOT_REPLICATED = _reason(
    "RegionNotReplicated",
    Kind.STALLED,
    "The image is not replicated to the region of the Batch account.",
    "Add the region to the image's spec.replication.regions.",
)
NODE_AGENT_UNKNOWN = _reason(
    "NodeAgentUnknown",
    Kind.STALLED,
    "The node agent SKU is not known to the account, or none can be chosen for the image.",
    "Set spec.nodeAgentSku, or spec.baseImage of the CustomImage, to one the account lists as supported.",
)
UNKNOWN_VM_SIZE = _reason(
    "UnknownVmSize",
    Kind.STALLED,
    "spec.vmSize is not a size that Batch offers in the account's region.",
    "Choose a size that the region offers.",
)
ACCOUNT_NOT_FOUND = _reason(
    "AccountNotFound", Kind.STALLED, "spec.batchAccountId names no Batch account.", "Correct the id or create the account."
)
POOL_DELETING = _reason(
    "PoolDeleting", Kind.WAITING, "A pool of this id is still being deleted in Azure; the id is free again after that.", NOTHING_TO_DO
)
AUTO_SCALE_ENABLED = _reason(
    "AutoScaleEnabled",
    Kind.STALLED,
    "The pool scales by a formula, so fixed targets cannot be kept.",
    "Disable automatic scaling of the pool in Azure, or leave the targets out.",
)
CAPACITY_UNAVAILABLE = _reason(
    "CapacityUnavailable",
    Kind.WORKING,
    "Azure had no machines of this size, or not in time; it is asked again with growing pauses.",
    "Wait, or use another size.",
)
RESIZE_FAILED = _reason(
    "ResizeFailed", Kind.STALLED, "Azure ended the resize with an error that repeating does not cure.", "Read Azure's own words."
)

# Stage conditions, and the reasons only they use.
SOURCE_READY, PUBLISHED, REPLICATED = "SourceReady", "Published", "Replicated"
SCALED_TO_TARGET, IMAGE_UP_TO_DATE = "ScaledToTarget", "ImageUpToDate"
AT_TARGET = _reason("AtTarget", Kind.SETTLED, "The pool has the declared number of nodes.", "Nothing.")
NODES_LOST = _reason(
    "NodesLost",
    Kind.SETTLED,
    "The pool once had all its nodes and lost some, by preemption or failure; Batch itself replaces them.",
    "Nothing; a resize would not bring them back sooner.",
)
UP_TO_DATE = _reason("UpToDate", Kind.SETTLED, "The pool boots the image that is declared.", "Nothing.")
UNMANAGED = _reason("Unmanaged", Kind.SETTLED, "No target is declared, so the number of nodes is left alone.", "Nothing.")
USED_IN_PLACE = _reason("UsedInPlace", Kind.SETTLED, "The source is a finished version, used where it is.", "Nothing.")
ALREADY_PUBLISHED = _reason("AlreadyPublished", Kind.SETTLED, "A version made from exactly this source exists.", "Nothing.")
CHECKED = _reason("Checked", Kind.SETTLED, "The source keeps every rule that can be checked before spending.", "Nothing.")
