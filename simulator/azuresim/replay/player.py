"""A scenario, played from its first call to its last in a world of its own."""

from __future__ import annotations

import json
from dataclasses import dataclass
from urllib.parse import urlsplit

from azuresim.application import Application
from azuresim.clock import ManualClock
from azuresim.core.world import World
from azuresim.replay.comparison import Deviation, compare, parsed
from azuresim.replay.presupposition import Presupposition
from azuresim.replay.recording import Interaction, Scenario
from azuresim.replay.states import PATIENCE, is_poll, is_running
from azuresim.replay.substitution import Substitutions
from azuresim.wire.http import Request, Response


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """What came of one scenario."""

    name: str
    interactions: int
    deviations: tuple[Deviation, ...]

    @property
    def deviating(self) -> int:
        """How many interactions have at least one deviation."""
        return len({deviation.interaction for deviation in self.deviations})


def play(scenario: Scenario) -> Played:
    """Replay all of it; nothing of one scenario is left for the next."""
    stage = _Stage(scenario)
    deviations = [deviation for interaction in scenario.interactions for deviation in stage.play(interaction)]
    return Played(name=scenario.name, interactions=len(scenario.interactions), deviations=tuple(deviations))


class _Stage:
    """The world of one scenario."""

    def __init__(self, scenario: Scenario) -> None:
        dates = [i.date for i in scenario.interactions if i.date is not None]
        self._clock = ManualClock(dates[0]) if dates else ManualClock()
        self._recorded_now = self._clock.now()
        self._owed = 0.0
        self._application = Application(World(self._clock))
        self._substitutions = Substitutions(self._application.world.base_url)
        self._presupposition = Presupposition(scenario, self._application, self._substitutions)

    def play(self, interaction: Interaction) -> list[Deviation]:
        """One call, with the time before it and what it presupposes."""
        running = is_poll(interaction) and is_running(interaction.status, interaction.response_body)
        self._pass_time(interaction, held=running)
        unprepared = self._prepare(interaction)
        got = self._ask(interaction)
        if is_poll(interaction) and not running:
            got = self._wait_for_the_end(interaction, got)
        self._substitutions.learn(interaction, got)
        operation = self._operation(interaction)
        if unprepared:
            setup = Deviation(
                interaction=interaction.number, operation=operation, kind="setup", path="", expected="in place", got=unprepared
            )
            return [setup, *compare(interaction, got, operation)]
        return compare(interaction, got, operation)

    def _prepare(self, interaction: Interaction) -> str:
        """What went wrong with it; the call is made all the same."""
        try:
            self._presupposition.provide(interaction)
        except Exception as wrong:  # noqa: BLE001  # whatever a body nobody foresaw leads to is a finding, and the rest still counts
            return f"{type(wrong).__name__}: {wrong}"
        return ""

    def _operation(self, interaction: Interaction) -> str:
        """The simulator's name for the call; for one it does not know, its method and path without names."""
        (entry,) = self._application.journal.since(self._application.journal.written - 1)
        if entry.operation != "None":
            return entry.operation
        kinds = interaction.path.partition("/providers/")[2].split("/") if interaction.plane == "arm" else interaction.path.split("/")
        return f"{interaction.method} {'/'.join(kinds[1::2]) or interaction.path}"

    def _pass_time(self, interaction: Interaction, *, held: bool) -> None:
        if interaction.date is not None:
            self._owed += max(0.0, interaction.date - self._recorded_now)
            self._recorded_now = max(self._recorded_now, interaction.date)
        if not held:
            self._clock.advance(self._owed)
            self._owed = 0.0

    def _wait_for_the_end(self, interaction: Interaction, got: Response) -> Response:
        agenda, until = self._application.world.kernel.agenda, self._clock.now() + PATIENCE
        while is_running(got.status, parsed(got)):
            upcoming = agenda.next_at()
            if upcoming is None or upcoming > until:
                break
            self._clock.advance(max(0.0, upcoming - self._clock.now()))
            got = self._ask(interaction)
        return got

    def _ask(self, interaction: Interaction) -> Response:
        url = self._substitutions.url(interaction, self._root(interaction))
        headers = {**self._substitutions.headers(interaction.request_headers), "authorization": "Bearer replay"}
        body = b""
        if interaction.request_body is not None:
            body = json.dumps(self._substitutions.body(interaction.request_body)).encode()
            headers.setdefault("content-type", "application/json")
        if urlsplit(url).scheme == "":
            url = f"{self._application.world.base_url}{url}"
        return self._application.handle(Request(interaction.method, url, headers, body))

    def _root(self, interaction: Interaction) -> str:
        base = self._application.world.base_url
        return base if interaction.plane == "arm" else f"{base}/batch/{self._presupposition.account(interaction)}"
