from __future__ import annotations

import pytest

from conformance.judge import Judge, RefusedError

RG = ("--resource-group", "rg")


def test_an_account_is_shown_and_listed(judge: Judge) -> None:
    shown = judge.az("batch", "account", "show", *RG, "--name", "acct")
    seen = judge.management.batch_account.get("rg", "acct")
    assert (shown["accountEndpoint"], shown["dedicatedCoreQuota"]) == (seen.account_endpoint, seen.dedicated_core_quota)
    assert "acct" in {account["name"] for account in judge.az("batch", "account", "list", *RG)}


def test_keys(judge: Judge) -> None:
    keys = judge.az("batch", "account", "keys", "list", *RG, "--name", "acct")
    assert keys["primary"] == judge.management.batch_account.get_keys("rg", "acct").primary != keys["secondary"]


def test_quotas_of_a_location(judge: Judge) -> None:
    assert judge.az("batch", "location", "quotas", "show", "--location", "westus")["accountQuota"] > 0
    assert judge.az("batch", "location", "list-skus", "--location", "westus")


def test_the_life_of_an_account(judge: Judge) -> None:
    judge.az("batch", "account", "create", *RG, "--name", "made", "--location", "westus")
    assert judge.management.batch_account.get("rg", "made").provisioning_state == "Succeeded"
    judge.az("batch", "account", "set", *RG, "--name", "made", "--tags", "a=b")
    assert judge.management.batch_account.get("rg", "made").tags == {"a": "b"}
    judge.az("batch", "account", "delete", *RG, "--name", "made", "--yes")
    with pytest.raises(RefusedError, match="ResourceNotFound"):
        judge.az("batch", "account", "show", *RG, "--name", "made")
