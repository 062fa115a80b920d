"""What is said where no route leads."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from azuresim.core.errors import ServiceError
from azuresim.wire.http import Request
from azuresim.wire.routing import Router, Service

# The first part of a path, where it tells the service; every other path is ARM's.
_DATA_PLANES = frozenset({"batch", "blob"})
_VERBS = ("GET", "HEAD", "PUT", "POST", "PATCH", "DELETE")


def unmatched(request: Request, router: Router, services: Iterable[Service]) -> tuple[Service, ServiceError] | None:
    """The data plane that a path lies in and its error: 405 where another verb is answered, else 400; None for ARM's paths."""
    first = request.segments[0]
    service = next((s for s in services if s.name == first), None) if first in _DATA_PLANES else None
    if service is None:
        return None
    if any(router.find(replace(request, method=verb)) for verb in _VERBS):
        return service, ServiceError(405, "UnsupportedHttpVerb", "The resource doesn't support the specified HTTP verb.")
    return service, ServiceError(400, "InvalidUri", "The requested URI does not represent any resource on the server.")
