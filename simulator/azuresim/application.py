"""The simulator as one function from request to outcome."""

from __future__ import annotations

import logging
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from azuresim.clock import Clock, RealClock
from azuresim.core.errors import ServiceError
from azuresim.core.world import World
from azuresim.faults import BumpETag, Delay, Drop, FaultPlan, Stale, Status
from azuresim.journal import Entry, Journal
from azuresim.schema import findings
from azuresim.wire import arm, batch, batch_arm, blobs, entra, galleries, storage_arm
from azuresim.wire.bodies import request_body
from azuresim.wire.http import Request, Response
from azuresim.wire.routing import Call, Route, Router, Service
from azuresim.wire.timestamps import http_time
from azuresim.wire.unmatched import unmatched

_log = logging.getLogger(__name__)

SERVICES: tuple[Service, ...] = (
    arm.SERVICE,
    galleries.SERVICE,
    storage_arm.SERVICE,
    batch_arm.SERVICE,
    batch.SERVICE,
    blobs.SERVICE,
    entra.SERVICE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What the client meets.

    ``response`` is None when the connection breaks instead; then ``acted`` tells whether the request had been carried out.
    ``delay`` is in seconds of the client's time.
    """

    response: Response | None
    acted: bool
    delay: float = 0.0


class Application:
    """A world, the faults that strike it, and the journal of all requests.

    ``handle`` is what a faultless service would answer, seen through the plan's statuses; ``outcome`` also has drops and delays, which
    only a transport or a server can act out. ``strict`` holds every answer against the SDKs' models and raises AssertionError for one that
    does not fit: for tests, which so find out what the simulator gets wrong.
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
        self._token_clock = token_clock or RealClock()
        self._router = Router(SERVICES)
        self._strict = strict
        world.publishing.replication_fault = self.faults.replication_fault

    def handle(self, request: Request) -> Response:
        """Answer, as far as one can: a dropped connection raises ConnectionResetError."""
        outcome = self.outcome(request)
        if outcome.response is None:
            raise ConnectionResetError("the fault plan cut the connection")
        return outcome.response

    def outcome(self, request: Request) -> Outcome:
        """Carry the request out, with whatever the fault plan has for it."""
        now = self.world.settle()
        found = self._router.find(request)
        if found is None:
            response = self._nobody(request)
            self._note(request, response)
            return Outcome(response=response, acted=False)
        service, route, params = found
        struck = self.faults.strike(method=request.method, path=request.path, service=service.name, operation=route.operation)
        delay = sum(action.seconds for action in struck if isinstance(action, Delay))
        names = ",".join(type(action).__name__ for action in struck) or None
        call = Call(self.world, request, params, real_now=self._token_clock.now())
        before = next((a for a in struck if isinstance(a, Status | Drop) and a.when == "before"), None)
        if before is not None:
            answer = None if isinstance(before, Drop) else _injected(service, call, before)
            self._note(request, answer, service=service.name, route=route, fault=names)
            return Outcome(response=answer, acted=False, delay=delay)
        if any(isinstance(action, BumpETag) for action in struck):
            # What is not there cannot be overtaken.
            with suppress(ServiceError):
                self._bump(params)
        response = self._answer(service, route, call, struck, now)
        after = next((a for a in struck if isinstance(a, Status | Drop) and a.when == "after"), None)
        final = response if after is None else None if isinstance(after, Drop) else _injected(service, call, after)
        self._note(request, final, service=service.name, route=route, fault=names)
        return Outcome(response=final, acted=True, delay=delay)

    def refuse(self, request: Request, error: ServiceError) -> Response:
        """What the service a request is for says to ``error``; for what a server sees before it has the body."""
        response = self._nobody(request, error)
        self._note(request, response)
        return response

    def _nobody(self, request: Request, error: ServiceError | None = None) -> Response:
        """An error before there is a handler: by default that there is none."""
        missing = ServiceError(404, "InvalidResourceType", f"Nothing here answers {request.method} {request.path}.")
        service, cause = unmatched(request, self._router, SERVICES) or (arm.SERVICE, missing)
        # The data planes name their account in what they answer.
        params = dict(zip(("account",), request.segments[1:2], strict=False))
        return service.render_error(Call(self.world, request, params), error or cause)

    def _answer(self, service: Service, route: Route, call: Call, struck: list[Any], now: float) -> Response:
        key = (call.request.method, call.request.url)
        remembered = self.faults.remembered.get(key)
        if remembered is not None:
            until, response = remembered
            if now < until:
                return response
            del self.faults.remembered[key]
        try:
            response = _carry_out(service, route, call)
        except Exception:
            if self._strict:
                raise
            _log.exception("%s %s could not be answered", call.request.method, call.request.path)
            response = service.render_error(call, ServiceError(500, "InternalServerError", "The server encountered an internal error."))
        if self._strict:
            _check_answer(route, response, call.api_version)
        response.headers.setdefault("Date", http_time(now))
        stale = next((action for action in struck if isinstance(action, Stale)), None)
        if stale is not None:
            self.faults.remembered[key] = (now + stale.seconds, response)
        return response

    def _bump(self, params: dict[str, str]) -> None:
        account = params.get("account")
        if account is not None and "pool" in params:
            self.world.pools.touch(self.world.pools.get(self.world.batch.named(account), params["pool"]))
        elif account is not None and "blob" in params:
            storage = self.world.storage.named(account)
            if storage is not None:
                self.world.storage.touch(storage.blob(params["container"], params["blob"]))

    def _note(
        self,
        request: Request,
        answered: Response | None,
        *,
        service: str = "none",
        route: Route | None = None,
        fault: str | None = None,
    ) -> None:
        self.journal.add(
            Entry(
                number=self.journal.written,
                time=self.world.kernel.moment,
                service=service,
                operation="None" if route is None else route.operation,
                method=request.method,
                path=request.path,
                query=request.query,
                status=None if answered is None else answered.status,
                request_body=_noted_body(request),
                response_bytes=0 if answered is None else len(answered.body),
                is_write=route is not None and route.writes,
                fault=fault,
            )
        )


def _carry_out(service: Service, route: Route, call: Call) -> Response:
    try:
        service.admit(call.request)
        if route.schema is None:
            return route.handler(call)
        body = request_body(route, call.request)
        return route.handler(Call(call.world, call.request, call.params, body, call.real_now))
    except ServiceError as refused:
        return service.render_error(call, refused)


def _check_answer(route: Route, response: Response, api_version: str) -> None:
    if route.shows is None or response.status not in {200, 201, 202} or not response.body:
        return
    shown = response.json()
    for item in shown["value"] if isinstance(shown.get("value"), list) else [shown]:
        wrong = findings(route.shows, item, request=False, api_version=api_version)
        if wrong:
            raise AssertionError(f"the answer of {route.operation} is no {route.shows}: {wrong}")


def _injected(service: Service, call: Call, action: Status) -> Response:
    headers = dict(action.headers)
    if action.retry_after is not None:
        headers["Retry-After"] = f"{action.retry_after:g}"
    return service.render_error(call, ServiceError(action.status, action.code, action.message, headers=headers))


def _noted_body(request: Request) -> Any:
    if not request.body:
        return None
    if "json" in request.headers.get("content-type", ""):
        try:
            return request.json()
        except ServiceError:
            return {"unreadable": len(request.body)}
    return {"bytes": len(request.body)}
