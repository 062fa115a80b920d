"""A credential for synchronous clients."""

from __future__ import annotations

from typing import Any

from azure.core.credentials import AccessToken


class StaticToken:
    """A token that means nothing."""

    def get_token(self, *_scopes: str, **_options: Any) -> AccessToken:
        return AccessToken("token", 4_102_444_800)
