"""Lists of containers and blobs, a page at a time."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from xml.sax.saxutils import escape

from azuresim.core.blob_errors import bad_parameter, refusal
from azuresim.core.blobs import Blob, Container
from azuresim.wire.blob_rights import find_account
from azuresim.wire.blob_xml import element, listed_blob, listed_container, texts, xml_response
from azuresim.wire.http import Response
from azuresim.wire.routing import Call

_MAX_LIST = 5000
# After every snapshot of a blob comes the blob itself: no name has this letter.
_ITSELF = "\uffff"
Item = tuple[str, str]


def list_containers(call: Call) -> Response:
    """By name."""
    account = find_account(call)
    included = _included(call)
    items = [(name, listed_container(account.containers[name], call.now, included)) for name in sorted(account.containers)]
    shown, marker = _page(call, items, _prefix(call))
    endpoint = escape(call.world.blob_endpoint(account), {'"': "&quot;"})
    return xml_response(
        call,
        f'<EnumerationResults ServiceEndpoint="{endpoint}">{_echo(call)}{element("Containers", *shown)}{marker}</EnumerationResults>',
    )


def list_blobs(call: Call) -> Response:
    """By name, snapshots before the blob they belong to; with a delimiter what lies below a name counts as one."""
    account = find_account(call)
    container = account.container(call.params["container"])
    items = list(_items(call, container, _included(call)))
    shown, marker = _page(call, items, "")
    endpoint = escape(call.world.blob_endpoint(account), {'"': "&quot;"})
    return xml_response(
        call,
        f'<EnumerationResults ServiceEndpoint="{endpoint}" ContainerName="{container.name}">'
        f"{_echo(call)}{element('Blobs', *shown)}{marker}</EnumerationResults>",
    )


def _items(call: Call, container: Container, included: frozenset[str]) -> Iterator[Item]:
    prefix, delimiter = _prefix(call), call.request.query.get("delimiter", "")
    if delimiter and "snapshots" in included:
        raise bad_parameter("include", "snapshots", "Snapshots cannot be listed with a delimiter.")
    seen = ""
    names = set(container.blobs) | (set(container.staged) if "uncommittedblobs" in included else set())
    for name in sorted(name for name in names if name.startswith(prefix)):
        below = name[len(prefix) :].partition(delimiter) if delimiter else (name, "", "")
        if below[1]:
            folder = f"{prefix}{below[0]}{delimiter}"
            if folder != seen:
                yield folder, element("BlobPrefix", texts((("Name", folder),)))
            seen = folder
            continue
        blob = container.blobs.get(name)
        if blob is None:
            fields = element("Properties", texts((("Content-Length", 0), ("BlobType", "BlockBlob"))))
            yield f"{name}{_ITSELF}", element("Blob", texts((("Name", name),)), fields)
            continue
        versions: list[Blob] = [*(blob.snapshots.values() if "snapshots" in included else ()), blob]
        yield from ((f"{name}{v.snapshot or _ITSELF}", listed_blob(v, call.now, included)) for v in versions)


def _page(call: Call, items: list[Item], prefix: str) -> tuple[list[str], str]:
    """The items from the marker on, and the element that names the next page's first."""
    size = _page_size(call)
    first = _decoded(call.request.query.get("marker", ""))
    rest = [item for item in items if item[0].startswith(prefix) and item[0] >= first]
    following = _encoded(rest[size][0]) if len(rest) > size else ""
    return [shown for _, shown in rest[:size]], element("NextMarker", following)


def _page_size(call: Call) -> int:
    text = call.request.query.get("maxresults")
    if text is None:
        return _MAX_LIST
    if not text.isdigit():
        raise bad_parameter("maxresults", text)
    if int(text) == 0:
        raise refusal(
            "OutOfRangeQueryParameterValue",
            QueryParameterName="maxresults",
            QueryParameterValue=text,
            MinimumAllowed="1",
            MaximumAllowed=str(2**31 - 1),
        )
    return min(int(text), _MAX_LIST)


def _echo(call: Call) -> str:
    query = call.request.query
    asked = (("Prefix", "prefix"), ("Marker", "marker"), ("MaxResults", "maxresults"), ("Delimiter", "delimiter"))
    return texts((name, query[parameter] or None) for name, parameter in asked if parameter in query)


def _prefix(call: Call) -> str:
    return call.request.query.get("prefix", "")


def _included(call: Call) -> frozenset[str]:
    return frozenset(word.strip().lower() for word in call.request.query.get("include", "").split(","))


def _encoded(key: str) -> str:
    return base64.urlsafe_b64encode(key.encode()).decode()


def _decoded(marker: str) -> str:
    try:
        return base64.urlsafe_b64decode(marker).decode()
    except ValueError as wrong:
        raise bad_parameter("marker", marker) from wrong
