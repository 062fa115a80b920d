from __future__ import annotations

import inspect
import re
from typing import get_args

import pytest

from domain.pools import NOW
from poolwright.domain import lease, metrics, objects, ports
from poolwright.domain.image.observed import Fact as ImageFact
from poolwright.domain.image.observed import ImageFacts
from poolwright.domain.image.situation import ImageAction
from poolwright.domain.image.situation import Release as ReleaseImage
from poolwright.domain.lease import Lease
from poolwright.domain.outcomes import UNSEEN
from poolwright.domain.pool.observed import Fact as PoolFact
from poolwright.domain.pool.observed import PoolFacts

PORTS = [ports.Galleries, ports.Sources, ports.Accounts, lease.Leases, metrics.Metrics, objects.Objects]


def snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


@pytest.mark.parametrize("port", PORTS)
def test_every_call_says_what_it_does(port: type) -> None:
    calls = {name: call for name, call in vars(port).items() if inspect.isfunction(call) and not name.startswith("_")}
    assert calls
    assert [name for name, call in calls.items() if not (call.__doc__ or "").strip().endswith(".")] == []


def test_metrics_never_wait() -> None:
    assert not any(inspect.iscoroutinefunction(call) for call in vars(metrics.Metrics).values())


def test_every_mutation_of_an_image_has_its_call() -> None:
    actions = {snake(action.__name__) for action in get_args(ImageAction) if action is not ReleaseImage}
    assert actions == {name for name in vars(ports.Galleries) if name.startswith(("create_", "put_", "update_", "delete_"))}


def test_every_fact_has_its_place_and_nobody_has_looked_at_first() -> None:
    for kind, facts in ((ImageFact, ImageFacts()), (PoolFact, PoolFacts())):
        assert {getattr(facts, fact.value) for fact in kind} == {UNSEEN}


def test_a_lease_that_was_never_stored_has_no_version() -> None:
    assert Lease(holder="a", duration_seconds=15, acquired=NOW, renewed=NOW, transitions=0).version == ""
