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
    # replicationMode Shallow, which copies nothing.
    version_shallow: float = 60.0
    # Each further region copies from the home region once that is complete; hours are possible for large images.
    version_replicate: float = 300.0
    # A write that copies nothing.
    version_update: float = 150.0
    version_delete: float = 123.0
    # Until it is validated: "at least an hour" (azure-compute-gallery.md).
    version_validate: float = 3600.0
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
    # How often a pool with automatic OS upgrades looks for a new image, and how long a node takes to change it.
    os_upgrade_check: float = 600.0
    os_upgrade: float = 120.0
    # Jobs take a moment to be disabled, terminated and deleted.
    job_change: float = 2.0
    # From a node's loss or preemption to its re-creation, where there is capacity.
    node_replace: float = 120.0
    # Batch accounts and their pools through ARM, recorded at a poll each 15 s.
    batch_account_create: float = 15.0
    batch_account_delete: float = 45.0
    # Allocation mode UserSubscription.
    batch_own_account_delete: float = 30.0
    # Unmeasured; what people see.
    storage_account_create: float = 17.0
    group_delete: float = 60.0
    provider_register: float = 30.0
    # An empty disk or snapshot, a change, a deletion: 0.1 to 0.4 s; a copy or an import 0.6 to 1.7 s.
    disk_write: float = 0.3
    disk_copy: float = 1.0
    disk_access: float = 0.2
    # How long a disk shows ActiveSAS after the signature ran out; recorded: more than 100 s.
    disk_access_linger: float = 600.0
    # A snapshot on its way to another region (CopyStart); minutes to hours.
    snapshot_copy: float = 600.0
    # Managed images: 5 to 25 s over seven recordings.
    image_write: float = 10.0
    image_delete: float = 10.0
    # A deleted container's name is free again after 30 s at the earliest ("Delete Container").
    container_delete: float = 30.0
    # Copies between accounts run at about 60 MiB/s, the throughput of a standard page blob; within one they are quick. In s/GiB.
    blob_copy_far: float = 17.0
    blob_copy_near: float = 0.5
    # Virtual machines: recordings of 2024, ends minus starts of their operations.
    machine_create: float = 30.0
    machine_start: float = 4.7
    machine_stop: float = 8.5
    machine_restart: float = 36.0
    machine_redeploy: float = 132.0
    machine_deallocate: float = 20.0
    machine_update: float = 0.9
    # With disks to attach or to detach.
    machine_update_disks: float = 16.0
    # One that still runs is deallocated first.
    machine_delete: float = 0.7
    machine_capture: float = 0.3
    # From the power state `running` to the agent's first report.
    agent_ready: float = 8.0
    # Until the agent begins with what it was told, and until the platform hears that it is done.
    agent_deliver: float = 6.0
    agent_report: float = 4.3
    # How long the platform waits for an agent that does not report. Unverified: 90 minutes, the limit of the documentation of extensions.
    agent_silence: float = 5400.0
    nic_delete: float = 1.0
