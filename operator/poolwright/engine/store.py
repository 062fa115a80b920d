"""What is known of the objects in the cluster: the newest version seen of each, never an older one again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from poolwright.domain.objects import Body, ObjectKey, key_of, version_of

Listener = Callable[[ObjectKey, Body | None, Body | None, bool], None]
"""Called with the key, the object before and after, and whether the change is the answer to a write of our own."""

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


class ObjectStore:
    """Objects by key. Answers to our own writes go in like events do; whatever is not newer is dropped.

    A deletion leaves a tombstone (the uid) until the next full listing, so that a late event or a stale list cannot bring the dead back.
    """

    def __init__(self) -> None:
        self._objects: dict[ObjectKey, Body] = {}
        self._tombstones: defaultdict[str, dict[str, int]] = defaultdict(dict)
        self._listeners: list[Listener] = []
        self._indexes: dict[str, _Index] = {}

    def get(self, key: ObjectKey) -> Body | None:
        """The newest version seen."""
        return self._objects.get(key)

    def keys(self, kind: str) -> list[ObjectKey]:
        """All keys of a kind."""
        return [key for key in self._objects if key.kind == kind]

    def __iter__(self) -> Iterator[tuple[ObjectKey, Body]]:
        return iter(list(self._objects.items()))

    def listen(self, listener: Listener) -> None:
        """Be told of every change."""
        self._listeners.append(listener)

    def index(self, name: str, kind: str, values: Callable[[Body], Iterable[str]]) -> None:
        """Keep a reverse map from what ``values`` says of an object of this kind to its key."""
        self._indexes[name] = _Index(kind, values)

    def lookup(self, name: str, value: str) -> list[ObjectKey]:
        """The keys of objects with this value, in order."""
        return sorted(self._indexes[name].keys.get(value, ()))

    def upsert(self, kind: str, body: Body, *, own: bool = False) -> bool:
        """Take a version in if it is newer than what is there; whether it was. ``own``: it is the answer to our own write."""
        key, before = key_of(kind, body), self._objects.get(key_of(kind, body))
        if not self._is_news(kind, body, before):
            return False
        after = _stripped(body)
        self._objects[key] = after
        self._changed(key, before, after, own=own)
        return True

    def remove(self, kind: str, body: Body) -> bool:
        """An object is gone; ignored when a later one of the same name is already known."""
        key, before = key_of(kind, body), self._objects.get(key_of(kind, body))
        uid, version = body["metadata"]["uid"], version_of(body)
        self._tombstones[kind][uid] = version or 0
        if before is None or before["metadata"]["uid"] != uid:
            return False
        del self._objects[key]
        self._changed(key, before, None, own=False)
        return True

    def relisted(self, kind: str, present: Iterable[ObjectKey], version: int) -> list[ObjectKey]:
        """A full listing came in: what it lacks, and is not newer than it, is gone. Answers with the removed keys."""
        listed = set(present)
        gone = [key for key in self.keys(kind) if key not in listed and (version_of(self._objects[key]) or 0) <= version]
        # First the old tombstones, then the new ones: those stand until the next listing of this kind.
        self._tombstones[kind] = {uid: at for uid, at in self._tombstones[kind].items() if at > version}
        for key in gone:
            self.remove(kind, self._objects[key])
        return gone

    def is_known(self, kind: str, metadata: Body) -> bool:
        """Whether this version, or a newer one, is already here."""
        return not self._is_news(kind, metadata, self._objects.get(key_of(kind, metadata)))

    def _is_news(self, kind: str, body: Body, before: Body | None) -> bool:
        if body["metadata"]["uid"] in self._tombstones[kind]:
            return False
        if before is None:
            return True
        new, old = version_of(body), version_of(before)
        return new is None or old is None or new > old

    def _changed(self, key: ObjectKey, before: Body | None, after: Body | None, *, own: bool) -> None:
        for index in self._indexes.values():
            index.move(key, before, after)
        for listener in self._listeners:
            listener(key, before, after, own)


class _Index:
    def __init__(self, kind: str, values: Callable[[Body], Iterable[str]]) -> None:
        self.kind = kind
        self.values = values
        self.keys: defaultdict[str, set[ObjectKey]] = defaultdict(set)

    def move(self, key: ObjectKey, before: Body | None, after: Body | None) -> None:
        if key.kind != self.kind:
            return
        old = set(self.values(before)) if before is not None else set()
        new = set(self.values(after)) if after is not None else set()
        for value in old - new:
            self.keys[value].discard(key)
            if not self.keys[value]:
                del self.keys[value]
        for value in new - old:
            self.keys[value].add(key)


def _stripped(body: Body) -> dict[str, Any]:
    """Without managedFields and last-applied: more than half of an object's size, and nothing we decide on."""
    metadata = {name: value for name, value in body["metadata"].items() if name != "managedFields"}
    if LAST_APPLIED in metadata.get("annotations", {}):
        metadata["annotations"] = {name: value for name, value in metadata["annotations"].items() if name != LAST_APPLIED}
    return {**body, "metadata": metadata}
