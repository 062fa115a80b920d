"""What the journal notes, and what it must not."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from azuresim import Application, Journal, ManualClock, Request, World
from azuresim.redaction import redacted
from simulator.cloud import BATCH, STORAGE

SIGNED = "https://x.test/blob/a/b?sv=2026&sig=SECRET%3D&se=2027"


def journalled(journal: Journal, method: str, path: str, body: Any = None, *, token_clock: Any = None) -> dict[str, Any]:
    world = World()
    world.add_batch_account(BATCH, location="westus")
    world.add_storage_account(STORAGE, location="westus")
    app = Application(world, journal=journal, token_clock=token_clock)
    headers = {"authorization": "Bearer SECRET", "content-type": "application/json"}
    data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    app.outcome(Request(method, f"{world.base_url}{path}", headers, data))
    return {name: getattr(list(journal)[-1], name) for name in ("request_body", "response_body", "query", "duration", "response_bytes")}


def test_bodies_are_noted_up_to_a_limit() -> None:
    path = f"{BATCH}?api-version=2025-06-01"
    assert journalled(Journal(), "GET", path)["response_body"] is None
    whole = journalled(Journal(body_limit=10_000), "GET", path)
    assert whole["response_body"]["name"] == "acct"
    assert journalled(Journal(request_limit=3), "POST", path, b'{"a": 1}')["request_body"] == {"bytes": 8}
    assert journalled(Journal(request_limit=8), "POST", path, b'{"a": 1}')["request_body"] == {"a": 1}
    cut = journalled(Journal(body_limit=100), "GET", path)
    assert cut["response_body"] == {"bytes": whole["response_bytes"]}


@pytest.mark.parametrize(
    ("body", "noted"),
    [
        (b"{", {"unreadable": 1}),
        ({"id": "p", "startTask": {"commandLine": f"curl {SIGNED}"}}, {"id": "p", "startTask": {"commandLine": f"curl {SIGNED}"}}),
    ],
)
def test_bodies_of_requests(body: Any, noted: Any) -> None:
    shown = journalled(Journal(), "POST", "/batch/acct/pools?api-version=2025-06-01", body)["request_body"]
    assert shown == json.loads(json.dumps(noted).replace("SECRET%3D", "REDACTED"))


@pytest.mark.parametrize("path", [f"{BATCH}/listKeys?api-version=2025-06-01", f"{STORAGE}/listKeys?api-version=2024-01-01"])
def test_keys_are_not_noted(path: str) -> None:
    shown = journalled(Journal(body_limit=10_000), "POST", path)["response_body"]
    assert "REDACTED" in json.dumps(shown)
    keys = shown.get("keys") or [{"value": shown["primary"]}, {"value": shown["secondary"]}]
    assert [key["value"] for key in keys] == ["REDACTED", "REDACTED"]


def test_signatures_are_not_noted_and_nothing_of_the_token_is() -> None:
    sink = io.StringIO()
    shown = journalled(Journal(sink=sink, body_limit=10_000), "GET", "/blob/vhds/c/b?sv=2026&sig=SECRET")
    assert shown["query"]["sig"] == "REDACTED"
    assert "<Error>" in shown["response_body"]
    assert "SECRET" not in sink.getvalue()


@pytest.mark.parametrize(
    ("given", "left"),
    [
        ({"password": "x", "osProfile": {"adminPassword": "x"}}, {"password": "REDACTED", "osProfile": {"adminPassword": "REDACTED"}}),
        ({"accessSAS": SIGNED}, {"accessSAS": SIGNED.replace("SECRET%3D", "REDACTED")}),
        ({"protectedParameters": [{"name": "a", "value": "b"}]}, {"protectedParameters": "REDACTED"}),
        ({"keys": ["a"], "password": None, "n": 1}, {"keys": ["a"], "password": None, "n": 1}),
        ({"access_token": "x.y.z"}, {"access_token": "REDACTED"}),
        (["plain", {"id": "/subscriptions/a?b=c"}], ["plain", {"id": "/subscriptions/a?b=c"}]),
    ],
)
def test_secrets_by_their_names(given: Any, left: Any) -> None:
    assert redacted(given) == left


def test_how_long_it_took_is_the_machines_time() -> None:
    class Ticking(ManualClock):
        def now(self) -> float:
            self.advance(0.25)
            return super().now()

    assert journalled(Journal(), "GET", "/subscriptions?api-version=1", token_clock=Ticking())["duration"] == 0.25
