"""Every request the SDKs can build is answered, or on a short list with the reason why not."""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import Path

import pytest
import yaml

from simulator.test_routes import SDKS, built, plain, served

LISTED: dict[str, dict[str, str]] = yaml.safe_load((Path(__file__).parent / "unrouted.yaml").read_text("utf-8"))


@pytest.mark.parametrize("part", SDKS)
def test_what_is_not_routed_is_listed_and_nothing_else(part: str) -> None:
    routed = {(route.method, plain(route.path)) for sdk, route in served() if sdk == part}
    missing = sorted(request.builder for key, request in built(part).items() if key not in routed)
    answered = sorted(request.builder for key, request in built(part).items() if key in routed)
    assert [name for name in missing if not any(fnmatchcase(name, entry) for entry in LISTED[part])] == []
    assert [entry for entry in LISTED[part] if not any(fnmatchcase(name, entry) for name in missing)] == []
    assert [name for name in answered if any(fnmatchcase(name, entry) for entry in LISTED[part])] == []


def test_every_entry_says_why() -> None:
    assert {part: [entry for entry, why in entries.items() if len(why.split()) < 3] for part, entries in LISTED.items()} == {
        part: [] for part in SDKS
    }
