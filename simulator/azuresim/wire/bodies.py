"""Request bodies: how large, how written, and what of them the service takes."""

from __future__ import annotations

import json
from typing import Any

from azuresim.core.errors import ServiceError
from azuresim.schema import check_request
from azuresim.wire.http import Request
from azuresim.wire.routing import Route

# ARM and Batch take 4 MiB (learn.microsoft.com, "Azure Resource Manager request limits"), and so do pages ("Put Page"). A block blob of one
# request may be large.
MAX_BODY = 4 << 20
MAX_BLOB = 512 << 20


def body_limit(target: str) -> int:
    """How many bytes a request to ``target``, a path with its query, may carry."""
    path, _, query = target.partition("?")
    return MAX_BLOB if path.startswith("/blob/") and "comp=page" not in query.lower().split("&") else MAX_BODY


def too_large(limit: int) -> ServiceError:
    """413, raised before the body has been read."""
    return ServiceError(
        413, "RequestBodyTooLarge", f"The request body is too large and exceeds the maximum permissible limit of {limit} bytes."
    )


def request_body(route: Route, request: Request) -> Any:
    """The body as the service takes it. Raises its 400 for one it does not take.

    A POST may leave it out, and so all members; a PUT or a PATCH may not.
    """
    schema, version = route.schema or "", request.query.get("api-version", "")
    if not request.body and route.method == "POST":
        return check_request(schema, {}, version)
    try:
        body = request.json()
        # A lone surrogate is JSON to Python, and to nobody else.
        json.dumps(body, ensure_ascii=False).encode()
    except (ServiceError, UnicodeEncodeError, RecursionError) as wrong:
        raise _unreadable(schema, str(wrong)) from wrong
    if body is None:
        raise _unreadable(schema, "there is none")
    return check_request(schema, body, version)


def _unreadable(schema: str, why: str) -> ServiceError:
    if schema.startswith("batch."):
        return ServiceError(400, "InvalidRequestBody", "The specified request body is not syntactically valid.")
    return ServiceError(400, "InvalidRequestContent", f"The request content was invalid and could not be deserialized: '{why}'.")
