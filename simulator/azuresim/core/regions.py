"""Azure regions: `westus` is what people send, `West US` is what galleries answer."""

from __future__ import annotations

_DISPLAY_NAMES = (
    "East US", "East US 2", "West US", "West US 2", "West US 3", "Central US", "North Central US", "South Central US", "West Central US",
    "Canada Central", "Canada East", "Brazil South", "North Europe", "West Europe", "UK South", "UK West", "France Central",
    "Germany West Central", "Switzerland North", "Norway East", "Sweden Central", "Poland Central", "Italy North", "Spain Central",
    "East Asia", "Southeast Asia", "Japan East", "Japan West", "Korea Central", "Australia East", "Australia Southeast", "Central India",
    "South India", "UAE North", "Qatar Central", "South Africa North", "Israel Central", "Central US EUAP", "East US 2 EUAP",
)  # fmt: skip


def region_key(name: str) -> str:
    """The form for comparing: lower case, no spaces."""
    return name.replace(" ", "").lower()


_BY_KEY = {region_key(name): name for name in _DISPLAY_NAMES}


def is_region(name: str) -> bool:
    """Whether Azure has a region of that name, in either form."""
    return region_key(name) in _BY_KEY


def display_name(name: str) -> str:
    """`westus` → `West US`. Raises KeyError for an unknown region."""
    return _BY_KEY[region_key(name)]


def region_keys() -> tuple[str, ...]:
    """All regions, as `westus`."""
    return tuple(_BY_KEY)
