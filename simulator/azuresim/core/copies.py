"""Copy Blob: begun at once, done after a while, pages and blocks shared until either side writes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from azuresim.core.blob_errors import refusal
from azuresim.core.blobs import Blob, BlobCopy
from azuresim.core.errors import ServiceError
from azuresim.core.extents import SparseBytes
from azuresim.core.kernel import Kernel
from azuresim.core.ranges import Ranges
from azuresim.core.storage import Storage, StorageAccount
from azuresim.core.vhd import GIB

# A copy this short is over before its answer is written.
_AT_ONCE = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class CopySource:
    """A blob to copy from. ``address`` is what the client named it by, without its signature."""

    account: StorageAccount
    container: str
    blob: Blob
    address: str

    def intact(self, etag: str) -> bool:
        """Whether it is still there and unchanged."""
        held = self.account.containers.get(self.container)
        current = None if held is None else held.blobs.get(self.blob.name)
        if current is not None and self.blob.snapshot is not None:
            current = current.snapshots.get(self.blob.snapshot)
        return current is self.blob and current.etag == etag


class Copies:
    """All copies under way. ``fault`` may say why a copy to an address (`account/container/blob`) is to fail."""

    def __init__(self, kernel: Kernel, storage: Storage) -> None:
        self._kernel = kernel
        self._storage = storage
        self.fault: Callable[[str], str | None] = lambda _path: None

    def begin(
        self,
        account: StorageAccount,
        container: str,
        name: str,
        source: CopySource,
        *,
        metadata: Mapping[str, str],
        tags: Mapping[str, str],
        at_once: bool = False,
    ) -> Blob:
        """Overwrite ``name`` with a copy. The destination is as long as the source and empty until the copy is done.

        ``metadata`` that is empty is taken over from the source. ``at_once`` is Copy Blob From URL, which answers when it is done.
        """
        existing = account.container(container).blobs.get(name)
        if existing is not None and existing.copying:
            raise refusal("PendingCopyOperation")
        if existing is not None and existing.kind != source.blob.kind:
            raise refusal("InvalidBlobType")
        content, etag, size = source.blob.content.copy(), source.blob.etag, source.blob.content.size
        itself, near = existing is source.blob, source.account is account
        durations = self._kernel.durations
        seconds = (durations.blob_copy_near if near else durations.blob_copy_far) * size / GIB
        made = self._storage.put_blob(
            account,
            container,
            name,
            kind=source.blob.kind,
            size=size,
            metadata=metadata or source.blob.metadata,
            http_headers=source.blob.http_headers,
            tags=tags,
        )
        made.sequence_number = source.blob.sequence_number
        made.blocks = list(source.blob.blocks)
        copy = BlobCopy(id=self._kernel.ids.guid(), source=source.address, size=size, begun=self._kernel.moment, seconds=seconds)
        made.copy = copy

        def finish(at: float) -> None:
            if copy.status != "pending":
                return
            reason = self.fault(f"{account.name}/{container}/{name}")
            # A blob copied onto itself (for new metadata) has become its own destination.
            if reason is None and not itself and not source.intact(etag):
                reason = '412 ConditionNotMet "Copy failed when reading the source."'
            if reason is None:
                made.content = content
                made.changed = Ranges(content.written)
                copy.status, copy.ended = "success", at
                self._storage.touch(made)
            else:
                self._end(made, copy, at, reason)

        if at_once or seconds < _AT_ONCE:
            finish(self._kernel.moment)
        else:
            self._kernel.agenda.at(self._kernel.moment + seconds, finish)
        return made

    def abort(self, blob: Blob, copy_id: str) -> None:
        """Stop a pending copy; what is left is an empty blob with its metadata."""
        if blob.copy is None or not blob.copying:
            raise refusal("NoPendingCopyOperation")
        if blob.copy.id != copy_id:
            raise refusal("CopyIdMismatch")
        self._end(blob, blob.copy, self._kernel.moment, None)

    def fail(self, blob: Blob, error: ServiceError, at: float) -> None:
        """A pending copy ends in an error; harmless for a blob without one."""
        if blob.copy is not None and blob.copying:
            self._end(blob, blob.copy, at, f'{error.status} {error.code} "{error.message}"')

    def _end(self, blob: Blob, copy: BlobCopy, at: float, reason: str | None) -> None:
        copy.ended = at
        copy.status, copy.description = ("aborted", "") if reason is None else ("failed", reason)
        blob.content = SparseBytes(0)
        blob.blocks = []
        self._storage.touch(blob)
