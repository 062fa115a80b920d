"""Everything a person may set, as environment variables ``POOLWRIGHT_…``; nothing else configures the operator."""

from __future__ import annotations

import socket

from pydantic import AliasChoices, Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Seconds where a name says so. The defaults are for the public cloud and a pod of ``manifests/base``."""

    model_config = SettingsConfigDict(env_prefix="POOLWRIGHT_", frozen=True)

    namespace: str = Field("poolwright-system", validation_alias=AliasChoices("POOLWRIGHT_NAMESPACE", "POD_NAMESPACE"))
    """Where the Lease is kept."""
    identity: str = Field(default_factory=socket.gethostname, validation_alias=AliasChoices("POOLWRIGHT_IDENTITY", "POD_NAME"))
    """Who holds the Lease."""
    cluster_id: str = ""
    """Part of the ownership mark; empty: the uid of the namespace kube-system."""

    pool_poll_seconds: float = Field(20.0, gt=0)
    """Between two listings of an account's pools."""
    node_count_seconds: float = Field(60.0, gt=0)
    """Between two counts of an account's nodes by state."""
    image_poll_seconds: float = Field(300.0, gt=0)
    """Between two looks at a converged image."""
    image_motion_seconds: float = Field(30.0, gt=0)
    """Between two looks at an image that is being published or replicated."""
    volatile_status_seconds: float = Field(300.0, ge=0)
    """How old node counts by state and percentages may be in a status when nothing else in it changes."""
    pool_workers: int = Field(16, gt=0)
    """How many pools are worked on at the same time."""
    image_workers: int = Field(8, gt=0)
    """How many images are worked on at the same time."""

    resource_manager: str = "https://management.azure.com"
    """The address of ARM; authority and credentials come from azure-identity's own variables (AZURE_…)."""
    resource_manager_scope: str = "https://management.azure.com/.default"
    """What tokens for ARM are asked for."""
    batch_scope: str = "https://batch.core.windows.net//.default"
    """What tokens for the Batch service are asked for; the two slashes are meant."""
    instance_discovery: bool = True
    """Whether azure-identity asks the public login host about the authority; off for private clouds and simulators."""

    http_host: str = "0.0.0.0"  # noqa: S104 - probes come from the kubelet, from outside the pod
    """Where /metrics, /healthz and /readyz are served."""
    http_port: int = Field(8080, ge=0, le=65535)
    """0: a free one, which is logged."""
    log_level: str = "INFO"
    """DEBUG, INFO, WARNING or ERROR."""
