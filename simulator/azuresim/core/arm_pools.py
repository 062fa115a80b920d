"""Pools as the management plane writes them: over the same core as the data plane, and with what only ARM can set."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from azuresim.core.batch_accounts import BatchAccount
from azuresim.core.errors import ServiceError
from azuresim.core.iso_duration import parse_duration
from azuresim.core.pool import Pool
from azuresim.core.pool_planes import deallocation_option, scale_to_batch, shown_to_batch, to_batch
from azuresim.core.pool_settings import resize_request
from azuresim.core.pool_states import require_steady
from azuresim.core.pools import Pools

Json = dict[str, Any]
# MicrosoftDocs/azure-docs, batch-pool-update-properties.md: a PUT without scale settings means a fixed scale of nothing.
_NOTHING: Json = {"fixedScale": {"targetDedicatedNodes": 0, "targetLowPriorityNodes": 0}}


class ArmPools:
    """PUT and PATCH of pools; everything else the data plane's own methods do."""

    def __init__(self, pools: Pools) -> None:
        self._pools = pools

    @staticmethod
    def find(account: BatchAccount, name: str) -> Pool | None:
        """None when there is none."""
        return account.pools.get(name.lower())

    def put(self, account: BatchAccount, name: str, body: Mapping[str, Any]) -> Pool:
        """A new pool, or an existing one replaced as a whole: only what differs must be allowed to change now."""
        properties: Json = body.get("properties") or {}
        identity = self._identity(body.get("identity"))
        existing = self.find(account, name)
        if existing is None:
            pool = self._pools.create(account, {"id": name, **to_batch(properties)})
        else:
            scale = properties.get("scaleSettings") or _NOTHING
            self._check_scale(existing, scale)
            configuration = to_batch({member: value for member, value in properties.items() if member != "scaleSettings"})
            pool = self._pools.reconfigure(account, name, configuration)
            self._scale(account, pool, scale)
        pool.tags, pool.identity = dict(body.get("tags") or {}), identity
        return pool

    def patch(self, account: BatchAccount, name: str, body: Mapping[str, Any]) -> Pool:
        """Replace the members given; scale, metadata, packages and start task at any time, the rest without nodes."""
        properties = {member: value for member, value in (body.get("properties") or {}).items() if value is not None}
        scale = properties.pop("scaleSettings", None)
        identity = self._identity(body.get("identity"))
        pool = self._pools.get(account, name)
        self._check_scale(pool, scale)
        pool = self._pools.patch(account, name, to_batch(properties))
        self._scale(account, pool, scale)
        if "tags" in body:
            pool.tags = dict(body["tags"] or {})
        if body.get("identity") is not None:
            pool.identity = identity
        return pool

    def adopt(self, account: BatchAccount, name: str, body: Mapping[str, Any]) -> Pool:
        """A pool from its ARM body as the service shows it: finished, as far as the core's own ``adopt`` makes it."""
        pool = self._pools.adopt(account, {"id": name, **shown_to_batch(body.get("properties") or {})})
        pool.tags, pool.identity = dict(body.get("tags") or {}), self._identity(body.get("identity"))
        return pool

    @staticmethod
    def _identity(given: Mapping[str, Any] | None) -> Json | None:
        """User-assigned or nothing; a pool has no identity of its own."""
        if not given or given.get("type") != "UserAssigned":
            return None
        chosen = given.get("userAssignedIdentities") or {}
        if not chosen:
            raise ServiceError(
                400, "InvalidRequestBody", "The specified Request Body is not syntactically valid.",
                values=(("Reason", "identity.userAssignedIdentities must not be empty for identity type UserAssigned."),),
            )  # fmt: skip
        return {"type": "UserAssigned", "userAssignedIdentities": {name: dict(ids or {}) for name, ids in chosen.items()}}

    def _check_scale(self, pool: Pool, scale: Mapping[str, Any] | None) -> None:
        """Before anything is changed: whatever the scale alone is refused for."""
        if not scale:
            return
        if scale.get("autoScale"):
            wanted = scale_to_batch(scale)
            if not _scales_by(pool, wanted):
                self._pools.scaling.enabling(pool, wanted)
            return
        body = self._resize_body(pool, scale)
        if body:
            resize_request(body)
            require_steady(pool)

    def _scale(self, account: BatchAccount, pool: Pool, scale: Mapping[str, Any] | None) -> None:
        if not scale:
            return
        if scale.get("autoScale"):
            wanted = scale_to_batch(scale)
            if _scales_by(pool, wanted):
                return
            self._pools.scaling.enable(account, pool, wanted)
            self._pools.touch(pool)
            return
        body = self._resize_body(pool, scale)
        if body:
            if pool.auto_scale is not None:
                self._pools.scaling.disable(pool)
            self._pools.resize(account, pool.id, body)

    def _resize_body(self, pool: Pool, scale: Mapping[str, Any]) -> Json:
        """The data plane's resize that a fixed scale asks for; empty when the pool is there already."""
        if scale.get("autoScale"):
            return {}
        wanted = scale_to_batch(scale)
        have, target = pool.current(), pool.target
        counts = (
            (wanted.get("targetDedicatedNodes", target.dedicated), target.dedicated, have.dedicated),
            (wanted.get("targetLowPriorityNodes", target.low_priority), target.low_priority, have.low_priority),
        )
        moving = pool.allocation_state != "steady"
        reached = all(want == aim and (moving or aim == now) for want, aim, now in counts)
        if reached and pool.auto_scale is None:
            return {}
        option = deallocation_option(scale)
        targets = {"targetDedicatedNodes": target.dedicated, "targetLowPriorityNodes": target.low_priority}
        return targets | wanted | ({} if option is None else {"nodeDeallocationOption": option})


def _scales_by(pool: Pool, wanted: Json) -> bool:
    """Whether the pool is sized like that already: saying it again is no change, and the service would ask for a pause in between."""
    present, interval = pool.auto_scale, wanted.get("autoScaleEvaluationInterval")
    return (
        present is not None
        and present.formula == wanted.get("autoScaleFormula")
        and (interval is None or parse_duration(interval) == present.interval)
    )
