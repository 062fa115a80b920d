"""An in-memory Kubernetes API under the real ``kubernetes`` client.

It takes the place of ``ApiClient.rest_client``: everything above it (URLs, bodies, headers, error parsing) is what runs in a cluster.
Tests hold the other end: they apply and delete like a user, watch, count requests, and stop the world before or after any call.
"""

from __future__ import annotations

import asyncio
import base64
import copy
import json
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any, Literal

from kubernetes.aio.client import ApiClient, Configuration

from harness.jsonpatch import PatchError, apply_patch, merge
from harness.kuberequest import IMAGES, JSON_PATCH, POOLS, RESOURCES, VERBS, Request, Response, failure, parse
from harness.kubestate import JSON, Change, Key, Refused, Resource, State
from harness.kubewatch import Intake, Watch

KUBE_SYSTEM_UID = "00000000-0000-4000-8000-00000000cafe"

Phase = Literal["before", "after"]
Gate = Callable[[Phase, Request], Awaitable[None]]


class KubeApi:
    """The cluster. ``gate`` is awaited before and after every call: it may sleep, or raise what the client shall see.

    ``gate`` raising ``Refused`` becomes an HTTP answer; anything else passes through like a broken connection. At "after" the call has
    been carried out, whatever the client is told. ``calls`` counts requests by name (``patch batchpools``), ``log`` keeps them.
    ``lists_at`` serves every listing as of an earlier revision, as an API server that lags does.
    """

    def __init__(self, now: Callable[[], datetime]) -> None:
        self.state = State(now=now, changed=self._changed)
        self.gate: Gate | None = None
        self.latency = 0.0
        self.served = True
        self.lists_at: int | None = None
        self.calls: Counter[str] = Counter()
        self.log: list[Request] = []
        self._watches: list[Watch] = []

    def client(self) -> ApiClient:
        """A real client whose requests end here."""
        client = ApiClient(Configuration(host="http://kubernetes.test"))
        client.rest_client = self  # type: ignore[assignment] # one coroutine of it is all that is used
        return client

    async def close(self) -> None:
        """The client closes its transport; there is nothing to close."""

    async def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None = None,
        body: Any = None,
        post_params: Any = None,
        _request_timeout: Any = None,
    ) -> Response:
        """The one coroutine the client needs."""
        del post_params, _request_timeout
        try:
            request = parse(method, url, dict(headers or {}), body)
            self.calls[str(request)] += 1
            self.log.append(request)
            await asyncio.sleep(self.latency)
            if self.gate is not None:
                await self.gate("before", request)
            status, document = self._answer(request)
            if self.gate is not None:
                await self.gate("after", request)
        except Refused as refused:
            return Response(refused.status, failure(refused))
        return Response(status, document)

    def writes(self, *, ignoring: tuple[str, ...] = ("leases",)) -> dict[str, int]:
        """Counted writes, without those to the resources named."""
        verbs = set(VERBS.values())
        return {call: n for call, n in self.calls.items() if call.split()[0] in verbs and call.split()[1] not in ignoring}

    def watch(self, intake: Intake) -> Watch:
        """Deliver both kinds to ``intake(plural, event, body)`` from now on, through the loop."""
        watch = Watch(intake)
        for resource in (IMAGES, POOLS):
            for _, body in self.state.snapshot(resource.plural):
                watch.push(resource.plural, "", body)
        self._watches.append(watch)
        return watch

    def apply(self, manifest: JSON) -> JSON:
        """As ``kubectl apply``: create, or take over spec, labels and annotations. Answers with a copy of what is stored."""
        resource, key = _locate(manifest)
        if key not in self.state.objects:
            return copy.deepcopy(self.state.create(resource, key.namespace, manifest, "kubectl"))
        wanted = copy.deepcopy(self.state.objects[key])
        wanted["spec"] = manifest.get("spec", {})
        for name in ("labels", "annotations"):
            wanted["metadata"][name] = {**wanted["metadata"].get(name, {}), **manifest["metadata"].get(name, {})}
        return copy.deepcopy(self.state.update(resource, key, wanted, "kubectl"))

    def scale(self, namespace: str, name: str, replicas: int) -> None:
        """As ``kubectl scale``: the subresource writes ``targetDedicatedNodes``."""
        key = Key(POOLS.plural, namespace, name)
        self.state.update(POOLS, key, merge(self.state.read(POOLS, key), {"spec": {"targetDedicatedNodes": replicas}}), "kubectl")

    def delete(self, plural: str, namespace: str, name: str) -> None:
        """As ``kubectl delete --wait=false``."""
        self.state.delete(RESOURCES[plural], Key(plural, namespace, name))

    def set_status(self, plural: str, namespace: str, name: str, status: JSON | None) -> None:
        """As somebody with rights on the status; None wipes it."""
        key = Key(plural, namespace, name)
        self.state.update(RESOURCES[plural], key, {"status": status}, "somebody", subresource="status")

    def get(self, plural: str, namespace: str, name: str) -> JSON | None:
        """A copy of the stored object, None when it is gone."""
        return copy.deepcopy(self.state.objects.get(Key(plural, namespace, name)))

    def all(self, plural: str) -> list[JSON]:
        """Copies of all objects of a kind, in the order of their names."""
        return [copy.deepcopy(body) for _, body in self.state.snapshot(plural)]

    def compact(self) -> None:
        """Forget the history: continue tokens given out so far are answered with 410."""
        self.state.revision += 1
        self.state.compacted = self.state.revision

    def _changed(self, change: Change) -> None:
        for watch in self._watches:
            watch.push(change.key.plural, change.event, change.body)

    def _answer(self, request: Request) -> tuple[int, JSON]:
        if request.resource in {"namespaces", "kinds"}:
            return 200, self._fixed(request)
        resource = RESOURCES.get(request.resource)
        if resource is None or (resource.custom and not self.served):
            raise Refused(404, "NotFound", "the server could not find the requested resource")
        key = Key(resource.plural, request.namespace, request.name)
        if request.verb in {"get", "list"}:
            return 200, self.state.read(resource, key) if request.verb == "get" else self._list(resource, request)
        return self._written(resource, key, request)

    def _written(self, resource: Resource, key: Key, request: Request) -> tuple[int, JSON]:
        manager, existed = request.query.get("fieldManager", "unknown"), key in self.state.objects
        match request.verb:
            case "create":
                return 201, self.state.create(resource, request.namespace, request.body, manager)
            case "update":
                stored = self.state.replace(resource, key, request.body, manager, subresource=request.subresource)
                return 200 if existed else 201, stored
            case "patch":
                return 200, self._patch(resource, key, request, manager)
            case _:
                held = self.state.delete(resource, key)
                return 200, {"kind": "Status", "status": "Success"} if held is None else held

    def _fixed(self, request: Request) -> JSON:
        if request.resource == "namespaces":
            return {
                "kind": "Namespace",
                "apiVersion": "v1",
                "metadata": {"name": request.name, "uid": KUBE_SYSTEM_UID, "resourceVersion": "3"},
            }
        if not self.served:
            raise Refused(404, "NotFound", "the server could not find the requested resource")
        names = [name for resource in (POOLS, IMAGES) for name in (resource.plural, f"{resource.plural}/status")]
        return {"kind": "APIResourceList", "apiVersion": "v1", "resources": [{"name": name} for name in names]}

    def _patch(self, resource: Resource, key: Key, request: Request, manager: str) -> JSON:
        old = self.state.read(resource, key)
        try:
            new = apply_patch(old, request.body) if request.content == JSON_PATCH else merge(old, request.body)
        except PatchError as error:
            # The real server's words and, unlike a validation error's, an answer without causes.
            raise Refused(422, "Invalid", "the server rejected our request due to an error in our request") from error
        return self.state.update(resource, key, new, manager, subresource=request.subresource)

    def _list(self, resource: Resource, request: Request) -> JSON:
        revision, after = self.lists_at or self.state.revision, None
        if token := request.query.get("continue"):
            revision, after = json.loads(base64.urlsafe_b64decode(token))
            if revision < self.state.compacted:
                raise Refused(410, "Expired", "The provided continue parameter is too old to display a consistent list result.")
        found = [item for item in self.state.snapshot(resource.plural, revision) if after is None or list(item[0]) > after]
        if request.namespace:
            found = [item for item in found if item[0].namespace == request.namespace]
        page = found[: int(request.query.get("limit", "0")) or len(found)]
        metadata: JSON = {"resourceVersion": str(revision)}
        if len(page) < len(found):
            metadata["continue"] = base64.urlsafe_b64encode(json.dumps([revision, page[-1][0]]).encode()).decode()
            metadata["remainingItemCount"] = len(found) - len(page)
        if "PartialObjectMetadataList" in request.accept:
            partial = {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1"}
            items = [{**partial, "metadata": body["metadata"]} for _, body in page]
            # The real server answers null, not [], where there are none.
            return {"kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1", "metadata": metadata, "items": items or None}
        return {
            "kind": f"{resource.kind}List",
            "apiVersion": resource.api_version,
            "metadata": metadata,
            "items": [body for _, body in page],
        }


def _locate(manifest: JSON) -> tuple[Resource, Key]:
    resource = next(resource for resource in RESOURCES.values() if resource.kind == manifest["kind"])
    metadata = manifest["metadata"]
    return resource, Key(resource.plural, metadata["namespace"], metadata["name"])
