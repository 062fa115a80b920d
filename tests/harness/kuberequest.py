"""One request to the in-memory API: from URL, headers and body to what RBAC would call it, and the answer's shape."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from harness.kubestate import JSON, Refused, Resource

GROUP, VERSION = "poolwright.io", "v1alpha1"
POOLS = Resource(group=GROUP, version=VERSION, plural="batchpools", kind="BatchPool", custom=True)
IMAGES = Resource(group=GROUP, version=VERSION, plural="customimages", kind="CustomImage", custom=True)
LEASES = Resource(group="coordination.k8s.io", version="v1", plural="leases", kind="Lease", created_by_put=True)
EVENTS = Resource(group="events.k8s.io", version="v1", plural="events", kind="Event")
RESOURCES = {resource.plural: resource for resource in (POOLS, IMAGES, LEASES, EVENTS)}

JSON_PATCH, MERGE_PATCH = "application/json-patch+json", "application/merge-patch+json"
VERBS = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One call, as RBAC would name it: ``update batchpools/status``."""

    verb: str
    resource: str
    namespace: str
    name: str
    subresource: str = ""
    query: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    content: str = ""
    accept: str = ""

    def __str__(self) -> str:
        return f"{self.verb} {self.resource}" + (f"/{self.subresource}" if self.subresource else "")


class Response:
    """What the client gets to see; the names are those of ``kubernetes.aio.client.rest.RESTResponse``."""

    def __init__(self, status: int, document: JSON) -> None:
        self.status = status
        self.reason = HTTPStatus(status).phrase
        self.headers = {"content-type": "application/json"}
        self.data: bytes | None = None
        self._text = json.dumps(document).encode()

    async def read(self) -> bytes:
        self.data = self._text
        return self.data


def parse(method: str, url: str, headers: dict[str, str], body: Any) -> Request:
    """Both shapes of a path: ``/api/v1/...`` and ``/apis/<group>/<version>/...``."""
    parts = urlsplit(url)
    segments = parts.path.strip("/").split("/")
    group = "" if segments[0] == "api" else segments[1]
    rest = segments[2:] if segments[0] == "api" else segments[3:]
    namespace = ""
    if not rest and group == GROUP:
        return Request(verb="get", resource="kinds", namespace="", name="")
    if rest[:1] == ["namespaces"] and len(rest) > 2:
        namespace, rest = rest[1], rest[2:]
    plural, name, subresource = (*rest, "", "", "")[:3]
    if plural in RESOURCES and RESOURCES[plural].group != group:
        plural = ""
    return Request(
        verb=VERBS.get(method, "get" if name else "list"),
        resource=plural,
        namespace=namespace,
        name=name,
        subresource=subresource,
        query=dict(parse_qsl(parts.query)),
        # What goes over a wire is text: nothing the caller still holds may be shared.
        body=json.loads(json.dumps(body)) if body is not None else None,
        content=headers.get("Content-Type", ""),
        accept=headers.get("Accept", ""),
    )


def failure(refused: Refused) -> JSON:
    details = {"causes": [{"field": cause, "message": refused.message} for cause in refused.causes]} if refused.causes else {}
    head = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure"}
    return {**head, "message": refused.message, "reason": refused.reason, "details": details, "code": refused.status}
