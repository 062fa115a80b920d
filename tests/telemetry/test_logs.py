from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from poolwright.telemetry import logs

LEVELS = ("azure", "kopf", "aiohttp.access", "msal")


@pytest.fixture(autouse=True)
def put_back() -> Iterator[None]:
    """Logging belongs to the process: the other tests get it back as it was."""
    root = logging.getLogger()
    handlers, level, levels = root.handlers[:], root.level, {name: logging.getLogger(name).level for name in LEVELS}
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, value in levels.items():
        logging.getLogger(name).setLevel(value)


def written(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    captured = capsys.readouterr()
    assert captured.out == ""
    return [json.loads(line) for line in captured.err.splitlines()]


def test_a_fact_is_one_line_with_its_fields(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("INFO")
    logging.getLogger("poolwright.test").info("acting", extra={"kind": "batchpools", "object": "render", "action": "Resize"})
    (line,) = written(capsys)
    stamp = line.pop("timestamp")
    assert line == {
        "message": "acting",
        "level": "INFO",
        "logger": "poolwright.test",
        "kind": "batchpools",
        "object": "render",
        "action": "Resize",
    }
    assert abs((datetime.now(UTC) - datetime.fromisoformat(stamp)).total_seconds()) < 60


def test_an_exception_stays_on_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("INFO")
    try:
        int("what went wrong")
    except ValueError:
        logging.getLogger("poolwright.test").exception("pass failed")
    (line,) = written(capsys)
    assert (line["message"], line["level"]) == ("pass failed", "ERROR")
    assert "ValueError: invalid literal for int() with base 10: 'what went wrong'" in line["exc_info"]


@pytest.mark.parametrize(
    ("logger", "level", "shown"),
    [
        ("poolwright.test", "INFO", True),
        ("poolwright.test", "DEBUG", False),
        ("azure.core", "INFO", False),
        ("azure.core", "WARNING", True),
        ("kopf.objects", "INFO", False),
        ("aiohttp.access", "INFO", False),
    ],
)
def test_libraries_speak_only_of_trouble(capsys: pytest.CaptureFixture[str], logger: str, level: str, *, shown: bool) -> None:
    logs.configure("INFO")
    logging.getLogger(logger).log(logging.getLevelName(level), "something")
    assert bool(written(capsys)) == shown


def test_configuring_twice_does_not_double_the_lines(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("INFO")
    logs.configure("INFO")
    logging.getLogger("poolwright.test").info("once")
    assert len(written(capsys)) == 1
