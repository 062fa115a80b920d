from __future__ import annotations

import pytest
from prometheus_client import generate_latest

from poolwright import __version__
from poolwright.domain.metrics import Metrics
from poolwright.telemetry.metrics import PrometheusMetrics


def lines(metrics: PrometheusMetrics) -> list[str]:
    return generate_latest(metrics.registry).decode().splitlines()


def filled() -> PrometheusMetrics:
    metrics = PrometheusMetrics()
    metrics.queue_depth("batchpools", 3)
    metrics.queue_added("batchpools")
    metrics.queue_retried("batchpools")
    metrics.queue_waited("batchpools", 0.02)
    metrics.queue_worked("batchpools", 2.0)
    metrics.reconciled("batchpools", "success", 0.2)
    metrics.reconciled("batchpools", "error", 30.0)
    metrics.active_workers("batchpools", 2)
    metrics.azure_request("batch", "GET", "200", 0.1)
    metrics.azure_request("batch", "GET", "429", 0.1)
    metrics.kubernetes_request("PUT", "409")
    metrics.account_polled("renderfarm", succeeded=False)
    metrics.leading("poolwright", leads=True)
    return metrics


@pytest.mark.parametrize(
    "line",
    [
        'workqueue_depth{name="batchpools"} 3.0',
        'workqueue_adds_total{name="batchpools"} 1.0',
        'workqueue_retries_total{name="batchpools"} 1.0',
        'workqueue_queue_duration_seconds_sum{name="batchpools"} 0.02',
        'workqueue_work_duration_seconds_bucket{le="2.5",name="batchpools"} 1.0',
        'controller_runtime_reconcile_total{controller="batchpools",result="success"} 1.0',
        'controller_runtime_reconcile_total{controller="batchpools",result="error"} 1.0',
        'controller_runtime_reconcile_errors_total{controller="batchpools"} 1.0',
        'controller_runtime_reconcile_time_seconds_count{controller="batchpools"} 2.0',
        'controller_runtime_active_workers{controller="batchpools"} 2.0',
        'azure_requests_total{code="429",method="GET",service="batch"} 1.0',
        'azure_request_duration_seconds_count{method="GET",service="batch"} 2.0',
        'azure_throttled_total{service="batch"} 1.0',
        'rest_client_requests_total{code="409",method="PUT"} 1.0',
        'poolwright_batch_account_up{account="renderfarm"} 0.0',
        'poolwright_batch_account_polls_total{account="renderfarm",result="error"} 1.0',
        'leader_election_master_status{name="poolwright"} 1.0',
    ],
)
def test_a_series_stock_dashboards_know(line: str) -> None:
    assert line in lines(filled())


def test_the_build_is_told_before_anything_happened() -> None:
    (line,) = [line for line in lines(PrometheusMetrics()) if line.startswith("poolwright_build_info{")]
    assert f'version="{__version__}"' in line
    assert line.endswith(" 1.0")


def test_two_processes_in_one_count_apart() -> None:
    one, other = PrometheusMetrics(), PrometheusMetrics()
    one.queue_added("batchpools")
    assert other.registry.get_sample_value("workqueue_adds_total", {"name": "batchpools"}) is None


def test_every_fact_of_the_domain_is_received() -> None:
    metrics: Metrics = PrometheusMetrics()
    facts = [name for name in vars(Metrics) if not name.startswith("_")]
    assert facts
    assert all(callable(getattr(metrics, name)) for name in facts)
