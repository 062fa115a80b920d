"""`/_sim/...`: the simulator's own interface, for those who cannot reach the objects themselves. JSON in, JSON out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from azuresim.application import Application
from azuresim.clock import ManualClock
from azuresim.core.errors import ServiceError
from azuresim.core.seed import SeedError
from azuresim.fault_rules import rule_from_json, rule_to_json
from azuresim.wire.http import Request, Response, json_response

PREFIX = "/_sim/"
_TAIL = 100


class Admin:
    """One per application. Its requests are neither journalled nor struck by faults."""

    def __init__(self, application: Application) -> None:
        self._application = application
        self._routes: dict[tuple[str, str], Callable[[Request, Mapping[str, Any]], Any]] = {
            ("GET", "clock"): self._clock,
            ("POST", "advance"): self._advance,
            ("GET", "faults"): self._list_faults,
            ("POST", "faults"): self._add_fault,
            ("DELETE", "faults"): self._clear_faults,
            ("GET", "journal"): self._journal,
            ("GET", "counts"): self._counts,
            ("GET", "world"): self._world,
            ("POST", "world"): self._load,
            ("POST", "nodes"): self._nodes,
        }

    def handle(self, request: Request) -> Response:
        """Answer one request below `/_sim/`."""
        action = self._routes.get((request.method, request.path.removeprefix(PREFIX)))
        if action is None:
            return json_response(404, {"error": f"nothing answers {request.method} {request.path}"})
        self._application.world.settle()
        try:
            return json_response(200, action(request, request.json() or {}))
        except ServiceError as refused:
            return json_response(refused.status, {"error": refused.message})
        except (SeedError, ValueError, KeyError) as wrong:
            return json_response(400, {"error": str(wrong)})

    def _clock(self, _request: Request, _body: Mapping[str, Any]) -> Any:
        world = self._application.world
        return {"now": world.kernel.moment, "kind": type(world.clock).__name__, "nextEvent": world.kernel.agenda.next_at()}

    def _advance(self, request: Request, body: Mapping[str, Any]) -> Any:
        clock = self._application.world.clock
        if not isinstance(clock, ManualClock):
            raise ServiceError(409, "NotManual", f"only a manual clock can be advanced, this is a {type(clock).__name__}")
        clock.advance(float(body["seconds"]))
        self._application.world.settle()
        return self._clock(request, body)

    def _list_faults(self, _request: Request, _body: Mapping[str, Any]) -> Any:
        plan = self._application.faults
        return [{**rule_to_json(rule), "hits": plan.hits(rule)} for rule in plan.rules]

    def _add_fault(self, _request: Request, body: Mapping[str, Any]) -> Any:
        rule = rule_from_json(body)
        self._application.faults.add(rule)
        return rule_to_json(rule)

    def _clear_faults(self, _request: Request, _body: Mapping[str, Any]) -> Any:
        self._application.faults.clear()
        return {}

    def _journal(self, request: Request, _body: Mapping[str, Any]) -> Any:
        """`since` is an entry's number, `writes=true` leaves reads out, `tail` is how many at most."""
        query = request.query
        entries = self._application.journal.since(int(query.get("since", 0)))
        if query.get("writes") == "true":
            entries = [entry for entry in entries if entry.is_write]
        shown = entries[-int(query.get("tail", _TAIL)) :]
        return {"next": self._application.journal.written, "entries": [asdict(entry) for entry in shown]}

    def _counts(self, request: Request, _body: Mapping[str, Any]) -> Any:
        counted = self._application.journal.count(int(request.query.get("since", 0)))
        return [{"service": s, "operation": o, "method": m, "count": n} for (s, o, m), n in sorted(counted.items())]

    def _world(self, _request: Request, _body: Mapping[str, Any]) -> Any:
        """What there is, by name and state."""
        world = self._application.world
        galleries = [gallery for s in world.subscriptions.all() for gallery in world.galleries.in_group(s.id, None)]
        versions = [
            version for gallery in galleries for definition in gallery.definitions.values() for version in definition.versions.values()
        ]
        return {
            "pools": {
                account.name: {
                    pool.id: {
                        "state": pool.state,
                        "allocationState": pool.allocation_state,
                        "nodes": len(pool.nodes),
                        "target": asdict(pool.target),
                    }
                    for pool in account.pools.values()
                }
                for account in world.batch.all()
            },
            "versions": {str(version.id): version.state for version in versions},
        }

    def _load(self, _request: Request, body: Mapping[str, Any]) -> Any:
        self._application.world.load(body)
        return {}

    def _nodes(self, _request: Request, body: Mapping[str, Any]) -> Any:
        """`{"account", "pool", "action": "lose" | "preempt" | "break", "count", "dedicated"?, "state"?}`."""
        world = self._application.world
        account, pool, count = world.batch.named(body["account"]), body["pool"], int(body.get("count", 1))
        match body["action"]:
            case "lose":
                chosen = world.pools.lose_nodes(account, pool, count, dedicated=bool(body.get("dedicated", True)))
            case "preempt":
                chosen = world.pools.preempt_nodes(account, pool, count)
            case "break":
                chosen = world.pools.break_nodes(account, pool, count, state=str(body.get("state", "unusable")))
            case other:
                raise ValueError(f"unknown action {other!r}; known are lose, preempt and break")
        return {"nodes": chosen}
