"""Page blobs: writes, what changed since a snapshot, sequence numbers."""

from __future__ import annotations

from azuresim.core.blob_errors import bad_header, refusal
from azuresim.core.blobs import Blob
from azuresim.core.ranges import Ranges
from azuresim.core.vhd import GIB, MIB

PAGE_BYTES = 512
MAX_PAGE_WRITE = 4 * MIB
MAX_PAGE_BLOB = 8192 * GIB
MAX_SEQUENCE_NUMBER = (1 << 63) - 1


def require(blob: Blob) -> None:
    """Raises 409 InvalidBlobType for anything but a page blob."""
    if blob.kind != "PageBlob":
        raise refusal("InvalidBlobType")


def check_size(size: int) -> None:
    """Whole pages, at most 8 TiB."""
    if size % PAGE_BYTES or size > MAX_PAGE_BLOB:
        raise bad_header("x-ms-blob-content-length", str(size))


def write(blob: Blob, start: int, end: int, data: bytes | None) -> None:
    """Write [start, end), at most 4 MiB, or clear it when ``data`` is None."""
    require(blob)
    if start % PAGE_BYTES or end % PAGE_BYTES or start >= end:
        raise refusal("InvalidPageRange")
    if data is not None and end - start > MAX_PAGE_WRITE:
        raise refusal("RequestBodyTooLarge")
    if end > blob.content.size:
        raise refusal("InvalidPageRange")
    if data is None:
        blob.content.clear(start, end)
    elif len(data) != end - start:
        raise bad_header("Content-Length", str(len(data)))
    else:
        blob.content.write(start, data)
    blob.changed.add(start, end)


def differences(blob: Blob, target: Blob, previous: str) -> tuple[Ranges, Ranges]:
    """What was written and what was cleared in ``target`` since the snapshot ``previous``. ``blob`` is the one both belong to.

    A page that was written again counts, whatever is in it: the service looks at writes, not at bytes.
    """
    require(target)
    base = blob.snapshots.get(previous)
    if base is None:
        raise refusal("PreviousSnapshotNotFound")
    if target.snapshot is not None and previous > target.snapshot:
        raise refusal("PreviousSnapshotCannotBeNewer")
    if base.lineage != target.lineage:
        raise refusal("BlobOverwritten")
    between = [s for stamp, s in blob.snapshots.items() if stamp > previous and (target.snapshot is None or stamp < target.snapshot)]
    changed = Ranges(part for step in (*between, target) for part in step.changed.within(0, target.content.size))
    return changed.common(target.content.written), changed.without(target.content.written)
