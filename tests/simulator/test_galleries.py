from __future__ import annotations

import json
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError

from simulator.cloud import API, GALLERY, GROUP, SUBSCRIPTION, Cloud

IDENTIFIER = {"publisher": "pub", "offer": "off", "sku": "one"}
LINUX: dict[str, Any] = {
    "osType": "Linux",
    "osState": "Generalized",
    "hyperVGeneration": "V2",
    "architecture": "x64",
    "identifier": IDENTIFIER,
}


def definition(**changes: Any) -> dict[str, Any]:
    return {"location": "westus", "properties": {**LINUX, **changes}}


async def refused(call: Any) -> tuple[int | None, str | None]:
    with pytest.raises(HttpResponseError) as caught:
        await call
    return caught.value.status_code, caught.value.error.code if caught.value.error else None


async def test_a_gallery_is_created_shown_listed_changed_and_deleted(cloud: Cloud) -> None:
    galleries = cloud.compute.galleries
    poller = await galleries.begin_create_or_update("rg", "gal", {"location": "westus", "tags": {"a": "b"}})
    assert (await galleries.get("rg", "gal")).properties.provisioning_state == "Creating"
    cloud.clock.advance(1)
    made = await poller.result()
    assert made.properties.provisioning_state == "Succeeded"
    assert made.properties.identifier.unique_name == f"{SUBSCRIPTION}-GAL"
    assert [g.name async for g in galleries.list_by_resource_group("rg")] == ["gal"]
    assert [g.name async for g in galleries.list()] == ["gal"]
    assert (await galleries.get("rg", "GAL")).id == made.id
    patched = await galleries.begin_update("rg", "gal", {"tags": {"c": "d"}, "properties": {"description": "x"}}, polling=False)
    assert (await patched.result()).tags == {"c": "d"}
    await galleries.begin_delete("rg", "gal", polling=False)
    assert (await galleries.get("rg", "gal")).properties.provisioning_state == "Deleting"
    cloud.clock.advance(1)
    assert await refused(galleries.get("rg", "gal")) == (404, "ResourceNotFound")
    assert cloud.ask("DELETE", f"{GALLERY}?api-version=1").status == 204


@pytest.mark.parametrize(
    ("group", "name", "body", "expected"),
    [
        pytest.param("rg", "my-gallery", {"location": "westus"}, (400, "InvalidParameter"), id="dash in the name"),
        pytest.param("rg", "gal", {"location": "atlantis"}, (400, "LocationNotAvailableForResourceType"), id="no such region"),
        pytest.param(
            "rg",
            "gal",
            {"location": "westus", "properties": {"softDeletePolicy": {"isSoftDeleteEnabled": True, "retentionPeriodInDays": -1}}},
            (400, "InvalidParameter"),
            id="a period before now",
        ),
        pytest.param("nowhere", "gal", {"location": "westus"}, (404, "ResourceGroupNotFound"), id="no such group"),
        pytest.param("rg", "taken", {"location": "eastus"}, (409, "InvalidResourceLocation"), id="another region"),
        pytest.param("other", "taken", {"location": "westus"}, (409, "Conflict"), id="unique in the subscription"),
    ],
)
async def test_galleries_that_are_refused(cloud: Cloud, group: str, name: str, body: dict[str, Any], expected: tuple[int, str]) -> None:
    cloud.world.add_gallery(f"{GROUP}/providers/Microsoft.Compute/galleries/taken", location="westus")
    cloud.world.add_resource_group(SUBSCRIPTION, "other")
    assert await refused(cloud.compute.galleries.begin_create_or_update(group, name, body, polling=False)) == expected


async def test_a_gallery_with_definitions_cannot_be_deleted(cloud: Cloud) -> None:
    cloud.image()
    assert await refused(cloud.compute.galleries.begin_delete("rg", "gal", polling=False)) == (409, "CannotDeleteResource")
    assert await refused(cloud.compute.gallery_images.begin_delete("rg", "gal", "img", polling=False)) == (409, "CannotDeleteResource")


async def test_a_definition_is_created_updated_and_deleted(cloud: Cloud) -> None:
    cloud.world.add_gallery(GALLERY, location="westus")
    images = cloud.compute.gallery_images
    await images.begin_create_or_update(
        "rg", "gal", "img", definition(features=[{"name": "IsAcceleratedNetworkSupported", "value": "true"}]), polling=False
    )
    cloud.clock.advance(1)
    made = await images.get("rg", "gal", "img")
    assert made.properties.provisioning_state == "Succeeded"
    assert [(f.name, f.value) for f in made.properties.features or ()] == [
        ("IsAcceleratedNetworkSupported", "True"),
        ("SecurityType", "TrustedLaunchSupported"),
    ]
    await images.begin_create_or_update("rg", "gal", "img", definition(description="x"), polling=False)
    cloud.clock.advance(1)
    updated = await images.get("rg", "gal", "img")
    assert updated.properties.description == "x"
    assert updated.properties.features == made.properties.features
    await images.begin_update("rg", "gal", "img", {"tags": {"t": "u"}}, polling=False)
    assert [i.tags async for i in images.list_by_gallery("rg", "gal")] == [{"t": "u"}]
    await images.begin_delete("rg", "gal", "img", polling=False)
    cloud.clock.advance(1)
    assert await refused(images.get("rg", "gal", "img")) == (404, "ResourceNotFound")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({"osType": "Windows"}, (409, "PropertyChangeNotAllowed"), id="operating system"),
        pytest.param({"osState": "Specialized"}, (409, "PropertyChangeNotAllowed"), id="state"),
        pytest.param({"hyperVGeneration": "V1"}, (409, "PropertyChangeNotAllowed"), id="generation"),
        pytest.param({"architecture": "Arm64"}, (409, "PropertyChangeNotAllowed"), id="architecture"),
        pytest.param({"identifier": {**IDENTIFIER, "sku": "two"}}, (409, "PropertyChangeNotAllowed"), id="identifier"),
    ],
)
async def test_what_a_definition_is_known_by_never_changes(cloud: Cloud, changes: dict[str, Any], expected: tuple[int, str]) -> None:
    cloud.world.add_gallery(GALLERY, location="westus")
    images = cloud.compute.gallery_images
    await images.begin_create_or_update("rg", "gal", "img", definition(), polling=False)
    assert await refused(images.begin_create_or_update("rg", "gal", "img", definition(**changes), polling=False)) == expected
    assert await refused(images.begin_update("rg", "gal", "img", {"properties": {**LINUX, **changes}}, polling=False)) == expected


@pytest.mark.parametrize("features", [[{}], [{"name": "SecurityType"}], [{"value": "Standard"}]])
async def test_half_a_feature_is_refused_in_a_put_and_in_a_patch(cloud: Cloud, features: list[dict[str, str]]) -> None:
    cloud.world.add_definition(f"{GALLERY}/images/img", location="westus", identifier=IDENTIFIER)
    images = cloud.compute.gallery_images
    put = images.begin_create_or_update("rg", "gal", "new", definition(features=features), polling=False)
    assert await refused(put) == (400, "InvalidParameter")
    patch = images.begin_update("rg", "gal", "img", {"properties": {**LINUX, "features": features}}, polling=False)
    assert await refused(patch) == (400, "InvalidParameter")
    whole = {"properties": {**LINUX, "features": [{"name": "SecurityType", "value": "Standard"}]}}
    await images.begin_update("rg", "gal", "img", whole, polling=False)


def test_null_says_nothing(cloud: Cloud) -> None:
    cloud.world.add_definition(f"{GALLERY}/images/img", location="westus", identifier=IDENTIFIER)
    body = {"tags": {}, "properties": {**LINUX, "features": [None], "description": None, "recommended": None}}
    shown = cloud.ask("PATCH", f"{GALLERY}/images/img?api-version=1", json.dumps(body).encode()).json()["properties"]
    assert "description" not in shown
    assert shown["features"] == [{"name": "SecurityType", "value": "Standard"}]
    assert cloud.ask("PATCH", f"{GALLERY}?api-version=1", b'{"properties":null}').status == 200


async def test_the_identity_of_a_gallery_is_kept(cloud: Cloud) -> None:
    galleries = cloud.compute.galleries
    body = {"location": "westus", "identity": {"type": "SystemAssigned"}}
    assert (await (await galleries.begin_create_or_update("rg", "gal", body, polling=False)).result()).identity.type == "SystemAssigned"
    patch = {"identity": {"type": "None"}, "tags": {}}
    assert (await (await galleries.begin_update("rg", "gal", patch, polling=False)).result()).identity.type == "None"


@pytest.mark.parametrize(
    ("name", "body", "expected"),
    [
        pytest.param("other", definition(), (409, "Conflict"), id="identifier taken"),
        pytest.param("img2", definition(identifier={**IDENTIFIER, "sku": "bad sku"}), (400, "InvalidParameter"), id="identifier malformed"),
        pytest.param(
            "img2", {"location": "westus", "properties": {"identifier": IDENTIFIER}}, (400, "InvalidParameter"), id="no operating system"
        ),
        pytest.param("img2", definition(identifier=None), (400, "InvalidParameter"), id="no identifier"),
        pytest.param(
            "img2",
            definition(identifier={**IDENTIFIER, "sku": "two"}, endOfLifeDate="2020-01-01T00:00:00Z"),
            (400, "InvalidParameter"),
            id="an end that has come",
        ),
        pytest.param(
            "img2",
            definition(identifier={**IDENTIFIER, "sku": "two"}, endOfLifeDate="soon"),
            (400, "InvalidRequestContent"),
            id="an end that is no date",
        ),
        pytest.param("img2.", definition(identifier={**IDENTIFIER, "sku": "two"}), (400, "InvalidParameter"), id="name"),
    ],
)
async def test_definitions_that_are_refused(cloud: Cloud, name: str, body: dict[str, Any], expected: tuple[int, str]) -> None:
    cloud.world.add_gallery(GALLERY, location="westus")
    await cloud.compute.gallery_images.begin_create_or_update("rg", "gal", "img", definition(), polling=False)
    assert await refused(cloud.compute.gallery_images.begin_create_or_update("rg", "gal", name, body, polling=False)) == expected


async def test_a_definition_needs_its_gallery(cloud: Cloud) -> None:
    call = cloud.compute.gallery_images.begin_create_or_update("rg", "gal", "img", definition(), polling=False)
    assert await refused(call) == (404, "ParentResourceNotFound")


@pytest.mark.parametrize(
    ("api_version", "given", "generation", "security"),
    [
        pytest.param("2021-10-01", {}, "V1", None, id="older versions mean generation 1"),
        pytest.param("2025-03-03", {}, "V2", "TrustedLaunchSupported", id="newer ones mean generation 2 and Trusted Launch"),
        pytest.param("2025-03-03", {"hyperVGeneration": "V1"}, "V1", None, id="generation 1 said"),
        pytest.param(
            "2025-03-03", {"features": [{"name": "SecurityType", "value": "Standard"}]}, "V2", "Standard", id="security type said"
        ),
    ],
)
def test_what_an_unsaid_generation_and_security_type_mean(
    cloud: Cloud, api_version: str, given: dict[str, Any], generation: str, security: str | None
) -> None:
    cloud.world.add_gallery(GALLERY, location="westus")
    properties = {"osType": "Linux", "osState": "Generalized", "identifier": IDENTIFIER, **given}
    body = json.dumps({"location": "westus", "properties": properties}).encode()
    shown = cloud.ask("PUT", f"{GALLERY}/images/img?api-version={api_version}", body, content_type="application/json").json()["properties"]
    assert shown["hyperVGeneration"] == generation
    assert next((f["value"] for f in shown.get("features", ()) if f["name"] == "SecurityType"), None) == security


def test_a_security_type_is_shown_in_the_services_spelling(cloud: Cloud) -> None:
    cloud.world.add_gallery(GALLERY, location="westus")
    features = [{"name": "SecurityType", "value": "ConfidentialVm"}]
    properties = {"osType": "Linux", "osState": "Specialized", "hyperVGeneration": "V2", "identifier": IDENTIFIER, "features": features}
    body = json.dumps({"location": "westus", "properties": properties}).encode()
    shown = cloud.ask("PUT", f"{GALLERY}/images/img?{API}", body).json()["properties"]["features"]
    assert shown == [{"name": "SecurityType", "value": "ConfidentialVM"}]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"location": "westus", "colour": "red"}, "BadRequest"),
        ({"tags": {}}, "InvalidParameter"),
        ({"location": 5}, "InvalidParameter"),
    ],
)
def test_bodies_that_are_not_as_the_model_says(cloud: Cloud, body: dict[str, Any], code: str) -> None:
    answer = cloud.ask("PUT", f"{GALLERY}?api-version=1", json.dumps(body).encode())
    assert (answer.status, answer.json()["error"]["code"]) == (400, code)


@pytest.mark.parametrize(
    ("path", "headers", "expected"),
    [
        (f"{GALLERY}?api-version=1", {"authorization": ""}, (401, "AuthenticationFailed")),
        (GALLERY, {}, (400, "MissingApiVersionParameter")),
        ("/subscriptions/none/resourceGroups/rg/providers/Microsoft.Compute/galleries/g?api-version=1", {}, (404, "SubscriptionNotFound")),
        ("/subscriptions/none/nothing/here?api-version=1", {}, (404, "InvalidResourceType")),
        (
            f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Compute/locations/westus/capsOperations/none?api-version=1",
            {},
            (404, "NotFound"),
        ),
    ],
)
def test_requests_arm_refuses(cloud: Cloud, path: str, headers: dict[str, Any], expected: tuple[int, str]) -> None:
    answer = cloud.ask("GET", path, **headers)
    assert (answer.status, answer.json()["error"]["code"]) == expected


def test_groups_and_subscriptions_are_shown(cloud: Cloud) -> None:
    assert cloud.ask("GET", "/subscriptions?api-version=1").json()["value"][0]["subscriptionId"] == SUBSCRIPTION
    assert cloud.ask("GET", f"/subscriptions/{SUBSCRIPTION}?api-version=1").json()["state"] == "Enabled"
    assert cloud.ask("GET", f"/subscriptions/{SUBSCRIPTION}/resourceGroups?api-version=1").json()["value"][0]["name"] == "rg"
    assert cloud.ask("GET", f"{GROUP}?api-version=1").json()["properties"] == {"provisioningState": "Succeeded"}
    assert cloud.ask("HEAD", f"{GROUP}?api-version=1").status == 204
