from __future__ import annotations

from pathlib import Path

from conformance.judge import CLIENT, SUBSCRIPTION, TENANT, Judge


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


def test_clouds_from_an_address(judge: Judge, tmp_path: Path) -> None:
    own = {
        "AZURE_CONFIG_DIR": str(tmp_path),
        "ARM_CLOUD_METADATA_URL": f"{judge.url}/metadata/endpoints?api-version=2019-05-01",
        "SSL_CERT_FILE": judge.authority,
    }
    assert [cloud["name"] for cloud in judge.az("cloud", "list", **own)] == ["azuresim"]
    judge.az("cloud", "set", "--name", "azuresim", **own)
    signed_in = judge.az("login", "--service-principal", "--username", CLIENT, "--password", "any", "--tenant", TENANT, **own)
    assert [account["id"] for account in signed_in] == [SUBSCRIPTION]
