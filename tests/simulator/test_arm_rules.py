"""What ARM asks of every request, whatever service is behind it."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from azuresim import Request, Response
from azuresim.core.compute_limits import compute_limits
from azuresim.services import SERVICES
from azuresim.wire import arm
from azuresim.wire.api_versions import supported_versions
from azuresim.wire.arm_path import ArmPath, read_path
from simulator.cloud import API, BATCH, DEFINITION, GALLERY, GROUP, STORAGE, SUBSCRIPTION, Cloud

WHOLE = f"/subscriptions/{SUBSCRIPTION}"


def code(answer: Response) -> tuple[int, str]:
    return answer.status, answer.json()["error"]["code"]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/subscriptions", {"kind": "subscriptions"}),
        (WHOLE, {"subscription": SUBSCRIPTION, "kind": "subscriptions", "scope": WHOLE}),
        (GROUP, {"group": "rg", "kind": "subscriptions/resourceGroups", "scope": GROUP}),
        (f"{GROUP}/resources", {"kind": "subscriptions/resourceGroups/resources"}),
        (f"{WHOLE}/providers/Microsoft.Batch", {"kind": "subscriptions/providers", "namespace": "Microsoft.Resources"}),
        (BATCH, {"namespace": "Microsoft.Batch", "kind": "batchAccounts", "scope": BATCH, "top": BATCH}),
        (f"{BATCH}/listKeys", {"kind": "batchAccounts/listKeys", "scope": BATCH, "top": BATCH}),
        (f"{BATCH}/pools", {"kind": "batchAccounts/pools", "scope": BATCH}),
        (f"{BATCH}/pools/p/stopResize", {"kind": "batchAccounts/pools/stopResize", "scope": f"{BATCH}/pools/p", "top": BATCH}),
        (f"{WHOLE}/providers/Microsoft.Compute/locations/westus/operations/x", {"kind": "locations/operations", "group": ""}),
    ],
)
def test_what_a_path_speaks_of(path: str, expected: dict[str, str]) -> None:
    found: ArmPath = read_path(tuple(path.strip("/").split("/")))
    assert {name: getattr(found, name) for name in expected} == expected


def test_every_route_behind_arm_has_api_versions() -> None:
    paths = {route.path for service in SERVICES if service.admit is arm.admit for route in service.routes}
    concrete = {path: re.sub(r"\{[^}]*\}", "x", path) for path in paths}
    assert [path for path, filled in concrete.items() if not supported_versions(read_path(tuple(filled.strip("/").split("/"))))] == []


@pytest.mark.parametrize(
    ("path", "version", "expected"),
    [
        (BATCH, "2025-06-01", None),
        (BATCH, "2024-02-01", None),
        (BATCH, "2031-01-01", (400, "NoRegisteredProviderFound")),
        (BATCH, "2026-03-03", (400, "NoRegisteredProviderFound")),
        (BATCH, "latest", (400, "InvalidApiVersionParameter")),
        (GROUP, "2031-01-01", (400, "InvalidApiVersionParameter")),
        (f"{GALLERY}", "2025-06-01", (400, "NoRegisteredProviderFound")),
    ],
)
def test_each_type_has_api_versions_of_its_own(cloud: Cloud, path: str, version: str, expected: tuple[int, str] | None) -> None:
    answer = cloud.ask("GET", f"{path}?api-version={version}")
    if expected is None:
        assert answer.status == 200
    else:
        assert code(answer) == expected
        assert supported_versions(read_path(tuple(path.strip("/").split("/"))))[0] in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("body", "content_type", "expected"),
    [
        (b"{", "application/json", (400, "InvalidRequestContent")),
        (b"[]", "application/json", (400, "InvalidRequestContent")),
        (b"{}", "text/plain", (415, "UnsupportedMediaType")),
        (b"{}", "application/json; charset=utf-8", (400, "LocationRequired")),
        (b"", "application/json", (400, "InvalidRequestContent")),
    ],
)
def test_bodies_are_json(cloud: Cloud, body: bytes, content_type: str, expected: tuple[int, str]) -> None:
    assert code(cloud.ask("PUT", f"{GROUP}2?{API}", body, content_type=content_type)) == expected


def test_a_body_without_a_content_type(cloud: Cloud) -> None:
    headers = {"authorization": "Bearer token"}
    answer = cloud.app.handle(Request("PUT", f"https://azuresim.test{GROUP}?api-version=2022-09-01", headers, b"{}"))
    assert code(answer) == (415, "UnsupportedMediaType")


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", f"{GROUP}/providers/Microsoft.Nothing/things/a", (404, "InvalidResourceNamespace")),
        ("GET", f"{GROUP}/providers/Microsoft.Batch/things/a", (404, "InvalidResourceType")),
        ("PUT", f"{BATCH}/listKeys", (405, "HttpMethodNotAllowed")),
        ("POST", BATCH, (405, "HttpMethodNotAllowed")),
    ],
)
def test_what_nothing_answers(cloud: Cloud, method: str, path: str, expected: tuple[int, str]) -> None:
    assert code(cloud.ask(method, f"{path}?{API}")) == expected


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({f"t{n}": "" for n in range(50)}, None),
        ({f"t{n}": "" for n in range(51)}, "TooManyTags"),
        ({"a" * 513: ""}, "InvalidTagNameLength"),
        ({"": ""}, "InvalidTagNameLength"),
        ({"a": "b" * 257}, "InvalidTagValueLength"),
        ({"a%b": ""}, "InvalidTagNameCharacters"),
    ],
)
def test_tags_have_limits_everywhere(cloud: Cloud, tags: dict[str, str], expected: str | None) -> None:
    answer = cloud.ask("PATCH", f"{BATCH}?{API}", json.dumps({"tags": tags}).encode())
    assert (answer.status, None if answer.status == 200 else answer.json()["error"]["code"]) == (200 if expected is None else 400, expected)


@pytest.mark.parametrize(
    ("scope", "level", "request_", "locked"),
    [
        (GROUP, "CanNotDelete", ("DELETE", BATCH), True),
        (GROUP, "CanNotDelete", ("PATCH", BATCH), False),
        (GROUP, "ReadOnly", ("PATCH", BATCH), True),
        (GROUP, "ReadOnly", ("POST", f"{STORAGE}/listKeys"), True),
        (GROUP, "ReadOnly", ("GET", BATCH), False),
        (BATCH, "CanNotDelete", ("DELETE", GROUP), True),
        (BATCH, "ReadOnly", ("PATCH", GROUP), False),
        (BATCH, "CanNotDelete", ("DELETE", f"{BATCH}/pools/p"), True),
        (f"{BATCH}2", "CanNotDelete", ("DELETE", BATCH), False),
        (WHOLE, "ReadOnly", ("DELETE", STORAGE), True),
    ],
)
def test_locks_hold_below_their_scope(cloud: Cloud, scope: str, level: Any, request_: tuple[str, str], locked: bool) -> None:
    method, path = request_
    cloud.world.locks.put(scope, level)
    body = b"{}" if method == "PATCH" else b""
    answer = cloud.ask(method, f"{path}?{API}", body)
    assert (answer.status == 409) is locked
    if locked:
        assert code(answer) == (409, "ScopeLocked")
        assert f"'{scope}'" in answer.json()["error"]["message"]
        cloud.world.locks.remove(scope)
        assert cloud.ask(method, f"{path}?{API}", body).status < 300


def test_every_answer_carries_ids(cloud: Cloud) -> None:
    one, two = (cloud.ask("GET", f"{BATCH}?{API}").headers for _ in range(2))
    failed = cloud.ask("GET", f"{BATCH}2?{API}", x_ms_correlation_request_id="mine").headers
    for name in ("x-ms-request-id", "x-ms-correlation-request-id", "x-ms-routing-request-id"):
        assert one[name] != two[name]
        assert failed[name]
    assert failed["x-ms-correlation-request-id"] == "mine"
    assert re.fullmatch(r"[A-Z0-9]+:\d{8}T\d{6}Z:mine", failed["x-ms-routing-request-id"])
    returned = cloud.ask("GET", f"{BATCH}?{API}", x_ms_client_request_id="c", x_ms_return_client_request_id="true").headers
    assert returned["x-ms-client-request-id"] == "c"


def test_reads_do_not_move_what_names_resources(cloud: Cloud) -> None:
    def key_after(reads: int) -> str:
        fresh = Cloud()
        for _ in range(reads):
            fresh.ask("GET", f"{BATCH}?{API}")
            fresh.ask("GET", f"{BATCH}2?{API}")
            fresh.ask("GET", "/batch/acct/pools?api-version=2025-06-01")
            fresh.ask("GET", "/batch/acct/pools/none?api-version=2025-06-01")
            fresh.ask("GET", "/blob/vhds/images/none")
        fresh.ask("POST", f"{BATCH}/regenerateKeys?{API}", b'{"keyName": "Primary"}')
        return fresh.account.keys[0]

    assert key_after(0) == key_after(3)
    assert key_after(0) != cloud.account.keys[0]


def test_each_kind_of_request_has_its_buckets(cloud: Cloud) -> None:
    read = cloud.ask("GET", f"{BATCH}?{API}").headers
    assert read["x-ms-ratelimit-remaining-subscription-reads"] == "249"
    assert read["x-ms-ratelimit-remaining-subscription-global-reads"] == "3749"
    write = cloud.ask("POST", f"{BATCH}/listKeys?{API}").headers
    assert write["x-ms-ratelimit-remaining-subscription-writes"] == "199"
    delete = cloud.ask("DELETE", f"{BATCH}2?{API}").headers
    assert delete["x-ms-ratelimit-remaining-subscription-deletes"] == "199"
    cloud.clock.advance(0.04)
    assert cloud.ask("GET", f"{BATCH}?{API}").headers["x-ms-ratelimit-remaining-subscription-reads"] == "249"


def test_an_empty_bucket_refuses_until_it_fills(cloud: Cloud) -> None:
    answers = [cloud.ask("POST", f"{BATCH}/listKeys?{API}") for _ in range(201)]
    assert {a.status for a in answers[:-1]} == {200}
    assert code(answers[-1]) == (429, "SubscriptionRequestsThrottled")
    assert answers[-1].headers["Retry-After"] == "1"
    assert answers[-1].headers["x-ms-ratelimit-remaining-subscription-writes"] == "0"
    assert cloud.ask("GET", f"{BATCH}?{API}").status == 200
    cloud.clock.advance(1)
    assert [cloud.ask("POST", f"{BATCH}/listKeys?{API}").status for _ in range(11)] == [200] * 10 + [429]


def test_compute_counts_by_policy_and_says_429_its_own_way(cloud: Cloud) -> None:
    cloud.image()
    version = f"{DEFINITION}/versions/1.0.0"
    headers = cloud.ask("GET", f"{version}?{API}").headers
    resource = "Microsoft.Compute/GetGalleryImageVersion3Min;1999,Microsoft.Compute/GetGalleryImageVersion30Min;9999"
    assert headers["x-ms-ratelimit-remaining-resource"] == resource
    cloud.world.throttle.drain(SUBSCRIPTION, "GetGalleryImageVersion30Min")
    refused = cloud.ask("GET", f"{version}?{API}")
    shown = refused.json()
    assert (refused.status, shown["code"]) == (429, "OperationNotAllowed")
    assert (shown["details"][0]["code"], shown["details"][0]["target"]) == ("TooManyRequests", "GetGalleryImageVersion30Min")
    assert json.loads(shown["details"][0]["message"])["allowedRequestCount"] == 10_000
    assert refused.headers["Retry-After"] == "1"
    assert cloud.ask("GET", f"{DEFINITION}?{API}").status == 200
    cloud.clock.advance(1)
    assert cloud.ask("GET", f"{version}?{API}").status == 200
    with pytest.raises(KeyError):
        cloud.world.throttle.drain(SUBSCRIPTION, "Nothing")


@pytest.mark.parametrize(
    ("method", "kind", "names"),
    [
        ("POST", "virtualMachines/deallocate", ["DeleteVMSubscriptionMaximum", "DeleteVMResource"]),
        ("POST", "virtualMachines/generalize", ["UpdateVMSubscriptionMaximum", "UpdateVMResource"]),
        ("GET", "virtualMachines/instanceView", ["LowCostGetSubscriptionMaximum", "LowCostGetResource"]),
        ("PUT", "images", ["CreateImagesSubscriptionMaximum"]),
        ("POST", "snapshots/beginGetAccess", ["HighCostSnapshotCreateHydrate3Min", "HighCostSnapshotCreateHydrate30Min"]),
        ("GET", "locations/capsOperations", ["GetOperationStatus3Min", "GetOperationStatus30Min"]),
        ("POST", "somethingElse", []),
    ],
)
def test_policies_of_compute(method: str, kind: str, names: list[str]) -> None:
    found = list(compute_limits(method, kind, "subscription", "machine"))
    assert [limit.name for _, limit in found] == names
    assert [owner for owner, limit in found] == ["machine" if name.endswith("Resource") else "subscription" for name in names]
