"""What a service refuses with. Raised by the core, written as an envelope by the wire adapter of the service."""

from __future__ import annotations

from collections.abc import Mapping


class ServiceError(Exception):
    """One refused request.

    ``values`` become the Batch envelope's key/value details; ``target`` is ARM's name of the offending property.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        target: str | None = None,
        values: tuple[tuple[str, str], ...] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.target = target
        self.values = values
        self.headers = dict(headers or {})


def invalid_parameter(message: str, *, target: str | None = None) -> ServiceError:
    """ARM's 400 for a value that no retry will make right."""
    return ServiceError(400, "InvalidParameter", message, target=target)


def check_range(value: int, name: str, lowest: int, highest: int) -> None:
    """Raises ARM's 400 for a number outside of its bounds, which belong to it."""
    if not lowest <= value <= highest:
        raise invalid_parameter(
            f"The value {value} of parameter {name} is out of range. The value must be between {lowest} and {highest}, inclusive.",
            target=name,
        )


def invalid_property(name: str, reason: str, *, value: str | None = None) -> ServiceError:
    """Batch's 400; the details name the property, its value where the service shows it, and the reason."""
    values = [("PropertyName", name)]
    if value is not None:
        values.append(("PropertyValue", value))
    values.append(("Reason", reason))
    return ServiceError(
        400,
        "InvalidPropertyValue",
        "The value provided for one of the properties in the request body is invalid.",
        values=tuple(values),
    )
