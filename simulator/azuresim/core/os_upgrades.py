"""Automatic upgrades of the operating system: nodes of a pool that follows the latest image move to a new version, some at a time.

After batch-upgrade-policy.md: the pool's image names no version; a new version counts once it is in the account's region and not excluded
from latest; with `osRollingUpgradeDeferral` only idle nodes are taken, else running tasks are put back.
"""

from __future__ import annotations

from typing import Any

from azuresim.core.allocation import Allocation
from azuresim.core.batch_accounts import BatchAccount
from azuresim.core.booting import Booting
from azuresim.core.errors import invalid_property
from azuresim.core.kernel import Kernel
from azuresim.core.node import Node
from azuresim.core.pool import Pool
from azuresim.core.pool_images import BootImage, PoolImages
from azuresim.core.scheduling import Scheduling

Json = dict[str, Any]
# Of all nodes, where the rolling policy does not say: that of scale sets.
_BATCH_PERCENT = 20


class OsUpgrades:
    """The upgrades of one world's pools."""

    def __init__(self, kernel: Kernel, images: PoolImages, booting: Booting, allocation: Allocation, scheduling: Scheduling) -> None:
        self._kernel = kernel
        self._images = images
        self._booting = booting
        self._allocation = allocation
        self._scheduling = scheduling

    @staticmethod
    def check(settings: Json) -> None:
        """400 for Windows machines that also update themselves: the two do not go together."""
        machines = settings.get("virtualMachineConfiguration") or {}
        own = (machines.get("windowsConfiguration") or {}).get("enableAutomaticUpdates", True)
        if _policy(settings) is not None and own and "windows" in str(machines.get("nodeAgentSKUId", "")).lower():
            raise invalid_property(
                "upgradePolicy", "Automatic OS upgrade needs windowsConfiguration.enableAutomaticUpdates to be false.", value="automatic"
            )

    def watch(self, account: BatchAccount, pool: Pool) -> None:
        """Look for new versions from now on, if the pool's policy says so; harmless when it is watched already."""
        if _policy(pool.settings) is not None and not pool.upgrades_watched:
            self._appoint(account, pool, self._kernel.moment + self._kernel.durations.os_upgrade_check)

    def _appoint(self, account: BatchAccount, pool: Pool, at: float) -> None:
        pool.upgrades_watched = True
        self._kernel.agenda.at(at, lambda now: self._look(account, pool, now))

    def _look(self, account: BatchAccount, pool: Pool, now: float) -> None:
        pool.upgrades_watched = False
        policy = _policy(pool.settings)
        if policy is None or pool.state != "active":
            return
        image = self._images.resolve(pool.image_reference, account)
        pause = self._kernel.durations.os_upgrade_check
        if isinstance(image, BootImage) and self._upgrade(account, pool, image, policy, now):
            pause = self._kernel.durations.os_upgrade + self._kernel.durations.node_start
        self._appoint(account, pool, now + pause)

    def _upgrade(self, account: BatchAccount, pool: Pool, image: BootImage, policy: Json, now: float) -> bool:
        """Take the next nodes; whether any are on their way."""
        if any(node.state(now)[0] == "upgradingos" for node in pool.nodes.values()):
            return True
        ready = {"idle"} if policy.get("osRollingUpgradeDeferral") else {"idle", "running"}
        behind = [n for n in pool.nodes.values() if n.image.exact_version != image.exact_version and n.state(now)[0] in ready]
        percent = (pool.settings["upgradePolicy"].get("rollingUpgradePolicy") or {}).get("maxBatchInstancePercent", _BATCH_PERCENT)
        chosen = behind[: max(1, len(pool.nodes) * percent // 100)]
        for node in chosen:
            self._renew(account, pool, node, image, now)
        if chosen:
            self._allocation.expect(account, pool, chosen)
            self._scheduling.fill(account, pool, now)
        return bool(chosen)

    def _renew(self, account: BatchAccount, pool: Pool, node: Node, image: BootImage, now: float) -> None:
        node.image = image
        node.boot = self._booting.again(pool, image, ((now, "upgradingos"),), now + self._kernel.durations.os_upgrade)
        self._scheduling.release(account, node, "requeue", now)


def _policy(settings: Json) -> Json | None:
    """The automatic upgrade a pool asks for."""
    policy: Json = settings.get("upgradePolicy") or {}
    automatic: Json = policy.get("automaticOSUpgradePolicy") or {}
    return automatic if automatic.get("enableAutomaticOSUpgrade") and str(policy.get("mode", "")).lower() != "manual" else None
