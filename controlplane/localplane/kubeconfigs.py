"""Kubeconfig files, complete in themselves. They are written as JSON, which every YAML reader reads."""

from __future__ import annotations

import base64
import json
from pathlib import Path

from localplane.certificates import Pair


def with_certificate(path: Path, *, server: str, authority: bytes, client: Pair) -> Path:
    """Write a kubeconfig for the holder of a client certificate."""
    user = {"client-certificate-data": _encoded(client.certificate), "client-key-data": _encoded(client.key)}
    return _write(path, server=server, authority=authority, user=user, namespace="default")


def with_token(path: Path, *, server: str, authority: bytes, token: str, namespace: str) -> Path:
    """Write a kubeconfig for the holder of a bearer token, whose commands go to ``namespace`` unless they say otherwise."""
    return _write(path, server=server, authority=authority, user={"token": token}, namespace=namespace)


def _write(path: Path, *, server: str, authority: bytes, user: dict[str, str], namespace: str) -> Path:
    name = "poolwright-local"
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": {"server": server, "certificate-authority-data": _encoded(authority)}}],
        "users": [{"name": name, "user": user}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name, "namespace": namespace}}],
        "current-context": name,
    }
    path.touch(mode=0o600)
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    return path


def _encoded(pem: bytes) -> str:
    return base64.b64encode(pem).decode()
