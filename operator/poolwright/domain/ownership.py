"""The mark by which a resource in Azure is known to be ours.

Written as pool metadata and as ARM tags. Ours when cluster, namespace and name match; the uid is there for people, because a
resource that is deleted and applied again (a GitOps controller does that) has to find its pool again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

CLUSTER, NAMESPACE, NAME, UID = "poolwright-cluster", "poolwright-namespace", "poolwright-name", "poolwright-uid"
ADOPTED = "poolwright-adopted"
SOURCE_DIGEST = "poolwright-source-digest"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """Which object of which cluster a resource belongs to."""

    cluster: str
    namespace: str
    name: str
    uid: str

    def tags(self) -> dict[str, str]:
        """The mark as tags or metadata entries."""
        return {CLUSTER: self.cluster, NAMESPACE: self.namespace, NAME: self.name, UID: self.uid}

    def on(self, tags: Mapping[str, str]) -> bool:
        """Whether ``tags`` carry this mark."""
        return (tags.get(CLUSTER), tags.get(NAMESPACE), tags.get(NAME)) == (self.cluster, self.namespace, self.name)


def owner(tags: Mapping[str, str]) -> str | None:
    """Who else's mark this is, as ``namespace/name``; None when nobody marked it."""
    if CLUSTER not in tags:
        return None
    return f"{tags.get(NAMESPACE, '?')}/{tags.get(NAME, '?')}"
