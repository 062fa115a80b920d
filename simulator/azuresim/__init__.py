"""azuresim: the parts of Azure that machine images and Batch pools live in, simulated over a clock you hold.

``World`` is the cloud, ``Application`` answers HTTP requests against it. The real Azure SDK clients reach it without sockets through
``azuresim.transport.SimulatorTransport``, any other client over HTTPS through ``azuresim.server``.
"""

from __future__ import annotations

from azuresim.application import Application, Outcome
from azuresim.clock import CallableClock, Clock, ManualClock, RealClock, ScaledClock
from azuresim.core.durations import Durations
from azuresim.core.world import World
from azuresim.faults import BumpETag, Delay, Drop, FailCopy, FailReplication, FaultPlan, FaultRule, Stale, Status
from azuresim.journal import Entry, Journal
from azuresim.wire.http import Request, Response

__all__ = [
    "Application",
    "BumpETag",
    "CallableClock",
    "Clock",
    "Delay",
    "Drop",
    "Durations",
    "Entry",
    "FailCopy",
    "FailReplication",
    "FaultPlan",
    "FaultRule",
    "Journal",
    "ManualClock",
    "Outcome",
    "RealClock",
    "Request",
    "Response",
    "ScaledClock",
    "Stale",
    "Status",
    "World",
]
