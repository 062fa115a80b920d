"""kopf as the watcher, and nothing else: its events go into the store, everything that decides is ours.

Handlers of other kinds, timers, daemons, indexes, peering and event posting were each measured to write without need, to block the loop,
or not to be level-triggered. The settings below are explained one by one where they are not plain.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable
from typing import Any

import kopf

from poolwright.domain.objects import API_GROUP, API_VERSION, KINDS, Body, KubernetesError
from poolwright.kube.client import PAGE, KubeClient, path

log = logging.getLogger(__name__)

Intake = Callable[[str, str, Body], None]
"""Called with the kind (plural), the watch event's type (empty for a listed object) and the object."""

# A new CRD answers 404 or 429 for its first seconds.
CRD_TRIES, CRD_PAUSE_SECONDS = 30, 1.0
# An API server that is away, or refuses us, is asked ever more rarely; it ends nothing, because a restart would not help.
LONGEST_PAUSE_SECONDS = 30.0
NOT_FOUND, INITIALIZING = 404, 429


class NotServed(RuntimeError):  # noqa: N818 - what is wrong, in two words
    """The API server does not know our kinds."""


async def wait_for_kinds(client: KubeClient) -> None:
    """Return once both kinds are served; NotServed says what is missing and what to do. An API server that is away is waited for."""
    served: set[str] = set()
    tries, pause = 0, CRD_PAUSE_SECONDS
    while tries < CRD_TRIES:
        try:
            resources = await client.call("GET", f"/apis/{API_GROUP}/{API_VERSION}")
            served = {resource["name"] for resource in resources["resources"]}
            if served.issuperset(KINDS):
                # Served is not yet stored: a list may still answer 429 «storage is (re)initializing».
                for kind in KINDS:
                    await client.call("GET", path(kind), query={"limit": "1"})
                return
            tries, pause = tries + 1, CRD_PAUSE_SECONDS
        except KubernetesError as error:
            if error.status in {NOT_FOUND, INITIALIZING}:
                tries, pause = tries + 1, CRD_PAUSE_SECONDS
            else:
                log.warning("waiting for the API server", extra={"error": str(error)})
                pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
        await asyncio.sleep(pause)
    missing = ", ".join(kind for kind in KINDS if kind not in served)
    raise NotServed(f"The API server does not serve {missing} of {API_GROUP}/{API_VERSION}. Apply the manifests in crds/ first.")


def registry(intake: Intake) -> kopf.OperatorRegistry:
    """Both kinds, one handler each; a handler only hands over, so it can neither fail nor be slow."""
    handlers = kopf.OperatorRegistry()
    kopf.on.login(id="login", registry=handlers)(_login)
    for kind in KINDS:
        # A coroutine, because kopf runs plain functions in threads: the store and the queue belong to the loop.
        async def receive(event: dict[str, Any], kind: str = kind, **_: object) -> None:
            intake(kind, str(event.get("type") or ""), event["object"])

        kopf.on.event(API_GROUP, API_VERSION, kind, id=kind, registry=handlers)(receive)  # type: ignore[arg-type] # kopf passes by name, its type wants all names
    return handlers


def settings() -> kopf.OperatorSettings:
    """Watching only, with patience for an API server that is away for minutes."""
    chosen = kopf.OperatorSettings()
    # kopf takes its own finalizer off whatever it watches with event handlers only; so its name must never be ours.
    chosen.persistence.finalizer = f"unused.{API_GROUP}/kopf"
    chosen.persistence.diffbase_storage = _NoDiffBase()
    chosen.posting.enabled = False
    chosen.scanning.disabled = True
    chosen.watching.server_timeout, chosen.watching.client_timeout, chosen.watching.connect_timeout = 300, 330, 10
    # Without it kopf takes all objects in one answer: 280 MB for 10,000.
    chosen.watching.chunk_size = PAGE
    chosen.networking.request_timeout, chosen.networking.connect_timeout = 30, 10
    # About ten minutes in all; after that the process ends, and a restart lists everything anew.
    chosen.networking.error_backoffs = (1, 1, 2, 3, 5, 8, 13, 21, 34, 55, 60, 60, 60, 60, 60, 60, 60)
    chosen.queueing.idle_timeout = 1
    chosen.process.ultimate_exiting_timeout = 50
    return chosen


async def watch(intake: Intake, *, stop: asyncio.Event) -> None:
    """Watch both kinds in the whole cluster until ``stop`` is set."""
    await kopf.operator(
        registry=registry(intake),
        settings=settings(),
        standalone=True,
        clusterwide=True,
        stop_flag=stop,
    )


def _login(**kwargs: Any) -> kopf.ConnectionInfo | None:
    """The same road as the client's: the pod's service account, or KUBECONFIG. Called again whenever the API server says 401."""
    if "KUBECONFIG" in os.environ:
        return kopf.login_with_kubeconfig(**kwargs)
    return kopf.login_with_service_account(**kwargs) or kopf.login_with_kubeconfig(**kwargs)


class _NoDiffBase(kopf.DiffBaseStorage):
    """kopf computes a diff base for every event, also when nothing uses it; ours are not diffed."""

    def fetch(self, *, body: kopf.Body) -> Any:
        del body

    def store(self, *, body: kopf.Body, patch: kopf.Patch, essence: Any) -> None:
        """Nothing is stored."""

    def build(self, *, body: kopf.Body, extra_fields: Any = None) -> Any:
        del body, extra_fields
        return {}
