"""`docs/azuresim.md` and the README of the distribution: every command in them runs, and their tables are complete."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from azuresim import World
from azuresim.admin import Admin
from azuresim.application import Application
from azuresim.core import seed
from azuresim.environment import environment
from azuresim.fault_words import KINDS
from azuresim.services import SERVICES

ROOT = Path(__file__).resolve().parents[2]
PAGE, README = ROOT / "docs" / "azuresim.md", ROOT / "simulator" / "README.md"
BLOCK = re.compile(r"^```([a-z]+)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# `az` is 733 MB; its block is run by `make conformance`.
ELSEWHERE = {"az"}


def blocks(page: Path) -> list[tuple[str, str, str]]:
    found: list[tuple[str, str, str]] = BLOCK.findall(page.read_text())
    return found


def run(folder: Path, page: Path, mark: str = "") -> str:
    """All blocks of one mark, in their order, in one shell. Returns what was printed."""
    script = ["set -eu", "trap 'kill $(jobs -p) 2>/dev/null || true; wait' EXIT"]
    for number, (language, name, text) in enumerate(blocks(page)):
        if language == "json":
            (folder / name).write_text(text)
        elif language == "python" and not mark:
            (folder / f"{number}.py").write_text(text)
            script.append(f"{shlex.quote(sys.executable)} -W error {number}.py")
        elif language == "sh" and name == mark:
            script.append(text)
    # Executed, so that $! is the simulator itself.
    shim = folder / "bin" / "azuresim"
    shim.parent.mkdir()
    shim.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m azuresim "$@"\n')
    shim.chmod(0o755)
    known = {"PATH": f"{shim.parent}:/usr/bin:/bin", "PYTHONPATH": str(ROOT / "simulator"), "PYTHONDONTWRITEBYTECODE": "1"}
    command = ["/bin/bash", "-c", "\n".join(script)]
    done = subprocess.run(command, cwd=folder, env=known, capture_output=True, text=True, check=False, timeout=50)  # noqa: S603  # our own pages
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_page_can_be_followed_from_top_to_bottom(tmp_path: Path) -> None:
    told = run(tmp_path, PAGE)
    assert "['1.0.0']\n[]\n" in told
    assert "the answer was lost\n2 nodes all the same\n['Pools_Create']\n" in told
    assert "batch Pools_Create POST /batch/{account}/pools" in told


def test_the_world_is_kept_as_the_page_says(tmp_path: Path) -> None:
    told = run(tmp_path, PAGE, "state")
    first, second = (json.loads(line)["url"] for line in told.splitlines() if line.startswith("{"))
    assert first == second


def test_the_readme_can_be_followed(tmp_path: Path) -> None:
    assert "for operation=Pools_Create" in run(tmp_path, README)


def test_no_block_is_forgotten() -> None:
    marks = {(language, name) for language, name, _text in blocks(PAGE)}
    assert marks == {("json", "world.json"), ("sh", ""), ("sh", "state"), ("python", ""), *(("sh", name) for name in ELSEWHERE)}


def named(text: str) -> list[str]:
    return re.findall(r"`([^`]+)`", text)


def table(heading: str) -> dict[str, str]:
    _, _, rest = PAGE.read_text().partition(f"| {heading} |")
    found = {}
    for line in rest.partition("\n\n")[0].splitlines()[2:]:
        first, _, others = line.strip("| ").partition(" | ")
        found[first] = others
    return found


def test_every_section_of_a_world_document_is_described_with_all_its_members() -> None:
    described = table("Section")
    assert [named(name)[0] for name in described] == ["tenant", *seed._SECTIONS]
    for name, text in described.items():
        section = named(name)[0]
        if section == "tenant":
            continue
        with pytest.raises(seed.SeedError) as caught:
            World().load({section: [{"colour": "red"}]})
        known = str(caught.value).partition("known are ")[2].split(", ")
        missing = set(known) - set(named(text))
        assert not missing, f"{section}: {missing}"


def test_every_fault_is_described() -> None:
    words = [named(name)[-1] for name in table("Fault")]
    assert sorted(words) == sorted(KINDS)


def test_every_variable_is_described() -> None:
    world = World()
    world.add_resource_group("s", "g")
    assert {name for cell in table("Variable") for name in named(cell)} == set(environment(world, "ca.pem"))


def test_every_request_of_the_admin_interface_is_described() -> None:
    described = {text for cell in table("Request") for text in named(cell)}
    routes: dict[tuple[str, str], Any] = Admin(Application(World()))._routes
    assert described == {f"{method} /_sim/{path}" for method, path in routes}


def test_names_in_the_examples_are_names_of_operations() -> None:
    known = {route.operation for service in SERVICES for route in service.routes}
    assert set(re.findall(r"--operation (\w+)", PAGE.read_text() + README.read_text())) <= known
