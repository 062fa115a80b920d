"""The admin interface of a running simulator, asked from another process."""

from __future__ import annotations

import json
import ssl
from collections.abc import Mapping
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

_TIMEOUT_SECONDS = 30.0


class AdminError(Exception):
    """The simulator cannot be reached, or refuses; the message says why."""


class AdminClient:
    """One simulator, by its address and the file with the CA to trust."""

    def __init__(self, url: str, authority: Path | None) -> None:
        if not url.startswith("https://"):
            raise AdminError(f"{url!r} is no https address")
        self._url = url.rstrip("/")
        try:
            self._trust = ssl.create_default_context(cafile=None if authority is None else str(authority))
        except (OSError, ssl.SSLError) as wrong:
            raise AdminError(f"{authority} holds no certificate to trust: {wrong}") from wrong

    def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None, /, **query: Any) -> Any:
        """The JSON answer. Raises AdminError."""
        given = urlencode({name: value for name, value in query.items() if value is not None})
        address = f"{self._url}/_sim/{path}{'?' if given else ''}{given}"
        data = None if body is None else json.dumps(body).encode()
        request = Request(address, data, {"content-type": "application/json"}, method=method)  # noqa: S310  # https, see above
        try:
            with urlopen(request, timeout=_TIMEOUT_SECONDS, context=self._trust) as answer:  # noqa: S310  # as above
                return json.load(answer)
        except HTTPError as refused:
            raise AdminError(_reason(refused)) from refused
        except URLError as unreachable:
            hint = "; is --ca its certificate authority?" if isinstance(unreachable.reason, ssl.SSLError) else "; is it running?"
            raise AdminError(f"no simulator answers at {self._url} ({unreachable.reason}){hint}") from unreachable
        except (OSError, HTTPException, ValueError) as broken:
            raise AdminError(f"no simulator answers at {self._url} ({broken})") from broken


def _reason(refused: HTTPError) -> str:
    try:
        return str(json.load(refused)["error"])
    except (ValueError, KeyError, TypeError):
        return f"the simulator answered {refused.code}"
