"""Who the operator is to Azure."""

from __future__ import annotations

from typing import TypeAlias

from azure.core.credentials_async import AsyncTokenCredential
from azure.identity.aio import DefaultAzureCredential

Credential: TypeAlias = AsyncTokenCredential


def azure_credential(*, instance_discovery: bool) -> DefaultAzureCredential:
    """What the environment offers: Workload ID in a cluster. Without ``instance_discovery`` the authority is trusted unasked."""
    return DefaultAzureCredential(disable_instance_discovery=not instance_discovery)
