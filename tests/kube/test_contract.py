"""What we build on in the Kubernetes API, asked of the in-memory API and of a real kube-apiserver with the same words: objects."""

from __future__ import annotations

import pytest

from harness.clusters import Cluster
from harness.kuberequest import JSON_PATCH
from harness.pool_calls import STATUS, create, delete, edit, edit_status, generation, read, version
from poolwright.domain.objects import FINALIZER, POOLS, Conflict, KubernetesError, NotFound, is_deleting
from poolwright.kube.client import KubeClient, path


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
        assert (type(caught.value), caught.value.status) == (Conflict, 422)

    cluster.tell(story)


def test_an_object_that_is_refused_is_422_too_and_no_conflict(cluster: Cluster) -> None:
    async def story(client: KubeClient) -> None:
        held = await client.add_finalizer(await create(client, cluster.namespace))
        await delete(client, held)
        operations = [{"op": "add", "path": "/metadata/finalizers/-", "value": "example.com/late"}]
        with pytest.raises(KubernetesError) as caught:
            await client.call("PATCH", path(POOLS, cluster.namespace, "render"), body=operations, content=JSON_PATCH)
        assert (type(caught.value), caught.value.status) == (KubernetesError, 422)

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
