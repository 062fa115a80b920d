"""Recordings of real traffic, replayed: the conformance of the simulator.

The recordings are not part of the project. They are looked for in `../shared/recordings` beside it, or where AZURESIM_RECORDINGS says.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

import pytest
import yaml

from azuresim.replay import Deviation, Played, load_folder, play

BESIDE = Path(__file__).parents[2].parent / "shared" / "recordings"
FOLDER = Path(os.environ.get("AZURESIM_RECORDINGS", BESIDE))
ACCEPTED = Path(__file__).parent / "accepted_deviations.yaml"


@dataclass(frozen=True, kw_only=True)
class Accepted:
    """A deviation that is in order. ``operation`` and ``path`` may hold `*`; a ``path`` stands for all below it too."""

    operation: str
    kind: str
    path: str
    reason: str

    def covers(self, deviation: Deviation) -> bool:
        beneath = fnmatchcase(deviation.path, self.path) or fnmatchcase(deviation.path, f"{self.path}/*")
        return fnmatchcase(deviation.operation, self.operation) and deviation.kind == self.kind and beneath


def load_accepted(text: str) -> list[Accepted]:
    return [Accepted(**entry) for entry in yaml.safe_load(text) or []]


def judged(played: Iterable[Played], accepted: list[Accepted]) -> tuple[list[str], list[Accepted]]:
    """The deviations nobody accepted, and the entries that accept nothing."""
    unused, unaccepted = set(accepted), []
    for scenario in played:
        for deviation in scenario.deviations:
            covering = [entry for entry in accepted if entry.covers(deviation)]
            unused -= set(covering)
            if not covering:
                unaccepted.append(f"{scenario.name} {deviation}")
    return unaccepted, sorted(unused, key=lambda entry: (entry.operation, entry.path))


@pytest.fixture(scope="module")
def played() -> list[Played]:
    if not FOLDER.is_dir():
        pytest.skip(f"no recordings in {FOLDER}; set AZURESIM_RECORDINGS")
    return [play(scenario) for scenario in load_folder(FOLDER)]


def test_nothing_deviates_but_what_is_accepted(played: list[Played]) -> None:
    unaccepted, unused = judged(played, load_accepted(ACCEPTED.read_text("utf-8")))
    total, deviating = sum(p.interactions for p in played), sum(p.deviating for p in played)
    print(f"{total - deviating} of {total} interactions conform")  # noqa: T201  # shown by pytest -rP and in failures
    worst = Counter(line.split()[0] for line in unaccepted).most_common(5)
    assert unaccepted == [], f"{len(unaccepted)} deviations are not accepted; most in {worst}"
    assert unused == [], "these entries accept nothing and can go"


def test_every_accepted_deviation_says_why() -> None:
    accepted = load_accepted(ACCEPTED.read_text("utf-8"))
    assert len({(a.operation, a.kind, a.path) for a in accepted}) == len(accepted)
    for entry in accepted:
        assert len(entry.reason.split()) > 3, entry


SEEN = Deviation(interaction=1, operation="Pools_Get", kind="extra", path="a/b", expected="absent", got="string")


@pytest.mark.parametrize(
    ("entry", "covered"),
    [
        pytest.param({}, True, id="exactly"),
        pytest.param({"path": "a"}, True, id="all below"),
        pytest.param({"path": "*"}, True, id="any path"),
        pytest.param({"operation": "Pools_*"}, True, id="a family of operations"),
        pytest.param({"operation": "Nodes_Get"}, False, id="another operation"),
        pytest.param({"kind": "missing"}, False, id="another kind"),
        pytest.param({"path": "a/bc"}, False, id="another member"),
    ],
)
def test_what_an_entry_covers(entry: dict[str, str], *, covered: bool) -> None:
    accepted = Accepted(**{"operation": "Pools_Get", "kind": "extra", "path": "a/b", "reason": "r", **entry})
    played = [Played(name="s", interactions=3, deviations=(SEEN,))]
    unaccepted, unused = judged(played, [accepted])
    assert (unaccepted == [], unused == []) == (covered, covered)
    assert unaccepted in ([], ["s #1 Pools_Get: extra a/b: expected absent, got string"])
