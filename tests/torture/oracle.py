"""What has to be true in the end: the same as if the last declaration had been applied to an empty account.

Compared by projection: by kind and role, versions by the digest of their source, pools by their declared fields and counts, conditions by
type, status and reason. No ids, times, numbers or messages: those may differ with the road that was taken.
"""

from __future__ import annotations

import json
from typing import Any

from harness.world import CLUSTER, GALLERY, Scene

API = "api-version=2026-03-03"


def projection(scene: Scene) -> dict[str, Any]:
    """The end as everybody can see it."""
    return {"azure": _azure(scene), "kubernetes": _kubernetes(scene)}


def violations(scene: Scene) -> list[str]:
    """What must never be, whatever happened on the way."""
    found = []
    seen: dict[str, str] = {}
    for version in _versions(scene):
        digest = version["tags"]["poolwright-source-digest"]
        if digest in seen:
            found.append(f"versions {seen[digest]} and {version['name']} were made from the same source")
        seen[digest] = version["name"]
    return found


def _azure(scene: Scene) -> dict[str, Any]:
    by_id = {version["id"].lower(): version for version in _versions(scene)}
    current = _current_digest(scene)
    return {
        "gallery": scene.ask(f"{GALLERY}?{API}") is not None,
        "definitions": sorted(item["name"] for item in _list(scene, f"{GALLERY}/images?{API}") if _ours(item)),
        "current version": sorted(_version(item) for item in by_id.values() if item["tags"]["poolwright-source-digest"] == current),
        "pools": sorted((_pool(item, by_id) for item in _list(scene, "/batch/farm/pools?api-version=2025-06-01")), key=json.dumps),
    }


def _version(item: dict[str, Any]) -> list[Any]:
    properties = item["properties"]
    regions = sorted((region["name"], region["regionalReplicaCount"]) for region in properties["publishingProfile"]["targetRegions"])
    return [item["tags"]["poolwright-source-digest"], properties["provisioningState"], regions]


def _pool(item: dict[str, Any], versions: dict[str, Any]) -> dict[str, Any]:
    machine = item["virtualMachineConfiguration"]
    version = versions.get(machine["imageReference"]["virtualMachineImageId"].lower(), {"tags": {}})
    counted = ("targetDedicatedNodes", "targetLowPriorityNodes", "currentDedicatedNodes", "currentLowPriorityNodes")
    return {
        "image": version["tags"].get("poolwright-source-digest"),
        "agent": machine["nodeAgentSKUId"],
        "mark": sorted(entry["name"] for entry in item["metadata"]),
        **{name: item[name] for name in ("id", "vmSize", "state", "allocationState", *counted)},
    }


def _kubernetes(scene: Scene) -> dict[str, Any]:
    return {
        f"{body['kind']}/{body['metadata']['name']}": _object(body)
        for body in [*scene.kube.all("customimages"), *scene.kube.all("batchpools")]
    }


def _object(body: dict[str, Any]) -> dict[str, Any]:
    status = body.get("status", {})
    return {
        "spec": body["spec"],
        "held": body["metadata"].get("finalizers", []),
        "observed": status.get("observedGeneration") == body["metadata"]["generation"],
        "conditions": sorted([c["type"], c["status"], c["reason"]] for c in status.get("conditions", [])),
        "current": status.get("current", {}).get("sourceDigest"),
        "regions": status.get("current", {}).get("regions"),
        "counts": [
            status.get(name) for name in ("currentDedicatedNodes", "currentLowPriorityNodes", "nodes", "resizeErrors", "reachedTargets")
        ],
        "image": status.get("image", {}).get("kind"),
    }


def _current_digest(scene: Scene) -> str | None:
    images = scene.kube.all("customimages")
    return images[0].get("status", {}).get("current", {}).get("sourceDigest") if images else None


def _versions(scene: Scene) -> list[dict[str, Any]]:
    return [item for item in _list(scene, f"{GALLERY}/images/ubuntu/versions?{API}") if _ours(item)]


def _ours(item: dict[str, Any]) -> bool:
    return bool(item.get("tags", {}).get("poolwright-cluster") == CLUSTER)


def _list(scene: Scene, path: str) -> list[dict[str, Any]]:
    document = scene.ask(path)
    return [] if document is None else document["value"]
