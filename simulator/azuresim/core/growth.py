"""Which nodes can come now: image and size, quotas, limits and capacity."""

from __future__ import annotations

from typing import Any

from azuresim.core.batch_accounts import BatchAccount
from azuresim.core.booting import Booting
from azuresim.core.catalogue import Catalogue, VmSize
from azuresim.core.errors import ServiceError
from azuresim.core.kernel import Kernel
from azuresim.core.node import Boot, Node
from azuresim.core.pool import Pool
from azuresim.core.pool_images import BootImage, PoolImages
from azuresim.core.quotas import Quotas
from azuresim.core.resize_errors import resize_error

Json = dict[str, Any]
# Nodes of a pool with inter-node communication: batch-quota-limit.md.
_INTER_NODE_LIMITS = {"BatchService": 100, "UserSubscription": 80}


class Growth:
    """Makes nodes, a wave at a time."""

    def __init__(self, kernel: Kernel, catalogue: Catalogue, images: PoolImages, booting: Booting, quotas: Quotas) -> None:
        self._kernel = kernel
        self._catalogue = catalogue
        self._images = images
        self._booting = booting
        self._quotas = quotas

    def wave(self, account: BatchAccount, pool: Pool, at: float, fault: str | None) -> tuple[list[Node], dict[bool, Json]]:
        """The nodes made now, and the kinds (dedicated: True) that are refused, with their errors."""
        missing = {kind: count for kind, count in pool.missing().items() if count}
        if fault == "AllocationTimedout":
            return [], {}
        image, refusal = self._bootable(account, pool, fault)
        if image is None:
            return [], {kind: resize_error(dedicated=kind, **refusal) for kind in missing}
        size = self._known_size(pool)
        made: list[Node] = []
        refused: dict[bool, Json] = {}
        for dedicated, count in missing.items():
            if not dedicated and not size.low_priority:
                refused[dedicated] = resize_error("UnsupportedVMSize", dedicated=dedicated)
                continue
            for _ in range(min(count, self._kernel.durations.pool_wave_nodes - len(made))):
                error = self._refusal(account, pool, size, dedicated=dedicated)
                if error is not None:
                    refused[dedicated] = error
                    break
                if not account.has_capacity(size):
                    break
                made.append(self._add_node(account, pool, image, dedicated=dedicated, at=at))
        return made, refused

    def furnish(self, account: BatchAccount, pool: Pool, at: float) -> None:
        """All missing nodes, idle, whatever quotas say; a pool whose image cannot be found has none."""
        image, _ = self._bootable(account, pool, None)
        if image is None:
            return
        for dedicated, count in pool.missing().items():
            for _ in range(count):
                node = self._add_node(account, pool, image, dedicated=dedicated, at=at)
                node.boot = Boot(phases=((at, "idle"),), reported=at)

    def has_capacity(self, account: BatchAccount, pool: Pool) -> bool:
        """Whether the region can give one more node."""
        return account.has_capacity(self._known_size(pool))

    def count_machine(self, account: BatchAccount, pool: Pool, *, sign: int) -> None:
        """A machine was taken from the region (1) or goes back to it (-1)."""
        account.count_machine(self._known_size(pool), sign=sign)

    def count(self, account: BatchAccount, pool: Pool, node: Node, *, sign: int) -> None:
        """A node came (1) or went (-1), with its machine if it has one."""
        size, dedicated = self._known_size(pool), node.dedicated
        account.count_cores(size, dedicated=dedicated, sign=sign)
        if not node.preempted:
            account.count_machine(size, sign=sign)
        if account.allocation_mode == "UserSubscription":
            self._quotas.count_node(account.id.subscription, account.location, size, low_priority=not dedicated, sign=sign)

    def _bootable(self, account: BatchAccount, pool: Pool, fault: str | None) -> tuple[BootImage | None, Json]:
        """The image nodes boot from; without one, the code and details of the error."""
        if fault is not None:
            reason = "Allocation failed due to insufficient capacity in the region." if fault == "AllocationFailed" else None
            return None, {"code": fault, "reason": reason}
        if not pool.machines:
            # Cloud services are retired since 2024-02-29.
            return None, {"code": "AllocationFailed", "reason": "Pools with cloudServiceConfiguration are no longer supported."}
        size = self._catalogue.size(pool.vm_size, account.location)
        if size is None:
            return None, {"code": "UnsupportedVMSize"}
        image = self._images.resolve(pool.image_reference, account)
        if isinstance(image, str):
            return None, {"code": "AllocationFailed", "reason": image}
        misfit = image.misfit(size, _security_type(pool))
        if misfit is not None:
            return None, {"code": "AllocationFailed", "reason": misfit, "provider": ("BadRequest", misfit)}
        return image, {}

    def _refusal(self, account: BatchAccount, pool: Pool, size: VmSize, *, dedicated: bool) -> Json | None:
        """The error one more node would meet."""
        if pool.settings["enableInterNodeCommunication"] and len(pool.nodes) >= _INTER_NODE_LIMITS[account.allocation_mode]:
            return resize_error("CommunicationEnabledPoolReachedMaxVMCount", dedicated=dedicated)
        code = account.refusal(size, dedicated=dedicated)
        if code is not None:
            return resize_error(code, dedicated=dedicated)
        if account.allocation_mode == "BatchService":
            return None
        try:
            self._quotas.require(account.id.subscription, account.location, size, low_priority=not dedicated)
        except ServiceError as over:
            if not dedicated:
                return resize_error("AccountSpotCoreQuotaReached", dedicated=False)
            return resize_error("AllocationFailed", dedicated=True, reason=over.message, provider=(over.code, over.message))
        return None

    def _add_node(self, account: BatchAccount, pool: Pool, image: BootImage, *, dedicated: bool, at: float) -> Node:
        node = Node(
            id=f"tvmps_{self._kernel.ids.hex(64)}_{'d' if dedicated else 'p'}",
            number=pool.nodes_made,
            dedicated=dedicated,
            image=image,
            allocated=at,
            boot=self._booting.create(pool, image, at),
        )
        pool.nodes_made += 1
        pool.nodes[node.id] = node
        pool.dedicated_count += dedicated
        self.count(account, pool, node, sign=1)
        return node

    def _known_size(self, pool: Pool) -> VmSize:
        """The size of nodes that exist, though the region may offer it no more."""
        size = self._catalogue.size(pool.vm_size, "")
        if size is None:
            raise LookupError(f"pool {pool.id} has nodes of the unknown size {pool.vm_size}")
        return size


def _security_type(pool: Pool) -> str:
    profile = pool.machines.get("securityProfile") or {}
    return str(profile.get("securityType", ""))
