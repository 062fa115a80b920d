from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from kubernetes.aio.config import ConfigException

from poolwright.kube.connection import CONNECTIONS, api_client

KUBECONFIG = """
apiVersion: v1
kind: Config
current-context: here
contexts: [{name: here, context: {cluster: here, user: me}}]
clusters: [{name: here, cluster: {server: "http://127.0.0.1:1"}}]
users: [{name: me, user: {token: secret}}]
"""


def test_kubeconfig_is_the_one_named_now(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        client = await api_client()
        configuration = client.configuration
        assert configuration.host == "http://127.0.0.1:1"
        assert await configuration.get_api_key_with_prefix("BearerToken") == "Bearer secret"
        assert configuration.connection_pool_maxsize == CONNECTIONS
        assert configuration.retries is None
        await client.close()  # type: ignore[no-untyped-call] # the package has no annotations here

    path = tmp_path / "config"
    path.write_text(KUBECONFIG)
    monkeypatch.setenv("KUBECONFIG", str(path))
    asyncio.run(story())


def test_kubeconfig_goes_before_the_pod_it_runs_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "config"
    path.write_text(KUBECONFIG)
    monkeypatch.setenv("KUBECONFIG", str(path))
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "443")

    async def story() -> None:
        client = await api_client()
        assert client.configuration.host == "http://127.0.0.1:1"
        await client.close()  # type: ignore[no-untyped-call] # the package has no annotations here

    asyncio.run(story())


def test_in_a_pod_the_service_account_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """Here there is none, and the error says so instead of trying something else."""
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "443")
    with pytest.raises(ConfigException, match="Service token file"):
        asyncio.run(api_client())
