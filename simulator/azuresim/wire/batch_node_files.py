"""Files on nodes."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

from azuresim.core import node_files
from azuresim.core.errors import ServiceError
from azuresim.core.node import Node
from azuresim.core.node_files import NodeFile
from azuresim.wire.batch_envelope import common_headers, find_pool, page, root, start_after
from azuresim.wire.batch_filter import parse_filter
from azuresim.wire.http import Response
from azuresim.wire.routing import Call, Route
from azuresim.wire.timestamps import batch_time, http_time

Json = dict[str, Any]
_RANGE = re.compile(r"bytes=(\d{1,18})-(\d{0,18})", re.ASCII)
_BINARY = "application/octet-stream"
_MODE = "0o100644"


def _node(call: Call) -> Node:
    return call.world.pools.nodes.get(find_pool(call), call.params["node"])


def _file(call: Call) -> NodeFile:
    return node_files.get(_node(call), call.params["file"].replace("\\", "/"), call.now)


def _url(call: Call, path: str) -> str:
    return f"{root(call)}/pools/{find_pool(call).id}/nodes/{call.params['node']}/files/{quote(path)}"


def _list_files(call: Call) -> Response:
    recursive = call.request.query.get("recursive", "").lower() == "true"
    keep, start = parse_filter(call.request.query.get("$filter")), start_after(call)
    found = node_files.files(_node(call), call.now)
    chosen = (path for path in sorted(found) if (recursive or "/" not in path) and (start is None or path > start))
    shown = ((path, _show(call, found[path])) for path in chosen)
    return page(call, "files", ((path, item) for path, item in shown if keep(item)))


def _show(call: Call, file: NodeFile) -> Json:
    shown: Json = {"name": file.path, "url": _url(call, file.path), "isDirectory": file.content is None}
    if file.content is not None:
        shown["properties"] = {
            "creationTime": batch_time(file.created),
            "lastModified": batch_time(file.modified),
            "contentLength": len(file.content),
            "contentType": _BINARY,
            "fileMode": _MODE,
        }
    return shown


def _headers(call: Call, file: NodeFile, length: int) -> dict[str, str]:
    return {
        **common_headers(call),
        "Content-Type": _BINARY,
        "Content-Length": str(length),
        "Last-Modified": http_time(file.modified),
        "ocp-creation-time": http_time(file.created),
        "ocp-batch-file-isdirectory": "True" if file.content is None else "False",
        "ocp-batch-file-url": _url(call, file.path),
        "ocp-batch-file-mode": _MODE,
    }


def _get_file(call: Call) -> Response:
    """The whole file, or the part `ocp-range` asks for; the clients take nothing but 200."""
    file = _file(call)
    if file.content is None:
        raise ServiceError(409, "OperationInvalidForCurrentState", "The specified path is a directory.")
    content = file.content
    asked = call.request.headers.get("ocp-range")
    if asked is not None:
        found = _RANGE.fullmatch(asked.strip())
        if found is None or (int(found[1]) >= len(content) and int(found[1]) > 0):
            raise ServiceError(416, "InvalidRange", "The range specified is invalid for the current size of the resource.")
        content = content[int(found[1]) : int(found[2]) + 1 if found[2] else None]
    return Response(200, _headers(call, file, len(content)), content)


def _file_properties(call: Call) -> Response:
    file = _file(call)
    return Response(200, _headers(call, file, len(file.content or b"")))


def _delete_file(call: Call) -> Response:
    recursive = call.request.query.get("recursive", "").lower() == "true"
    node_files.delete(_node(call), call.params["file"].replace("\\", "/"), call.now, recursive=recursive)
    return Response(200, common_headers(call))


_FILES = "/batch/{account}/pools/{pool}/nodes/{node}/files"

ROUTES = (
    Route("GET", _FILES, "Nodes_ListFiles", _list_files, shows="batch.BatchNodeFile"),
    Route("GET", f"{_FILES}/{{file...}}", "Nodes_GetFile", _get_file),
    Route("HEAD", f"{_FILES}/{{file...}}", "Nodes_GetFileProperties", _file_properties),
    Route("DELETE", f"{_FILES}/{{file...}}", "Nodes_DeleteFile", _delete_file),
)
