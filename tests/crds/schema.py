"""The CRDs as files, and a walk over everything their schemas declare."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parents[2] / "crds"
KINDS = ("customimages", "batchpools")

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Place:
    """One schema inside a CRD; ``path`` as in ``kubectl explain``, with ``[]`` for the items of a list and ``{}`` for those of a map."""

    kind: str
    path: str
    schema: Json


def crd(kind: str) -> Json:
    document: Json = yaml.safe_load((FOLDER / f"{kind}.yaml").read_text())
    return document


def version(kind: str) -> Json:
    (only,) = crd(kind)["spec"]["versions"]
    document: Json = only
    return document


def root(kind: str) -> Json:
    schema: Json = version(kind)["schema"]["openAPIV3Schema"]
    return schema


def places(kind: str) -> Iterator[Place]:
    """Every schema of the spec and the status, parents first."""
    for name in ("spec", "status"):
        yield from _with(kind, name, root(kind)["properties"][name])


def _below(kind: str, path: str, schema: Json) -> Iterator[Place]:
    for name, child in schema.get("properties", {}).items():
        yield from _with(kind, f"{path}.{name}", child)
    for member, suffix in (("items", "[]"), ("additionalProperties", "{}")):
        if member in schema:
            yield from _with(kind, f"{path}{suffix}", schema[member])


def _with(kind: str, path: str, schema: Json) -> Iterator[Place]:
    yield Place(kind, path, schema)
    yield from _below(kind, path, schema)
