"""The simulator as one function from request to outcome."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from azuresim.clock import Clock, RealClock
from azuresim.core.errors import ServiceError
from azuresim.core.world import World
from azuresim.decisions import Decisions
from azuresim.fault_actions import (
    Action,
    BumpETag,
    Delay,
    Drop,
    ExpiredToken,
    ExpireOperation,
    FailOperation,
    Refusal,
    SmallPages,
    Status,
    StickOperation,
    Throttle,
    When,
)
from azuresim.faults import Asked, FaultPlan
from azuresim.inputs import Input, act, carry_out, request_input
from azuresim.journal import Journal
from azuresim.refusals import refusal
from azuresim.replica import Replica
from azuresim.schema import findings
from azuresim.services import SERVICES
from azuresim.wire import arm, permissions
from azuresim.wire.http import Request, Response
from azuresim.wire.routing import Call, Route, Router, Service
from azuresim.wire.small_pages import cut, smaller
from azuresim.wire.timestamps import http_time
from azuresim.wire.unmatched import unmatched

_REFUSED_FROM = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What the client meets.

    ``response`` is None when the connection breaks instead; then ``acted`` tells whether the request had been carried out. With ``cut`` it
    breaks in the middle of the response's body. ``delay`` is in seconds of the client's time.
    """

    response: Response | None
    acted: bool
    delay: float = 0.0
    cut: bool = False


class Application:
    """A world, the faults that strike it, and the journal of all requests.

    ``handle`` is what a faultless service would answer, seen through the plan's statuses; ``outcome`` also has drops and delays, which
    only a transport or a server can act out. ``strict`` holds every answer against the SDKs' models and raises AssertionError for one that
    does not fit: for tests, which so find out what the simulator gets wrong. ``kept`` is told everything that moves the world, before the
    answer goes out.
    """

    def __init__(
        self,
        world: World,
        *,
        faults: FaultPlan | None = None,
        journal: Journal | None = None,
        token_clock: Clock | None = None,
        strict: bool = False,
    ) -> None:
        self.world = world
        # Compared with None: an empty plan and an empty journal are false.
        self.faults = FaultPlan() if faults is None else faults
        self.journal = Journal() if journal is None else journal
        self.kept: Callable[[Input], None] | None = None
        self.token_clock = token_clock or RealClock()
        self.router = Router(SERVICES)
        self.decisions = Decisions(world, self.faults, self.hear)
        # By how far they are behind, in seconds.
        self._replicas: dict[float, Replica] = {}
        self._strict = strict

    def handle(self, request: Request) -> Response:
        """Answer, as far as one can: a connection that breaks raises ConnectionResetError."""
        outcome = self.outcome(request)
        if outcome.response is None or outcome.cut:
            raise ConnectionResetError("the fault plan cut the connection")
        return outcome.response

    def act(self, done: Input) -> Any:
        """Let the world do something that is no request, and keep it. Raises what the world raises."""
        answer = act(self.world, done)
        self.hear(done)
        return answer

    def hear(self, happened: Input) -> None:
        """Tell whoever follows the world."""
        if self.kept is not None:
            self.kept(happened)
        for replica in self._replicas.values():
            replica.hear(happened)

    def outcome(self, request: Request) -> Outcome:
        """Carry the request out, with whatever the fault plan has for it."""
        began, now = self.token_clock.now(), self.world.settle()
        found = self.router.find(request) or self._existence(request)
        if found is None:
            response = self._nobody(request)
            self._note(request, response, began)
            return Outcome(response=response, acted=False)
        service, route, params = found
        asked = Asked(method=request.method, path=request.path, service=service.name, operation=route.operation, body=request.body)
        struck = self.faults.strike(asked)
        call = Call(self.world, request, params, real_now=began)
        delay = sum(action.seconds for action in struck if isinstance(action, Delay))
        names = [type(action).__name__ for action in struck]
        early = _instead(struck, "before")
        if early is not None:
            answer = None if isinstance(early, Drop) else refusal(service, call, early)
            self._note(request, answer, began, (service, route), names)
            return Outcome(response=answer, acted=False, delay=delay)
        if any(isinstance(action, BumpETag) for action in struck):
            self.act(Input(time=now, kind="overtake", detail={"path": request.path, "params": params}))
        lag = self._lag(route, asked, now)
        response = self._answer(service, route, call, struck) if lag is None else self._late(service, route, call, lag)
        response.headers.setdefault("Date", http_time(now))
        late = _instead(struck, "after")
        final = response if late is None else None if isinstance(late, Drop) else refusal(service, call, late)
        cuts = final is not None and any(isinstance(action, Drop) and action.when == "middle" for action in struck)
        if cuts and not response.size:
            # There is no middle.
            final, cuts = None, False
        self._note(request, None if cuts else final, began, (service, route), [*names, *([] if lag is None else ["Stale"])])
        return Outcome(response=final, acted=True, delay=delay, cut=cuts)

    def refuse(self, request: Request, error: ServiceError) -> Response:
        """What the service a request is for says to ``error``; for what a server sees before it has the body."""
        found = self.router.find(request)
        call = Call(self.world, request, {} if found is None else found[2], real_now=self.token_clock.now())
        response = self._nobody(request, error) if found is None else found[0].render_error(call, error)
        self._note(request, response, self.token_clock.now())
        return response

    def _nobody(self, request: Request, error: ServiceError | None = None) -> Response:
        """An error before there is a handler: by default that there is none."""
        missing = ServiceError(404, "InvalidResourceType", f"Nothing here answers {request.method} {request.path}.")
        service, cause = unmatched(request, self.router, SERVICES) or (arm.SERVICE, missing)
        # The data planes name their account in what they answer.
        params = dict(zip(("account",), request.segments[1:2], strict=False))
        call = Call(self.world, request, params, real_now=self.token_clock.now())
        if error is None and service is arm.SERVICE:
            return arm.unmatched(call, other_methods=self.router.knows(request))
        return service.render_error(call, error or cause)

    def _existence(self, request: Request) -> tuple[Service, Route, dict[str, str]] | None:
        """ARM answers HEAD wherever it answers GET: 204 or 404, without a body."""
        if request.method != "HEAD" or request.segments[0].lower() != "subscriptions":
            return None
        found = self.router.find(replace(request, method="GET"))
        if found is None:
            return None
        service, route, params = found
        return service, arm.existence(route), params

    def _answer(self, service: Service, route: Route, call: Call, struck: list[Action]) -> Response:
        """The service's own answer, kept when it moved the world."""
        try:
            headers = _admitted(service, call)
        except ServiceError as refused:
            return service.render_error(call, refused)
        size = next((action.size for action in struck if isinstance(action, SmallPages)), None)
        asked = call if size is None else Call(call.world, smaller(call.request, size), call.params, real_now=call.real_now)
        setback = next((_setback(action) for action in struck if isinstance(action, StickOperation | FailOperation)), None)
        before = self._position()
        if self._expired(call, struck):
            operation = call.params["operation"]
            return service.render_error(call, ServiceError(404, "NotFound", f"The operation '{operation}' was not found."))
        response = carry_out(service, route, asked, setback, strict=self._strict)
        moved = (route.writes and response.status < _REFUSED_FROM) or self._position() != before
        if moved and (self.kept is not None or self._replicas):
            self.hear(request_input(call.now, asked.request, status=response.status, real_now=call.real_now, setback=setback))
        if self._strict:
            _check_answer(route, response, call.api_version)
        return _with(headers, cut(call.request, response, size))

    def _lag(self, route: Route, asked: Asked, now: float) -> float | None:
        """By how much what the request reads is behind; replicas are kept as long as that may be asked."""
        if self._replicas and not self.faults.lags(now):
            self._replicas.clear()
        return None if route.writes else self.faults.lag(asked, now)

    def _late(self, service: Service, route: Route, call: Call, lag: float) -> Response:
        """The answer of a replica that is behind."""
        try:
            headers = _admitted(service, call)
        except ServiceError as refused:
            return service.render_error(call, refused)
        if lag not in self._replicas:
            self._replicas[lag] = Replica(self.world, self.decisions, self.router)
        world = self._replicas[lag].behind(call.now, lag)
        return _with(headers, carry_out(service, route, Call(world, call.request, call.params, real_now=call.real_now)))

    def _position(self) -> tuple[int, ...]:
        kernel = self.world.kernel
        return (*kernel.ids.position, kernel.agenda.made)

    def _expired(self, call: Call, struck: list[Action]) -> bool:
        limit = min((action.seconds for action in struck if isinstance(action, ExpireOperation)), default=None)
        if limit is None or "operation" not in call.params:
            return False
        try:
            ended = self.world.operations.get(call.params["operation"]).ended
        except ServiceError:
            return False
        return ended is not None and ended + limit <= call.now

    def _note(
        self,
        request: Request,
        answered: Response | None,
        began: float,
        matched: tuple[Service, Route] | None = None,
        faults: Iterable[str] = (),
    ) -> None:
        self.journal.add(
            self.journal.entry(
                request,
                answered,
                time=self.world.kernel.moment,
                duration=max(0.0, self.token_clock.now() - began),
                service="none" if matched is None else matched[0].name,
                operation="None" if matched is None else matched[1].operation,
                is_write=matched is not None and matched[1].writes,
                fault=",".join(faults) or None,
            )
        )


def _admitted(service: Service, call: Call) -> Mapping[str, str]:
    """The headers that the answer carries, whatever it becomes. Raises ServiceError for a request that may not pass."""
    headers = service.admit(call) or {}
    permissions.check(call)
    return headers


def _with(headers: Mapping[str, str], response: Response) -> Response:
    response.headers.update({name: value for name, value in headers.items() if name not in response.headers})
    return response


def _instead(struck: list[Action], when: When) -> Refusal | Drop | None:
    """What the client meets instead of the answer."""
    for action in struck:
        if isinstance(action, Throttle | ExpiredToken):
            if when == "before":
                return action
        elif isinstance(action, Status | Drop) and action.when == when:
            return action
    return None


def _setback(action: StickOperation | FailOperation) -> dict[str, Any]:
    return {} if isinstance(action, StickOperation) else {"error": {"code": action.code, "message": action.message}}


def _check_answer(route: Route, response: Response, api_version: str) -> None:
    if route.shows is None or response.status not in {200, 201, 202} or not response.body:
        return
    shown = response.json()
    items = shown if isinstance(shown, list) else shown["value"] if isinstance(shown.get("value"), list) else [shown]
    for item in items:
        wrong = findings(route.shows, item, request=False, api_version=api_version)
        if wrong:
            raise AssertionError(f"the answer of {route.operation} is no {route.shows}: {wrong}")
