"""Random requests over the table of routes: mostly nearly right, for those reach deepest."""

from __future__ import annotations

import copy
import json
import random
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from azuresim import Request, Response
from azuresim.schema import Table, load_table
from azuresim.services import SERVICES
from azuresim.wire.routing import Route, Service
from simulator.test_routes import SDKS, built, plain

ROUTES: tuple[tuple[Service, Route], ...] = tuple((service, route) for service in SERVICES for route in service.routes)
ODD_TEXTS = (
    "", " ", "x", "0", "-1", "1.0.0", "latest", "ü/ä?#%", "a" * 300, "\x00", "'", "$", "null", "[]", "{}", "1" * 60, "P1D", "PT-1S",
    "PT999999999H", "2024-02-30T00:00:00Z", "9999-12-31T23:59:59Z", "/subscriptions/s/resourceGroups/g/providers/a/b/c", "https://x/y",
    "😀", "*", "0x8D", '"0x1"', "9" * 5000, "²", "99999999999999999999",
)  # fmt: skip
ODD_VALUES: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 2**31, 2**63, 10**30, 1.5, -0.0, 1e300, [], {}, [None], {"": None}, [[]], "\ud800", *ODD_TEXTS,
)  # fmt: skip
QUERIES = (
    "$filter", "$select", "$expand", "$skiptoken", "maxresults", "$top", "$orderby", "timeOut", "comp", "restype", "monitor", "marker",
    "prefix", "delimiter", "include", "recursive", "snapshot", "prevsnapshot", "copyid", "blockid", "blocklisttype", "where", "sv", "sr",
    "sp", "se", "st", "sig", "skoid", "ske", "skt", "sip", "spr", "si", "srt", "rscd",
)  # fmt: skip
FILTERS = (
    "id eq 'p'", "state eq 'active'", "startswith(id, 'p')", "id gt", "(", "id eq 'p' and", "not id", "location eq 'westus'", "contains(",
    "lastModified gt 1", "creationTime lt 2024-01-01T00:00:00Z", 'state eq "x"', "''", "eq eq eq", "id eq 'p' or (state ne 'x')",
)  # fmt: skip
HEADERS = (
    "if-match", "if-none-match", "if-modified-since", "if-unmodified-since", "range", "x-ms-range", "x-ms-version", "x-ms-blob-type",
    "x-ms-page-write", "x-ms-blob-content-length", "x-ms-copy-source", "x-ms-lease-id", "x-ms-sequence-number-action", "content-md5",
    "x-ms-blob-sequence-number", "ocp-range", "x-ms-if-sequence-number-le", "x-ms-meta-a", "x-ms-date", "content-encoding", "x-ms-tags",
    "x-ms-lease-action", "x-ms-lease-duration", "x-ms-lease-break-period", "x-ms-proposed-lease-id", "x-ms-copy-action", "x-ms-if-tags",
    "x-ms-source-range", "x-ms-source-if-match", "x-ms-copy-source-authorization", "x-ms-requires-sync", "x-ms-delete-snapshots",
    "x-ms-previous-snapshot-url", "x-ms-content-crc64", "x-ms-range-get-content-md5", "x-ms-blob-public-access", "x-ms-access-tier",
    "content-length",
)  # fmt: skip
HEADER_VALUES = (
    "*", '"0x1"', "bytes=0-511", "bytes=512-1023", "bytes=5-1", "bytes=-1", "PageBlob", "BlockBlob", "update", "clear", "1024", "max",
    "increment", "acquire", "renew", "change", "release", "break", "15", "60", "true", "abort", "512", "include", "only", "a=b",
    "\"a\" = 'b'", "aaaaaaaa-0000-4000-8000-000000000000", "Thu, 26 Nov 2026 11:00:00 GMT", "SharedKey vhds:x",
    "https://azuresim.test/blob/vhds/images/os.vhd",
)  # fmt: skip
VERSIONS = {
    "capsOperations": "2024-03-03",
    "DiskOperations": "2024-03-02",
    "Microsoft.Compute": "2024-07-01",
    "Microsoft.Batch": "2025-06-01",
}
MADE_UP = {"operation": re.compile(r"(?:perations|esults)/([\w-]{36,})"), "node": re.compile(r"tvm[\w-]+")}
SCALARS: dict[str, tuple[Any, ...]] = {
    "integer": (0, 1, 2, 3, 5, 64, 100, -1, 2**31 - 1, 2**31, 2**63),
    "number": (0.0, 0.5, 1.0, 100.0, -1.0, 1e300),
    "boolean": (True, False),
}


@dataclass(frozen=True)
class Likely:
    """What is likely: in a path, by parameter; in a body, by the name of a member; whole bodies, by schema; and headers, by operation."""

    parameters: dict[str, tuple[str, ...]]
    members: dict[str, tuple[str, ...]]
    bodies: dict[str, tuple[dict[str, Any], ...]]
    headers: dict[str, tuple[dict[str, str], ...]]
    forms: tuple[str, ...]
    signatures: tuple[str, ...]

    def parameter(self, name: str, rng: random.Random) -> str:
        known = self.parameters.get(name, ())
        return rng.choice(known) if known and rng.random() < 0.95 else rng.choice(ODD_TEXTS) or "x"

    def text(self, member: str, rng: random.Random) -> str:
        known = self.members.get(member, ())
        return rng.choice(known) if known and rng.random() < 0.8 else rng.choice(ODD_TEXTS)


def _seldom(route: Route) -> float:
    """How often to ask for something else instead: what takes much else away leaves little to find."""
    if route.method == "DELETE":
        return 0.99 if route.path.count("{") <= 3 else 0.8
    return 0.99 if "nregister" in route.operation else 0.0


def _version(route: Route) -> str:
    """What the SDK sends; for what no SDK builds, a version that its type has."""
    for part in SDKS:
        request = built(part).get((route.method, plain(route.path)))
        if request is not None:
            return request.api_version
    return next((version for word, version in VERSIONS.items() if word in route.path), "2022-09-01")


class Fuzzer:
    """The same requests for the same seed."""

    def __init__(self, seed: int, likely: Likely, base_url: str, routes: tuple[tuple[Service, Route], ...] = ROUTES) -> None:
        self._rng = random.Random(seed)  # noqa: S311  # repeatable on purpose
        self._likely = likely
        self._base_url = base_url
        self._routes = routes
        self._learnt: dict[str, list[str]] = {}
        # What makes things gets more than its share: without them there is little to ask about.
        self._makers = [(s, r) for s, r in routes if r.method in {"PUT", "POST"} and r.schema in likely.bodies]

    def learn(self, answer: Response) -> None:
        """Names the service made up: of operations and nodes."""
        for name, pattern in MADE_UP.items():
            for text in (
                answer.headers.get("Azure-AsyncOperation", ""),
                answer.headers.get("Location", ""),
                answer.body[:2000].decode("utf-8", "replace"),
            ):
                self._learnt.setdefault(name, []).extend(pattern.findall(text))

    def request(self) -> tuple[Service, Route, Request]:
        """One more. The route is the one it was made for; it may match another."""
        rng = self._rng
        service, route = rng.choice(self._makers if rng.random() < 0.3 else self._routes)
        while rng.random() < _seldom(route):
            service, route = rng.choice(self._routes)
        method = route.method if rng.random() < 0.95 else rng.choice(["GET", "PUT", "POST", "PATCH", "DELETE", "HEAD", "OPTIONS"])
        url = f"{self._base_url}{self._path(route)}{self._query(route)}"
        body = self._body(route)
        headers = self._headers(route) | ({"content-length": str(len(body))} if rng.random() < 0.9 else {})
        if service.name == "blob" and rng.random() < 0.2:
            headers.pop("authorization", None)
            url += f"&{rng.choice(self._likely.signatures)}"
        return service, route, Request(method, url, headers, body)

    def _path(self, route: Route) -> str:
        return "/".join(self._name(part) if part.startswith("{") else part for part in route.path.split("/"))

    def _name(self, part: str) -> str:
        name = part.strip("{}").removesuffix("...")
        known = self._learnt.get(name)
        return quote(self._rng.choice(known) if known else self._likely.parameter(name, self._rng), safe="")

    def _query(self, route: Route) -> str:
        rng = self._rng
        query = {name: value or "x" for name, value in route.query}
        if rng.random() < 0.97:
            query["api-version"] = _version(route) if rng.random() < 0.95 else rng.choice(["2023-01-01.17.0", "1", ""])
        while rng.random() < 0.3:
            query[rng.choice(QUERIES)] = rng.choice([*FILTERS, *ODD_TEXTS])
        return "?" + "&".join(f"{name}={quote(value, safe='')}" for name, value in query.items())

    def _headers(self, route: Route) -> dict[str, str]:
        rng = self._rng
        usual = rng.choice(self._likely.headers.get(route.operation, ({},)))
        headers = {name: value for name, value in usual.items() if rng.random() < 0.95} | self._odd_headers()
        return headers | {name: rng.choice([*HEADER_VALUES, *ODD_TEXTS]) for name in usual if rng.random() < 0.05}

    def _odd_headers(self) -> dict[str, str]:
        rng = self._rng
        headers = {"content-type": rng.choice([*["application/json"] * 9, "text/plain", ""])}
        if rng.random() < 0.97:
            headers["authorization"] = "Bearer token"
        while rng.random() < 0.3:
            headers[rng.choice(HEADERS)] = rng.choice([*HEADER_VALUES, *ODD_TEXTS])
        return headers

    def _body(self, route: Route) -> bytes:
        rng = self._rng
        if rng.random() < 0.05:
            return rng.choice([b"", b"{", b"\xff", b"null", b"[]", b'"x"', b"1", b"{}", b"NaN", rng.randbytes(512)])
        if route.operation.startswith("Token_") and rng.random() < 0.9:
            return rng.choice(self._likely.forms).encode()
        if route.schema is None:
            return b"" if rng.random() < 0.5 else rng.choice([*[bytes(512)] * 4, b"{}", bytes(1024), b"<a/>", rng.randbytes(20)])
        bodies = self._likely.bodies.get(route.schema)
        if bodies and rng.random() < 0.7:
            body: Any = copy.deepcopy(rng.choice(bodies))
            while rng.random() < 0.5:
                self._damage(body)
        else:
            family, _, model = route.schema.partition(".")
            body = self._value(load_table(family), f"@{model}", "", 0)
        return json.dumps(body).encode()

    def _damage(self, body: Any) -> None:
        """Change one thing somewhere within."""
        rng = self._rng
        while isinstance(body, dict | list) and body:
            place = rng.choice(list(body)) if isinstance(body, dict) else rng.randrange(len(body))
            inner = body[place]
            if not isinstance(inner, dict | list) or not inner or rng.random() < 0.2:
                if rng.random() < 0.3:
                    del body[place]
                else:
                    body[place] = rng.choice(ODD_VALUES)
                return
            body = inner

    def _value(self, table: Table, kind: str, member: str, depth: int) -> Any:
        """Mostly of the right type."""
        rng = self._rng
        if rng.random() < 0.02:
            return rng.choice(ODD_VALUES)
        if kind[0] in "@[{":
            return self._container(table, kind, member, depth)
        if kind == "string":
            return self._likely.text(member, rng)
        return rng.choice(SCALARS.get(kind, ODD_VALUES))

    def _container(self, table: Table, kind: str, member: str, depth: int) -> Any:
        rng = self._rng
        if kind[0] == "@":
            return self._model(table, kind[1:], depth)
        count = rng.choice([0, 1, 1, 2, 3]) if depth < 6 else 0
        if kind[0] == "[":
            return [self._value(table, kind[1:], member, depth + 1) for _ in range(count)]
        return {rng.choice(ODD_TEXTS): self._value(table, kind[1:], member, depth + 1) for _ in range(count)}

    def _model(self, table: Table, model: str, depth: int) -> dict[str, Any]:
        rng = self._rng
        made = {}
        for name, kind in table[model].items():
            likely = 0.98 if kind.endswith("!") or name == "properties" else 0.35 if depth < 2 else 0.2
            if kind[0] != "-" and depth < 8 and rng.random() < likely:
                made[name] = self._value(table, kind.strip("-!"), name, depth + 1)
        if rng.random() < 0.02:
            made[rng.choice(["colour", *ODD_TEXTS])] = rng.choice(ODD_VALUES)
        return made
