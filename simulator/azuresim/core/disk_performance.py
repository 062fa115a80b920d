"""What a managed disk of a kind and size does: tier, operations and megabytes a second.

Numbers: MicrosoftDocs/azure-compute-docs, virtual-machines/disks-types.md; those of 1 to 30 GiB are also in recorded traffic.
"""

from __future__ import annotations

from typing import Any

from azuresim.core.errors import invalid_parameter

Json = dict[str, Any]

# GiB at most, tier, IOPS, MB/s.
_PREMIUM = (
    (4, "P1", 120, 25), (8, "P2", 120, 25), (16, "P3", 120, 25), (32, "P4", 120, 25), (64, "P6", 240, 50), (128, "P10", 500, 100),
    (256, "P15", 1_100, 125), (512, "P20", 2_300, 150), (1_024, "P30", 5_000, 200), (2_048, "P40", 7_500, 250), (4_096, "P50", 7_500, 250),
    (8_192, "P60", 16_000, 500), (16_384, "P70", 18_000, 750), (32_767, "P80", 20_000, 900),
)  # fmt: skip
_STANDARD_SSD = ((4_096, 500, 100), (8_192, 2_000, 400), (16_384, 4_000, 600), (32_767, 6_000, 750))
_STANDARD_HDD = ((4_096, 500, 60), (8_192, 1_300, 300), (32_767, 2_000, 500))
_DECLARED = {"ultrassd_lrs": (500, 4), "premiumv2_lrs": (3_000, 125)}
_TIERS = [tier for _, tier, _, _ in _PREMIUM]

MAX_GIB = 32_767
# What the owner of such a disk sets; for all others it follows from the size.
PERFORMANCE = ("diskIOPSReadWrite", "diskMBpsReadWrite")
KINDS = {
    name.lower(): name
    for name in (
        "Standard_LRS", "Standard_ZRS", "StandardSSD_LRS", "StandardSSD_ZRS", "Premium_LRS", "Premium_ZRS", "PremiumV2_LRS", "UltraSSD_LRS",
    )
}  # fmt: skip


def known_sku(name: str, path: str = "sku.name") -> str:
    """As the service writes it. Raises 400, naming ``path``."""
    known = KINDS.get(name.lower())
    if known is None:
        raise invalid_parameter(f"The value '{name}' of parameter '{path}' is invalid.", target=path)
    return known


def sku_tier(sku: str) -> str:
    """What `sku.tier` shows."""
    name = sku.lower()
    return "Premium" if name.startswith("premium") else "Ultra" if name.startswith("ultra") else "Standard"


def is_declared(sku: str) -> bool:
    """Whether the owner sets the performance."""
    return sku.lower() in _DECLARED


def performance(sku: str, size_gib: int, given: Json) -> Json:
    """The members a disk shows; ``given`` are the declared ones, a `tier` above the size's own among them."""
    kind = sku.lower()
    if kind in _DECLARED:
        operations, megabytes = _DECLARED[kind]
        return {
            "diskIOPSReadWrite": given.get("diskIOPSReadWrite", operations),
            "diskMBpsReadWrite": given.get("diskMBpsReadWrite", megabytes),
        }
    if kind.startswith("premium"):
        own = next(row for row in _PREMIUM if size_gib <= row[0])
        wanted = given.get("tier")
        raised = _PREMIUM[_TIERS.index(wanted)] if wanted in _TIERS and _TIERS.index(wanted) > _TIERS.index(own[1]) else own
        return {"diskIOPSReadWrite": raised[2], "diskMBpsReadWrite": raised[3], "tier": raised[1]}
    rows = _STANDARD_SSD if kind.startswith("standardssd") else _STANDARD_HDD
    _, operations, megabytes = next(row for row in rows if size_gib <= row[0])
    return {"diskIOPSReadWrite": operations, "diskMBpsReadWrite": megabytes}
