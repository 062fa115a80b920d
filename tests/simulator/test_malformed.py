"""Requests that are wrong in ways only raw HTTP can be: the service's refusal, never a failure of the simulator's."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from azuresim import Application, FaultRule, ManualClock, Request, Status
from azuresim.core.world import DEFAULT_TENANT as TENANT
from simulator.blob_clients import page_blob, refused
from simulator.cloud import API, STORAGE, SUBSCRIPTION, Cloud

BLOB = "/blob/vhds/images/os.vhd"
LONG = "9" * 5000
PAGE_WRITE = {"range": "bytes=0-511", "x-ms-page-write": "clear", "content-length": "0"}
NEW_BLOB = {"x-ms-blob-type": "PageBlob", "content-length": "0"}
SIGNED = "sv=2026-10-06&sr=b&sp=r&se=2030-01-01&sig=x"
NOW = 1_700_000_000


@pytest.mark.parametrize(
    ("method", "path", "headers", "expected"),
    [
        pytest.param(
            "PUT", "/blob/vhds/images/new", {**NEW_BLOB, "x-ms-blob-content-length": LONG}, (400, "InvalidHeaderValue"), id="size"
        ),
        pytest.param(
            "PUT",
            "/blob/vhds/images/new",
            {**NEW_BLOB, "x-ms-blob-content-length": "512", "x-ms-blob-sequence-number": str(1 << 63)},
            (400, "InvalidHeaderValue"),
            id="sequence number of 64 bits",
        ),
        pytest.param(
            "PUT", f"{BLOB}?comp=page", {**PAGE_WRITE, "range": f"bytes=0-{LONG}"}, (400, "InvalidHeaderValue"), id="range to write"
        ),
        pytest.param(
            "PUT", f"{BLOB}?comp=page", {**PAGE_WRITE, "x-ms-if-sequence-number-le": LONG}, (400, "InvalidHeaderValue"), id="condition"
        ),
        pytest.param(
            "GET", "/blob/vhds/images?restype=container&comp=list&maxresults=%C2%B2", {}, (400, "InvalidQueryParameterValue"), id="digit"
        ),
        pytest.param(
            "GET", f"/blob/vhds/images?restype=container&comp=list&maxresults={LONG}", {}, (400, "InvalidQueryParameterValue"), id="many"
        ),
        pytest.param("GET", f"{BLOB}?comp=pagelist&maxresults=%C2%B2", {}, (400, "InvalidQueryParameterValue"), id="digit for ranges"),
        pytest.param("GET", f"{BLOB}?comp=pagelist&marker={LONG}", {}, (400, "InvalidQueryParameterValue"), id="marker"),
        pytest.param(
            "GET", f"{BLOB}?comp=pagelist", {"x-ms-previous-snapshot-url": "https://["}, (409, "PreviousSnapshotNotFound"), id="address"
        ),
        pytest.param("GET", BLOB, {"if-modified-since": f"Fri, 31 Dec {LONG} 23:59:59 GMT"}, (400, "InvalidHeaderValue"), id="year"),
        pytest.param(
            "GET",
            BLOB,
            {"authorization": "SharedKey vhds:x", "x-ms-date": "Fri, 31 Dec 99999999999 23:59:59 GMT"},
            (403, "AuthenticationFailed"),
            id="date of a signature",
        ),
        pytest.param("GET", f"{BLOB}?{SIGNED}&skoid=x&ske=soon", {"authorization": ""}, (403, "AuthenticationFailed"), id="delegation key"),
        pytest.param("GET", f"{BLOB}?{SIGNED}&rscd=%0D%0Ax", {}, (400, "InvalidQueryParameterValue"), id="line break for a header"),
    ],
)
def test_values_no_client_would_send(cloud: Cloud, method: str, path: str, headers: dict[str, Any], expected: tuple[int, str]) -> None:
    answer = cloud.ask(method, path, **headers)
    assert (answer.status, answer.headers["x-ms-error-code"]) == expected


@pytest.mark.parametrize("encoding", ["klingon", "utf-32", "utf-7", "shift_jis"])
def test_documents_in_encodings_nobody_reads(cloud: Cloud, encoding: str) -> None:
    answer = cloud.ask("PUT", f"{BLOB}?comp=tags", f'<?xml version="1.0" encoding="{encoding}"?><Tags/>'.encode())
    assert (answer.status, answer.headers["x-ms-error-code"]) == (400, "InvalidXmlDocument")


def test_a_version_that_is_none_is_not_repeated(cloud: Cloud) -> None:
    assert cloud.ask("HEAD", f"{BLOB}?sv=%0D%0Ax").headers["x-ms-version"] == "2026-10-06"


def test_properties_are_changed_together_or_not_at_all(cloud: Cloud) -> None:
    before = cloud.ask("HEAD", BLOB).headers
    sent: dict[str, Any] = {"x-ms-blob-content-length": "512", "x-ms-sequence-number-action": "double", "x-ms-blob-content-type": "a/b"}
    assert cloud.ask("PUT", f"{BLOB}?comp=properties", **sent).status == 400
    after = cloud.ask("HEAD", BLOB).headers
    assert [after[name] for name in ("Content-Length", "Content-Type", "ETag")] == [
        before[name] for name in ("Content-Length", "Content-Type", "ETag")
    ]
    together: dict[str, Any] = {**sent, "x-ms-sequence-number-action": "increment"}
    assert cloud.ask("PUT", f"{BLOB}?comp=properties", **together).headers["x-ms-blob-sequence-number"] == "1"
    assert (cloud.ask("HEAD", BLOB).headers["Content-Length"], cloud.ask("HEAD", BLOB).headers["Content-Type"]) == ("512", "a/b")


ACCOUNT = {"location": "westus", "sku": {"name": "Standard_LRS"}, "kind": "StorageV2"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"sku": "x"},
        {"sku": {"name": ["Standard_LRS"]}},
        {"tags": 5},
        {"location": 5},
        {"identity": 5},
        {"properties": "x"},
        {"properties": {"networkAcls": 5}},
        {"properties": {"networkAcls": {"defaultAction": "Maybe"}}},
        {"properties": {"networkAcls": {"ipRules": [{"value": "everybody"}]}}},
        {"properties": {"allowSharedKeyAccess": "no"}},
        {"properties": {"publicNetworkAccess": "Perhaps"}},
        {"properties": {"colour": "blue"}},
        {"properties": {"accessTier": "\ud800"}},
    ],
    ids=str,
)
@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_storage_accounts_of_the_wrong_shape(cloud: Cloud, method: str, wrong: dict[str, Any]) -> None:
    before = cloud.ask("GET", f"{STORAGE}?{API}").json()
    answer = cloud.ask(method, f"{STORAGE}?{API}", json.dumps({**ACCOUNT, **wrong}).encode())
    assert (answer.status, "error" in answer.json()) == (400, True)
    assert cloud.ask("GET", f"{STORAGE}?{API}").json() == before


def test_what_is_read_of_an_account_can_be_sent_back(cloud: Cloud) -> None:
    shown = cloud.ask("GET", f"{STORAGE}?{API}").json()
    assert cloud.ask("PUT", f"{STORAGE}?{API}", json.dumps(shown).encode()).json() == shown


def test_names_that_are_no_text(cloud: Cloud) -> None:
    asked = b'{"name": [], "type": "Microsoft.Storage/storageAccounts"}'
    path = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Storage/checkNameAvailability?{API}"
    assert cloud.ask("POST", path, asked).status == 400
    assert cloud.ask("POST", f"{STORAGE}/regenerateKey?{API}", b'{"keyName": []}').status == 400


CLAIMS = {
    "nbf is a text": b'{"exp": 1800000000, "nbf": "x"}',
    "exp without bounds": b'{"exp": -Infinity}',
    "exp of another age": b'{"exp": -1e300}',
    "exp that is no number": b'{"exp": NaN}',
    "endless depth": b"[" * 100_000,
    "half a character": b'{"exp": 1800000000, "sub": "\\ud800"}',
    "very large": b'{"exp": 1' + b"0" * 400 + b"}",
    "a list": b"[1]",
}


@pytest.mark.parametrize("claims", CLAIMS.values(), ids=CLAIMS)
def test_tokens_with_claims_that_are_none(cloud: Cloud, claims: bytes) -> None:
    cloud.app = Application(cloud.world, token_clock=ManualClock(NOW), strict=True)
    cloud.world.directory.register("me", subjects=frozenset({"s"}))
    token = f"eyJhIjoxfQ.{base64.urlsafe_b64encode(claims).decode().rstrip('=')}.x"
    for path in ("/subscriptions?api-version=2022-12-01", BLOB, "/batch/acct/pools?api-version=2025-06-01"):
        assert cloud.ask("GET", path, authorization=f"Bearer {token}").status == 401
    form = f"grant_type=client_credentials&client_id=me&scope=x/.default&client_assertion={token}".encode()
    answer = cloud.app.handle(Request("POST", f"https://azuresim.test/{TENANT}/oauth2/v2.0/token", {}, form))
    assert answer.json()["error_codes"][0] in {50027, 700024}


@pytest.mark.parametrize("scheme", ["Bearer", "bearer "])
def test_a_token_must_be_more_than_its_scheme(cloud: Cloud, scheme: str) -> None:
    for path in ("/subscriptions?api-version=2022-12-01", BLOB, "/batch/acct/pools?api-version=2025-06-01"):
        assert cloud.ask("GET", path, authorization=scheme).status == 401


def test_forms_that_are_no_text(cloud: Cloud) -> None:
    answer = cloud.app.handle(Request("POST", f"https://azuresim.test/{TENANT}/oauth2/v2.0/token", {}, b"grant_type=\xff&client_id=me"))
    assert (answer.status, answer.json()["error"]) == (400, "unsupported_grant_type")


async def test_a_status_without_a_name_reaches_the_client(cloud: Cloud) -> None:
    cloud.app.faults.add(FaultRule(action=Status(status=599, code="X", message="x"), service="blob"))
    assert await refused(page_blob(cloud).get_blob_properties()) == (599, "X")
