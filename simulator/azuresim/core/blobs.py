"""Blobs and containers, as they are kept; the rules are in ``storage``, ``page_blobs``, ``block_blobs`` and ``copies``."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from azuresim.core.blob_errors import refusal
from azuresim.core.extents import SparseBytes
from azuresim.core.leases import Lease
from azuresim.core.ranges import Ranges

BlobKind = Literal["PageBlob", "BlockBlob"]
CopyStatus = Literal["pending", "success", "aborted", "failed"]
PublicAccess = Literal["blob", "container"]


@dataclass(slots=True, kw_only=True)
class BlobCopy:
    """The last copy a blob was the destination of. ``seconds`` is how long it takes."""

    id: str
    source: str
    size: int
    begun: float
    seconds: float
    status: CopyStatus = "pending"
    ended: float | None = None
    description: str = ""

    def copied(self, now: float) -> int:
        """Bytes so far."""
        if self.status == "success":
            return self.size
        until = now if self.ended is None else self.ended
        return int(self.size * min(1.0, (until - self.begun) / self.seconds)) if self.seconds else 0


@dataclass(slots=True, kw_only=True)
class Blob:
    """One blob, or one snapshot of it. ETags are kept unquoted; ``sequence_number`` belongs to page blobs.

    ``changed`` is what was written or cleared since the last snapshot; a snapshot keeps what changed before it. ``lineage`` tells a blob
    from the one it replaced under the same name, as snapshots outlive that.
    """

    name: str
    kind: BlobKind
    content: SparseBytes
    etag: str
    created: float
    last_modified: float
    metadata: dict[str, str] = field(default_factory=dict)
    http_headers: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    sequence_number: int = 0
    lease: Lease = field(default_factory=lambda: Lease(subject="blob"))
    copy: BlobCopy | None = None
    blocks: list[tuple[str, int]] = field(default_factory=list)
    snapshot: str | None = None
    snapshots: dict[str, Blob] = field(default_factory=dict)
    changed: Ranges = field(default_factory=Ranges)
    lineage: str = ""

    @property
    def copying(self) -> bool:
        """Whether a copy into it is under way: nobody else may write then."""
        return self.copy is not None and self.copy.status == "pending"

    def at(self, snapshot: str | None) -> Blob:
        """The blob itself, or one of its snapshots. Raises 404 BlobNotFound."""
        if snapshot is None:
            return self
        found = self.snapshots.get(snapshot)
        if found is None:
            raise refusal("BlobNotFound")
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessPolicy:
    """A stored access policy. What it leaves out, the signature must give; times as they were written."""

    starts: str = ""
    expires: str = ""
    permissions: str = ""


@dataclass(slots=True, kw_only=True)
class Container:
    """One blob container. ``staged`` are blocks uploaded but not committed, by blob and block id."""

    name: str
    etag: str
    last_modified: float
    metadata: dict[str, str] = field(default_factory=dict)
    blobs: dict[str, Blob] = field(default_factory=dict)
    staged: dict[str, dict[str, bytes]] = field(default_factory=dict)
    lease: Lease = field(default_factory=lambda: Lease(subject="container"))
    public_access: PublicAccess | None = None
    policies: dict[str, AccessPolicy] = field(default_factory=dict)

    def blob(self, name: str, snapshot: str | None = None) -> Blob:
        """Raises 404 BlobNotFound."""
        found = self.blobs.get(name)
        if found is None:
            raise refusal("BlobNotFound")
        return found.at(snapshot)
