"""The operator's own series, read over HTTP."""

from __future__ import annotations

import urllib.request
from collections import Counter
from dataclasses import dataclass

from prometheus_client.parser import text_string_to_metric_families

SCRAPE_SECONDS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Scrape:
    """One reading. ``waiting`` and ``working`` are keys, ``accounts`` those whose pools were listed; requests are counts by name."""

    waiting: int
    working: int
    accounts: int
    passes: int
    kubernetes: Counter[str]
    azure: Counter[str]

    @property
    def idle(self) -> bool:
        """No key waits and none is worked on."""
        return not self.waiting and not self.working

    @property
    def writes(self) -> int:
        """Requests that change something, to both."""
        return sum(count for requests in (self.kubernetes, self.azure) for name, count in requests.items() if not name.endswith("GET"))


def scrape(port: int) -> Scrape:
    """Read ``/metrics`` of the operator on this port; raises OSError while it does not answer."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=SCRAPE_SECONDS) as answer:
        families = list(text_string_to_metric_families(answer.read().decode()))
    samples = [sample for family in families for sample in family.samples]
    kubernetes: Counter[str] = Counter()
    azure: Counter[str] = Counter()
    for sample in samples:
        if sample.name == "rest_client_requests_total":
            kubernetes[sample.labels["method"]] += int(sample.value)
        elif sample.name == "azure_requests_total":
            azure[f"{sample.labels['service']} {sample.labels['method']}"] += int(sample.value)

    def total(name: str) -> int:
        return int(sum(sample.value for sample in samples if sample.name == name))

    return Scrape(
        waiting=total("workqueue_depth"),
        working=total("controller_runtime_active_workers"),
        accounts=total("poolwright_batch_account_up"),
        passes=total("controller_runtime_reconcile_total"),
        kubernetes=kubernetes,
        azure=azure,
    )
