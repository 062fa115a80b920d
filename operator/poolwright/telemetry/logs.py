"""Logs: one JSON object a line, a constant message, and the facts as fields."""

from __future__ import annotations

import logging

from pythonjsonlogger.json import JsonFormatter


def configure(level: str) -> None:
    """Send every logger's lines to standard error as JSON."""
    handler = logging.StreamHandler()
    handler.setFormatter(
        JsonFormatter("%(message)s", timestamp=True, rename_fields={"levelname": "level", "name": "logger"}, reserved_attrs=_ATTRIBUTES)
    )
    logging.basicConfig(level=level, handlers=[handler], force=True)
    # These tell of every request and every event at INFO; the metrics count them.
    for name in ("azure", "kopf", "aiohttp.access", "msal"):
        logging.getLogger(name).setLevel(logging.WARNING)


_ATTRIBUTES = [name for name in logging.makeLogRecord({}).__dict__ if name not in {"levelname", "name"}]
# kopf hangs these on its records: a settings object, and what only its own event poster reads.
_ATTRIBUTES += ["settings", "k8s_skip", "k8s_ref"]
