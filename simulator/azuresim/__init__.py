"""azuresim: the parts of Azure that machine images and Batch pools live in, simulated over a clock you hold.

``World`` is the cloud, ``Application`` answers HTTP requests against it. The real Azure SDK clients reach it without sockets through
``azuresim.transport.SimulatorTransport``, any other client over HTTPS through ``azuresim.server``.
"""

from __future__ import annotations

from azuresim.application import Application, Outcome
from azuresim.clock import CallableClock, Clock, ManualClock, RealClock, ScaledClock
from azuresim.core.durations import Durations
from azuresim.core.world import World
from azuresim.fault_actions import (
    BumpETag,
    Delay,
    Drop,
    ExpiredToken,
    ExpireOperation,
    FailCopy,
    FailNode,
    FailOperation,
    FailReplication,
    NoCapacity,
    SmallPages,
    Stale,
    Status,
    StickOperation,
    Throttle,
)
from azuresim.faults import FaultPlan, FaultRule
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
    "ExpireOperation",
    "ExpiredToken",
    "FailCopy",
    "FailNode",
    "FailOperation",
    "FailReplication",
    "FaultPlan",
    "FaultRule",
    "Journal",
    "ManualClock",
    "NoCapacity",
    "Outcome",
    "RealClock",
    "Request",
    "Response",
    "ScaledClock",
    "SmallPages",
    "Stale",
    "Status",
    "StickOperation",
    "Throttle",
    "World",
]
