"""Block blobs: blocks are staged one by one and become the blob when a list of them is committed."""

from __future__ import annotations

import base64
import binascii
from typing import Literal

from azuresim.core.blob_errors import refusal
from azuresim.core.blobs import Blob, Container
from azuresim.core.extents import SparseBytes
from azuresim.core.vhd import MIB

MAX_BLOCK = 4000 * MIB
MAX_SINGLE_PUT = 5000 * MIB
_MOST_BLOCKS = 50_000
_LONGEST_ID = 64
Which = Literal["Committed", "Uncommitted", "Latest"]


def stage(container: Container, name: str, block_id: str, data: bytes) -> None:
    """Keep one block; another one under the same id is replaced."""
    try:
        raw = base64.b64decode(block_id, validate=True)
    except binascii.Error as wrong:
        raise refusal("InvalidBlockId") from wrong
    if not raw or len(raw) > _LONGEST_ID:
        raise refusal("InvalidBlockId")
    blob = container.blobs.get(name)
    if blob is not None and blob.kind != "BlockBlob":
        raise refusal("InvalidBlobType")
    if blob is not None and blob.copying:
        raise refusal("PendingCopyOperation")
    if len(data) > MAX_BLOCK:
        raise refusal("RequestBodyTooLarge")
    staged = container.staged.setdefault(name, {})
    if any(len(other) != len(block_id) for other in staged):
        raise refusal("InvalidBlockId")
    staged[block_id] = data


def gather(container: Container, name: str, wanted: list[tuple[Which, str]]) -> tuple[list[tuple[str, int]], bytes]:
    """The blocks a list names, in its order, and their bytes. Raises 400 InvalidBlockList for one that is nowhere."""
    if len(wanted) > _MOST_BLOCKS:
        raise refusal("BlockListTooLong")
    blob = container.blobs.get(name)
    committed = {} if blob is None else _committed(blob)
    staged = container.staged.get(name, {})
    places: dict[Which, tuple[dict[str, bytes], ...]] = {
        "Committed": (committed,),
        "Uncommitted": (staged,),
        "Latest": (staged, committed),
    }
    blocks: list[tuple[str, int]] = []
    parts: list[bytes] = []
    for which, block_id in wanted:
        data = next((place[block_id] for place in places[which] if block_id in place), None)
        if data is None:
            raise refusal("InvalidBlockList")
        blocks.append((block_id, len(data)))
        parts.append(data)
    return blocks, b"".join(parts)


def fill(container: Container, blob: Blob, blocks: list[tuple[str, int]], data: bytes) -> None:
    """Make the bytes the blob's content; what was staged and not named is forgotten."""
    blob.content = SparseBytes(len(data))
    blob.content.write(0, data)
    blob.blocks = blocks
    container.staged.pop(blob.name, None)


def _committed(blob: Blob) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    at = 0
    for block_id, size in blob.blocks:
        found[block_id] = blob.content.read(at, at + size)
        at += size
    return found
