from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import poolwright
from poolwright.domain import reasons
from poolwright.domain.reasons import CATALOGUE, Kind, Reason

PACKAGE = Path(poolwright.__file__).parent
CONSTANTS = {name: value for name, value in vars(reasons).items() if isinstance(value, Reason)}
ENTRIES = [pytest.param(reason, id=name) for name, reason in CATALOGUE.items()]
CAMEL_CASE = re.compile(r"([A-Z][a-z0-9]*)+")
# metav1.Condition: the API server refuses any other reason.
ADMITTED = re.compile(r"[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?")


def uses(tree: ast.AST) -> Iterator[str]:
    """Constants of the catalogue that a module names, as ``reasons.X`` or as an imported ``X``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "reasons":
            yield node.attr
        elif isinstance(node, ast.ImportFrom) and node.module == reasons.__name__:
            yield from (alias.name for alias in node.names)


def used() -> set[str]:
    """Of the whole operator, save for the catalogue itself."""
    modules = [path for path in PACKAGE.rglob("*.py") if path != Path(reasons.__file__)]
    return {name for path in modules for name in uses(ast.parse(path.read_text()))}


def test_every_entry_can_be_met() -> None:
    assert set(CONSTANTS) - used() == set()


def test_every_use_is_in_the_catalogue() -> None:
    unknown = {name for name in used() if name.isupper() and not hasattr(reasons, name)}
    assert unknown == set()


@pytest.mark.parametrize(
    ("source", "found"),
    [
        pytest.param("say(s, reasons.IN_USE, 'x')", {"IN_USE"}, id="by module"),
        pytest.param("from poolwright.domain.reasons import CREATING, Kind", {"CREATING", "Kind"}, id="by name"),
        pytest.param("x = other.IN_USE; y = 'reasons.IN_USE'", set(), id="something else"),
    ],
)
def test_how_uses_are_found(source: str, found: set[str]) -> None:
    assert set(uses(ast.parse(source))) == found


def test_constants_and_catalogue_are_the_same_entries() -> None:
    assert {reason.name: reason for reason in CONSTANTS.values()} == CATALOGUE
    assert len(CONSTANTS) == len(CATALOGUE)


@pytest.mark.parametrize("reason", ENTRIES)
def test_an_entry_reads_well(reason: Reason) -> None:
    assert CAMEL_CASE.fullmatch(reason.name)
    assert ADMITTED.fullmatch(reason.name)
    assert CATALOGUE[reason.name] is reason
    for text in (reason.cause, reason.remedy):
        assert text.endswith(".")
        assert not text.endswith("..")
        assert text[0].isupper() or text.startswith("spec.")
        assert text == text.strip()
        assert "  " not in text


@pytest.mark.parametrize("reason", ENTRIES)
def test_a_constant_is_spelled_like_its_name(reason: Reason) -> None:
    constant = next(name for name, value in CONSTANTS.items() if value is reason)
    assert constant.replace("_", "").lower() == reason.name.lower()
    assert reason.page == f"docs/reference/reasons.md#{reason.name.lower()}"


def test_every_kind_is_used() -> None:
    assert {reason.kind for reason in CATALOGUE.values()} == set(Kind)
