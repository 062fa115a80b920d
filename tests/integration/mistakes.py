"""What a case of bad input is made of: a world, a wrong declaration in it, and what puts it right."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from azuresim.core.resource_id import ResourceId
from azuresim.core.vhd import MIB
from harness.world import BLOBS, CLUSTER, GROUP, HOME, SECOND, STORAGE, Scene
from integration.scenes import BY_ID, DEFINITION, IMAGE, POOL, VERSION, made_version, stranger

ELSEWHERE = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/elsewhere"
RIGHT_VHD = {"vhd": {"blobUri": f"{BLOBS}/v1.vhd", "storageAccountId": STORAGE, "osState": "Generalized"}}
SECOND_IMAGE = ("customimages", "debian")
IN_PLACE = {"galleryImageVersion": {"id": VERSION, "osState": "Generalized"}}
SIZE = 64 * MIB
Act = Callable[[Scene], Any]


def nothing(_scene: Scene) -> None:
    """The world is as it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """``given`` is the world before, ``wrong`` what is declared in it, ``right`` what puts it right."""

    reason: str
    words: tuple[str, ...]
    wrong: Act
    right: Act
    given: Act = nothing
    about: tuple[str, str] = IMAGE
    first: tuple[tuple[str, str], ...] = field(default=())


def vhd(name: str, account: str = STORAGE, blobs: str = BLOBS) -> dict[str, Any]:
    return {"vhd": {"blobUri": f"{blobs}/{name}.vhd", "storageAccountId": account, "osState": "Generalized"}}


def bad_blob(reason: str, words: tuple[str, ...], make: Act) -> Case:
    """The blob ``bad`` is made by ``make``; later a right one is put in its place."""
    return Case(
        reason=reason,
        words=("images/bad.vhd", *words),
        given=make,
        wrong=lambda scene: scene.image(source=vhd("bad")),
        right=found_at_once(IMAGE, lambda scene: scene.world.add_vhd(f"{BLOBS}/bad.vhd", size_mib=64)),
    )


def bad_footer(footer: bytes) -> Act:
    return lambda scene: scene.world.add_vhd(f"{BLOBS}/bad.vhd", size_mib=64, footer=footer)


def put_blob(scene: Scene, kind: Any, size: int, *pages: tuple[int, bytes]) -> None:
    account = scene.world.storage.named("vhds")
    assert account is not None
    blob = scene.world.storage.put_blob(account, "images", "bad.vhd", kind=kind, size=size, metadata={}, http_headers={})
    for offset, content in pages:
        blob.content.write(offset, content)


def look_now(scene: Scene, item: tuple[str, str]) -> None:
    """As ``kubectl annotate``: what Azure changed is found without waiting for the next look."""
    body = scene.kube.get(item[0], "render", item[1])
    assert body is not None
    stamp = {"poolwright.io/reconcile-requested-at": scene.clock.now().isoformat()}
    scene.kube.apply({**body, "metadata": {**body["metadata"], "annotations": stamp}})


def found_at_once(item: tuple[str, str], act: Act) -> Act:
    """What is put right in Azure, not in the declaration."""

    def acted(scene: Scene) -> None:
        act(scene)
        look_now(scene, item)

    return acted


def bad_pool(reason: str, words: tuple[str, ...], *, given: Act = made_version, right: Act | None = None, **spec: Any) -> Case:
    """A pool on a version that is there; by default it is put right by its declaration."""
    return Case(
        reason=reason,
        words=words,
        given=given,
        about=POOL,
        wrong=lambda scene: scene.pool(**{**BY_ID, **spec}),
        right=right or (lambda scene: scene.pool(**BY_ID)),
    )


def taken(metadata: dict[str, str]) -> Act:
    def make(scene: Scene) -> None:
        made_version(scene)
        stranger(scene, metadata=metadata)

    return make


def in_place_at_home_only(scene: Scene) -> None:
    made_version(scene, HOME)
    scene.world.add_batch_account(f"{GROUP}/providers/Microsoft.Batch/batchAccounts/north", location=SECOND)
    scene.image(source=IN_PLACE, replication={"regions": [{"name": HOME}]})


def widened(scene: Scene) -> None:
    """Somebody replicates the version to the second region."""
    scene.world.add_version(VERSION, regions=(HOME, SECOND))


def widened_and_declared(scene: Scene) -> None:
    widened(scene)
    scene.image(source=IN_PLACE, replication={"regions": [{"name": HOME}, {"name": SECOND}]})


SOMEBODY = {"poolwright-cluster": CLUSTER, "poolwright-namespace": "studio", "poolwright-name": "other"}
OTHER_CLUSTER = {"poolwright-cluster": "another", "poolwright-namespace": "render", "poolwright-name": "frames"}
NORTH = f"{GROUP}/providers/Microsoft.Batch/batchAccounts/north"
NOWHERE = f"{GROUP}/providers/Microsoft.Batch/batchAccounts/nowhere"


def named(item: tuple[str, str]) -> tuple[str, str, str]:
    return item[0], "render", item[1]


def forget_definition(scene: Scene) -> None:
    """Its owner deletes the definition."""
    scene.world.settle()
    parsed = ResourceId.parse(DEFINITION)
    assert parsed is not None
    scene.world.galleries.definition(parsed).versions.clear()
    scene.world.galleries.delete_definition(parsed)
