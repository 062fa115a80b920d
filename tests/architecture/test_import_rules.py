"""The import rules of `.importlinter` hold, and a wrong import breaks them."""

from __future__ import annotations

import configparser
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LINT = "import sys; from importlinter.cli import lint_imports_command; sys.argv[0] = 'lint-imports'; lint_imports_command()"


def lint(repository: Path) -> subprocess.CompletedProcess[str]:
    """Run import-linter on the sources of `repository`, wherever the two packages are installed from."""
    search = os.pathsep.join(str(repository / folder) for folder in ("operator", "simulator"))
    environment = os.environ | {"PYTHONPATH": search, "COLUMNS": "200"}  # wide enough to wrap no name
    return subprocess.run(  # noqa: S603 - this interpreter, with arguments from this file
        [sys.executable, "-c", LINT, "--no-cache"], cwd=repository, env=environment, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what the rules look at, to be spoiled."""
    copy = tmp_path_factory.mktemp("repository")
    for folder in ("operator", "simulator"):
        shutil.copytree(ROOT / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__", "*.json"))
    shutil.copy(ROOT / ".importlinter", copy)
    return copy


def test_the_rules_hold() -> None:
    done = lint(ROOT)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("module", "line", "contract"),
    [
        ("operator/poolwright/domain/__init__.py", "import poolwright.engine", "layers"),
        ("operator/poolwright/controllers/__init__.py", "import poolwright.cloud", "layers"),
        ("operator/poolwright/cloud/__init__.py", "import poolwright.kube", "layers"),
        ("operator/poolwright/kube/__init__.py", "import poolwright.telemetry", "layers"),
        ("operator/poolwright/cloud/__init__.py", "import poolwright.engine", "adapters"),
        ("operator/poolwright/engine/__init__.py", "import poolwright.domain.pool", "engine"),
        ("operator/poolwright/domain/__init__.py", "import aiohttp", "domain"),
        ("operator/poolwright/domain/image/__init__.py", "import poolwright.domain.pool", "kinds"),
        ("operator/poolwright/kube/client.py", "import kopf", "kopf"),
        ("operator/poolwright/app.py", "import kubernetes", "kubernetes"),
        ("operator/poolwright/telemetry/__init__.py", "from azure.batch import BatchClient", "azure"),
        ("simulator/azuresim/__init__.py", "import poolwright", "independence"),
        ("operator/poolwright/__init__.py", "import azuresim", "independence"),
    ],
)
def test_a_wrong_import_is_noticed(repository: Path, module: str, line: str, contract: str) -> None:
    rules = configparser.ConfigParser()
    rules.read(ROOT / ".importlinter")
    spoiled = repository / module
    before = spoiled.read_text()
    spoiled.write_text(f"{before}\n{line}\n")
    try:
        done = lint(repository)
    finally:
        spoiled.write_text(before)
    assert done.returncode != 0
    assert f"{rules[f'importlinter:contract:{contract}']['name']} BROKEN" in done.stdout
