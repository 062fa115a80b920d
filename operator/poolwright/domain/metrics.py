"""What is counted. Names and labels of the exported series are in ``telemetry.metrics``."""

from __future__ import annotations

from collections.abc import Callable, Collection
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

    def queue_watched(self, queue: str, running: Callable[[], Collection[float]]) -> None:
        """From now on ``running`` says, whenever somebody asks, for how many seconds each key of this queue has been worked on."""

    def reconciled(self, controller: str, result: str, seconds: float) -> None:
        """One pass ended: ``success``, ``requeue``, ``requeue_after`` or ``error``, as in controller-runtime."""

    def active_workers(self, controller: str, active: int) -> None:
        """How many passes are under way."""

    def most_workers(self, controller: str, most: int) -> None:
        """How many passes can be under way at the same time."""

    def objects_listed(self, kind: str, at: float) -> None:
        """All objects of a kind were listed; ``at`` in POSIX seconds, as in the other facts."""

    def object_heard_of(self, kind: str, at: float) -> None:
        """The watch told of an object."""

    def azure_request(self, service: str, method: str, code: str, seconds: float) -> None:
        """One HTTP request to Azure was answered; code ``0`` means it was not."""

    def kubernetes_request(self, method: str, code: str) -> None:
        """One HTTP request to the API server was answered; code ``0`` means it was not."""

    def account_polled(self, account: str, at: float, *, succeeded: bool) -> None:
        """The pools of an account were listed, or could not be."""

    def account_left(self, account: str) -> None:
        """Nobody has a pool in this account any more."""

    def event_dropped(self) -> None:
        """An event was not written: too many at once, or the API server refused it."""

    def loop_lagged(self, seconds: float) -> None:
        """The event loop woke a sleeper this much later than it should have."""

    def leading(self, lease: str, *, leads: bool) -> None:
        """Whether this process holds the lease."""
