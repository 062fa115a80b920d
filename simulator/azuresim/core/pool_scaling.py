"""Pools sized by a formula: not on this branch of the core."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from azuresim.core.batch_accounts import BatchAccount
from azuresim.core.errors import ServiceError
from azuresim.core.pool import Pool


class AutoScaling:
    """Switches automatic scaling on and off."""

    def enable(self, _account: BatchAccount, _pool: Pool, _body: Mapping[str, Any]) -> None:
        """Size the pool by a formula."""
        raise ServiceError(501, "NotImplemented", "The simulator does not support enableAutoScale yet.")

    def disable(self, pool: Pool) -> None:
        """Keep the size there is."""
        pool.auto_scale = None
