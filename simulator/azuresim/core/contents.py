"""What is on a disk, as far as it decides anything later. It travels with every copy: from VM to snapshot, image, version and node."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

OsType = Literal["Linux", "Windows"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """The bits of one disk.

    ``os_type`` is None for a disk without an operating system. ``generalized`` means that waagent -deprovision or sysprep ran on it:
    a Batch node that boots from anything else never turns idle. ``agent`` tells whether an Azure agent is installed and enabled.
    ``image`` is the Marketplace image it began as: publisher, offer, SKU.
    """

    size_gib: int
    os_type: OsType | None = None
    generation: Literal["V1", "V2"] = "V1"
    architecture: str = "x64"
    security_type: str = "Standard"
    generalized: bool = False
    agent: bool = True
    image: tuple[str, str, str] | None = None
