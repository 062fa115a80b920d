"""Recordings of real Azure traffic, played against a simulated world, and what came back otherwise.

A recording is a JSON file: `{"interactions": [{"plane": "arm" | "batch", "method", "path", "query", "request_headers", "request_body",
"status", "response_headers", "response_body"}]}` in the order of the calls; header names are lower case and `date` carries the time.

What is compared and what is not is said in ``comparison`` (answers), ``states`` (what time does) and ``presupposition`` (what must be
there before the first call).
"""

from __future__ import annotations

from azuresim.replay.comparison import Deviation
from azuresim.replay.player import Played, play
from azuresim.replay.recording import Interaction, Scenario, load_folder, load_scenario

__all__ = ["Deviation", "Interaction", "Played", "Scenario", "load_folder", "load_scenario", "play"]
