"""Prometheus series. Names for reconciles, queues and leadership are controller-runtime's, so that stock dashboards work."""

from __future__ import annotations

import platform

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
        self._passes = counter("controller_runtime_reconcile", "Passes by result.", "controller", "result")
        self._errors = counter("controller_runtime_reconcile_errors", "Passes that failed.", "controller")
        self._times = histogram("controller_runtime_reconcile_time_seconds", "Length of a pass.", "controller")
        self._active = gauge("controller_runtime_active_workers", "Passes under way.", "controller")
        self._azure = counter("azure_requests", "Requests to Azure by code; 0: no answer.", "service", "method", "code")
        self._azure_times = histogram("azure_request_duration_seconds", "Time to the answer.", "service", "method")
        self._throttled = counter("azure_throttled", "Requests answered 429.", "service")
        self._kubernetes = counter("rest_client_requests", "Requests to the API server by code; 0: no answer.", "method", "code")
        self._accounts = gauge("poolwright_batch_account_up", "Whether the account's pools could be listed last time.", "account")
        self._polls = counter("poolwright_batch_account_polls", "Listings of an account's pools.", "account", "result")
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

    def reconciled(self, controller: str, result: str, seconds: float) -> None:
        """One pass ended."""
        self._passes.labels(controller, result).inc()
        self._times.labels(controller).observe(seconds)
        if result == "error":
            self._errors.labels(controller).inc()

    def active_workers(self, controller: str, active: int) -> None:
        """How many passes are under way."""
        self._active.labels(controller).set(active)

    def azure_request(self, service: str, method: str, code: str, seconds: float) -> None:
        """One HTTP request to Azure was answered; code ``0`` means it was not."""
        self._azure.labels(service, method, code).inc()
        self._azure_times.labels(service, method).observe(seconds)
        if code == "429":
            self._throttled.labels(service).inc()

    def kubernetes_request(self, method: str, code: str) -> None:
        """One HTTP request to the API server was answered; code ``0`` means it was not."""
        self._kubernetes.labels(method, code).inc()

    def account_polled(self, account: str, *, succeeded: bool) -> None:
        """The pools of an account were listed, or could not be."""
        self._accounts.labels(account).set(succeeded)
        self._polls.labels(account, "success" if succeeded else "error").inc()

    def leading(self, lease: str, *, leads: bool) -> None:
        """Whether this process holds the lease."""
        self._leader.labels(lease).set(leads)
