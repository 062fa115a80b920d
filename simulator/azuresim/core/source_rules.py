"""Which sources fit which image definition, and the service's words for those that do not.

Texts: MicrosoftDocs/azure-compute-docs, virtual-machines/troubleshooting-shared-images.md, unless a comment says otherwise.
"""

from __future__ import annotations

from typing import Literal

from azuresim.core.contents import Contents
from azuresim.core.definitions import Definition
from azuresim.core.errors import ServiceError, invalid_parameter
from azuresim.core.regions import region_key

SourceKind = Literal["Vhd Blob", "User Image", "Gallery Image Version", "Virtual Machine", "Disk"]
_SUPPORTING = ("Vhd Blob", "User Image", "Gallery Image Version")
_STANDARD = "Standard"


def source_missing(text: str) -> ServiceError:
    """For a source that is not there, or not in the version's region."""
    return invalid_parameter(
        f"Source {text} is not found. Please check source exists, and is in the same region as gallery image version being created.",
        target="source",
    )


def source_gone(text: str) -> ServiceError:
    """For one that was there when the version was asked for."""
    return invalid_parameter(f"Source was not found: {text}. Please make sure the source exists.", target="source.id")


def invalid_id(text: str, path: str) -> ServiceError:
    """For what is no id at all; ``path`` is below `properties.storageProfile`."""
    return invalid_parameter(
        f"Property id '{text}' at path 'properties.storageProfile.{path}' is invalid. "
        "Expect fully qualified resource Id that start with '/subscriptions/<subscriptionID>'.",
        target=path,
    )


def check_place(text: str, location: str, home: str) -> None:
    """The source lies in the version's region."""
    if region_key(location) != region_key(home):
        raise source_missing(text)


def check_sort(text: str, contents: Contents, definition: Definition) -> None:
    """Generation, operating system and architecture are the definition's; for sources that know theirs."""
    own = (
        ("hyperVGeneration", "Hypervisor generation", contents.generation),
        ("osType", "OS type", contents.os_type),
        ("architecture", "architecture", contents.architecture),
    )
    for name, what, value in own:
        wanted = definition.properties[name]
        if value is not None and value != wanted:
            raise invalid_parameter(
                f"The resource with id '{text}' has a different {what} ['{value}'] than the parent gallery image {what} ['{wanted}'].",
                target="source.id",
            )


def check_os_state(text: str, definition: Definition, *, generalized: bool) -> None:
    """A generalised source for a generalised definition, and the other way round."""
    state = "Generalized" if generalized else "Specialized"
    if definition.properties["osState"] != state:
        raise invalid_parameter(
            f"Cannot create Gallery Image Version from: {text} since the OS State in the parent gallery image "
            f"({definition.properties['osState']}) is not {state}.",
            target="source.id",
        )


def check_security(text: str, kind: SourceKind, security_type: str, definition: Definition) -> None:
    """`...Supported` only from sources without a guest state; TrustedLaunch and ConfidentialVM exactly when the source has it."""
    wanted = definition.security_type
    if wanted.endswith("Supported"):
        if kind not in _SUPPORTING:
            # hashicorp/packer-plugin-azure#304.
            raise invalid_parameter(
                f"The security type '{wanted}' is not supported for the source id '{text}'. "
                f"Currently only {', '.join(_SUPPORTING[:-1])} and {_SUPPORTING[-1]} sources are supported for '{wanted}' images.",
                target="source.id",
            )
        if security_type == _STANDARD or security_type.endswith("Supported"):
            return
    elif security_type == wanted or (wanted == _STANDARD and security_type.endswith("Supported")):
        return
    raise invalid_parameter(
        f"The resource with id '{text}' has a different Security type ['{security_type}'] than the parent gallery image Security type "
        f"['{wanted}'].",
        target="source.id",
    )
