"""What a Kubernetes API server does with objects: versions, generations, finalizers, and who may change what.

Every rule here was read off kube-apiserver 1.37.2, and ``tests/kube/test_contract.py`` holds both against the same expectations. There is
no schema, admission or garbage collection: what tests declare is admitted by the real server elsewhere.
"""

from __future__ import annotations

import copy
import re
import uuid
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

JSON = dict[str, Any]

SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
NOTE_BYTES = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """A kind of object. ``custom`` ones have a generation, a status of their own and a history."""

    group: str
    version: str
    plural: str
    kind: str
    custom: bool = False
    created_by_put: bool = False

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def full_name(self) -> str:
        return f"{self.plural}.{self.group}" if self.group else self.plural


class Key(NamedTuple):
    plural: str
    namespace: str
    name: str


class Change(NamedTuple):
    """One line of the history: at ``revision`` the object became ``body``, or went (DELETED)."""

    revision: int
    event: str
    key: Key
    body: JSON


class Refused(Exception):  # noqa: N818 - what the API server did
    """An answer that is not the wanted one: HTTP status, the machine's reason, and words. ``causes`` are set by validation only."""

    def __init__(self, status: int, reason: str, message: str, *, causes: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason
        self.message = message
        self.causes = causes


@dataclass(slots=True)
class State:
    """All objects, one revision for all of them, and what happened to the custom ones."""

    now: Callable[[], datetime]
    revision: int = 100
    compacted: int = 0
    objects: dict[Key, JSON] = field(default_factory=dict)
    history: list[Change] = field(default_factory=list)
    changed: Callable[[Change], None] = lambda _: None
    _created: int = 0

    def read(self, resource: Resource, key: Key) -> JSON:
        if key not in self.objects:
            raise Refused(404, "NotFound", f'{resource.full_name} "{key.name}" not found')
        return self.objects[key]

    def create(self, resource: Resource, namespace: str, body: JSON, manager: str) -> JSON:
        metadata = copy.deepcopy(body["metadata"])
        self._created += 1
        if "name" not in metadata:
            metadata["name"] = f"{metadata['generateName']}{self._created:05x}"
        key = Key(resource.plural, namespace, metadata["name"])
        if key in self.objects:
            raise Refused(409, "AlreadyExists", f'{resource.full_name} "{key.name}" already exists')
        _check(resource, body)
        metadata |= {"namespace": namespace, "uid": str(uuid.UUID(int=self._created)), "creationTimestamp": self._stamp()}
        made = {**copy.deepcopy(body), "apiVersion": resource.api_version, "kind": resource.kind, "metadata": metadata}
        if resource.custom:
            metadata["generation"] = 1
            made["status"] = {"observedGeneration": -1}
        return self._store("ADDED", key, made, manager)

    def replace(self, resource: Resource, key: Key, body: JSON, manager: str, *, subresource: str = "") -> JSON:
        """PUT, of the object or of its status."""
        asked = body["metadata"]
        if key not in self.objects and resource.created_by_put:
            fresh = {name: value for name, value in asked.items() if name not in {"resourceVersion", "uid"}}
            return self.create(resource, key.namespace, {**body, "metadata": fresh}, manager)
        old = self.read(resource, key)
        if not asked.get("resourceVersion"):
            raise _invalid(resource, key.name, "metadata.resourceVersion", "must be specified for an update")
        known = old["metadata"]
        if (asked["resourceVersion"], asked.get("uid", known["uid"])) != (known["resourceVersion"], known["uid"]):
            what = f'{resource.full_name} "{key.name}"'
            raise Refused(409, "Conflict", f"Operation cannot be fulfilled on {what}: the object has been modified")
        return self.update(resource, key, body, manager, subresource=subresource)

    def update(self, resource: Resource, key: Key, wanted: JSON, manager: str, *, subresource: str = "") -> JSON:
        """Bring the stored object to ``wanted``, as far as this door lets it change; equal is not a change."""
        old = self.read(resource, key)
        new = _status_door(old, wanted) if subresource == "status" else _main_door(resource, key, old, wanted)
        _check(resource, new, old)
        if _content(new) == _content(old):
            return old
        if new["metadata"].get("deletionTimestamp") and not new["metadata"].get("finalizers"):
            return self._remove(key, new)
        return self._store("MODIFIED", key, new, manager, subresource)

    def delete(self, resource: Resource, key: Key) -> JSON | None:
        """None when it is gone at once; the object when finalizers hold it."""
        old = self.read(resource, key)
        if not old["metadata"].get("finalizers"):
            self._remove(key, old)
            return None
        if old["metadata"].get("deletionTimestamp"):
            return old
        new = copy.deepcopy(old)
        new["metadata"] |= {"deletionTimestamp": self._stamp(), "deletionGracePeriodSeconds": 0}
        if resource.custom:
            new["metadata"]["generation"] += 1
        return self._store("MODIFIED", key, new, "")

    def snapshot(self, plural: str, revision: int | None = None) -> list[tuple[Key, JSON]]:
        """All objects of a kind in the order of their keys, now or as they were at an earlier revision (custom kinds only)."""
        if revision is None or revision >= self.revision:
            found = {key: body for key, body in self.objects.items() if key.plural == plural}
        else:
            found = {}
            for change in self.history[: bisect_right(self.history, revision, key=lambda change: change.revision)]:
                if change.key.plural == plural:
                    found[change.key] = change.body
                    if change.event == "DELETED":
                        del found[change.key]
        return sorted(found.items(), key=lambda item: item[0])

    def _store(self, event: str, key: Key, body: JSON, manager: str, subresource: str = "") -> JSON:
        self.revision += 1
        body["metadata"]["resourceVersion"] = str(self.revision)
        if manager:
            entry = {"manager": manager, "operation": "Update"} | ({"subresource": subresource} if subresource else {})
            others = [known for known in body["metadata"].get("managedFields", []) if known != entry]
            body["metadata"]["managedFields"] = [*others, entry]
        self.objects[key] = body
        self._tell(Change(self.revision, event, key, body))
        return body

    def _remove(self, key: Key, last: JSON) -> JSON:
        """The answer is the object as it was; the watchers' copy carries the revision of the deletion."""
        del self.objects[key]
        self.revision += 1
        gone = copy.deepcopy(last)
        gone["metadata"]["resourceVersion"] = str(self.revision)
        self._tell(Change(self.revision, "DELETED", key, gone))
        return last

    def _tell(self, change: Change) -> None:
        # Only custom kinds have a generation; a lease that is renewed for days shall not fill the memory.
        if "generation" in change.body["metadata"]:
            self.history.append(change)
            self.changed(change)

    def _stamp(self) -> str:
        return self.now().strftime("%Y-%m-%dT%H:%M:%SZ")


def _main_door(resource: Resource, key: Key, old: JSON, wanted: JSON) -> JSON:
    """Everything but the status, and of the metadata what belongs to users."""
    metadata = copy.deepcopy(old["metadata"])
    for name in ("labels", "annotations", "finalizers"):
        metadata.pop(name, None)
        if wanted["metadata"].get(name):
            metadata[name] = copy.deepcopy(wanted["metadata"][name])
    added = set(metadata.get("finalizers", ())) - set(old["metadata"].get("finalizers", ()))
    if added and metadata.get("deletionTimestamp"):
        raise _invalid(resource, key.name, "metadata.finalizers", "no new finalizers can be added if the object is being deleted")
    new = {**copy.deepcopy(wanted), "apiVersion": resource.api_version, "kind": resource.kind, "metadata": metadata}
    if resource.custom:
        new["status"] = old["status"]
        if new.get("spec") != old.get("spec"):
            metadata["generation"] += 1
    return new


def _status_door(old: JSON, wanted: JSON) -> JSON:
    """The status and nothing else; a missing one gets the default again."""
    return {**copy.deepcopy(old), "status": copy.deepcopy(wanted.get("status")) or {"observedGeneration": -1}}


def _content(body: JSON) -> JSON:
    hidden = {"resourceVersion", "managedFields"}
    return {**body, "metadata": {name: value for name, value in body["metadata"].items() if name not in hidden}}


def _check(resource: Resource, body: JSON, old: JSON | None = None) -> None:
    """The rules of events.k8s.io that a recorder can break."""
    if resource.plural != "events":
        return
    name = body["metadata"].get("name", "")
    prefix = body["metadata"].get("generateName", "")
    # A prefix may end in one hyphen: something follows it.
    if prefix and not SUBDOMAIN.fullmatch(prefix.removesuffix("-")):
        raise _invalid(resource, name, "metadata.generateName", "a lowercase RFC 1123 subdomain must ...")
    if len(body["note"].encode()) > NOTE_BYTES:
        raise _invalid(resource, name, "message", "can have at most 1024 characters")
    for member in ("reportingController", "reportingInstance", "action", "reason"):
        if not body.get(member):
            raise _invalid(resource, name, member, "Required value")
    if old is not None and any(body.get(name) != old.get(name) for name in ("note", "reason", "action", "type", "regarding", "eventTime")):
        raise _invalid(resource, name, "message", "field is immutable")


def _invalid(resource: Resource, name: str, where: str, what: str) -> Refused:
    return Refused(422, "Invalid", f'{resource.full_name} "{name}" is invalid: {where}: {what}', causes=(where,))
