"""Routes as data: a method, a path template, a name, a function."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from azuresim.core.errors import ServiceError
from azuresim.core.resource_id import ResourceId
from azuresim.core.world import World
from azuresim.wire.http import Request, Response

_WRITES = frozenset({"PUT", "POST", "PATCH", "DELETE"})


@dataclass(frozen=True, slots=True)
class Call:
    """One matched request on its way to a handler."""

    world: World
    request: Request
    params: dict[str, str]
    body: Any = None
    # POSIX seconds of the machine's own clock: tokens expire by it, whatever the world's clock says.
    real_now: float = 0.0
    # It was let in before, and is done again without its credentials: nobody asks for them.
    admitted: bool = False

    @property
    def now(self) -> float:
        """The world's time."""
        return self.world.kernel.moment

    @property
    def api_version(self) -> str:
        """As the client sent it."""
        return self.request.query.get("api-version", "")

    def resource_id(self, namespace: str, *pairs: tuple[str, str]) -> ResourceId:
        """The id a path speaks of: ``pairs`` are (type, parameter name)."""
        types = tuple(kind for kind, _ in pairs)
        names = tuple(self.params[name] for _, name in pairs)
        return ResourceId(self.params["subscription"], self.params["group"], namespace, types, names)


Handler = Callable[[Call], Response]


@dataclass(frozen=True, slots=True)
class Route:
    """One operation of a service.

    ``path`` has `{name}` for one segment; a last `{name...}` takes the rest. Fixed segments match without regard to case.
    ``query`` must be present with that value (None: with any), for services that put the operation there.
    ``schema`` names the model request bodies are checked against; ``shows`` the one of the answers, of which a list has any number under
    `value`. ``reads`` marks a POST that changes nothing.
    """

    method: str
    path: str
    operation: str
    handler: Handler
    schema: str | None = None
    shows: str | None = None
    query: tuple[tuple[str, str | None], ...] = ()
    reads: bool = False

    @property
    def writes(self) -> bool:
        """Whether it changes something."""
        return self.method in _WRITES and not self.reads


@dataclass(frozen=True, slots=True)
class Service:
    """One service: its name in the journal, its routes, and how it writes an error down."""

    name: str
    routes: tuple[Route, ...]
    render_error: Callable[[Call, ServiceError], Response]
    # Raises ServiceError for a request that lacks credentials or an api-version, or that may not pass now; what it answers are headers
    # that the answer carries, whatever it becomes.
    admit: Callable[[Call], Mapping[str, str] | None]


@dataclass(slots=True)
class _Branch:
    """A node of the path tree."""

    fixed: dict[str, _Branch] = field(default_factory=dict)
    variable: _Branch | None = None
    routes: list[tuple[Service, Route]] = field(default_factory=list)
    greedy: list[tuple[Service, Route]] = field(default_factory=list)


class Router:
    """All routes in one tree; a look-up costs a step a segment."""

    def __init__(self, services: Iterable[Service]) -> None:
        self._root = _Branch()
        for service in services:
            for route in service.routes:
                self._insert(service, route)

    def find(self, request: Request) -> tuple[Service, Route, dict[str, str]] | None:
        """None when no route has this path, method and query."""
        for routes, values in self._walk(self._root, request.segments, ()):
            for service, route in routes:
                if route.method == request.method and all(_query_fits(request, name, value) for name, value in route.query):
                    return service, route, dict(zip(_names(route.path), _whole(request, route, values), strict=True))
        return None

    def knows(self, request: Request) -> bool:
        """Whether some method is answered at this path."""
        return any(routes for routes, _ in self._walk(self._root, request.segments, ()))

    def _insert(self, service: Service, route: Route) -> None:
        branch = self._root
        parts = route.path.strip("/").split("/")
        for part in parts:
            if part.endswith("...}"):
                branch.greedy.append((service, route))
                return
            if part.startswith("{"):
                branch.variable = branch.variable or _Branch()
                branch = branch.variable
            else:
                branch = branch.fixed.setdefault(part.lower(), _Branch())
        branch.routes.append((service, route))

    def _walk(
        self, branch: _Branch, segments: tuple[str, ...], values: tuple[str, ...]
    ) -> Iterable[tuple[list[tuple[Service, Route]], tuple[str, ...]]]:
        """Every way to the end, fixed segments before variables before the rest of the path."""
        if not segments:
            yield branch.routes, values
            return
        head, rest = segments[0], segments[1:]
        fixed = branch.fixed.get(head.lower())
        if fixed is not None:
            yield from self._walk(fixed, rest, values)
        if branch.variable is not None:
            yield from self._walk(branch.variable, rest, (*values, head))
        if branch.greedy:
            yield branch.greedy, (*values, "/".join(segments))


def _names(path: str) -> list[str]:
    return [part.strip("{}").removesuffix("...") for part in path.split("/") if part.startswith("{")]


def _whole(request: Request, route: Route, values: tuple[str, ...]) -> tuple[str, ...]:
    """``values`` with the slashes that a path ended with, where the route takes the rest of it."""
    if not route.path.endswith("...}"):
        return values
    return (*values[:-1], request.rest(route.path.strip("/").count("/")))


def _query_fits(request: Request, name: str, value: str | None) -> bool:
    given = request.query.get(name)
    return given is not None and (value is None or given.lower() == value)
