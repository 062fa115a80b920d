"""What we build on in the Kubernetes API, asked of the in-memory API and of a real kube-apiserver with the same words: lists and leases."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from harness.clusters import Cluster
from harness.pool_calls import create, version
from poolwright.domain.lease import Lease
from poolwright.domain.objects import IMAGES, POOLS, Conflict
from poolwright.kube.client import METADATA_ONLY, KubeClient
from poolwright.kube.handlers import wait_for_kinds
from poolwright.kube.leases import KubeLeases


def test_a_full_listing_holds_whole_objects_with_their_kind(cluster: Cluster) -> None:
    async def story(client: KubeClient) -> None:
        made = await create(client, cluster.namespace)
        items, listed_at = await client.list_full(POOLS)
        found = [item for item in items if item["metadata"]["namespace"] == cluster.namespace]
        metadata = {name: value for name, value in made["metadata"].items() if name != "managedFields"}
        assert found == [{**made, "metadata": metadata}], "whole but for what nobody reads"
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
    async def story(client: KubeClient) -> None:
        await wait_for_kinds(client)
        resources = await client.call("GET", "/apis/poolwright.io/v1alpha1")
        names = {resource["name"] for resource in resources["resources"]}
        assert names >= {POOLS, f"{POOLS}/status", IMAGES, f"{IMAGES}/status"}

    cluster.tell(story)


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
