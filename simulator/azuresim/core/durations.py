"""How long the simulated cloud takes, in virtual seconds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Durations:
    """Times measured in recorded traffic of 2023 and 2024, one sample each unless a comment says otherwise."""

    gallery_write: float = 0.3
    gallery_delete: float = 0.5
    # 430 to 490 s over four recordings, for one region.
    version_capture: float = 460.0
    # Each further region copies from the home region once that is complete; hours are possible for large images.
    version_replicate: float = 300.0
    # A write that copies nothing.
    version_update: float = 150.0
    version_delete: float = 123.0
    # A new pool with no nodes is `resizing` for 1 to 2 s.
    pool_settle: float = 1.5
    # From the resize to the first nodes.
    pool_allocate: float = 20.0
    # Large pools arrive in waves of `pool_wave_nodes`.
    pool_wave: float = 10.0
    pool_wave_nodes: int = 100
    pool_stop: float = 5.0
    pool_delete: float = 45.0
    node_leave: float = 15.0
    node_create: float = 11.0
    node_start: float = 30.0
    node_reboot: float = 20.0
    # From `starting` to `unusable` for a machine whose agent never reports.
    node_give_up: float = 1800.0
    # From enabling automatic scaling to the first run of the formula; none is shown 2 s after enabling.
    autoscale_first: float = 5.0
    # Samples are taken every 30 s; a formula can read them a little later (batch-automatic-scaling.md).
    sample_period: float = 30.0
    sample_delay: float = 30.0
    # Jobs take a moment to be disabled, terminated and deleted.
    job_change: float = 2.0
    # From a node's loss or preemption to its re-creation, where there is capacity.
    node_replace: float = 120.0
    # A deleted container's name is free again after 30 s at the earliest ("Delete Container").
    container_delete: float = 30.0
    # Copies between accounts run at about 60 MiB/s, the throughput of a standard page blob; within one they are quick. In s/GiB.
    blob_copy_far: float = 17.0
    blob_copy_near: float = 0.5
