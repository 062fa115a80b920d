"""Which image version and which node agent a pool shall boot with."""

from __future__ import annotations

from dataclasses import dataclass

from poolwright.domain import reasons, resource_id
from poolwright.domain.outcomes import UNSEEN, Look, Verdict
from poolwright.domain.pool.observed import AccountView, Fact
from poolwright.domain.pool.situation import PoolSituation
from poolwright.domain.pool.spec import GalleryImage


@dataclass(frozen=True, slots=True, kw_only=True)
class Usable:
    """A version that is complete in the pool's region."""

    id: str
    version: str


Image = Usable | Verdict | Look[Fact]


def wanted(s: PoolSituation) -> Usable | None:
    """The version an existing pool is compared with; costs no read. None while it cannot be told: the pool keeps what it has."""
    if isinstance(s.spec.image, GalleryImage):
        return Usable(id=str(s.spec.image.id), version=s.spec.image.id.name)
    image = image_of(s)
    return image if isinstance(image, Usable) else None


def image_of(s: PoolSituation) -> Image:
    """The version the pool shall boot, proven to be in its region, or why there is none yet."""
    if not isinstance(s.facts.account, AccountView):
        return Look(frozenset({Fact.ACCOUNT}))
    region = s.facts.account.location
    if isinstance(s.spec.image, GalleryImage):
        return _by_id(s, s.spec.image, region)
    return _by_reference(s, s.spec.image.name, region)


def _by_id(s: PoolSituation, image: GalleryImage, region: str) -> Image:
    version = s.facts.version
    if version is UNSEEN:
        return Look(frozenset({Fact.VERSION}))
    if version is None:
        return Verdict(reasons.IMAGE_VERSION_NOT_FOUND, f"{image.id} does not exist. Correct spec.image.galleryImage.id.")
    usable = Usable(id=str(image.id), version=image.id.name)
    return _in_region(f"Version {image.id.name} of {image.id.names[-2]}", usable, region, version.complete, version.declared)


def _by_reference(s: PoolSituation, name: str, region: str) -> Image:
    image = s.facts.image
    if image is None or image.deleting:
        state = "is being deleted" if image else "does not exist"
        return Verdict(
            reasons.IMAGE_NOT_FOUND, f"CustomImage {name} {state} in this namespace. Apply it, or correct spec.image.customImageRef."
        )
    if region not in image.declared:
        message = (
            f"CustomImage {name} is not replicated to {region}, where the Batch account is. Add the region to its spec.replication.regions."
        )
        return Verdict(reasons.REGION_NOT_REPLICATED, message)
    if image.id is None or image.version is None:
        return Verdict(reasons.WAITING_FOR_IMAGE, f"CustomImage {name} has no version yet; its arrival wakes this pool.")
    usable = Usable(id=image.id, version=image.version)
    return _in_region(f"Version {image.version} of CustomImage {name}", usable, region, image.complete, image.declared)


def _in_region(what: str, usable: Usable, region: str, complete: frozenset[str], declared: frozenset[str]) -> Image:
    if region in complete:
        return usable
    if region in declared:
        return Verdict(reasons.WAITING_FOR_IMAGE, f"{what} is still being copied to {region}; its arrival wakes this pool.")
    return Verdict(
        reasons.REGION_NOT_REPLICATED, f"{what} is not replicated to {region}, where the Batch account is. Add the region to it."
    )


def node_agent_of(s: PoolSituation) -> str | Verdict | Look[Fact]:
    """The declared node agent, or the one the account lists for the base image."""
    if s.facts.agents is UNSEEN:
        return Look(frozenset({Fact.AGENTS}))
    known = {agent.sku.lower(): agent.sku for agent in s.facts.agents}
    declared = s.spec.node_agent_sku
    if declared is not None:
        if declared.lower() in known:
            return known[declared.lower()]
        message = f"spec.nodeAgentSku {declared!r} is not known to the account. It lists: {', '.join(sorted(set(known.values())))}."
        return Verdict(reasons.NODE_AGENT_UNKNOWN, message)
    base = s.facts.image.base_image if s.facts.image is not None else None
    if base is None:
        return Verdict(
            reasons.NODE_AGENT_UNKNOWN,
            "The image does not say what it was built from. Set spec.nodeAgentSku, or spec.baseImage of its CustomImage.",
        )
    wanted = (base.publisher.lower(), base.offer.lower(), base.sku.lower())
    for agent in s.facts.agents:
        if (agent.image.publisher.lower(), agent.image.offer.lower(), agent.image.sku.lower()) == wanted:
            return agent.sku
    message = f"The account lists no node agent for {base.publisher}/{base.offer}/{base.sku}. Correct baseImage, or set spec.nodeAgentSku."
    return Verdict(reasons.NODE_AGENT_UNKNOWN, message)


def size_problem(s: PoolSituation) -> Verdict | Look[Fact] | None:
    """Whether the account's region offers the declared VM size."""
    if s.facts.sizes is UNSEEN:
        return Look(frozenset({Fact.SIZES}))
    if s.spec.vm_size.lower() in s.facts.sizes:
        return None
    return Verdict(reasons.UNKNOWN_VM_SIZE, f"spec.vmSize {s.spec.vm_size} is not offered by Batch in {_region(s)}. Choose another size.")


def boots(pool_image: str | None, image: Usable) -> bool:
    """Whether a pool's image reference names this version."""
    return pool_image is not None and resource_id.same(pool_image, image.id)


def _region(s: PoolSituation) -> str:
    return s.facts.account.location if isinstance(s.facts.account, AccountView) else "the account's region"
