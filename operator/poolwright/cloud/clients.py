"""SDK clients: one set a subscription, shared; endpoints come from settings and from ARM, never from names."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from azure.batch.aio import BatchClient
from azure.core.pipeline import policies
from azure.mgmt.batch.aio import BatchManagementClient
from azure.mgmt.compute.aio import ComputeManagementClient
from azure.mgmt.core.policies import AsyncARMChallengeAuthenticationPolicy
from azure.storage.blob.aio import BlobClient

from poolwright.cloud.credentials import Credential
from poolwright.cloud.transport import CountedTransport, Transport
from poolwright.domain.metrics import Metrics

ClientT = TypeVar("ClientT")


@dataclass(frozen=True, slots=True, kw_only=True)
class AzureCloud:
    """Where Azure is, and for whom tokens are asked. The defaults are the public cloud's."""

    resource_manager: str = "https://management.azure.com"
    resource_manager_scope: str = "https://management.azure.com/.default"
    # Two slashes: literally what azure-batch 15.1.0 asks for.
    batch_scope: str = "https://batch.core.windows.net//.default"


class AzureClients:
    """Makes clients on first use. SDK retries and automatic provider registration are off: both act behind the engine's back."""

    def __init__(self, cloud: AzureCloud, credential: Credential, transport: Transport, metrics: Metrics, version: str) -> None:
        self._cloud = cloud
        self._credential = credential
        self._transport = transport
        self._metrics = metrics
        self._agent = f"poolwright/{version}"
        self._made: dict[tuple[str, str], Any] = {}

    @property
    def resource_manager(self) -> str:
        """The address of ARM."""
        return self._cloud.resource_manager.rstrip("/")

    def compute(self, subscription: str) -> ComputeManagementClient:
        """Galleries, and later machines and disks."""
        return self._once("compute", subscription, lambda: self._arm(ComputeManagementClient, "compute", subscription))

    def batch_management(self, subscription: str) -> BatchManagementClient:
        """Batch accounts."""
        return self._once("batch-arm", subscription, lambda: self._arm(BatchManagementClient, "batch-arm", subscription))

    def storage_arm(self, subscription: str) -> ComputeManagementClient:
        """For generic reads of storage accounts: any ARM client sends them, a package of its own for one GET is not worth it."""
        return self._once("storage-arm", subscription, lambda: self._arm(ComputeManagementClient, "storage-arm", subscription))

    def batch(self, endpoint: str) -> BatchClient:
        """Pools of one account."""

        def make() -> BatchClient:
            return BatchClient(
                endpoint,
                self._credential,
                transport=self._counted("batch"),
                credential_scopes=[self._cloud.batch_scope],
                retry_total=0,
                user_agent=self._agent,
            )

        return self._once("batch", endpoint, make)

    def blob(self, uri: str) -> BlobClient:
        """One blob."""
        return BlobClient.from_blob_url(
            uri, credential=self._credential, transport=self._counted("blob"), retry_total=0, user_agent=self._agent
        )

    def _arm(self, kind: Callable[..., ClientT], service: str, subscription: str) -> ClientT:
        pipeline = [
            policies.RequestIdPolicy(),
            policies.HeadersPolicy(),
            policies.UserAgentPolicy(self._agent),
            policies.ContentDecodePolicy(),
            AsyncARMChallengeAuthenticationPolicy(self._credential, self._cloud.resource_manager_scope),
        ]
        scopes = [self._cloud.resource_manager_scope]
        return kind(
            self._credential,
            subscription,
            base_url=self.resource_manager,
            credential_scopes=scopes,
            transport=self._counted(service),
            policies=pipeline,
        )

    def _counted(self, service: str) -> CountedTransport:
        return CountedTransport(self._transport, service, self._metrics)

    def _once(self, service: str, key: str, make: Callable[[], ClientT]) -> ClientT:
        if (service, key) not in self._made:
            self._made[service, key] = make()
        client: ClientT = self._made[service, key]
        return client
