"""Lists of containers and blobs, a page at a time."""

from __future__ import annotations

import base64
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import islice, takewhile
from xml.sax.saxutils import escape

from azuresim.core.blob_errors import bad_parameter, refusal
from azuresim.core.blobs import Blob, Container
from azuresim.wire.blob_headers import counted
from azuresim.wire.blob_rights import find_account
from azuresim.wire.blob_tag_filter import tag_filter
from azuresim.wire.blob_xml import element, listed_blob, listed_container, name_element, tag_set, texts, xml_response
from azuresim.wire.http import Response
from azuresim.wire.routing import Call

_MAX_LIST = 5000
# Between a name and a snapshot in a marker. No name has it, and every name that begins with another comes after that one's snapshots.
_MARK = "\0"
# After every snapshot of a blob comes the blob itself.
_ITSELF = "~"
_OF_CONTAINERS = frozenset({"metadata", "deleted", "system"})
_OF_BLOBS = frozenset(
    {
        "copy", "deleted", "deletedwithversions", "immutabilitypolicy", "legalhold", "metadata", "permissions", "snapshots", "tags",
        "uncommittedblobs", "versions",
    }
)  # fmt: skip
# Its place in the list, and what writes it down; only what a page shows is written.
Item = tuple[str, Callable[[], str]]


def list_containers(call: Call) -> Response:
    """By name."""
    account = find_account(call)
    included = _included(call, _OF_CONTAINERS)
    names = (name for name in sorted(account.containers) if name.startswith(_prefix(call)))
    shown, marker = _page(call, ((name, partial(listed_container, account.containers[name], call.now, included)) for name in names))
    return _results(call, "", _echo(call), element("Containers", *shown), marker)


def list_blobs(call: Call) -> Response:
    """By name, snapshots before the blob they belong to; with a delimiter what lies below a name counts as one."""
    container = find_account(call).container(call.params["container"])
    shown, marker = _page(call, _items(call, container, _included(call, _OF_BLOBS)))
    return _results(call, f' ContainerName="{container.name}"', _echo(call), element("Blobs", *shown), marker)


def find_by_tags(call: Call) -> Response:
    """The blobs of an account or of one container whose tags fit `where`, which may name a container too."""
    account, where = find_account(call), call.request.query.get("where")
    if where is None:
        raise refusal("MissingRequiredQueryParameter", QueryParameterName="where")
    try:
        fits = tag_filter(where)
    except ValueError as wrong:
        raise bad_parameter("where", where, "Error parsing query.") from wrong
    within = [account.container(call.params["container"])] if "container" in call.params else account.containers.values()
    found = sorted(
        (f"{container.name}/{blob.name}", container, blob)
        for container in within
        for blob in container.blobs.values()
        if blob.tags and fits({**blob.tags, "@container": container.name})
    )
    shown, marker = _page(call, ((key, partial(_tagged, container, blob)) for key, container, blob in found))
    return _results(call, "", texts((("Where", where),)), element("Blobs", *shown), marker)


def _results(call: Call, attributes: str, *parts: str) -> Response:
    endpoint = escape(call.world.blob_endpoint(find_account(call)), {'"': "&quot;"})
    return xml_response(call, f'<EnumerationResults ServiceEndpoint="{endpoint}"{attributes}>{"".join(parts)}</EnumerationResults>')


def _tagged(container: Container, blob: Blob) -> str:
    return element("Blob", name_element(blob.name), texts((("ContainerName", container.name),)), element("Tags", tag_set(blob.tags)))


def _items(call: Call, container: Container, included: frozenset[str]) -> Iterator[Item]:
    prefix, delimiter = _prefix(call), call.request.query.get("delimiter", "")
    if delimiter and "snapshots" in included:
        raise bad_parameter("include", "snapshots", "Snapshots cannot be listed with a delimiter.")
    seen = ""
    names = sorted({**container.blobs, **container.staged} if "uncommittedblobs" in included else container.blobs)
    # A page costs what it shows: names before the marker are not looked at.
    first = _decoded(call.request.query.get("marker", "")).partition(_MARK)[0]
    for name in takewhile(lambda name: name.startswith(prefix), islice(names, bisect_left(names, max(prefix, first)), None)):
        below = name[len(prefix) :].partition(delimiter) if delimiter else (name, "", "")
        if below[1]:
            folder = f"{prefix}{below[0]}{delimiter}"
            if folder != seen:
                yield folder, partial(_folder, folder)
            seen = folder
            continue
        blob = container.blobs.get(name)
        if blob is None:
            yield f"{name}{_MARK}{_ITSELF}", partial(_uncommitted, name)
            continue
        versions: list[Blob] = [*(blob.snapshots.values() if "snapshots" in included else ()), blob]
        yield from ((f"{name}{_MARK}{v.snapshot or _ITSELF}", partial(listed_blob, v, call.now, included)) for v in versions)


def _folder(name: str) -> str:
    return element("BlobPrefix", name_element(name))


def _uncommitted(name: str) -> str:
    """A blob of which there are only blocks."""
    return element("Blob", name_element(name), element("Properties", texts((("Content-Length", 0), ("BlobType", "BlockBlob")))))


def _page(call: Call, items: Iterable[Item]) -> tuple[list[str], str]:
    """The items from the marker on, and the element that names the next page's first."""
    size = counted(call.request, "maxresults", _MAX_LIST)
    if size == 0:
        raise refusal(
            "OutOfRangeQueryParameterValue",
            QueryParameterName="maxresults",
            QueryParameterValue="0",
            MinimumAllowed="1",
            MaximumAllowed=str(2**31 - 1),
        )
    size, first = min(size, _MAX_LIST), _decoded(call.request.query.get("marker", ""))
    shown = list(islice((item for item in items if item[0] >= first), size + 1))
    following = _encoded(shown[size][0]) if len(shown) > size else ""
    return [write() for _, write in shown[:size]], element("NextMarker", following)


def _echo(call: Call) -> str:
    query = call.request.query
    asked = (("Prefix", "prefix"), ("Marker", "marker"), ("MaxResults", "maxresults"), ("Delimiter", "delimiter"))
    return texts((name, query[parameter] or None) for name, parameter in asked if parameter in query)


def _prefix(call: Call) -> str:
    return call.request.query.get("prefix", "")


def _included(call: Call, known: frozenset[str]) -> frozenset[str]:
    words = frozenset(word.strip().lower() for word in call.request.query.get("include", "").split(",")) - {""}
    if not words <= known:
        raise bad_parameter("include", call.request.query["include"])
    return words


def _encoded(key: str) -> str:
    return base64.urlsafe_b64encode(key.encode()).decode()


def _decoded(marker: str) -> str:
    try:
        return base64.urlsafe_b64decode(marker).decode()
    except ValueError as wrong:
        raise bad_parameter("marker", marker) from wrong
