"""What a pool's state forbids, in the service's codes and words."""

from __future__ import annotations

from azuresim.core.errors import ServiceError
from azuresim.core.pool import Pool


def pool_not_found() -> ServiceError:
    """404 in the service's words."""
    return ServiceError(404, "PoolNotFound", "The specified pool does not exist.")


def being_deleted() -> ServiceError:
    """409 for every write to a pool on its way out."""
    return ServiceError(409, "PoolBeingDeleted", "The specified pool has been marked for deletion and is being reclaimed.")


def invalid_state(reason: str) -> ServiceError:
    """409 for what is right at another time."""
    return ServiceError(
        409,
        "OperationInvalidForCurrentState",
        "The specified operation is not valid for the current state of the resource.",
        values=(("Reason", reason),),
    )


def require_steady(pool: Pool) -> None:
    """409 while a resize runs or is being stopped."""
    if pool.allocation_state != "steady":
        raise ServiceError(409, "PoolBeingResized", "The specified pool is being resized.")
