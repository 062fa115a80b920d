"""The reference pages say what their sources say now, and say all of it."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from crds.schema import KINDS, places
from docs.pages import GENERATED, ROOT, anchors
from poolwright.domain.pool.fields import MATRIX
from poolwright.domain.reasons import CATALOGUE, Reason
from poolwright.settings import Settings

GENERATOR = ROOT / "docs" / "generate.py"


def load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", GENERATOR)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


GENERATE = load()


def text(name: str) -> str:
    return (GENERATED / name).read_text()


@pytest.mark.parametrize("name", GENERATE.PAGES)
def test_a_page_is_current(name: str) -> None:
    assert text(name) == GENERATE.page(name), "run python docs/generate.py"


def test_no_page_is_left_over() -> None:
    assert {path.name for path in GENERATED.iterdir()} == set(GENERATE.PAGES)


@pytest.mark.parametrize("reason", CATALOGUE.values(), ids=lambda reason: reason.name)
def test_a_reason_has_the_place_it_names(reason: Reason) -> None:
    page, _, anchor = reason.page.partition("#")
    there = (ROOT / page).read_text()
    assert anchor in anchors(there)
    assert reason.remedy in there


@pytest.mark.parametrize("name", GENERATE.STAGES_OF)
def test_reasons_of_stages_are_of_the_catalogue(name: str) -> None:
    assert name in CATALOGUE


def test_every_field_is_told() -> None:
    page = text("fields.md")
    fields = {place.path for kind in KINDS for place in places(kind) if not place.path.endswith(("[]", "{}", "spec", "status"))}
    assert {field for field in fields if f"| `{field}` |" not in page} == set()


def test_the_matrix_is_told() -> None:
    page = text("fields.md")
    assert [row.field for row in MATRIX if f"| `{row.field}` | {row.applies.value} | {row.absent} |" not in page] == []


def test_every_setting_is_told_with_a_meaning() -> None:
    rows = [line.split(" | ") for line in text("settings.md").splitlines() if line.startswith("| `POOLWRIGHT_")]
    assert len(rows) == len(Settings.model_fields)
    assert [row[0] for row in rows if row[-1].strip(" |") == ""] == []


@pytest.mark.parametrize(
    "series", ["poolwright_build_info` | gauge | `version`, `python`", "azure_requests_total` | counter | `service`, `method`, `code`"]
)
def test_series_are_told_with_their_labels(series: str) -> None:
    assert f"| `{series} |" in text("metrics.md")


def test_the_check_notices_a_stale_page(tmp_path: Path) -> None:
    """A copy of the sources, because the script writes beside itself."""
    for folder in ("crds", "docs"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    assert generate(tmp_path, "--check").returncode == 0
    page = tmp_path / "docs" / "reference" / "reasons.md"
    page.write_text(page.read_text().replace("spec.suspend", "spec.stop"))
    stale = generate(tmp_path, "--check")
    assert stale.returncode == 1
    assert stale.stderr == "Stale: reasons.md. Run python docs/generate.py.\n"
    assert generate(tmp_path).returncode == 0
    assert page.read_text() == text("reasons.md")


def generate(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The operator is found where this process finds it, installed or not."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, str(folder / "docs" / "generate.py"), *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603 - this interpreter, our script
