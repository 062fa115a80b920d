"""The rules hold for this repository, and each would notice."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from architecture.source_tree import clock_readings, coroutines, foreign_imports, modules, too_long

ROOT = Path(__file__).resolve().parents[2]
DOMAIN = ROOT / "operator" / "poolwright" / "domain"


def domain_imports(tree: Path) -> list[str]:
    return foreign_imports(tree, allowed="poolwright.domain")


@pytest.mark.parametrize("folder", ["operator", "simulator", "controlplane"])
def test_modules_are_short(folder: str) -> None:
    assert list(modules(ROOT / folder)), "nothing to check"
    assert too_long(ROOT / folder) == []


@pytest.mark.parametrize("checker", [domain_imports, clock_readings, coroutines])
def test_the_domain_is_pure(checker: Callable[[Path], list[str]]) -> None:
    assert list(modules(DOMAIN)), "nothing to check"
    assert checker(DOMAIN) == []


def test_the_operator_folder_is_no_package() -> None:
    assert not (ROOT / "operator" / "__init__.py").exists()


@pytest.mark.parametrize("flags", [["-S"], []])
def test_the_standard_librarys_operator_is_found_from_the_root(flags: list[str]) -> None:
    assert import_operator(ROOT, flags).returncode == 0


@pytest.mark.parametrize(
    ("checker", "source", "findings"),
    [
        pytest.param(domain_imports, "import asyncio", ["bad.py:1: asyncio"], id="asyncio"),
        pytest.param(domain_imports, "from time import sleep", ["bad.py:1: time"], id="time"),
        pytest.param(domain_imports, "def f():\n    import random", ["bad.py:2: random"], id="random, inside a function"),
        pytest.param(domain_imports, "import kopf", ["bad.py:1: kopf"], id="a framework"),
        pytest.param(domain_imports, "from azure.core.exceptions import AzureError", ["bad.py:1: azure.core.exceptions"], id="an SDK"),
        pytest.param(domain_imports, "from poolwright.engine import store", ["bad.py:1: poolwright.engine"], id="another layer"),
        pytest.param(
            domain_imports, "from poolwright import cloud", ["bad.py:1: poolwright.cloud"], id="another layer, through the package"
        ),
        pytest.param(
            domain_imports, "import poolwright.domainlike", ["bad.py:1: poolwright.domainlike"], id="a name that only begins alike"
        ),
        pytest.param(domain_imports, "from . import store", ["bad.py:1: ."], id="relative"),
        pytest.param(domain_imports, "from poolwright import domain\nfrom poolwright.domain.pool import spec\nimport re", [], id="allowed"),
        pytest.param(clock_readings, "datetime.now(UTC)", ["bad.py:1: datetime.now"], id="now"),
        pytest.param(clock_readings, "datetime.datetime.utcnow()", ["bad.py:1: datetime.datetime.utcnow"], id="utcnow, qualified"),
        pytest.param(clock_readings, "field(default_factory=date.today)", ["bad.py:1: date.today"], id="handed over, not called"),
        pytest.param(clock_readings, "situation.now + timedelta(1)", [], id="a time that was given"),
        pytest.param(coroutines, "async def f():\n    pass", ["bad.py:1"], id="coroutine"),
        pytest.param(coroutines, "async def f() -> int:\n    'How many.'", [], id="signature of a coroutine"),
        pytest.param(coroutines, "def f():\n    pass", [], id="function"),
        pytest.param(too_long, "\n" * 301, ["bad.py: 301 lines"], id="301 lines"),
        pytest.param(too_long, "\n" * 300, [], id="300 lines"),
    ],
)
def test_each_rule_notices(tmp_path: Path, checker: Callable[[Path], list[str]], source: str, findings: list[str]) -> None:
    (tmp_path / "bad.py").write_text(source)
    assert checker(tmp_path) == findings


def test_a_package_of_that_name_would_break_the_interpreter(tmp_path: Path) -> None:
    (tmp_path / "operator").mkdir()
    assert import_operator(tmp_path, ["-S"]).returncode == 0
    (tmp_path / "operator" / "__init__.py").touch()
    broken = import_operator(tmp_path, ["-S"])
    assert broken.returncode != 0
    assert "itemgetter" in broken.stderr


def import_operator(folder: Path, flags: list[str]) -> subprocess.CompletedProcess[str]:
    """`python -c` looks into the current folder first; without `site` nothing has imported `operator` before."""
    command = [sys.executable, *flags, "-c", "import operator; operator.itemgetter"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)  # noqa: S603 - this interpreter, arguments from here
