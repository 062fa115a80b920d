"""What is said where no route leads."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from azuresim.core.errors import ServiceError
from azuresim.wire.http import Request
from azuresim.wire.routing import Router, Service

# The first part of a path, where it tells the service; every other path is ARM's.
_DATA_PLANES = frozenset({"batch", "blob"})
_VERBS = ("GET", "HEAD", "PUT", "POST", "PATCH", "DELETE")


# What Batch has and this simulator has not (tests/simulator/unrouted.yaml says why).
_NOT_SIMULATED = re.compile(
    r"/batch/[^/]+/(?:(?:applications|jobschedules|poolusagemetrics)|pools/[^/]+/nodes/[^/]+/(?:users|extensions|uploadbatchservicelogs)"
    r"|jobs/[^/]+/(?:jobpreparationandreleasetaskstatus|tasks/[^/]+/(?:files|subtasksinfo)))(?:/.*)?",
    re.IGNORECASE,
)


def unmatched(request: Request, router: Router, services: Iterable[Service]) -> tuple[Service, ServiceError] | None:
    """The data plane that a path lies in and its error; None for ARM's paths.

    405 where another verb is answered, 501 for what the service has and the simulator has not, else 400.
    """
    first = request.segments[0]
    service = next((s for s in services if s.name == first), None) if first in _DATA_PLANES else None
    if service is None:
        return None
    if any(router.find(replace(request, method=verb)) for verb in _VERBS):
        return service, ServiceError(405, "UnsupportedHttpVerb", "The resource doesn't support the specified HTTP verb.")
    if _NOT_SIMULATED.fullmatch(request.path):
        return service, ServiceError(501, "NotImplemented", "azuresim does not simulate this operation of Batch.")
    return service, ServiceError(400, "InvalidUri", "The requested URI does not represent any resource on the server.")
