"""Signing in: the token endpoint as azure-identity uses it, and what each service makes of the tokens."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from azure.batch.aio import BatchClient
from azure.core.credentials import AzureNamedKeyCredential
from azure.core.exceptions import HttpResponseError
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from azuresim import Application, ManualClock, Request, Response
from azuresim.core.world import DEFAULT_TENANT as TENANT
from azuresim.transport import SimulatorTransport
from azuresim.wire import tokens
from simulator.cloud import BATCH, GALLERY, SUBSCRIPTION, Cloud, pool_options

NOW = 1_700_000_000
ARM = "https://management.azure.com"


@pytest.fixture
def cloud() -> Cloud:
    made = Cloud()
    made.app = Application(made.world, token_clock=ManualClock(NOW), strict=True)
    return made


def ask(cloud: Cloud, path: str = f"/{TENANT}/oauth2/v2.0/token", **form: str) -> Response:
    usual = {"grant_type": "client_credentials", "client_id": "me", "client_secret": "s", "scope": f"{ARM}/.default"}
    body = "&".join(f"{name}={value}" for name, value in {**usual, **form}.items() if value)
    return cloud.app.handle(Request("POST", f"https://azuresim.test{path}", {}, body.encode()))


def assertion(**claims: Any) -> str:
    return tokens.encode({"sub": "system:serviceaccount:a:b", "exp": NOW + 60, **claims})


@pytest.mark.parametrize(
    ("form", "status", "error", "code"),
    [
        pytest.param({"client_secret": "wrong"}, 401, "invalid_client", 7000215, id="wrong secret"),
        pytest.param({"client_id": "stranger"}, 400, "unauthorized_client", 700016, id="unknown application"),
        pytest.param({"client_id": ""}, 400, "invalid_request", 900144, id="no application"),
        pytest.param({"grant_type": ""}, 400, "invalid_request", 900144, id="no grant"),
        pytest.param({"grant_type": "password"}, 400, "unsupported_grant_type", 70003, id="another grant"),
        pytest.param({"client_secret": ""}, 401, "invalid_client", 7000216, id="no secret"),
        pytest.param({"scope": ARM}, 400, "invalid_scope", 1002012, id="scope of a user"),
        pytest.param({"scope": ""}, 400, "invalid_request", 900144, id="no scope"),
        pytest.param({"client_assertion": assertion(exp=NOW)}, 401, "invalid_client", 700024, id="expired assertion"),
        pytest.param({"client_assertion": assertion(nbf=NOW + 9)}, 401, "invalid_client", 700024, id="assertion to come"),
        pytest.param({"client_assertion": assertion(exp=None)}, 401, "invalid_client", 700024, id="assertion without an end"),
        pytest.param({"client_assertion": assertion(sub="c")}, 401, "invalid_client", 700213, id="subject nobody trusts"),
        pytest.param({"client_assertion": assertion(), "client_assertion_type": "saml"}, 400, "invalid_request", 50027, id="SAML"),
    ],
)
def test_who_may_not_sign_in(cloud: Cloud, form: dict[str, str], status: int, error: str, code: int) -> None:
    cloud.world.directory.register("me", secrets=frozenset({"s"}), subjects=frozenset({"system:serviceaccount:a:b"}))
    answer = ask(cloud, **form)
    assert (answer.status, answer.json()["error"], answer.json()["error_codes"]) == (status, error, [code])
    assert answer.json()["error_description"].startswith(f"AADSTS{code}: ")


def test_tenants_nobody_knows(cloud: Cloud) -> None:
    for path in ("/nobody/oauth2/v2.0/token", "/nobody/oauth2/token"):
        assert ask(cloud, path).json()["error_codes"] == [90002]
    assert cloud.ask("GET", "/nobody/v2.0/.well-known/openid-configuration").json()["error_codes"] == [90002]
    assert cloud.ask("GET", "/nobody/discovery/v2.0/keys").status == 400


def test_a_federated_assertion_is_as_good_as_a_secret(cloud: Cloud) -> None:
    cloud.world.directory.register("me", secrets=frozenset({"s"}), subjects=frozenset({"system:serviceaccount:a:b"}))
    assert ask(cloud, client_secret="", client_assertion=assertion()).status == 200
    assert ask(cloud).json()["expires_in"] == 3600


def test_tokens_are_signed_with_a_published_key(cloud: Cloud) -> None:
    token = ask(cloud).json()["access_token"]
    configuration = cloud.ask("GET", f"/{TENANT}/v2.0/.well-known/openid-configuration").json()
    (key,) = cloud.ask("GET", configuration["jwks_uri"].removeprefix("https://azuresim.test")).json()["keys"]
    n, e = (int.from_bytes(base64.urlsafe_b64decode(key[part] + "==")) for part in ("n", "e"))
    signed, _, signature = token.rpartition(".")
    public = rsa.RSAPublicNumbers(e, n).public_key()
    public.verify(base64.urlsafe_b64decode(signature + "=="), signed.encode(), padding.PKCS1v15(), hashes.SHA256())
    assert json.loads(base64.urlsafe_b64decode(signed.split(".")[0] + "=="))["kid"] == key["kid"]


def test_the_first_version_of_the_endpoint(cloud: Cloud) -> None:
    shown = ask(cloud, f"/{TENANT}/oauth2/token", scope="", resource="https://storage.azure.com/").json()
    assert (shown["resource"], shown["expires_on"]) == ("https://storage.azure.com/", str(NOW + 3600))
    claims = tokens.decode(shown["access_token"])
    assert claims is not None
    assert (claims["aud"], claims["tid"], claims["appid"]) == ("https://storage.azure.com/", TENANT, "me")


def test_msal_is_told_that_the_authority_is_one(cloud: Cloud) -> None:
    shown = cloud.ask("GET", "/common/discovery/instance?api-version=1.1&authorization_endpoint=x").json()
    assert shown["metadata"][0]["aliases"] == ["azuresim.test"]


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/metadata/identity/oauth2/token?api-version=2018-02-01&resource=r", {"metadata": "true"}, 200),
        ("/metadata/identity/oauth2/token?api-version=2018-02-01&resource=r&client_id=me", {"metadata": "true"}, 200),
        ("/metadata/identity/oauth2/token?api-version=2018-02-01&resource=r&client_id=other", {"metadata": "true"}, 400),
        ("/metadata/identity/oauth2/token?api-version=2018-02-01&resource=r", {}, 400),
        ("/metadata/identity/oauth2/token?api-version=2018-02-01", {"metadata": "true"}, 400),
        ("/msi/token?api-version=2019-08-01&resource=r", {"x-identity-header": "h"}, 200),
        ("/msi/token?api-version=2019-08-01&resource=r", {}, 401),
    ],
)
def test_managed_identities(cloud: Cloud, path: str, headers: dict[str, Any], status: int) -> None:
    cloud.world.directory.register("me")
    answer = cloud.ask("GET", path, **headers)
    assert answer.status == status
    if status == 200:
        claims = tokens.decode(answer.json()["access_token"])
        assert claims is not None
        assert (claims["aud"], answer.json()["expires_on"]) == ("r", str(NOW + 3600))


# What go-azure-sdk (Terraform, `sdk/internal/metadata`) and azure-cli (`core/cloud.py`) read of it.
READ = {
    "name", "portal", "authentication", "resourceManager", "batch", "gallery", "graphAudience", "microsoftGraphResourceId", "media",
    "sqlManagement", "vmImageAliasDoc", "suffixes",
}  # fmt: skip


def test_the_clouds_metadata_in_the_shapes_that_clients_ask_for(cloud: Cloud) -> None:
    for version in ("2022-09-01", "2023-11-01"):
        one = cloud.ask("GET", f"/metadata/endpoints?api-version={version}").json()
        assert one.keys() >= READ
        assert one["authentication"].keys() == {"loginEndpoint", "audiences", "tenant", "identityProvider"}
        assert one["suffixes"].keys() >= {"storage", "keyVaultDns", "sqlServerHostname"}
    for version in ("2019-05-01", "2020-06-01"):
        assert cloud.ask("GET", f"/metadata/endpoints?api-version={version}").json() == [one]
    stack = cloud.ask("GET", "/metadata/endpoints?api-version=1.0").json()
    assert stack.keys() == {"galleryEndpoint", "graphEndpoint", "portalEndpoint", "authentication"}
    assert stack["authentication"]["loginEndpoint"] == one["authentication"]["loginEndpoint"]


def test_a_certificate_names_the_application_itself(cloud: Cloud) -> None:
    cloud.world.directory.register("me", subjects=frozenset({"system:serviceaccount:a:b"}))
    assert ask(cloud, client_secret="", client_assertion=assertion(sub="me", iss="me")).status == 200
    assert ask(cloud, client_secret="", client_assertion=assertion(sub="me", iss="cluster")).status == 401


def token(cloud: Cloud, **claims: Any) -> str:
    whole = {"aud": ARM, "iss": f"https://sts.windows.net/{TENANT}/", "exp": NOW + 3600, "nbf": NOW, "tid": TENANT, **claims}
    assert cloud.world.tenant == TENANT
    return f"Bearer {tokens.encode(whole)}"


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        pytest.param({}, None, id="in order"),
        pytest.param({"aud": "https://management.core.windows.net/"}, None, id="the older name"),
        pytest.param({"exp": NOW - 300}, "ExpiredAuthenticationToken", id="expired"),
        pytest.param({"nbf": NOW + 301}, "InvalidAuthenticationToken", id="not yet valid"),
        pytest.param({"aud": "https://storage.azure.com"}, "InvalidAuthenticationTokenAudience", id="for storage"),
        pytest.param({"iss": "https://sts.windows.net/x/"}, "InvalidAuthenticationTokenTenant", id="of another tenant"),
        pytest.param({"exp": "soon"}, "InvalidAuthenticationToken", id="no end"),
    ],
)
def test_what_arm_makes_of_a_token(cloud: Cloud, claims: dict[str, Any], code: str | None) -> None:
    answer = cloud.ask("GET", "/subscriptions?api-version=2022-12-01", authorization=token(cloud, **claims))
    assert answer.status == (200 if code is None else 401)
    if code is not None:
        assert answer.json()["error"]["code"] == code
        assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


def test_arm_wants_a_token(cloud: Cloud) -> None:
    answer = cloud.ask("GET", f"{GALLERY}?api-version=1", authorization="")
    assert (answer.status, answer.json()["error"]["code"]) == (401, "AuthenticationFailed")


@pytest.mark.parametrize(
    ("claims", "status"),
    [
        ({"aud": "https://batch.core.windows.net/"}, 200),
        ({"aud": "https://batch.core.windows.net/", "exp": NOW - 300}, 401),
        ({}, 401),
        ({"aud": "https://batch.core.windows.net/", "iss": "https://sts.windows.net/x/"}, 401),
    ],
    ids=["in order", "expired", "for ARM", "of another tenant"],
)
def test_what_batch_makes_of_a_token(cloud: Cloud, claims: dict[str, Any], status: int) -> None:
    answer = cloud.ask("GET", "/batch/acct/pools?api-version=2025-06-01", authorization=token(cloud, **claims))
    assert answer.status == status
    if status == 401:
        assert answer.json()["code"] == "AuthenticationFailed"
        assert 'resource="https://batch.core.windows.net/"' in answer.headers["WWW-Authenticate"]


def batch(cloud: Cloud, key: str, name: str = "acct") -> BatchClient:
    # The SDK stamps a shared key's requests with the machine's time.
    cloud.app = Application(cloud.world, strict=True)
    url = f"{cloud.world.base_url}/batch/acct"
    return BatchClient(url, AzureNamedKeyCredential(name, key), transport=SimulatorTransport(cloud.app), retry_total=0)


async def test_batch_takes_the_accounts_keys(cloud: Cloud) -> None:
    keys = cloud.ask("POST", f"{BATCH}/listKeys?api-version=2025-06-01").json()
    for key in (keys["primary"], keys["secondary"]):
        client = batch(cloud, key)
        await client.create_pool(pool_options(f"p-{key[:4]}"))
        assert await client.pool_exists(f"p-{key[:4]}")
        assert len([p async for p in client.list_pools(filter="state eq 'active'", select=["id"], max_results=1)]) >= 1
        await client.begin_delete_pool(f"p-{key[:4]}")


@pytest.mark.parametrize("change", [{"key": "bm8="}, {"name": "other"}], ids=["key", "account"])
async def test_batch_takes_no_other_key(cloud: Cloud, change: dict[str, str]) -> None:
    right = cloud.ask("POST", f"{BATCH}/listKeys?api-version=2025-06-01").json()["primary"]
    with pytest.raises(HttpResponseError) as caught:
        await batch(cloud, **{"key": right, **change}).get_pool("p")
    assert caught.value.status_code == 403
    assert "AuthenticationFailed" in str(caught.value)


@pytest.mark.parametrize(
    ("headers", "status", "words"),
    [
        ({"authorization": ""}, 401, b"missing"),
        ({"authorization": "SharedKey acct"}, 403, b"not formed correctly"),
        ({"authorization": "SharedKey acct:x"}, 403, b"date header"),
        ({"authorization": "SharedKey acct:x", "ocp-date": "Thu, 01 Jan 1970 00:00:00 GMT"}, 403, b"date header"),
    ],
)
def test_what_batch_is_not_convinced_by(cloud: Cloud, headers: dict[str, Any], status: int, words: bytes) -> None:
    answer = cloud.ask("GET", "/batch/acct/pools?api-version=2025-06-01", **headers)
    assert (answer.status, answer.json()["code"], words in answer.body) == (status, "AuthenticationFailed", True)


async def test_an_account_may_refuse_keys(cloud: Cloud) -> None:
    key = cloud.ask("POST", f"{BATCH}/listKeys?api-version=2025-06-01").json()["primary"]
    cloud.account.authentication_modes = ("AAD",)
    with pytest.raises(HttpResponseError, match="AuthenticationFailed"):
        await batch(cloud, key).get_pool("p")


def test_a_tenant_of_a_subscription_is_known_too(cloud: Cloud) -> None:
    cloud.world.subscriptions.add("00000000-0000-0000-0000-000000000002", tenant="other")
    assert ask(cloud, "/other/oauth2/v2.0/token").status == 200
    assert cloud.ask("GET", f"/subscriptions/{SUBSCRIPTION}?api-version=2022-12-01", authorization="Bearer x.y").status == 200
