"""Prometheus series. Names for reconciles, queues and leadership are controller-runtime's, so that stock dashboards work."""

from __future__ import annotations

import platform
from collections.abc import Callable, Collection

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from poolwright import __version__

SECONDS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class PrometheusMetrics:
    """Counts in a registry of its own. No label ever carries an object's name: those series belong to kube-state-metrics."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()

        def gauge(name: str, text: str, *labels: str) -> Gauge:
            return Gauge(name, text, labels, registry=registry)

        def counter(name: str, text: str, *labels: str) -> Counter:
            return Counter(name, text, labels, registry=registry)

        def histogram(name: str, text: str, *labels: str) -> Histogram:
            return Histogram(name, text, labels, buckets=SECONDS, registry=registry)

        self._depth = gauge("workqueue_depth", "Keys waiting.", "name")
        self._adds = counter("workqueue_adds", "Keys added.", "name")
        self._retries = counter("workqueue_retries", "Keys put back after a failure.", "name")
        self._waits = histogram("workqueue_queue_duration_seconds", "Time waited.", "name")
        self._works = histogram("workqueue_work_duration_seconds", "Time worked.", "name")
        self._unfinished = gauge(
            "workqueue_unfinished_work_seconds", "How long the passes under way have taken so far, all together.", "name"
        )
        self._longest = gauge(
            "workqueue_longest_running_processor_seconds", "How long the longest of the passes under way has taken so far.", "name"
        )
        self._passes = counter("controller_runtime_reconcile", "Passes by result.", "controller", "result")
        self._errors = counter("controller_runtime_reconcile_errors", "Passes that failed.", "controller")
        self._times = histogram("controller_runtime_reconcile_time_seconds", "Length of a pass.", "controller")
        self._active = gauge("controller_runtime_active_workers", "Passes under way.", "controller")
        self._most = gauge("controller_runtime_max_concurrent_reconciles", "Passes that can be under way at once.", "controller")
        self._azure = counter("azure_requests", "Requests to Azure by code; 0: no answer.", "service", "method", "code")
        self._azure_times = histogram("azure_request_duration_seconds", "Time to the answer.", "service", "method")
        self._throttled = counter("azure_throttled", "Requests answered 429.", "service")
        self._kubernetes = counter("rest_client_requests", "Requests to the API server by code; 0: no answer.", "method", "code")
        self._accounts = gauge("poolwright_batch_account_up", "Whether the account's pools could be listed last time.", "account")
        self._polls = counter("poolwright_batch_account_polls", "Listings of an account's pools.", "account", "result")
        self._polled = gauge(
            "poolwright_batch_account_listed_timestamp_seconds",
            "When the account's pools were last listed; now minus this is their age.",
            "account",
        )
        self._listed = gauge("poolwright_objects_listed_timestamp_seconds", "When all objects of a kind were last listed.", "kind")
        self._heard = gauge("poolwright_watch_event_timestamp_seconds", "When the watch last told of an object of a kind.", "kind")
        self._dropped = counter("poolwright_events_dropped", "Kubernetes events that were not written.")
        self._lag = histogram("poolwright_event_loop_lag_seconds", "How late the event loop wakes a sleeper.")
        self._leader = gauge("leader_election_master_status", "1 while this process leads.", "name")
        build = gauge("poolwright_build_info", "Always 1.", "version", "python")
        build.labels(__version__, platform.python_version()).set(1)

    def queue_depth(self, queue: str, depth: int) -> None:
        """How many keys wait."""
        self._depth.labels(queue).set(depth)

    def queue_added(self, queue: str) -> None:
        """A key was added."""
        self._adds.labels(queue).inc()

    def queue_retried(self, queue: str) -> None:
        """A key was put back after a failure."""
        self._retries.labels(queue).inc()

    def queue_waited(self, queue: str, seconds: float) -> None:
        """A key waited this long before a worker took it."""
        self._waits.labels(queue).observe(seconds)

    def queue_worked(self, queue: str, seconds: float) -> None:
        """A worker was done with a key after this long."""
        self._works.labels(queue).observe(seconds)

    def queue_watched(self, queue: str, running: Callable[[], Collection[float]]) -> None:
        """Both gauges are computed when they are read."""
        self._unfinished.labels(queue).set_function(lambda: sum(running()))
        self._longest.labels(queue).set_function(lambda: max(running(), default=0.0))

    def reconciled(self, controller: str, result: str, seconds: float) -> None:
        """One pass ended."""
        self._passes.labels(controller, result).inc()
        self._times.labels(controller).observe(seconds)
        if result == "error":
            self._errors.labels(controller).inc()

    def active_workers(self, controller: str, active: int) -> None:
        """How many passes are under way."""
        self._active.labels(controller).set(active)

    def most_workers(self, controller: str, most: int) -> None:
        """How many passes can be under way at the same time."""
        self._most.labels(controller).set(most)

    def objects_listed(self, kind: str, at: float) -> None:
        """All objects of a kind were listed."""
        self._listed.labels(kind).set(at)

    def object_heard_of(self, kind: str, at: float) -> None:
        """The watch told of an object."""
        self._heard.labels(kind).set(at)

    def azure_request(self, service: str, method: str, code: str, seconds: float) -> None:
        """One HTTP request to Azure was answered; code ``0`` means it was not."""
        self._azure.labels(service, method, code).inc()
        self._azure_times.labels(service, method).observe(seconds)
        if code == "429":
            self._throttled.labels(service).inc()

    def kubernetes_request(self, method: str, code: str) -> None:
        """One HTTP request to the API server was answered; code ``0`` means it was not."""
        self._kubernetes.labels(method, code).inc()

    def account_polled(self, account: str, at: float, *, succeeded: bool) -> None:
        """The pools of an account were listed, or could not be."""
        self._accounts.labels(account).set(succeeded)
        self._polls.labels(account, "success" if succeeded else "error").inc()
        if succeeded:
            self._polled.labels(account).set(at)

    def account_left(self, account: str) -> None:
        """An account that is not followed any more is neither up nor down; how often it was listed stays counted."""
        for series in (self._accounts, self._polled):
            series.remove_by_labels({"account": account})

    def event_dropped(self) -> None:
        """An event was not written."""
        self._dropped.inc()

    def loop_lagged(self, seconds: float) -> None:
        """The event loop woke a sleeper this much too late."""
        self._lag.observe(seconds)

    def leading(self, lease: str, *, leads: bool) -> None:
        """Whether this process holds the lease."""
        self._leader.labels(lease).set(leads)
