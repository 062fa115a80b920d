"""What people read is so: links lead somewhere, commands and files exist, and the declarations are those that are tested."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from docs.pages import ROOT, anchors, broken_links, declarations, declared_targets, make_targets, missing_paths, pages
from manifests.documents import SAMPLES, documents

README, ARCHITECTURE, CONTRIBUTING = ROOT / "README.md", ROOT / "ARCHITECTURE.md", ROOT / "CONTRIBUTING.md"
MAKEFILE = (ROOT / "Makefile").read_text()


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    assert broken_links(page) == []


@pytest.mark.parametrize("page", [README, CONTRIBUTING, ARCHITECTURE], ids=lambda page: page.stem)
def test_commands_exist(page: Path) -> None:
    named = make_targets(page.read_text())
    assert named, "no command is named"
    assert named <= declared_targets(MAKEFILE)


def test_the_readme_names_the_two_commands() -> None:
    assert {"demo", "test"} <= make_targets(README.read_text())


@pytest.mark.parametrize("page", [README, ARCHITECTURE], ids=lambda page: page.stem)
def test_files_exist(page: Path) -> None:
    assert missing_paths(page.read_text()) == []


def test_the_readme_declares_what_the_samples_declare() -> None:
    first, *_ = declarations(README.read_text())
    shown = {document["kind"]: document for document in yaml.safe_load_all(first)}
    assert shown == {document["kind"]: document for document in documents(SAMPLES)}


def test_the_readmes_overlay_names_what_the_base_has() -> None:
    _, text = declarations(README.read_text())
    overlay = yaml.safe_load(text)
    base = {(document["kind"], document["metadata"]["name"]): document for document in documents(ROOT / "manifests" / "base")}
    (patch,) = (yaml.safe_load(patch["patch"]) for patch in overlay["patches"])
    account = base[patch["kind"], patch["metadata"]["name"]]
    assert patch["metadata"]["namespace"] == account["metadata"]["namespace"]
    assert patch["metadata"]["annotations"].keys() <= account["metadata"]["annotations"].keys()
    (image,) = overlay["images"]
    (container,) = base["Deployment", "poolwright"]["spec"]["template"]["spec"]["containers"]
    assert container["image"].partition(":")[0] == image["name"]


@pytest.mark.parametrize(
    ("text", "broken"),
    [
        pytest.param("[a](other.md)", [], id="a file"),
        pytest.param("[a](other.md#two-words)", [], id="a heading"),
        pytest.param("[a](#here)\n# Here", [], id="a heading of its own"),
        pytest.param("[a](https://example.com/x)", [], id="elsewhere"),
        pytest.param("[a](gone.md)", ["gone.md"], id="no file"),
        pytest.param("[a](other.md#gone)", ["other.md#gone"], id="no heading"),
    ],
)
def test_how_links_are_followed(tmp_path: Path, text: str, broken: list[str]) -> None:
    (tmp_path / "other.md").write_text("## Two words\n")
    page = tmp_path / "page.md"
    page.write_text(text)
    assert broken_links(page) == broken


@pytest.mark.parametrize(
    ("text", "named"),
    [
        pytest.param("    make demo     # shows", {"demo"}, id="a block"),
        pytest.param("run `make test ARGS=-x` first", {"test"}, id="in a sentence"),
        pytest.param("they make sense", set(), id="a verb"),
    ],
)
def test_how_commands_are_found(text: str, named: set[str]) -> None:
    assert make_targets(text) == named


def test_how_targets_are_found() -> None:
    assert declared_targets("demo: $(READY) ## Show it\n\tpython -m demo\n.venv/x: y\nhidden:\n") == {"demo"}


def test_how_headings_become_anchors() -> None:
    assert anchors("# In a cluster\n## What `ports.py` holds, and why\ntext") == {"in-a-cluster", "what-portspy-holds-and-why"}


def test_how_files_are_found(tmp_path: Path) -> None:
    (tmp_path / "operator" / "poolwright" / "domain").mkdir(parents=True)
    (tmp_path / "operator" / "poolwright" / "domain" / "rules.py").touch()
    text = "`domain/rules.py`, `operator/poolwright/domain/`, `domain/gone.py`, `tests/gone`, `other/thing`"
    assert missing_paths(text, tmp_path) == ["tests/gone", "domain/gone.py"]
