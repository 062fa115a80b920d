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
    metrics.most_workers("batchpools", 16)
    metrics.queue_watched("batchpools", lambda: [0.5, 2.0])
    metrics.objects_listed("batchpools", 1_800_000_000.0)
    metrics.object_heard_of("batchpools", 1_800_000_001.0)
    metrics.event_dropped()
    metrics.loop_lagged(0.2)
    metrics.azure_request("batch", "GET", "200", 0.1)
    metrics.azure_request("batch", "GET", "429", 0.1)
    metrics.kubernetes_request("PUT", "409")
    metrics.account_polled("renderfarm", 1_800_000_002.0, succeeded=True)
    metrics.account_polled("renderfarm", 1_800_000_022.0, succeeded=False)
    metrics.account_polled("closed", 1_800_000_002.0, succeeded=True)
    metrics.account_left("closed")
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
        'controller_runtime_max_concurrent_reconciles{controller="batchpools"} 16.0',
        'workqueue_unfinished_work_seconds{name="batchpools"} 2.5',
        'workqueue_longest_running_processor_seconds{name="batchpools"} 2.0',
        'poolwright_objects_listed_timestamp_seconds{kind="batchpools"} 1.8e+09',
        'poolwright_watch_event_timestamp_seconds{kind="batchpools"} 1.800000001e+09',
        'poolwright_batch_account_listed_timestamp_seconds{account="renderfarm"} 1.800000002e+09',
        "poolwright_events_dropped_total 1.0",
        "poolwright_event_loop_lag_seconds_sum 0.2",
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


def test_an_account_that_nobody_follows_is_neither_up_nor_down() -> None:
    shown = [line for line in lines(filled()) if 'account="closed"' in line and not line.startswith("poolwright_batch_account_polls")]
    assert shown == []


def test_two_processes_in_one_count_apart() -> None:
    one, other = PrometheusMetrics(), PrometheusMetrics()
    one.queue_added("batchpools")
    assert other.registry.get_sample_value("workqueue_adds_total", {"name": "batchpools"}) is None


def test_every_fact_of_the_domain_is_received() -> None:
    metrics: Metrics = PrometheusMetrics()
    facts = [name for name in vars(Metrics) if not name.startswith("_")]
    assert facts
    assert all(callable(getattr(metrics, name)) for name in facts)
