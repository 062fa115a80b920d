from __future__ import annotations

import json
from typing import Any

import pytest
from azure.batch.aio import BatchClient
from azure.batch.models import BatchPoolResizeOptions, BatchPoolUpdateOptions, BatchVmImageReference
from azure.core.credentials import AzureNamedKeyCredential

from azuresim import Application, FaultRule, NoCapacity
from azuresim.core.catalogue import ForeignImage
from azuresim.core.resize_errors import ALLOCATION_ERRORS
from azuresim.transport import SimulatorTransport
from simulator import machines as vm
from simulator.batch_steps import errors, grown, refused, states, version_of_machine
from simulator.cloud import API, BATCH, DEFINITION, GROUP, SIZE, SUBSCRIPTION, UBUNTU, Cloud, machines, pool_options

COMMUNITY = "/CommunityGalleries/public-1234/Images/ubuntu"


@pytest.mark.parametrize(
    ("mode", "limit"), [pytest.param("BatchService", 100, id="Batch service"), pytest.param("UserSubscription", 80, id="own subscription")]
)
async def test_pools_with_inter_node_communication_have_a_largest_size(cloud: Cloud, mode: Any, limit: int) -> None:
    cloud.account.allocation_mode = mode
    cloud.account.dedicated_quota = 1000
    cloud.account.family_quotas["standardDSv3Family"] = 1000
    for name in ("cores", "standardDSv3Family"):
        cloud.world.virtual.machines.quotas.set_limit(SUBSCRIPTION, "westus", name, 1000)
    pool = await grown(cloud, 120, wait=200, enable_inter_node_communication=True)
    assert (pool.current_dedicated_nodes, errors(pool)) == (limit, ["CommunicationEnabledPoolReachedMaxVMCount"])


async def test_in_the_users_own_subscription_its_quotas_count(cloud: Cloud) -> None:
    cloud.account.allocation_mode = "UserSubscription"
    quotas = cloud.world.virtual.machines.quotas
    quotas.set_limit(SUBSCRIPTION, "westus", "cores", 10)
    quotas.set_limit(SUBSCRIPTION, "westus", "standardDSv3Family", 4)
    quotas.set_limit(SUBSCRIPTION, "westus", "lowPriorityCores", 2)
    pool = await grown(cloud, 3, 2, wait=100)
    assert (pool.current_dedicated_nodes, pool.current_low_priority_nodes) == (2, 1)
    assert errors(pool) == ["AllocationFailed", "AccountSpotCoreQuotaReached"]
    details = {v.name: v.value for v in pool.resize_errors[0].error_values}
    provider = json.loads(details["Provider Error Json"])["error"]
    assert provider["code"] == "OperationNotAllowed"
    assert "Current Limit: 4, Current Usage: 4, Additional Required: 2" in provider["message"]
    await cloud.batch.begin_resize_pool("p", BatchPoolResizeOptions(target_dedicated_nodes=0))
    cloud.clock.advance(60)
    await cloud.batch.get_pool("p")
    assert await used(cloud, "standardDSv3Family") == 0
    quotas.set_limit(SUBSCRIPTION, "westus", "cores", 1)
    await cloud.batch.begin_resize_pool("p", BatchPoolResizeOptions(target_dedicated_nodes=1))
    cloud.clock.advance(60)
    error = (await cloud.batch.get_pool("p"))["resizeErrors"][0]
    assert "approved Total Regional Cores quota" in error["values"][0]["value"]


async def used(cloud: Cloud, name: str) -> int:
    """Cores as the subscription's usages tell them."""
    usages: dict[str, int] = {u.name.value: u.current_value async for u in cloud.compute.usage.list("westus")}
    return usages[name]


async def test_machines_and_nodes_of_the_users_own_subscription_share_its_quotas(cloud: Cloud) -> None:
    cloud.account.allocation_mode = "UserSubscription"
    cloud.world.virtual.machines.quotas.set_limit(SUBSCRIPTION, "westus", "standardDSv3Family", 6)
    await vm.made(cloud, "first", size=SIZE)
    pool = await grown(cloud, 3)
    assert (pool.current_dedicated_nodes, errors(pool)) == (2, ["AllocationFailed"])
    assert (await used(cloud, "standardDSv3Family"), await used(cloud, "cores")) == (6, 6)
    call = cloud.compute.virtual_machines.begin_create_or_update("rg", "second", vm.body(size=SIZE), polling=False)
    assert "Current Limit: 6, Current Usage: 6" in (await vm.refused(call))[2]
    await cloud.batch.begin_delete_pool("p")
    cloud.clock.advance(60)
    await vm.made(cloud, "second", size=SIZE)


async def test_nodes_of_the_batch_service_are_no_use_of_the_subscription(cloud: Cloud) -> None:
    await grown(cloud, 2)
    assert await used(cloud, "cores") == 0


@pytest.mark.parametrize("code", sorted(ALLOCATION_ERRORS))
async def test_every_resize_error_can_be_injected(cloud: Cloud, code: str) -> None:
    cloud.app.faults.add(FaultRule(action=NoCapacity(code=code), path="^p$", count=None))
    pool = await grown(cloud, 1, 1, wait=1000)
    assert (pool.allocation_state, pool.current_dedicated_nodes, errors(pool)) == ("steady", 0, [code, code])
    cloud.app.faults.clear()
    await cloud.batch.begin_resize_pool("p", BatchPoolResizeOptions(target_dedicated_nodes=1))
    cloud.clock.advance(60)
    assert (await cloud.batch.get_pool("p")).current_dedicated_nodes == 1


@pytest.mark.parametrize(
    ("security", "vm_size", "generation", "words"),
    [
        pytest.param("trustedLaunch", "Standard_HB120rs_v3", "V2", "security type 'TrustedLaunch'", id="Trusted Launch"),
        pytest.param("confidentialvm", SIZE, "V2", "security type 'ConfidentialVM'", id="confidential"),
        pytest.param("confidentialvm", "Standard_DC2as_v5", "V2", None, id="confidential on a size for it"),
    ],
)
async def test_the_size_must_offer_the_security_type(cloud: Cloud, security: str, vm_size: str, generation: str, words: str | None) -> None:
    configuration = machines(cloud.image(generation=generation, security_type="TrustedLaunchAndConfidentialVmSupported"))
    configuration["securityProfile"] = {"securityType": security}
    pool = await grown(cloud, 1, vm_size=vm_size, virtual_machine_configuration=configuration)
    if words is None:
        assert errors(pool) == []
    else:
        assert errors(pool) == ["AllocationFailed"]
        assert words in pool.resize_errors[0].error_values[0].value


@pytest.mark.parametrize(
    ("sku", "agent", "name"),
    [
        pytest.param(("canonical", "ubuntuserver", "18.04-lts"), "batch.node.ubuntu 18.04", "nodeAgentSKUId", id="its agent has ended"),
        pytest.param(("canonical", "ubuntuserver", "18.04-lts"), "batch.node.ubuntu 22.04", "imageReference", id="the image has ended"),
        pytest.param(
            ("canonical", "ubuntu-24_04-lts", "server"), "batch.node.debian 12", "nodeAgentSKUId", id="an agent of another system"
        ),
    ],
)
async def test_images_after_their_end_and_agents_that_do_not_fit(cloud: Cloud, sku: tuple[str, str, str], agent: str, name: str) -> None:
    configuration = machines(agent=agent)
    configuration.image_reference = BatchVmImageReference(publisher=sku[0], offer=sku[1], sku=sku[2])
    status, code, details = await refused(cloud.batch.create_pool(pool_options(virtual_machine_configuration=configuration)))
    assert (status, code, details["PropertyName"]) == (400, "InvalidPropertyValue", name)


async def test_an_image_that_will_end_is_taken_until_then(cloud: Cloud) -> None:
    configuration = machines(agent="batch.node.ubuntu 20.04")
    configuration.image_reference = BatchVmImageReference(publisher="canonical", offer="0001-com-ubuntu-server-focal", sku="20_04-lts")
    await cloud.batch.create_pool(pool_options("before", virtual_machine_configuration=configuration))
    ends = [
        i.batch_support_end_of_life async for i in cloud.batch.list_supported_images() if i.node_agent_sku_id == "batch.node.ubuntu 20.04"
    ]
    assert ends[0] is not None
    cloud.clock.advance(ends[0].timestamp() - cloud.clock.now())
    call = cloud.batch.create_pool(pool_options("after", virtual_machine_configuration=configuration))
    assert (await refused(call))[:2] == (400, "InvalidPropertyValue")


async def test_community_images(cloud: Cloud) -> None:
    configuration = machines()
    configuration.image_reference = BatchVmImageReference(community_gallery_image_id=COMMUNITY)
    call = cloud.batch.create_pool(pool_options(virtual_machine_configuration=configuration))
    assert (await refused(call))[2]["PropertyName"] == "communityGalleryImageId"
    for version, regions in (("1.9.0", ("westus",)), ("1.10.0", ("West US",)), ("2.0.0", ("eastus",))):
        cloud.world.catalogue.share(COMMUNITY, ForeignImage(version=version, regions=regions))
    await grown(cloud, 1, virtual_machine_configuration=configuration)
    (node,) = [n async for n in cloud.batch.list_nodes("p")]
    assert node["virtualMachineInfo"]["imageReference"] == {"communityGalleryImageId": COMMUNITY, "exactVersion": "1.10.0"}


async def test_exactly_one_way_of_naming_an_image(cloud: Cloud) -> None:
    for reference in (BatchVmImageReference(), BatchVmImageReference(publisher="a", community_gallery_image_id=COMMUNITY)):
        configuration = machines()
        configuration.image_reference = reference
        _status, code, details = await refused(cloud.batch.create_pool(pool_options(virtual_machine_configuration=configuration)))
        assert (code, details["PropertyName"]) == ("InvalidPropertyValue", "imageReference")


async def test_packages_must_exist(cloud: Cloud) -> None:
    cloud.account.applications = {"ffmpeg": ("4", "5")}
    batch: Any = cloud.batch
    for number, package in enumerate(({"applicationId": "FFmpeg", "version": "4"}, {"applicationId": "ffmpeg"})):
        await batch.create_pool({**pool_options(f"p{number}"), "applicationPackageReferences": [package]})
    for package in ({"applicationId": "ffmpeg", "version": "6"}, {"applicationId": "blender"}):
        call = batch.create_pool({**pool_options("q"), "applicationPackageReferences": [package]})
        told = {package["applicationId"]: "The specified application package does not exist."}
        assert await refused(call) == (409, "InvalidApplicationPackageReferences", told)


async def test_shared_keys_never_reach_custom_images(cloud: Cloud) -> None:
    key = cloud.ask("POST", f"{BATCH}/listKeys?{API}").json()["primary"]
    # The SDK stamps a shared key's requests with the machine's time.
    transport = SimulatorTransport(Application(cloud.world, strict=True))
    client = BatchClient(f"{cloud.world.base_url}/batch/acct", AzureNamedKeyCredential("acct", key), transport=transport, retry_total=0)
    assert await refused(client.create_pool(pool_options(image=cloud.image()))) == (403, "AuthenticationFailed", {})
    # An id that names no gallery is refused for that, as recorded with a shared key.
    managed = pool_options(image=f"{GROUP}/providers/Microsoft.Compute/images/custom")
    assert (await refused(client.create_pool(managed)))[:2] == (400, "InvalidPropertyValue")


@pytest.mark.parametrize(
    ("vm_size", "slots", "accepted"), [(SIZE, 8, True), (SIZE, 9, False), (SIZE, 0, False), ("Standard_HB120rs_v3", 257, False)]
)
async def test_a_node_has_at_most_four_slots_a_core(cloud: Cloud, vm_size: str, slots: int, *, accepted: bool) -> None:
    call: Any = cloud.batch.create_pool(pool_options(vm_size=vm_size, task_slots_per_node=slots))
    if accepted:
        await call
        cloud.clock.advance(10)
        call = cloud.batch.update_pool("p", BatchPoolUpdateOptions(task_slots_per_node=slots + 1))
    _status, code, details = await refused(call)
    assert (code, details["PropertyName"]) == ("InvalidPropertyValue", "taskSlotsPerNode")


@pytest.mark.parametrize(("agent", "state"), [(UBUNTU, "unusable"), ("batch.node.debian 12", "idle")])
async def test_an_agent_for_another_distribution_never_reports(cloud: Cloud, agent: str, state: str) -> None:
    cloud.world.add_definition(DEFINITION, location="westus")
    debian = {"publisher": "Debian", "offer": "debian-12", "sku": "12-gen2", "version": "latest"}
    image = await version_of_machine(cloud, deprovisioned=True, image=debian)
    await grown(cloud, 1, wait=100, virtual_machine_configuration=machines(image, agent))
    assert await states(cloud) == [state]
