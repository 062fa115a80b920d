"""Lists in smaller pages than the client asked for, which every client of Azure has to expect."""

from __future__ import annotations

import re
from urllib.parse import urlencode

from azuresim.wire.http import Request, Response, json_response

# Batch and Blob Storage cut pages by this themselves; ARM's lists, which here are whole, are cut below.
_SIZE = "maxresults"
_TOKEN = re.compile(r"azuresim\.(\d+)\.(\d+)")
_SKIP = "$skiptoken"


def smaller(request: Request, size: int) -> Request:
    """The request, asking for no more than ``size`` items a page."""
    return Request(request.method, _with(request, _SIZE, str(size)), request.headers, request.body)


def cut(request: Request, response: Response, size: int | None) -> Response:
    """One page of an ARM list: its first ``size`` items, or those a `nextLink` of an earlier page is for."""
    token = _TOKEN.fullmatch(request.query.get(_SKIP, ""))
    if token is not None:
        size, start = int(token[1]), int(token[2])
    else:
        start = 0
    if size is None or response.status != 200 or not response.body.startswith(b'{"value":['):  # noqa: PLR2004  # HTTP's own number
        return response
    document = response.json()
    items = document["value"]
    document["value"] = items[start : start + size]
    if start + size < len(items):
        document["nextLink"] = _with(request, _SKIP, f"azuresim.{size}.{start + size}")
    return json_response(200, document, {k: v for k, v in response.headers.items() if k != "Content-Type"})


def _with(request: Request, name: str, value: str) -> str:
    kept = [
        part for part in request.split.query.split("&") if part and part.partition("=")[0].lower() not in {name, name.replace("$", "%24")}
    ]
    query = "&".join([*kept, urlencode({name: value}, safe="$")])
    return request.split._replace(query=query).geturl()
