from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import azuresim
from azuresim.schema import Finding, findings, load_table
from azuresim.wire.routing import Route
from simulator.cloud import API, GALLERY, Cloud
from simulator.schema_generator import FAMILIES, render_enumerations, table
from simulator.test_routes import served


@pytest.mark.parametrize("family", FAMILIES)
def test_the_stored_tables_are_those_of_the_installed_sdks(family: str) -> None:
    assert load_table(family) == table(*FAMILIES[family]), "run tests/simulator/schema_generator.py"


def test_the_stored_words_are_those_of_the_installed_sdks() -> None:
    stored = Path(azuresim.__file__).parent / "schemas" / "enumerations.json"
    assert stored.read_text("utf-8") == render_enumerations(), "run tests/simulator/schema_generator.py"


GOOD: dict[str, Any] = {
    "location": "westus",
    "properties": {"storageProfile": {}, "publishingProfile": {"targetRegions": [{"name": "westus"}]}},
}


@pytest.mark.parametrize(
    ("body", "found"),
    [
        pytest.param(GOOD, [], id="in order"),
        pytest.param({**GOOD, "colour": 1}, [Finding("colour", "unknown")], id="unknown"),
        pytest.param({**GOOD, "id": "x"}, [Finding("id", "read-only")], id="read-only"),
        pytest.param({"properties": GOOD["properties"]}, [Finding("location", "missing")], id="missing"),
        pytest.param({**GOOD, "tags": {"a": 1}}, [Finding("tags/a", "type")], id="wrong type in a map"),
        pytest.param({**GOOD, "tags": []}, [Finding("tags", "type")], id="no map"),
        pytest.param({**GOOD, "properties": []}, [Finding("properties", "type")], id="no object"),
        pytest.param(
            {**GOOD, "properties": {"storageProfile": {"dataDiskImages": [{"lun": "0"}]}}},
            [Finding("properties/storageProfile/dataDiskImages[0]/lun", "type")],
            id="wrong type in a list",
        ),
        pytest.param(
            {**GOOD, "properties": {"storageProfile": {}, "publishingProfile": {"targetRegions": {}}}},
            [Finding("properties/publishingProfile/targetRegions", "type")],
            id="no list",
        ),
    ],
)
def test_findings_in_requests(body: dict[str, Any], found: list[Finding]) -> None:
    assert findings("compute.GalleryImageVersion", body, request=True) == found


def test_in_answers_read_only_members_are_in_order_and_nothing_is_required() -> None:
    assert findings("compute.GalleryImageVersion", {"id": "x", "properties": {"provisioningState": "Succeeded"}}, request=False) == []
    assert findings("compute.GalleryImageVersion", {"odata.metadata": "x", "nonsense": 1}, request=False) == [
        Finding("nonsense", "unknown")
    ]


# Answers with the bytes of a file.
BYTES = {"Nodes_GetFile"}


@pytest.mark.parametrize(
    "route",
    [r for _, r in served() if r.method == "GET" and r.operation not in BYTES],
    ids=lambda r: r.operation,
)
def test_every_answer_to_a_read_is_held_against_a_model(route: Route) -> None:
    assert route.shows is not None
    family, _, model = route.shows.partition(".")
    assert model in load_table(family)


def test_a_strict_application_refuses_to_answer_wrongly() -> None:
    cloud = Cloud()
    cloud.world.add_gallery(GALLERY, location="westus")
    assert cloud.ask("GET", f"{GALLERY}?{API}").status == 200
    (gallery,) = cloud.world.galleries.in_group(GALLERY.split("/")[2], None)
    gallery.properties["colour"] = "red"
    with pytest.raises(AssertionError, match=r"Galleries_Get is no compute.Gallery: .*properties/colour"):
        cloud.ask("GET", f"{GALLERY}?{API}")
