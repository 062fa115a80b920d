"""What we build on in the Kubernetes API, asked of the in-memory API and of a real kube-apiserver with the same words."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from harness import declarations
from harness.clusters import Cluster
from harness.kuberequest import JSON_PATCH, MERGE_PATCH
from poolwright.domain.lease import Lease
from poolwright.domain.objects import FINALIZER, IMAGES, POOLS, Body, Conflict, KubernetesError, NotFound, ObjectKey, is_deleting
from poolwright.kube.client import METADATA_ONLY, KubeClient, path
from poolwright.kube.handlers import wait_for_kinds
from poolwright.kube.leases import KubeLeases

READY = {"type": "Ready", "status": "True", "reason": "Settled", "message": "1 of 1 nodes.", "observedGeneration": 1}
STATUS = {"observedGeneration": 1, "conditions": [{**READY, "lastTransitionTime": "2026-01-01T00:00:00Z"}]}


async def create(client: KubeClient, namespace: str, name: str = "render", **extra: Any) -> Body:
    root = f"/apis/poolwright.io/v1alpha1/namespaces/{namespace}/{POOLS}"
    return await client.call("POST", root, body={**declarations.pool(name, namespace=namespace), **extra})


async def edit(client: KubeClient, body: Body, change: dict[str, Any]) -> Body:
    target = path(POOLS, body["metadata"]["namespace"], body["metadata"]["name"])
    return await client.call("PATCH", target, body=change, content=MERGE_PATCH)


async def delete(client: KubeClient, body: Body) -> dict[str, Any]:
    return await client.call("DELETE", path(POOLS, body["metadata"]["namespace"], body["metadata"]["name"]))


async def read(client: KubeClient, body: Body) -> Body | None:
    return await client.get(ObjectKey(POOLS, body["metadata"]["namespace"], body["metadata"]["name"]))


def version(body: Body) -> int:
    return int(body["metadata"]["resourceVersion"])


def generation(body: Body) -> int:
    return int(body["metadata"]["generation"])


def test_a_new_object_has_generation_1_and_a_status_nobody_has_observed(cluster: Cluster) -> None:
    async def story(client: KubeClient) -> None:
        made = await create(client, cluster.namespace, status={"observedGeneration": 7})
        assert generation(made) == 1
        assert made["status"] == {"observedGeneration": -1}
        assert await read(client, made) == made

    cluster.tell(story)


def test_a_name_is_taken_once(cluster: Cluster) -> None:
    async def story(client: KubeClient) -> None:
        await create(client, cluster.namespace)
        with pytest.raises(Conflict) as caught:
            await create(client, cluster.namespace)
        assert caught.value.reason == "AlreadyExists"

    cluster.tell(story)


def test_generation_counts_changes_of_the_spec_only(cluster: Cluster) -> None:
    async def story(client: KubeClient) -> None:
        made = await create(client, cluster.namespace)
        labelled = await edit(client, made, {"metadata": {"labels": {"team": "film"}}})
        published = await client.replace_status(labelled, STATUS)
        scaled = await edit(client, published, {"spec": {"targetDedicatedNodes": 3}})
        assert [generation(body) for body in (made, labelled, published, scaled)] == [1, 1, 1, 2]
        assert version(made) < version(labelled) < version(published) < version(scaled)

    cluster.tell(story)


def test_spec_and_status_have_doors_of_their_own(cluster: Cluster) -> None:
    async def story(client: KubeClient) -> None:
        made = await client.replace_status(await create(client, cluster.namespace), STATUS)
        through_main = await edit(client, made, {"status": {"observedGeneration": 9}, "spec": {"targetDedicatedNodes": 2}})
        assert (through_main["status"], through_main["spec"]["targetDedicatedNodes"]) == (STATUS, 2)
        target = f"{path(POOLS, cluster.namespace, 'render')}/status"
        smuggled = {
            **through_main,
            "spec": {**through_main["spec"], "targetDedicatedNodes": 8},
            "metadata": {**through_main["metadata"], "labels": {"smuggled": "yes"}},
            "status": {"observedGeneration": 2},
        }
        through_status = await client.call("PUT", target, body=smuggled)
        assert through_status["status"] == {"observedGeneration": 2}
        assert through_status["spec"]["targetDedicatedNodes"] == 2
        assert "labels" not in through_status["metadata"]

    cluster.tell(story)


def test_a_status_is_replaced_whole_and_never_empty(cluster: Cluster) -> None:
    async def story(client: KubeClient) -> None:
        first = await client.replace_status(await create(client, cluster.namespace), STATUS)
        second = await client.replace_status(first, {"observedGeneration": 1})
        assert second["status"] == {"observedGeneration": 1}
        wiped = await edit_status(client, second, {"status": None})
        assert wiped["status"] == {"observedGeneration": -1}

    cluster.tell(story)


async def edit_status(client: KubeClient, body: Body, change: dict[str, Any]) -> Body:
    target = f"{path(POOLS, body['metadata']['namespace'], body['metadata']['name'])}/status"
    return await client.call("PATCH", target, body=change, content=MERGE_PATCH)


def test_a_stale_status_is_refused(cluster: Cluster) -> None:
    async def story(client: KubeClient) -> None:
        stale = await create(client, cluster.namespace)
        await edit(client, stale, {"spec": {"targetDedicatedNodes": 2}})
        with pytest.raises(Conflict):
            await client.replace_status(stale, STATUS)
        stored = await read(client, stale)
        assert stored is not None
        assert stored["status"] == {"observedGeneration": -1}

    cluster.tell(story)


def test_a_status_for_another_incarnation_is_refused(cluster: Cluster) -> None:
    async def story(client: KubeClient) -> None:
        made = await create(client, cluster.namespace)
        other = {**made, "metadata": {**made["metadata"], "uid": "11111111-1111-4111-8111-111111111111"}}
        with pytest.raises(Conflict):
            await client.replace_status(other, STATUS)

    cluster.tell(story)


def test_a_status_of_what_is_gone_is_not_found(cluster: Cluster) -> None:
    async def story(client: KubeClient) -> None:
        made = await create(client, cluster.namespace)
        await delete(client, made)
        with pytest.raises(NotFound):
            await client.replace_status(made, STATUS)

    cluster.tell(story)


def test_writing_what_is_there_makes_no_new_version(cluster: Cluster) -> None:
    async def story(client: KubeClient) -> None:
        first = await client.replace_status(await create(client, cluster.namespace), STATUS)
        again = await client.replace_status(first, STATUS)
        patched = await edit(client, again, {"spec": {"targetDedicatedNodes": 1}})
        assert version(first) == version(again) == version(patched)

    cluster.tell(story)


def test_our_writes_carry_our_name(cluster: Cluster) -> None:
    async def story(client: KubeClient) -> None:
        held = await client.add_finalizer(await create(client, cluster.namespace))
        published = await client.replace_status(held, STATUS)
        ours = {
            (entry["operation"], entry.get("subresource"))
            for entry in published["metadata"]["managedFields"]
            if entry["manager"] == "poolwright"
        }
        assert ours == {("Update", None), ("Update", "status")}

    cluster.tell(story)


def test_our_finalizer_joins_the_others_and_leaves_them(cluster: Cluster) -> None:
    async def story(client: KubeClient) -> None:
        made = await edit(client, await create(client, cluster.namespace), {"metadata": {"finalizers": ["example.com/first"]}})
        held = await client.add_finalizer(made)
        assert held["metadata"]["finalizers"] == ["example.com/first", FINALIZER]
        assert generation(held) == 1
        await client.remove_finalizer(held)
        left = await read(client, held)
        assert left is not None
        assert left["metadata"]["finalizers"] == ["example.com/first"]

    cluster.tell(story)


def test_a_finalizer_is_not_added_to_what_has_moved(cluster: Cluster) -> None:
    async def story(client: KubeClient) -> None:
        stale = await create(client, cluster.namespace)
        await edit(client, stale, {"metadata": {"labels": {"team": "film"}}})
        with pytest.raises(Conflict):
            await client.add_finalizer(stale)
        stored = await read(client, stale)
        assert stored is not None
        assert "finalizers" not in stored["metadata"]

    cluster.tell(story)


def test_a_failed_guard_of_a_json_patch_is_422(cluster: Cluster) -> None:
    async def story(client: KubeClient) -> None:
        await create(client, cluster.namespace)
        operations = [{"op": "test", "path": "/metadata/resourceVersion", "value": "1"}]
        with pytest.raises(KubernetesError) as caught:
            await client.call("PATCH", path(POOLS, cluster.namespace, "render"), body=operations, content=JSON_PATCH)
        assert (caught.value.status, caught.value.reason) == (422, "Invalid")

    cluster.tell(story)


def test_a_finalizer_holds_a_deleted_object_until_it_is_taken_off(cluster: Cluster) -> None:
    async def story(client: KubeClient) -> None:
        held = await client.add_finalizer(await create(client, cluster.namespace))
        dying = await delete(client, held)
        assert is_deleting(dying)
        assert generation(dying) == 2, "deletion bumps the generation"
        assert await delete(client, dying) == dying, "a second deletion changes nothing"
        edited = await edit(client, dying, {"spec": {"targetDedicatedNodes": 5}})
        assert generation(edited) == 3
        with pytest.raises(KubernetesError) as caught:
            await edit(client, edited, {"metadata": {"finalizers": [FINALIZER, "example.com/late"]}})
        assert caught.value.status == 422
        published = await client.replace_status(edited, STATUS)
        await client.remove_finalizer(published)
        assert await read(client, published) is None
        await client.remove_finalizer(published)

    cluster.tell(story)


def test_without_a_finalizer_deletion_is_the_end(cluster: Cluster) -> None:
    async def story(client: KubeClient) -> None:
        made = await create(client, cluster.namespace)
        assert (await delete(client, made))["status"] == "Success"
        assert await read(client, made) is None
        with pytest.raises(NotFound):
            await delete(client, made)

    cluster.tell(story)


def test_the_next_object_of_a_name_is_another_one(cluster: Cluster) -> None:
    async def story(client: KubeClient) -> None:
        first = await edit(client, await create(client, cluster.namespace), {"spec": {"targetDedicatedNodes": 2}})
        await delete(client, first)
        second = await create(client, cluster.namespace)
        assert second["metadata"]["uid"] != first["metadata"]["uid"]
        assert (generation(first), generation(second)) == (2, 1)
        assert version(second) > version(first)
        with pytest.raises(Conflict):
            await client.replace_status(first, STATUS)
        with pytest.raises(Conflict):
            await client.add_finalizer(first)

    cluster.tell(story)


def test_a_full_listing_holds_whole_objects_with_their_kind(cluster: Cluster) -> None:
    async def story(client: KubeClient) -> None:
        made = await create(client, cluster.namespace)
        items, listed_at = await client.list_full(POOLS)
        found = [item for item in items if item["metadata"]["namespace"] == cluster.namespace]
        assert found == [made]
        assert int(listed_at) >= version(made)
        assert [item for item in (await client.list_full(IMAGES))[0] if item["metadata"]["namespace"] == cluster.namespace] == []

    cluster.tell(story)


def test_a_metadata_listing_holds_keys_and_versions(cluster: Cluster) -> None:
    async def story(client: KubeClient) -> None:
        made = [await create(client, cluster.namespace, name) for name in ("a", "b")]
        items, listed_at = await client.list_metadata(POOLS)
        found = [item for item in items if item["metadata"]["namespace"] == cluster.namespace]
        assert [(item["metadata"]["name"], item["metadata"]["uid"], version(item)) for item in found] == [
            (body["metadata"]["name"], body["metadata"]["uid"], version(body)) for body in made
        ]
        assert all("spec" not in item for item in found)
        assert int(listed_at) >= version(made[-1])

    cluster.tell(story)


def test_an_empty_metadata_listing_has_null_for_its_items(cluster: Cluster) -> None:
    async def story(client: KubeClient) -> None:
        root = f"/apis/poolwright.io/v1alpha1/namespaces/{cluster.namespace}/{POOLS}"
        assert (await client.call("GET", root))["items"] == []
        assert (await client.call("GET", root, accept=METADATA_ONLY))["items"] is None

    cluster.tell(story)


def test_pages_are_of_one_moment(cluster: Cluster) -> None:
    async def story(client: KubeClient) -> None:
        for name in "bcd":
            await create(client, cluster.namespace, name)
        root = f"/apis/poolwright.io/v1alpha1/namespaces/{cluster.namespace}/{POOLS}"
        first = await client.call("GET", root, query={"limit": "2"}, accept=METADATA_ONLY)
        late = await create(client, cluster.namespace, "e")
        token = first["metadata"]["continue"]
        second = await client.call("GET", root, query={"limit": "2", "continue": token}, accept=METADATA_ONLY)
        assert [[item["metadata"]["name"] for item in page["items"]] for page in (first, second)] == [["b", "c"], ["d"]]
        assert first["metadata"]["resourceVersion"] == second["metadata"]["resourceVersion"]
        assert int(second["metadata"]["resourceVersion"]) < version(late)
        assert not second["metadata"].get("continue")

    cluster.tell(story)


def test_both_kinds_are_served(cluster: Cluster) -> None:
    cluster.tell(wait_for_kinds)


def test_the_cluster_has_an_id(cluster: Cluster) -> None:
    async def story(client: KubeClient) -> None:
        first = await client.cluster_id()
        assert len(first) == 36
        assert await client.cluster_id() == first

    cluster.tell(story)


LEASE = Lease(
    holder="one",
    duration_seconds=15,
    acquired=datetime(2026, 1, 1, tzinfo=UTC),
    renewed=datetime(2026, 1, 1, 0, 0, 5, 123456, tzinfo=UTC),
    transitions=3,
)


def test_a_lease_comes_back_as_it_was_written(cluster: Cluster) -> None:
    async def story(client: KubeClient) -> None:
        leases = KubeLeases(client, cluster.namespace, "poolwright")
        assert await leases.read() is None
        made = await leases.create(LEASE)
        assert replace(made, version="") == LEASE
        assert await leases.read() == made

    cluster.tell(story)


def test_of_two_writers_of_a_lease_one_wins(cluster: Cluster) -> None:
    async def story(client: KubeClient) -> None:
        leases = KubeLeases(client, cluster.namespace, "poolwright")
        made = await leases.create(LEASE)
        with pytest.raises(Conflict):
            await leases.create(LEASE)
        taken = await leases.replace(replace(made, holder="two"))
        with pytest.raises(Conflict):
            await leases.replace(replace(made, holder="three"))
        assert await leases.read() == taken

    cluster.tell(story)


def test_a_lease_can_be_given_up(cluster: Cluster) -> None:
    async def story(client: KubeClient) -> None:
        leases = KubeLeases(client, cluster.namespace, "poolwright")
        given_up = await leases.replace(replace(await leases.create(LEASE), holder="", duration_seconds=1))
        assert (given_up.holder, given_up.duration_seconds) == ("", 1)

    cluster.tell(story)


def test_a_lease_deleted_meanwhile_is_made_anew_by_the_next_renewal(cluster: Cluster) -> None:
    async def story(client: KubeClient) -> None:
        leases = KubeLeases(client, cluster.namespace, "poolwright")
        made = await leases.create(LEASE)
        await client.call("DELETE", f"/apis/coordination.k8s.io/v1/namespaces/{cluster.namespace}/leases/poolwright")
        renewed = await leases.replace(made)
        assert renewed.version != made.version
        assert await leases.read() == renewed

    cluster.tell(story)
