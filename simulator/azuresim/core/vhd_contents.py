"""What the simulator knows about the bits of a VHD, kept in the blob's metadata, so that every copy of the blob has it too.

Nobody looks into the bytes. A VHD without these entries is taken to be what its user says it is, deprovisioned included; one that is not is
marked with `azuresim_generalized: false`, by a seed document or by whoever uploads it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal, cast

from azuresim.core.contents import Contents, OsType

_PREFIX = "azuresim_"
GENERALIZED = f"{_PREFIX}generalized"


def described(contents: Contents) -> dict[str, str]:
    """The metadata that says what is on a VHD."""
    shown = {
        "generation": contents.generation,
        "architecture": contents.architecture,
        "securitytype": contents.security_type,
        "generalized": str(contents.generalized).lower(),
        "agent": str(contents.agent).lower(),
    }
    if contents.os_type is not None:
        shown["ostype"] = contents.os_type
    if contents.image is not None:
        shown["image"] = "/".join(contents.image)
    return {f"{_PREFIX}{name}": value for name, value in shown.items()}


def contents_of(metadata: Mapping[str, str], assumed: Contents) -> Contents:
    """``assumed``, with what the metadata say put over it."""
    said = {name.lower().removeprefix(_PREFIX): value for name, value in metadata.items() if name.lower().startswith(_PREFIX)}
    image = said.get("image", "").split("/")
    publisher_offer_sku = 3
    return replace(
        assumed,
        os_type=cast("OsType | None", said.get("ostype", assumed.os_type)),
        generation=cast("Literal['V1', 'V2']", said.get("generation", assumed.generation)),
        architecture=said.get("architecture", assumed.architecture),
        security_type=said.get("securitytype", assumed.security_type),
        generalized=said.get("generalized", str(assumed.generalized)).lower() == "true",
        agent=said.get("agent", str(assumed.agent)).lower() == "true",
        image=(image[0], image[1], image[2]) if len(image) == publisher_offer_sku else assumed.image,
    )
