"""Kubernetes objects as the engine and the controllers see them: plain JSON, a key, and few calls that can fail in few ways."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

Body = Mapping[str, Any]

FINALIZER = "poolwright.io/cleanup"


class ObjectKey(NamedTuple):
    """Names one object; ``kind`` is the plural of the CRD (``batchpools``)."""

    kind: str
    namespace: str
    name: str

    @property
    def fields(self) -> dict[str, str]:
        """What a log line says of the object; ``name`` is taken in log records."""
        return {"kind": self.kind, "namespace": self.namespace, "object": self.name}


IMAGES, POOLS = "customimages", "batchpools"
KINDS = (IMAGES, POOLS)
API_GROUP, API_VERSION = "poolwright.io", "v1alpha1"
SINGULAR = {IMAGES: "CustomImage", POOLS: "BatchPool"}


class KubernetesError(Exception):
    """The API server did not do what was asked; ``status`` is its HTTP code, 0 when it did not answer."""

    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(f"{status} {reason}: {message}")
        self.status = status
        self.reason = reason


class Conflict(KubernetesError):  # noqa: N818 - Kubernetes' own word
    """The object has moved since it was read: look again."""


class NotFound(KubernetesError):  # noqa: N818 - Kubernetes' own word
    """The object is gone."""


class Unreachable(KubernetesError):  # noqa: N818 - says it better than UnreachableError
    """No answer: nothing is known of what the call did."""


class Objects(Protocol):
    """Reads and writes of both kinds. Writes answer with the object as stored; every call raises KubernetesError."""

    async def get(self, key: ObjectKey) -> Body | None:
        """One object, None when it is gone."""

    async def list_full(self, kind: str) -> tuple[list[Body], str]:
        """All objects and the listing's resourceVersion."""

    async def list_metadata(self, kind: str) -> tuple[list[Body], str]:
        """All objects' metadata and the listing's resourceVersion."""

    async def replace_status(self, body: Body, status: Body) -> Body:
        """PUT the status of exactly this version of the object."""

    async def add_finalizer(self, body: Body) -> Body:
        """Add ours, if the object has not moved."""

    async def remove_finalizer(self, body: Body) -> None:
        """Take ours off, if the object has not moved."""


def key_of(kind: str, body: Body) -> ObjectKey:
    """The key of an object."""
    metadata = body["metadata"]
    return ObjectKey(kind, metadata["namespace"], metadata["name"])


def version_of(body: Body) -> int | None:
    """The resourceVersion as a number; None where it is not one (then it counts as newer)."""
    text = str(body["metadata"].get("resourceVersion", ""))
    return int(text) if text.isdigit() else None


def is_deleting(body: Body) -> bool:
    """Whether somebody asked for the object's deletion."""
    return "deletionTimestamp" in body["metadata"]


def has_finalizer(body: Body) -> bool:
    """Whether our finalizer holds the object."""
    return FINALIZER in body["metadata"].get("finalizers", ())
