"""A formula's grammar: tokens become a tree."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from azuresim.core.autoscale.tokens import SyntaxProblem, Token, tokens

__all__ = ["Binary", "Call", "Choice", "Expression", "Literal", "Member", "Method", "Name", "Statement", "SyntaxProblem", "Unary", "parse"]

# A formula may have so many statements: batch-automatic-scaling.md.
_MAX_STATEMENTS = 100
_MAX_DEPTH = 50
_CACHED = 1024
FUNCTIONS = frozenset(
    "avg ceil exp floor len lg ln log max min norm percentile rand range round std stop sum time val".split()  # noqa: SIM905  # a list of words
)
METHODS = frozenset({"GetSample", "GetSamplePercent", "GetSamplePeriod", "Count", "HistoryBeginTime"})
MEMBERS = frozenset({"year", "month", "day", "weekday", "hour", "minute", "second"})
_LEVELS = (("||",), ("&&",), ("==", "!="), ("<", "<=", ">", ">="), ("+", "-"), ("*", "/"))


@dataclass(frozen=True, slots=True)
class Literal:
    """A number or a string."""

    token: Token
    value: float | str


@dataclass(frozen=True, slots=True)
class Name:
    """A variable, a constant or a metric; ``name`` is without `$`."""

    token: Token
    name: str


@dataclass(frozen=True, slots=True)
class Unary:
    """`-x` or `!x`."""

    token: Token
    operand: Expression


@dataclass(frozen=True, slots=True)
class Binary:
    """Two operands and the sign between them."""

    token: Token
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class Choice:
    """`condition ? yes : no`."""

    token: Token
    condition: Expression
    yes: Expression
    no: Expression


@dataclass(frozen=True, slots=True)
class Call:
    """A function."""

    token: Token
    name: str
    arguments: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Method:
    """A method of a metric."""

    token: Token
    owner: Expression
    name: str
    arguments: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Member:
    """A member of a timestamp."""

    token: Token
    owner: Expression
    name: str


Expression = Literal | Name | Unary | Binary | Choice | Call | Method | Member


@dataclass(frozen=True, slots=True)
class Statement:
    """An expression, and the variable it is assigned to."""

    target: str | None
    value: Expression


@lru_cache(_CACHED)
def parse(formula: str) -> tuple[Statement, ...]:
    """The statements of a formula. Raises SyntaxProblem."""
    return _Parser(list(tokens(formula))).formula()


class _Parser:
    def __init__(self, found: list[Token]) -> None:
        self._tokens = found
        self._at = 0
        self._depth = 0

    def formula(self) -> tuple[Statement, ...]:
        statements: list[Statement] = []
        while not self._ended():
            if self._take(";"):
                continue
            if len(statements) == _MAX_STATEMENTS:
                raise self._now.problem(f"A formula has at most {_MAX_STATEMENTS} statements")
            statements.append(self._statement())
            if not self._ended():
                self._expect(";")
        if not statements:
            raise self._now.problem("The formula has no statement")
        return tuple(statements)

    @property
    def _now(self) -> Token:
        return self._tokens[self._at]

    def _ended(self) -> bool:
        return self._now.kind == "end"

    def _next(self) -> Token:
        self._at += 1
        return self._tokens[self._at - 1]

    def _take(self, *signs: str) -> Token | None:
        return self._next() if self._now.kind == "sign" and self._now.text in signs else None

    def _expect(self, sign: str) -> None:
        if self._take(sign) is None:
            raise self._now.problem(f"Expected '{sign}', found '{self._now.text or 'end of formula'}'")

    def _statement(self) -> Statement:
        following = self._tokens[self._at + 1] if self._now.kind == "name" else self._now
        if following.kind == "sign" and following.text == "=":
            target = self._next().text.removeprefix("$")
            self._next()
            return Statement(target, self._expression())
        return Statement(None, self._expression())

    def _expression(self) -> Expression:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise self._now.problem("The expression is nested too deeply")
        condition = self._level(0)
        question = self._take("?")
        if question is not None:
            yes = self._expression()
            self._expect(":")
            condition = Choice(question, condition, yes, self._expression())
        self._depth -= 1
        return condition

    def _level(self, level: int) -> Expression:
        if level == len(_LEVELS):
            return self._unary()
        left = self._level(level + 1)
        while (sign := self._take(*_LEVELS[level])) is not None:
            left = Binary(sign, left, self._level(level + 1))
        return left

    def _unary(self) -> Expression:
        signs: list[Token] = []
        while (sign := self._take("-", "!")) is not None:
            signs.append(sign)
        if len(signs) > _MAX_DEPTH:
            raise signs[0].problem("The expression is nested too deeply")
        operand = self._postfix()
        for sign in reversed(signs):
            operand = Unary(sign, operand)
        return operand

    def _postfix(self) -> Expression:
        owner = self._primary()
        links = 0
        while self._take("."):
            token = self._next()
            links += 1
            if links > _MAX_DEPTH:
                raise token.problem("The expression is nested too deeply")
            if token.text in METHODS and self._take("("):
                owner = Method(token, owner, token.text, self._arguments())
            elif token.text in MEMBERS:
                owner = Member(token, owner, token.text)
            else:
                raise token.problem(f"Unknown member '{token.text}'")
        return owner

    def _primary(self) -> Expression:
        token = self._next()
        if token.kind == "number":
            return Literal(token, float(token.text))
        if token.kind == "string":
            return Literal(token, token.text[1:-1])
        if token.kind == "name":
            if not self._take("("):
                return Name(token, token.text.removeprefix("$"))
            if token.text not in FUNCTIONS:
                raise token.problem(f"Unknown function '{token.text}'")
            return Call(token, token.text, self._arguments())
        if token.kind == "sign" and token.text == "(":
            inner = self._expression()
            self._expect(")")
            return inner
        raise token.problem(f"Unexpected '{token.text or 'end of formula'}'")

    def _arguments(self) -> tuple[Expression, ...]:
        if self._take(")"):
            return ()
        found = [self._expression()]
        while self._take(","):
            found.append(self._expression())
        self._expect(")")
        return tuple(found)
