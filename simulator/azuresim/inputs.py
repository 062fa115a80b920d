"""What moves the world from outside, as data: done live, written to a state file, done again by a restart or a lagging replica.

The world is a function of its seed document and of these, in their order and at their times.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from azuresim.clock import ManualClock
from azuresim.core import setbacks
from azuresim.core.errors import ServiceError
from azuresim.core.second_writer import overtake
from azuresim.core.world import World
from azuresim.wire.bodies import request_body
from azuresim.wire.http import Request, Response
from azuresim.wire.routing import Call, Route, Router, Service

Json = dict[str, Any]
_log = logging.getLogger(__name__)
Kind = Literal["request", "overtake", "seed", "nodes", "time", "decision"]
# Nothing depends on them, or only the check that the request has already passed.
_NOT_KEPT = frozenset({"accept", "accept-encoding", "connection", "host", "traceparent", "user-agent", "x-ms-client-request-id"})
_BROKEN = ("unusable", "starttaskfailed", "unknown")
_CREDENTIALS = frozenset({"authorization", "x-ms-authorization-auxiliary", "x-ms-copy-source-authorization"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """One of them, at a moment of the world's time.

    A `request` has method, url and headers, the status of its answer, and the setback it met;
    `overtake` the path and names of what another writer changed; `seed`
    the document; `nodes` what happened to nodes by order of the admin interface; `time` says that a manual clock was set; `decision` is
    the answer a fault rule gave to a question of the world.
    """

    time: float
    kind: Kind
    detail: Json = field(default_factory=dict)
    body: bytes = b""


def request_input(time: float, request: Request, *, status: int, real_now: float, setback: Json | None = None) -> Input:
    """A write, without the secrets in its headers: of credentials only the scheme is kept."""
    headers = {
        name: f"{value.partition(' ')[0]} redacted" if name in _CREDENTIALS else value
        for name, value in request.headers.items()
        if name not in _NOT_KEPT
    }
    detail: Json = {"method": request.method, "url": request.url, "headers": headers, "realNow": real_now, "status": status}
    if setback is not None:
        detail["setback"] = setback
    return Input(time=time, kind="request", detail=detail, body=request.body)


def carry_out(service: Service, route: Route, call: Call, setback: Json | None = None, *, strict: bool = False) -> Response:
    """The service's answer to a request that was admitted; ``setback`` stops or fails what it sets in motion.

    A mistake of the simulator's is answered with 500 and logged; raised when ``strict``.
    """
    before = None if setback is None else setbacks.mark(call.world)
    try:
        response = _handled(route, call)
    except ServiceError as refused:
        return service.render_error(call, refused)
    except Exception:
        if strict:
            raise
        _log.exception("%s %s could not be answered", call.request.method, call.request.path)
        return service.render_error(call, ServiceError(500, "InternalServerError", "The server encountered an internal error."))
    if before is not None and setback is not None:
        error = setback.get("error")
        if error is None:
            setbacks.stick(call.world, before)
        else:
            failure = ServiceError(409, error["code"], error["message"])
            setbacks.fail(call.world, before, call.request.path, call.params, failure)
    return response


def act(world: World, done: Input) -> Any:
    """Do one of the inputs that are no requests. Raises what the world raises."""
    match done.kind:
        case "overtake":
            overtake(world, done.detail["path"], done.detail["params"])
        case "seed":
            with world.frozen():
                world.load(done.detail)
        case "nodes":
            return _nodes(world, done.detail)
    return None


class Repeater:
    """Does inputs again, in a world whose manual clock follows them.

    ``exact`` demands the same status as before; a replica cannot, as it knows nothing of what a test did to the world itself.
    """

    def __init__(self, world: World, clock: ManualClock, router: Router, *, exact: bool) -> None:
        self.world = world
        self._clock = clock
        self._router = router
        self._exact = exact

    def repeat(self, done: Input) -> None:
        """At its own time, which must not lie before the last one's."""
        self.reach(done.time)
        if done.kind == "request":
            self._request(done)
        else:
            act(self.world, done)

    def reach(self, moment: float) -> None:
        """Let the world's time pass until then."""
        self._clock.reach(moment)
        self.world.settle()

    def _request(self, done: Input) -> None:
        detail = done.detail
        request = Request(detail["method"], detail["url"], detail["headers"], done.body)
        found = self._router.find(request)
        if found is None:
            raise LookupError(f"nothing answers {request.method} {request.path} any more")
        service, route, params = found
        call = Call(self.world, request, params, real_now=detail["realNow"], admitted=True)
        answer = carry_out(service, route, call, detail.get("setback"))
        if self._exact and answer.status != detail["status"]:
            raise RuntimeError(f"{request.method} {request.path} is answered with {answer.status}, it was {detail['status']}")


def _handled(route: Route, call: Call) -> Response:
    if route.schema is None:
        return route.handler(call)
    body = request_body(route, call.request)
    return route.handler(replace(call, body=body))


def _nodes(world: World, order: Json) -> list[str]:
    account, pool, count = world.batch.named(str(order["account"])), str(order["pool"]), int(order.get("count", 1))
    if count < 1:
        raise ValueError(f"count must be a number of nodes, not {count}")
    match order["action"]:
        case "lose":
            return world.pools.lose_nodes(account, pool, count, dedicated=bool(order.get("dedicated", True)))
        case "preempt":
            return world.pools.preempt_nodes(account, pool, count)
        case "break":
            state = order.get("state", "unusable")
            if state not in _BROKEN:
                raise ValueError(f"nodes break into one of {', '.join(_BROKEN)}, not {state!r}")
            errors = ({"code": str(order["code"]), "message": str(order.get("message", ""))},) if "code" in order else ()
            return world.pools.break_nodes(account, pool, count, state=state, errors=errors)
        case other:
            raise ValueError(f"unknown action {other!r}; known are lose, preempt and break")
