from __future__ import annotations

from conformance.judge import SUBSCRIPTION, TENANT, Judge


def test_the_cloud_is_the_simulator(judge: Judge) -> None:
    shown = judge.az("cloud", "show")
    assert (shown["name"], shown["isActive"], shown["endpoints"]["resourceManager"]) == ("sim", True, judge.url)


def test_the_subscription_and_its_tenant(judge: Judge) -> None:
    shown = judge.az("account", "show")
    assert (shown["id"], shown["tenantId"]) == (SUBSCRIPTION, TENANT)


def test_a_token(judge: Judge) -> None:
    shown = judge.az("account", "get-access-token", "--resource", "https://management.azure.com/")
    assert shown["accessToken"].count(".") == 2


def test_the_group(judge: Judge) -> None:
    assert judge.az("group", "show", "--name", "rg")["location"] == "westus"
    assert [group["name"] for group in judge.az("group", "list")] == ["rg"]
