"""What is counted. Names and labels of the exported series are in ``telemetry.metrics``."""

from __future__ import annotations

from typing import Protocol


class Metrics(Protocol):
    """Receives facts; must neither fail nor block."""

    def queue_depth(self, queue: str, depth: int) -> None:
        """How many keys wait."""

    def queue_added(self, queue: str) -> None:
        """A key was added."""

    def queue_retried(self, queue: str) -> None:
        """A key was put back after a failure."""

    def queue_waited(self, queue: str, seconds: float) -> None:
        """A key waited this long before a worker took it."""

    def queue_worked(self, queue: str, seconds: float) -> None:
        """A worker was done with a key after this long."""

    def reconciled(self, controller: str, result: str, seconds: float) -> None:
        """One pass ended: ``success``, ``requeue``, ``requeue_after`` or ``error``, as in controller-runtime."""

    def active_workers(self, controller: str, active: int) -> None:
        """How many passes are under way."""

    def azure_request(self, service: str, method: str, code: str, seconds: float) -> None:
        """One HTTP request to Azure was answered; code ``0`` means it was not."""

    def kubernetes_request(self, method: str, code: str) -> None:
        """One HTTP request to the API server was answered; code ``0`` means it was not."""

    def account_polled(self, account: str, *, succeeded: bool) -> None:
        """The pools of an account were listed, or could not be."""

    def leading(self, lease: str, *, leads: bool) -> None:
        """Whether this process holds the lease."""
