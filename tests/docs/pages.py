"""What the hand-written pages say, found in their text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
GENERATED = ROOT / "docs" / "reference"

_LINK = re.compile(r"\[[^\]\n]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_MAKE = re.compile(r"(?:^ {4}|`)make ([a-z]+)", re.MULTILINE)
_TARGET = re.compile(r"^([a-z]+):.*## ", re.MULTILINE)
_PATH = re.compile(r"`((?:operator|simulator|controlplane|tests|demo|benchmarks|crds|manifests|docs)/[\w./]*)`")
_DOMAIN = re.compile(r"`((?:domain|engine|controllers|cloud|kube|telemetry)/[\w./]*)`")
_YAML = re.compile(r"^```yaml\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def pages() -> list[Path]:
    """Every page of the project: at the root, and below docs."""
    return sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def broken_links(page: Path) -> list[str]:
    """Relative links that lead to no file, or to no heading of one."""
    return [link for link in _LINK.findall(page.read_text()) if ":" not in link and not _leads_somewhere(page, link)]


def anchors(text: str) -> set[str]:
    """Headings as links name them: lower case, blanks as dashes, nothing but letters, digits and dashes."""
    return {re.sub(r"[^\w-]", "", heading.strip().lower().replace(" ", "-")) for heading in _HEADING.findall(text)}


def make_targets(text: str) -> set[str]:
    """Targets that a page tells people to make."""
    return set(_MAKE.findall(text))


def declared_targets(makefile: str) -> set[str]:
    """Targets that `make help` shows."""
    return set(_TARGET.findall(makefile))


def missing_paths(text: str, root: Path = ROOT) -> list[str]:
    """Paths in backticks that do not exist; those of a layer are meant below the package."""
    package = root / "operator" / "poolwright"
    named = [(root, path) for path in _PATH.findall(text)] + [(package, path) for path in _DOMAIN.findall(text)]
    return [path for base, path in named if not (base / path).exists()]


def declarations(text: str) -> Iterator[str]:
    """Blocks of YAML."""
    yield from _YAML.findall(text)


def _leads_somewhere(page: Path, link: str) -> bool:
    path, _, anchor = link.partition("#")
    target = (page.parent / path).resolve() if path else page
    if not target.exists():
        return False
    return not anchor or (target.suffix == ".md" and anchor in anchors(target.read_text()))
