"""Every route against the requests that the installed SDKs build: paths, methods, api-versions."""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass
from functools import cache
from types import ModuleType

import azure.batch._operations._operations as batch_operations
import azure.mgmt.batch.operations._operations as management_operations
import azure.mgmt.compute.operations._operations as compute_operations
import pytest

from azuresim.services import SERVICES
from azuresim.wire.routing import Route
from simulator.cloud import SUBSCRIPTION, Cloud

# What a path of the service contains, the SDK that asks for it, and what the simulator puts in front.
SDKS: dict[str, tuple[ModuleType, str]] = {
    "/providers/Microsoft.Compute/": (compute_operations, ""),
    "/providers/Microsoft.Batch/": (management_operations, ""),
    "/batch/{account}": (batch_operations, "/batch/{account}"),
}
# Addresses of operations are handed out by the service; no client builds them.
HANDED_OUT = re.compile(r"/(\w*Operations|\w*OperationResults)/\{\w+\}$", re.IGNORECASE)


@dataclass(frozen=True, order=True)
class Built:
    """A request the SDK can build; ``path`` has empty braces and is in lower case."""

    method: str
    path: str
    builder: str
    api_version: str


@cache
def built(part: str) -> dict[tuple[str, str], Built]:
    """By method and path."""
    module, prefix = SDKS[part]
    found = {}
    for name, function in vars(module).items():
        if not re.fullmatch(r"build_\w+_request", name):
            continue
        source = inspect.getsource(function)
        path, method = re.search(r'_url = \(?\s*((?:"[^"]+"\s*)+)', source), re.search(r'method="(\w+)"', source)
        version = re.search(r'_params\.pop\("api-version", "([^"]+)"\)', source)
        if path and method and version:
            made = Built(
                method[1],
                plain(prefix + "".join(re.findall('"([^"]+)"', path[1]))),
                name.removeprefix("build_").removesuffix("_request"),
                version[1],
            )
            found[made.method, made.path] = made
    return found


def plain(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "{}", path).lower()


def served() -> list[tuple[str, Route]]:
    """(SDK, route) of all routes that an SDK has a request for."""
    return [
        (part, route)
        for service in SERVICES
        for route in service.routes
        for part in SDKS
        if part.lower() in route.path.lower() and not HANDED_OUT.search(route.path)
    ]


@pytest.mark.parametrize(("part", "route"), served(), ids=lambda value: getattr(value, "operation", None))
def test_every_route_is_one_the_sdk_asks_for(part: str, route: Route) -> None:
    assert (route.method, plain(route.path)) in built(part)


def test_no_two_routes_answer_the_same_request() -> None:
    asked = [(r.method, plain(r.path), r.query) for s in SERVICES for r in s.routes]
    assert len(set(asked)) == len(asked)


REFUSALS = {
    "InvalidApiVersionParameter",
    "NoRegisteredProviderFound",
    "InvalidResourceType",
    "InvalidResourceNamespace",
    "UnsupportedVersion",
}


@pytest.mark.parametrize(("part", "route"), served(), ids=lambda value: getattr(value, "operation", None))
def test_the_sdks_own_api_version_is_served(part: str, route: Route) -> None:
    cloud = Cloud()
    version = built(part)[route.method, plain(route.path)].api_version
    path = (
        route.path.replace("{subscription}", SUBSCRIPTION)
        .replace("{group}", "rg")
        .replace("{account}", "acct")
        .replace("{location}", "westus")
    )
    answer = cloud.ask(route.method, f"{re.sub(r'[{][^}]*[}]', 'x1', path)}?api-version={version}", b"{}", content_type="application/json")
    shown = answer.json() if answer.body else {}
    assert answer.status != 405
    refused = (shown.get("error") or shown).get("code") if isinstance(shown, dict) else None
    assert refused not in REFUSALS


def test_what_the_sdks_build_was_found() -> None:
    """A new SDK may write its builders another way; then nothing here would be checked."""
    assert {part: len(built(part)) > 40 for part in SDKS} == dict.fromkeys(SDKS, True)
