"""The few calls the control plane makes to its own API server."""

from __future__ import annotations

import http.client
import json
import ssl
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

_CALL_SECONDS = 10.0


@dataclass(frozen=True, kw_only=True)
class Client:
    """The administrator's way to the API server on a loopback port; ``folder`` holds ``ca.crt`` and ``admin.pem``."""

    folder: Path
    port: int

    @property
    def url(self) -> str:
        """The address a kubeconfig names."""
        return f"https://127.0.0.1:{self.port}"

    @property
    def authority(self) -> Path:
        """The certificate of the authority that signed the server's, PEM."""
        return self.folder / "ca.crt"

    def ready(self) -> bool:
        """Whether ``/readyz`` says yes; False as well while nobody answers."""
        try:
            status, _ = self.call("GET", "/readyz")
        except (OSError, http.client.HTTPException):
            return False
        return status == http.client.OK

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> tuple[int, str]:
        """One request; returns the status and the text of the answer. Raises OSError when nobody answers."""
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, context=self._tls, timeout=_CALL_SECONDS)
        try:
            connection.request(method, path, None if body is None else json.dumps(body), {"Content-Type": "application/json"})
            response = connection.getresponse()
            return response.status, response.read().decode()
        finally:
            connection.close()

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=self.authority)
        context.load_cert_chain(self.folder / "admin.pem")
        return context
