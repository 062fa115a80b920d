"""The OData `$filter` of Batch: comparisons and `startswith`, joined by `and` and `or`, with `not` and parentheses."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from azuresim.core.errors import ServiceError

Json = dict[str, Any]
_MAX_DEPTH = 20
_TOKEN = re.compile(
    r"\s*(?:(?P<sign>[(),])|(?P<moment>(?:datetime|DateTime)'[^']*')|(?P<text>'(?:[^']|'')*')|(?P<number>-?\d{1,18}(?![\w.]))|(?P<word>[\w/]+))",
    re.ASCII,
)
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "lt": operator.lt,
    "le": operator.le,
    "gt": operator.gt,
    "ge": operator.ge,
}


@dataclass(frozen=True, slots=True)
class Filter:
    """A test of one object, and the members it looks at (the first part of their paths)."""

    test: Callable[[Json], bool]
    members: frozenset[str]

    def __call__(self, item: Json) -> bool:
        """Whether the object passes."""
        return self.test(item)


EVERYTHING = Filter(lambda _item: True, frozenset())


def parse_filter(text: str | None) -> Filter:
    """Read one. Raises 400 for what the language does not have."""
    return _Parser(text).whole() if text else EVERYTHING


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens: list[tuple[str, str]] = []
        self._at = 0
        self._depth = 0
        self._members: set[str] = set()
        position = 0
        while text[position:].strip():
            found = _TOKEN.match(text, position)
            if found is None or found.lastgroup is None:
                raise self._wrong()
            self._tokens.append((found.lastgroup, found[found.lastgroup]))
            position = found.end()

    def whole(self) -> Filter:
        test = self._any()
        if self._at != len(self._tokens):
            raise self._wrong()
        return Filter(test, frozenset(self._members))

    def _any(self) -> Callable[[Json], bool]:
        tests = [self._all()]
        while self._take("word", "or"):
            tests.append(self._all())
        return tests[0] if len(tests) == 1 else lambda item: any(test(item) for test in tests)

    def _all(self) -> Callable[[Json], bool]:
        tests = [self._one()]
        while self._take("word", "and"):
            tests.append(self._one())
        return tests[0] if len(tests) == 1 else lambda item: all(test(item) for test in tests)

    def _one(self) -> Callable[[Json], bool]:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise self._wrong()
        if self._take("word", "not"):
            negated = self._one()
            test: Callable[[Json], bool] = lambda item: not negated(item)  # noqa: E731  # one of four ways to make the same thing
        elif self._take("sign", "("):
            test = self._any()
            self._expect("sign", ")")
        elif self._take("word", "startswith"):
            test = self._starts_with()
        else:
            test = self._comparison()
        self._depth -= 1
        return test

    def _starts_with(self) -> Callable[[Json], bool]:
        self._expect("sign", "(")
        name = self._member()
        self._expect("sign", ",")
        prefix = _unquoted(self._expect("text"))
        self._expect("sign", ")")
        return lambda item: str(_value(item, name) or "").startswith(prefix)

    def _comparison(self) -> Callable[[Json], bool]:
        name = self._member()
        compare = _COMPARE.get(self._expect("word"))
        kind, text = self._next()
        wanted: Any
        if kind == "text":
            wanted = _unquoted(text)
        elif kind == "number":
            wanted = int(text)
        elif kind == "moment":
            wanted = self._moment(text[text.index("'") + 1 : -1])
        elif text in {"true", "false"}:
            wanted = text == "true"
        else:
            raise self._wrong()
        if compare is None:
            raise self._wrong()

        def holds(item: Json) -> bool:
            value = _value(item, name)
            if isinstance(wanted, datetime):
                return isinstance(value, str) and compare(self._moment(value), wanted)
            return type(value) is type(wanted) and compare(value, wanted)

        return holds

    def _moment(self, text: str) -> datetime:
        try:
            found = datetime.fromisoformat(text)
        except ValueError as wrong:
            raise self._wrong() from wrong
        return found if found.tzinfo else found.replace(tzinfo=UTC)

    def _member(self) -> str:
        name = self._expect("word")
        self._members.add(name.split("/")[0])
        return name

    def _next(self) -> tuple[str, str]:
        if self._at == len(self._tokens):
            raise self._wrong()
        self._at += 1
        return self._tokens[self._at - 1]

    def _take(self, kind: str, text: str) -> bool:
        found = self._at < len(self._tokens) and self._tokens[self._at] == (kind, text)
        self._at += found
        return found

    def _expect(self, kind: str, text: str | None = None) -> str:
        found = self._next()
        if found[0] != kind or text not in (None, found[1]):
            raise self._wrong()
        return found[1]

    def _wrong(self) -> ServiceError:
        return ServiceError(
            400,
            "InvalidQueryParameterValue",
            "The value specified for one of the query parameters in the request URI is invalid.",
            values=(("QueryParameterName", "$filter"), ("QueryParameterValue", self._text)),
        )


def _unquoted(text: str) -> str:
    return text[1:-1].replace("''", "'")


def _value(item: Json, path: str) -> Any:
    value: Any = item
    for name in path.split("/"):
        value = value.get(name) if isinstance(value, dict) else None
    return value
