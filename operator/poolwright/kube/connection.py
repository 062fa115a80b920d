"""How the API server is reached: in a cluster by the pod's service account, elsewhere by KUBECONFIG."""

from __future__ import annotations

import os

from kubernetes.aio import config
from kubernetes.aio.client import ApiClient, Configuration

# kopf opens connections without limit, ours are bounded: each holds 256 KiB of buffers, and this many keep an API server busy.
CONNECTIONS = 16


async def api_client() -> ApiClient:
    """A client for the cluster this process runs in, or for the one KUBECONFIG names."""
    configuration = Configuration()
    if "KUBERNETES_SERVICE_HOST" in os.environ and "KUBECONFIG" not in os.environ:
        # Re-reads the projected token every minute.
        config.load_incluster_config(client_configuration=configuration)  # type: ignore[no-untyped-call] # no annotations there
    else:
        # The package reads the variable when it is imported; what counts is what it says now.
        await config.load_kube_config(os.environ.get("KUBECONFIG"), client_configuration=configuration)  # type: ignore[no-untyped-call] # as above
    configuration.connection_pool_maxsize = CONNECTIONS
    # `retries` off: the next pass is the retry.
    configuration.retries = None
    return ApiClient(configuration)
