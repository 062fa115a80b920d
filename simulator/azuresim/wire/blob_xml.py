"""XML of the blob service: lists, tags, block lists, policies, keys."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from urllib.parse import quote
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

from azuresim.core.blob_errors import refusal
from azuresim.core.blobs import AccessPolicy, Blob, Container
from azuresim.core.leases import INFINITE, Lease
from azuresim.core.ranges import Range
from azuresim.wire.blob_headers import stamp
from azuresim.wire.http import Request, Response
from azuresim.wire.routing import Call
from azuresim.wire.timestamps import http_time

XML_TYPE = "application/xml"
PROLOG = '<?xml version="1.0" encoding="utf-8"?>'
# 50,000 block ids of 64 bytes take less.
_MOST_XML = 8 << 20
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
Fields = Iterable[tuple[str, object]]


def element(name: str, *content: str) -> str:
    """``content`` is XML already."""
    return f"<{name}>{''.join(content)}</{name}>"


def texts(fields: Fields) -> str:
    """One element each; None is left out."""
    return "".join(element(name, escape(str(value))) for name, value in fields if value is not None)


def document(text: str) -> bytes:
    """``text``, a root element, with its prologue. XML has no control characters, whatever a request had."""
    return _NO_XML.sub("\ufffd", f"{PROLOG}{text}").encode()


def name_element(name: str) -> str:
    """`Name` of a blob or prefix: percent-encoded, and marked so, when it has characters that XML has not."""
    if _NO_XML.search(name) is None:
        return element("Name", escape(name))
    return f'<Name Encoded="true">{quote(name)}</Name>'


def xml_response(call: Call, text: str, headers: Mapping[str, str] | None = None) -> Response:
    """200 with a document."""
    return Response(200, {**stamp(call), "Content-Type": XML_TYPE, **(headers or {})}, document(text))


def parse(request: Request) -> ET.Element:
    """The body. Raises 400 InvalidXmlDocument, or 413 for one that no list of the service can be."""
    if len(request.body) > _MOST_XML:
        raise refusal("RequestBodyTooLarge")
    try:
        return ET.fromstring(request.body)  # noqa: S314  # expat here refuses entity bombs, and the client is a test
    except (ET.ParseError, LookupError, ValueError) as wrong:
        # The latter two for encodings that expat does not know.
        raise refusal("InvalidXmlDocument") from wrong


def child(node: ET.Element, path: str) -> str:
    """The text of a descendant; empty when it is missing."""
    return node.findtext(path) or ""


def listed_container(container: Container, now: float, included: frozenset[str]) -> str:
    """One `Container`."""
    fields: Fields = (
        ("Last-Modified", http_time(container.last_modified)),
        ("Etag", f'"{container.etag}"'),
        *_lease(container.lease, now),
        ("PublicAccess", container.public_access),
        ("HasImmutabilityPolicy", "false"),
        ("HasLegalHold", "false"),
    )
    metadata = element("Metadata", texts(container.metadata.items())) if "metadata" in included and container.metadata else ""
    return element("Container", texts((("Name", container.name),)), element("Properties", texts(fields)), metadata)


def listed_blob(blob: Blob, now: float, included: frozenset[str]) -> str:
    """One `Blob`. ``included`` are the words of `include`."""
    headers = blob.http_headers
    page = blob.kind == "PageBlob"
    fields: list[tuple[str, object]] = [
        ("Creation-Time", http_time(blob.created)),
        ("Last-Modified", http_time(blob.last_modified)),
        ("Etag", blob.etag),
        ("Content-Length", blob.content.size),
        ("Content-Type", headers.get("Content-Type", "application/octet-stream")),
        *((name, headers.get(name)) for name in ("Content-Encoding", "Content-Language", "Content-MD5", "Cache-Control")),
        ("Content-Disposition", headers.get("Content-Disposition")),
        ("x-ms-blob-sequence-number", blob.sequence_number if page else None),
        ("BlobType", blob.kind),
        ("AccessTier", None if page else "Hot"),
        ("AccessTierInferred", None if page else "true"),
        *(_lease(blob.lease, now) if blob.snapshot is None else ()),
        ("ServerEncrypted", "true"),
        ("TagCount", len(blob.tags) or None),
        *(_copy(blob, now) if "copy" in included else ()),
    ]
    parts = [name_element(blob.name), texts((("Snapshot", blob.snapshot),)), element("Properties", texts(fields))]
    if "metadata" in included and blob.metadata:
        parts.append(element("Metadata", texts(blob.metadata.items())))
    if "tags" in included and blob.tags:
        parts.append(element("Tags", tag_set(blob.tags)))
    return element("Blob", *parts)


def tag_set(tags: Mapping[str, str]) -> str:
    """`TagSet`."""
    return element("TagSet", *(element("Tag", texts((("Key", key), ("Value", value)))) for key, value in tags.items()))


def page_list(written: Iterable[Range], cleared: Iterable[Range], marker: str | None) -> str:
    """`PageList`; ends are inclusive."""

    def show(name: str) -> Callable[[Range], str]:
        return lambda part: element(name, texts((("Start", part[0]), ("End", part[1] - 1))))

    following = texts((("NextMarker", marker),))
    return element("PageList", *map(show("PageRange"), written), *map(show("ClearRange"), cleared), following)


def block_list(committed: Iterable[tuple[str, int]] | None, staged: Iterable[tuple[str, int]] | None) -> str:
    """`BlockList`; None leaves a part out."""
    parts = []
    for name, blocks in (("CommittedBlocks", committed), ("UncommittedBlocks", staged)):
        if blocks is not None:
            parts.append(element(name, *(element("Block", texts((("Name", block_id), ("Size", size)))) for block_id, size in blocks)))
    return element("BlockList", *parts)


def policies(stored: Mapping[str, AccessPolicy]) -> str:
    """`SignedIdentifiers`."""
    shown = []
    for name, policy in stored.items():
        fields = (("Start", policy.starts or None), ("Expiry", policy.expires or None), ("Permission", policy.permissions or None))
        shown.append(element("SignedIdentifier", texts((("Id", name),)), element("AccessPolicy", texts(fields))))
    return element("SignedIdentifiers", *shown)


def _lease(lease: Lease, now: float) -> Fields:
    state = lease.state(now)
    duration = None if state != "leased" else "infinite" if lease.duration == INFINITE else "fixed"
    return (("LeaseStatus", "locked" if lease.locks(now) else "unlocked"), ("LeaseState", state), ("LeaseDuration", duration))


def _copy(blob: Blob, now: float) -> Fields:
    copy = blob.copy
    if copy is None:
        return ()
    return (
        ("CopyId", copy.id),
        ("CopyStatus", copy.status),
        ("CopySource", copy.source),
        ("CopyProgress", f"{copy.copied(now)}/{copy.size}"),
        ("CopyCompletionTime", None if copy.ended is None else http_time(copy.ended)),
        ("CopyStatusDescription", copy.description or None),
    )
