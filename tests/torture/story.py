"""The path of the demo as declarations, one after the other."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from harness.kubestate import Key
from harness.world import Scene, condition

IMAGE, POOL = ("customimages", "ubuntu"), ("batchpools", "frames")
POOL_PATH = "/batch/farm/pools/frames?api-version=2025-06-01"


@dataclass(frozen=True, slots=True)
class Chapter:
    """What is declared from here on; None: deleted.

    ``before`` is declared first, and changed while it is being carried out (a pool that is deleted: once it exists in Azure); ``again``
    deletes both and declares them anew once they are gone.
    """

    name: str
    image: dict[str, Any] | None
    pool: dict[str, Any] | None
    before: dict[str, Any] | None = None
    again: bool = False


def _size(dedicated: int, low_priority: int) -> dict[str, Any]:
    return {"targetDedicatedNodes": dedicated, "targetLowPriorityNodes": low_priority}


V1, V2 = {"vhd": "v1"}, {"vhd": "v2"}
STORY: tuple[Chapter, ...] = (
    Chapter("create", V1, _size(2, 1)),
    Chapter("grow", V1, _size(5, 1)),
    Chapter("change while resizing", V1, _size(4, 1), before=_size(9, 1)),
    Chapter("shrink to zero", V1, _size(0, 0)),
    Chapter("second image", V2, _size(0, 0)),
    Chapter("grow on the second image", V2, _size(3, 0)),
    Chapter("delete and declare again", V2, _size(1, 0), again=True),
    Chapter("delete the pool", V2, None),
    Chapter("declare and take back", V2, None, before=_size(2, 0)),
    Chapter("delete", None, None),
)


async def declare(scene: Scene, chapter: Chapter) -> None:
    """As a person with kubectl would."""
    for (plural, name), declared in ((POOL, chapter.pool), (IMAGE, chapter.image)):
        if (declared is None or chapter.again) and scene.kube.get(plural, "render", name) is not None:
            scene.kube.delete(plural, "render", name)
    if chapter.again:
        await scene.until(lambda: not scene.kube.all("customimages") and not scene.kube.all("batchpools"))
    if chapter.image is not None:
        scene.image(**chapter.image)
    if chapter.before is not None:
        scene.pool(**chapter.before)
        if chapter.pool is None:
            await scene.until(lambda: scene.ask(POOL_PATH) is not None, every=1)
            scene.kube.delete(POOL[0], "render", POOL[1])
        else:
            await asyncio.sleep(40)
    if chapter.pool is not None:
        scene.pool(**chapter.pool)


def settled(scene: Scene, chapter: Chapter) -> bool:
    """Whether Kubernetes says that it is done."""
    # Looked at in place: this is asked every few virtual seconds, and copies would be most of a case's time.
    image, pool = (scene.kube.state.objects.get(Key(plural, "render", name)) for plural, name in (IMAGE, POOL))
    return _as_told(image, chapter.image, "Ready") and _as_told(pool, chapter.pool, "Ready", "ImageUpToDate")


def _as_told(body: dict[str, Any] | None, declared: dict[str, Any] | None, *conditions: str) -> bool:
    if declared is None:
        return body is None
    return all(condition(body, name)[0] == "True" for name in conditions)
