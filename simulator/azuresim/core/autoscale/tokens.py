"""A formula's text as tokens."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Kind = Literal["number", "string", "name", "sign", "end"]
_TOKEN = re.compile(
    r"""(?P<blank>\s+|//[^\n]*|/\*.*?\*/)
    |(?P<number>\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)
    |(?P<string>"[^"\n]*")
    |(?P<name>\$?[A-Za-z_]\w*)
    |(?P<sign>&&|\|\||==|!=|<=|>=|[-+*/<>!=?:;,.()])""",
    re.VERBOSE | re.DOTALL,
)


class SyntaxProblem(Exception):  # noqa: N818  # it is named for what the service calls it
    """A formula that cannot be read; ``line`` and ``column`` count from 1."""

    def __init__(self, line: int, column: int, text: str) -> None:
        super().__init__(f"Line {line}, Col {column}: {text}")


@dataclass(frozen=True, slots=True)
class Token:
    """One token and where it stands."""

    kind: Kind
    text: str
    line: int
    column: int

    def problem(self, text: str) -> SyntaxProblem:
        """A complaint about this place."""
        return SyntaxProblem(self.line, self.column, text)


def tokens(text: str) -> Iterator[Token]:
    """All tokens, `end` last. Raises SyntaxProblem for a character that begins none."""
    at, line, line_start = 0, 1, 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            raise SyntaxProblem(line, at - line_start + 1, f"Unexpected character '{text[at]}'")
        if found["blank"] is None:
            kind: Kind = "number" if found["number"] else "string" if found["string"] else "name" if found["name"] else "sign"
            yield Token(kind, found[0], line, at - line_start + 1)
        breaks = found[0].count("\n")
        if breaks:
            line += breaks
            line_start = found.start() + found[0].rindex("\n") + 1
        at = found.end()
    yield Token("end", "", line, at - line_start + 1)
