"""The manifests as files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parents[2] / "manifests"
BASE, SAMPLES = FOLDER / "base", FOLDER / "samples"

Json = dict[str, Any]


def documents(folder: Path) -> list[Json]:
    """Every object declared in the files of a folder; the kustomization itself is none."""
    files = sorted(path for path in folder.glob("*.yaml") if path.name != "kustomization.yaml")
    return [document for path in files for document in yaml.safe_load_all(path.read_text())]


def one(kind: str, name: str, folder: Path = BASE) -> Json:
    """The object of this kind and name."""
    (found,) = (document for document in documents(folder) if (document["kind"], document["metadata"]["name"]) == (kind, name))
    return found
