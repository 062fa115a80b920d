"""What the service made up: the recorded client got it from the real one, so the replayed requests must carry the simulator's.

Addresses of operations, ETags, keys, SAS addresses, continuation tokens and generated names are learnt from each pair of answers. A value
that the client itself had sent before is its own and stays.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

from azuresim.replay.comparison import parsed
from azuresim.replay.recording import REDACTED, Interaction, texts
from azuresim.replay.states import family
from azuresim.wire.http import Response

_BLOB_HOST = re.compile(r"https?://([a-z0-9]{3,24})\.blob\.[a-z0-9.-]+/")
# Shorter texts, and those without a digit, are words of the service rather than names of things.
_SHORTEST_NAME = 8
_SAFE = "/:()$,='~!*@"


class Substitutions:
    """What of the recording stands for what of the simulation. ``base_url`` is the simulator's address."""

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url
        self._values: dict[str, str] = {}
        self._operations: dict[tuple[str, bool], str] = {}
        self._sent: set[str] = set()
        self._handed_out: set[str] = set()

    def learn(self, recorded: Interaction, got: Response) -> None:
        """Remember what the two answers call the same things."""
        self._sent.update(texts(recorded.request_body), recorded.query.values(), recorded.path.split("/"))
        lowered = {name.lower(): value for name, value in got.headers.items()}
        for name in ("azure-asyncoperation", "location"):
            if name in recorded.response_headers:
                self._handed_out.add(urlsplit(recorded.response_headers[name]).path.lower())
                if name in lowered:
                    self.learn_operation(recorded.response_headers[name], lowered[name])
        self._learn_pair(recorded.response_headers.get("etag"), lowered.get("etag"))
        for expected, actual in _pairs(recorded.response_body, parsed(got)):
            self._learn_pair(expected, actual)

    def learn_operation(self, recorded_url: str, url: str) -> None:
        """The recorded address of an operation, and the simulator's; its query need not be the same in the later polls."""
        split = urlsplit(recorded_url)
        if family(split.path) is not None:
            self._operations[split.path.lower(), "monitor=true" in split.query.lower()] = url

    def was_handed_out(self, interaction: Interaction) -> bool:
        """Whether the recorded service had given the client this address."""
        return interaction.path.lower() in self._handed_out

    def url(self, interaction: Interaction, root: str) -> str:
        """Where the recorded request goes; ``root`` is what its path is below."""
        operation = self._operation(interaction)
        if operation is not None:
            return operation
        path = "/".join(quote(self._value(part), safe=_SAFE + "%") for part in interaction.path.split("/"))
        query = "&".join(f"{name}={quote(self._value(value), safe=_SAFE)}" for name, value in interaction.query.items())
        return f"{root}{path}?{query}" if query else f"{root}{path}"

    def body(self, value: Any) -> Any:
        """A recorded body with everything replaced."""
        if isinstance(value, dict):
            return {name: self.body(item) for name, item in value.items()}
        if isinstance(value, list):
            return [self.body(item) for item in value]
        return self._value(value) if isinstance(value, str) else value

    def headers(self, recorded: Mapping[str, str]) -> dict[str, str]:
        """Recorded request headers with everything replaced."""
        return {name: self._value(value) for name, value in recorded.items()}

    def _operation(self, interaction: Interaction) -> str | None:
        monitored = interaction.query.get("monitor", "").lower() == "true"
        return self._operations.get((interaction.path.lower(), monitored))

    def _value(self, text: str) -> str:
        if text in self._values:
            return self._values[text]
        return _BLOB_HOST.sub(rf"{self._base_url}/blob/\1/", text)

    def _learn_pair(self, expected: str | None, actual: str | None) -> None:
        if expected is None or actual is None or expected in (actual, REDACTED) or expected in self._sent:
            return
        if len(expected) < _SHORTEST_NAME or not any(c.isdigit() for c in expected) or len(expected.split()) > 1:
            return
        self._values[expected] = actual
        if expected.startswith("http"):
            wanted, given = (dict(parse_qsl(urlsplit(url).query)) for url in (expected, actual))
            for name in wanted.keys() & given.keys():
                self._learn_pair(wanted[name], given[name])
        elif expected.startswith("/"):
            for one, other in zip(expected.split("/"), actual.split("/"), strict=False):
                self._learn_pair(one, other)


def _pairs(expected: Any, actual: Any) -> Iterator[tuple[str, str]]:
    """Strings at the same place of two documents."""
    if isinstance(expected, dict) and isinstance(actual, dict):
        for name in expected.keys() & actual.keys():
            yield from _pairs(expected[name], actual[name])
    elif isinstance(expected, list) and isinstance(actual, list):
        for one, other in zip(expected, actual, strict=False):
            yield from _pairs(one, other)
    elif isinstance(expected, str) and isinstance(actual, str):
        yield expected, actual
