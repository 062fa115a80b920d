"""`/_sim/...`: the simulator's own interface, for those who cannot reach the objects themselves. JSON in, JSON out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from difflib import get_close_matches
from typing import Any

from azuresim.application import Application
from azuresim.clock import ManualClock
from azuresim.core.errors import ServiceError
from azuresim.core.seed import SeedError
from azuresim.environment import environment
from azuresim.fault_rules import ACTIONS, does, members_of, rule_from_json, rule_to_json
from azuresim.faults import FaultRule
from azuresim.fork import fork
from azuresim.inputs import Input, Kind, act
from azuresim.journal import Entry
from azuresim.services import SERVICES
from azuresim.wire.http import Request, Response, json_response, natural

PREFIX = "/_sim/"
_TAIL = 100
# The last second that timestamps can tell.
_LATEST = 253_402_300_799.0


class Admin:
    """One per application. Its requests are neither journalled nor struck by faults. ``authority`` is the file clients trust."""

    def __init__(self, application: Application, *, authority: str = "") -> None:
        self._application = application
        self._authority = authority
        self._routes: dict[tuple[str, str], Callable[[Request, Mapping[str, Any]], Any]] = {
            ("GET", "clock"): self._clock,
            ("POST", "advance"): self._advance,
            ("GET", "environment"): self._environment,
            ("GET", "faults"): self._list_faults,
            ("GET", "faults/kinds"): self._fault_kinds,
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
        path = request.path.removeprefix(PREFIX)
        action = self._routes.get((request.method, path))
        if action is None:
            known = ", ".join(f"{method} {PREFIX}{name}" for method, name in self._routes)
            return json_response(404, {"error": f"nothing answers {request.method} {request.path}; there are {known}"})
        self._application.world.settle()
        try:
            return json_response(200, action(request, _object(request.json())))
        except ServiceError as refused:
            return json_response(refused.status, {"error": refused.message})
        except KeyError as missing:
            return json_response(400, {"error": f"the member {missing} is missing"})
        except (SeedError, ValueError, LookupError) as wrong:
            return json_response(400, {"error": str(wrong)})

    def _act(self, kind: Kind, detail: Mapping[str, Any]) -> Any:
        return self._application.act(Input(time=self._application.world.kernel.moment, kind=kind, detail=dict(detail)))

    def _clock(self, _request: Request, _body: Mapping[str, Any]) -> Any:
        world = self._application.world
        return {"now": world.kernel.moment, "kind": type(world.clock).__name__, "nextEvent": world.kernel.agenda.next_at()}

    def _advance(self, request: Request, body: Mapping[str, Any]) -> Any:
        """By `seconds`, or to the next event when `toNextEvent` is true."""
        world = self._application.world
        clock = world.clock
        if not isinstance(clock, ManualClock):
            raise ServiceError(409, "NotManual", "only a manual clock can be advanced: start with --clock manual")
        if body.get("toNextEvent"):
            coming = world.kernel.agenda.next_at()
            if coming is None:
                raise ServiceError(409, "NothingToCome", "no event is to come")
            seconds = max(0.0, coming - clock.now())
        else:
            seconds = body["seconds"]
            if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds <= _LATEST - clock.now():
                raise ValueError(f"seconds must be a number from 0 on, and the year 9999 at the latest; not {seconds!r}")
        clock.advance(seconds)
        world.settle()
        self._act("time", {})
        return self._clock(request, body)

    def _environment(self, _request: Request, _body: Mapping[str, Any]) -> Any:
        return environment(self._application.world, self._authority)

    def _list_faults(self, _request: Request, _body: Mapping[str, Any]) -> Any:
        return [{"number": number, **rule_to_json(rule), "hits": hits} for number, rule, hits in self._application.faults.numbered()]

    def _fault_kinds(self, _request: Request, _body: Mapping[str, Any]) -> Any:
        shown = {name: {"does": does(kind), "members": members_of(kind)} for name, kind in ACTIONS.items()}
        return {"actions": shown, "rule": members_of(FaultRule)}

    def _add_fault(self, _request: Request, body: Mapping[str, Any]) -> Any:
        rule = rule_from_json(body)
        _check_names(rule)
        return {"number": self._application.faults.add(rule), **rule_to_json(rule)}

    def _clear_faults(self, request: Request, _body: Mapping[str, Any]) -> Any:
        """All, or the one of `number`."""
        number = request.query.get("number")
        if number is None:
            self._application.faults.clear()
        else:
            self._application.faults.remove(_whole("number", number))
        return {}

    def _journal(self, request: Request, _body: Mapping[str, Any]) -> Any:
        """`since` is an entry's number, `writes=true` leaves reads out, `tail` is how many at most.

        `service`, `operation` and `status` (a number, `4xx`, or `none` for answers that were never sent) pick entries.
        """
        query = request.query
        since, tail = _whole("since", query.get("since", "0")), _whole("tail", query.get("tail", str(_TAIL)))
        picked = [entry for entry in self._application.journal.since(since) if _is_wanted(entry, query)]
        shown = picked[max(0, len(picked) - tail) :]
        return {"next": self._application.journal.written, "entries": [asdict(entry) for entry in shown]}

    def _counts(self, request: Request, _body: Mapping[str, Any]) -> Any:
        counted = self._application.journal.count(_whole("since", request.query.get("since", "0")))
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
        """All of it or nothing: what cannot be followed to its end shows in a copy."""
        world = self._application.world
        now = world.kernel.moment
        act(fork(world, ManualClock(now), without=self._application.decisions), Input(time=now, kind="seed", detail=dict(body)))
        self._act("seed", body)
        return {}

    def _nodes(self, _request: Request, body: Mapping[str, Any]) -> Any:
        """`{"account", "pool", "action": "lose" | "preempt" | "break", "count", "dedicated"?, "state"?}`."""
        for name in ("account", "pool", "action"):
            if not isinstance(body[name], str):
                raise ValueError(f"{name} must be a text, not {body[name]!r}")  # noqa: TRY004  # answered as any other wrong value
        _whole("count", str(body.get("count", 1)))
        return {"nodes": self._act("nodes", body)}


def _object(body: Any) -> Mapping[str, Any]:
    """What was sent; nothing and null are an empty object."""
    if body is None:
        return {}
    if not isinstance(body, dict):
        raise ValueError("the body must be a JSON object")  # noqa: TRY004  # as above
    return body


def _whole(name: str, text: str) -> int:
    number = natural(text)
    if number is None:
        raise ValueError(f"{name} must be a whole number, not {text!r}")
    return number


def _check_names(rule: FaultRule) -> None:
    """A rule for what does not exist would never strike, and nobody would know why."""
    services = {service.name for service in SERVICES}
    operations = {route.operation for service in SERVICES if rule.service in (None, service.name) for route in service.routes}
    if rule.service is not None and rule.service not in services:
        raise ValueError(f"there is no service {rule.service!r}; there are {', '.join(sorted(services))}")
    if rule.operation is not None and rule.operation not in operations:
        close = ", ".join(get_close_matches(rule.operation, operations, n=3)) or "none; `azuresim operations` lists all"
        raise ValueError(f"there is no operation {rule.operation!r}; close to it are {close}")


def _is_wanted(entry: Entry, query: Mapping[str, str]) -> bool:
    status = query.get("status", "").lower()
    answered = "none" if entry.status is None else str(entry.status)
    return (
        (query.get("writes") != "true" or entry.is_write)
        and query.get("service", entry.service) == entry.service
        and query.get("operation", entry.operation) == entry.operation
        and (not status or status == answered or (status.endswith("xx") and status[0] == answered[0]))
    )
