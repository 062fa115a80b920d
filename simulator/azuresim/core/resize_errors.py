"""Why a resize did not reach its target, in the service's codes and words."""

from __future__ import annotations

import json
from typing import Any

Json = dict[str, Any]

# Codes and sentences after .NET's PoolResizeErrorCodes, recorded traffic (ResizeStopped) and reports of the time-out, which a shrinking
# pool shows in the same words.
_MESSAGES = {
    "AccountCoreQuotaReached": "The specified account has reached core quota",
    "AccountVMSeriesCoreQuotaReached": "The specified account has reached VM series core quota",
    "AccountLowPriorityCoreQuotaReached": "The specified account has reached low-priority core quota",
    "AccountSpotCoreQuotaReached": "The specified account has reached Spot core quota",
    "AllocationTimedout": "Desired number of {kind} nodes could not be allocated as the resize timeout was reached",
    "AllocationFailed": "Desired number of {kind} nodes could not be allocated",
    "CommunicationEnabledPoolReachedMaxVMCount": "The pool has inter-node communication enabled and reached the maximum number of VMs",
    "RemoveNodesFailed": "Desired number of {kind} nodes could not be removed",
    "ResizeStopped": "Desired number of {kind} nodes could not be allocated due to a stop resize operation",
    "UnsupportedVMSize": "The specified VM size is not supported",
    "Unknown": "An unknown error occurred while resizing the pool",
}
REMOVAL_ERRORS = frozenset({"RemoveNodesFailed"})
ALLOCATION_ERRORS = frozenset(_MESSAGES) - REMOVAL_ERRORS


def resize_error(code: str, *, dedicated: bool, reason: str | None = None, provider: tuple[str, str] | None = None) -> Json:
    """One entry of `resizeErrors`. ``provider`` is the (code, message) of the compute service's own error."""
    message = _MESSAGES.get(code, _MESSAGES["Unknown"]).format(kind="dedicated" if dedicated else "low priority")
    values = []
    if reason is not None:
        values.append({"name": "Reason", "value": reason})
    if provider is not None:
        inner = {"error": {"code": provider[0], "message": provider[1]}}
        values.append({"name": "Provider Error Json", "value": json.dumps(inner)})
        values.append({"name": "Provider Error Json Truncated", "value": "False"})
    return {"code": code, "message": message, **({"values": values} if values else {})}
