"""What a pool needs of the CustomImage it names, and which pools an image is used by."""

from __future__ import annotations

from poolwright.domain import resource_id
from poolwright.domain.image import status as image_status_of
from poolwright.domain.image.spec import InvalidSpec, MarketplaceName
from poolwright.domain.image.spec import read as read_image
from poolwright.domain.objects import POOLS, Body, is_deleting
from poolwright.domain.pool.observed import ImageStatus
from poolwright.engine.store import ObjectStore

BY_REFERENCE, BY_DEFINITION, BY_ACCOUNT, BY_POOL_ID = "image reference", "image definition", "account", "pool id"


def image_status(body: Body) -> ImageStatus:
    """What the image's own status says; an image that cannot be read has no version."""
    name, stored = body["metadata"]["name"], body.get("status", {})
    current = image_status_of.remembered(stored).current
    complete = current.complete if current is not None else frozenset()
    base = stored.get("baseImage")
    return ImageStatus(
        name=name,
        id=current.id if current is not None else None,
        version=current.version if current is not None else None,
        complete=complete,
        declared=_declared(body) | complete,
        base_image=MarketplaceName(**base) if base else None,
        deleting=is_deleting(body),
    )


def index(store: ObjectStore) -> None:
    """Keep the reverse maps from images and accounts to pools."""
    store.index(BY_REFERENCE, POOLS, _references)
    store.index(BY_DEFINITION, POOLS, _definitions)
    store.index(BY_ACCOUNT, POOLS, lambda body: [account_of(body)])
    store.index(BY_POOL_ID, POOLS, lambda body: [pool_name(account_of(body), body["spec"].get("poolId", body["metadata"]["name"]))])


def account_of(body: Body) -> str:
    """The id of a pool's Batch account, in lower case."""
    return str(body["spec"].get("batchAccountId", "")).lower()


def pool_name(account: str, pool_id: str) -> str:
    """One pool of one account, as the index names it."""
    return f"{account}|{pool_id}".lower()


def users_of(store: ObjectStore, image: Body) -> tuple[str, ...]:
    """BatchPools that name the image, or boot from a version of its definition, as ``namespace/name``."""
    metadata = image["metadata"]
    keys = set(store.lookup(BY_REFERENCE, f"{metadata['namespace']}/{metadata['name']}"))
    for version in (image.get("status", {}).get("current"), *image.get("status", {}).get("versions", ())):
        if version:
            keys.update(store.lookup(BY_DEFINITION, _definition(version["id"])))
    return tuple(f"{key.namespace}/{key.name}" for key in sorted(keys))


def _declared(body: Body) -> frozenset[str]:
    try:
        return frozenset(region.name for region in read_image(body["metadata"], body["spec"]).regions)
    except InvalidSpec:
        return frozenset()


def _references(body: Body) -> list[str]:
    name = body["spec"].get("image", {}).get("customImageRef", {}).get("name")
    return [f"{body['metadata']['namespace']}/{name}"] if name else []


def _definitions(body: Body) -> list[str]:
    """Of the image that is declared by id, and of the one the pool boots at present."""
    ids = (body["spec"].get("image", {}).get("galleryImage", {}).get("id"), body.get("status", {}).get("image", {}).get("id"))
    return [_definition(id_) for id_ in ids if id_]


def _definition(version_id: str) -> str:
    try:
        parsed = resource_id.parse(version_id)
    except ValueError:
        return version_id.lower()
    return str(parsed.parent() if parsed.types[-1].lower() == "versions" else parsed).lower()
