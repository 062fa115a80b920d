"""The digest that ties a version to the source it was made from.

Over exactly what the user wrote under ``spec.source``: no defaults and nothing resolved, so that neither an upgrade of the operator
nor of Azure ever rebuilds an image. The prefix names this recipe; a new recipe gets a new prefix and the old one stays readable.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping


def source_digest(source: Mapping[str, object]) -> str:
    """``v1:`` and the SHA-256 of the canonical JSON (sorted keys, no blanks, UTF-8)."""
    canonical = json.dumps(source, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return f"v1:{hashlib.sha256(canonical.encode()).hexdigest()}"
