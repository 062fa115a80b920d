"""Somebody who watches all the time, because an end that is right can hide a road that was not."""

from __future__ import annotations

from typing import Any

from harness.world import Scene, condition
from torture.story import POOL_PATH


class Witness:
    """Checks each event against what is true in Azure at that moment."""

    def __init__(self, scene: Scene) -> None:
        self.problems: list[str] = []
        self._scene = scene
        self._before: dict[str, dict[str, Any]] = {}
        self._watch = scene.kube.watch(self._saw)

    def leave(self) -> list[str]:
        """Stop watching, and say what was seen."""
        self._watch.close()
        return self.problems

    def _saw(self, kind: str, event: str, body: dict[str, Any]) -> None:
        uid = body["metadata"]["uid"]
        if event == "DELETED":
            self._before.pop(uid, None)
            self._gone(kind)
            return
        self._compare(self._before.get(uid, {}), body)
        self._before[uid] = body
        if kind == "batchpools" and condition(body, "Ready") == ("True", "Settled"):
            self._settled(body)

    def _compare(self, before: dict[str, Any], body: dict[str, Any]) -> None:
        old, new = before.get("status", {}), body.get("status", {})
        if new.get("observedGeneration", -1) == -1:
            return
        if new["observedGeneration"] < old.get("observedGeneration", -1):
            self.problems.append(f"{body['kind']}: the observed generation went back to {new['observedGeneration']}")
        was, now = old.get("current", {}), new.get("current", {})
        if was.get("version") == now.get("version") and not _complete(was) <= _complete(now):
            self.problems.append(f"{body['kind']}: regions {_complete(was) - _complete(now)} were complete and are not any more")

    def _settled(self, body: dict[str, Any]) -> None:
        pool = self._pool()
        have = None if pool is None else (pool["currentDedicatedNodes"], pool["currentLowPriorityNodes"])
        want = (body["spec"]["targetDedicatedNodes"], body["spec"]["targetLowPriorityNodes"])
        if have != want:
            self.problems.append(f"Settled was said while the pool had {have}, not {want}")

    def _gone(self, kind: str) -> None:
        if kind == "batchpools" and self._pool() is not None:
            self.problems.append("the BatchPool was let go while its pool was still there")
        if kind == "customimages" and self._scene.kube.all("batchpools"):
            self.problems.append("the CustomImage was let go while a BatchPool named it")

    def _pool(self) -> dict[str, Any] | None:
        answer: dict[str, Any] | None = self._scene.ask(POOL_PATH)
        return answer


def _complete(current: dict[str, Any]) -> set[str]:
    return {region["name"] for region in current.get("regions", ()) if region["state"] == "Completed"}
