"""The values of formulas and what operators make of them."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from math import isfinite
from typing import Any

Vector = tuple[float, ...]
# What a timestamp can be: the years 1 to 9999.
_EARLIEST, _LATEST = (datetime(*day, tzinfo=UTC).timestamp() for day in ((1, 1, 1), (9999, 12, 31)))


class EvaluationProblem(Exception):  # noqa: N818  # it is named for what the service calls it
    """Something that cannot be worked out; ``code`` is the service's."""

    def __init__(self, text: str, code: str = "AutoScalingFormulaEvaluationError") -> None:
        super().__init__(text)
        self.code = code


@dataclass(frozen=True, slots=True, order=True)
class Timestamp:
    """A moment, in POSIX seconds."""

    seconds: float

    def member(self, name: str) -> float:
        """`year` to `second`; weekday 1 is Monday, 0 Sunday."""
        moment = datetime.fromtimestamp(self.seconds, UTC)
        return float(moment.isoweekday() % 7 if name == "weekday" else getattr(moment, name))


@dataclass(frozen=True, slots=True, order=True)
class Interval:
    """A span of time, in seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Metric:
    """A variable of the service that has samples."""

    name: str


Value = float | Vector | str | Timestamp | Interval | Metric
_ARITHMETIC: dict[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
}
_COMPARISON: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_INTERVALS = {
    "Zero": 0.0,
    "100ns": 1e-7,
    "Microsecond": 1e-6,
    "Millisecond": 1e-3,
    "Second": 1.0,
    "Minute": 60.0,
    "Hour": 3600.0,
    "Day": 86_400.0,
    "Week": 604_800.0,
    "Year": 31_536_000.0,
}
CONSTANTS: dict[str, Value] = {f"TimeInterval_{name}": Interval(seconds) for name, seconds in _INTERVALS.items()}
DEALLOCATION_OPTIONS = ("requeue", "terminate", "taskcompletion", "retaineddata")


def combine(sign: str, left: Value, right: Value) -> Value:
    """The result of ``left sign right``, for the pairs of types the documentation lists."""
    if sign in _COMPARISON:
        if type(left) is not type(right) or isinstance(left, tuple | Metric):
            raise _mismatch(sign, left, right)
        return float(_COMPARISON[sign](left, right))
    try:
        return _calculated(sign, left, right)
    except ZeroDivisionError as wrong:
        raise EvaluationProblem("Division by zero") from wrong
    except OverflowError as wrong:
        raise EvaluationProblem("The result is out of range") from wrong


def checked(value: Value) -> Value:
    """The value, unless it is no number or a time nobody can write down."""
    match value:
        case float():
            fits = isfinite(value)
        case tuple():
            fits = all(map(isfinite, value))
        case Interval():
            fits = isfinite(value.seconds)
        case Timestamp():
            fits = _EARLIEST <= value.seconds <= _LATEST
        case _:
            fits = True
    if not fits:
        raise EvaluationProblem("The result is out of range")
    return value


def negative(value: Value) -> Value:
    """`-value`."""
    match value:
        case float():
            return -value
        case Interval():
            return Interval(-value.seconds)
        case tuple():
            return tuple(-each for each in value)
        case _:
            raise EvaluationProblem(f"'-' does not apply to {_kind(value)}")


def truth(value: Value) -> bool:
    """A double other than zero."""
    if not isinstance(value, float):
        raise EvaluationProblem(f"Expected a double, found {_kind(value)}")
    return value != 0


def flat(values: tuple[Value, ...]) -> Vector:
    """A list of doubles and vectors as one vector."""
    made: list[float] = []
    for value in values:
        if isinstance(value, float):
            made.append(value)
        elif isinstance(value, tuple):
            made.extend(value)
        else:
            raise EvaluationProblem(f"Expected doubles, found {_kind(value)}")
    return tuple(made)


def text(value: Value) -> str:
    """As the results of a run show it."""
    match value:
        case float():
            return f"{value:.15g}"
        case tuple():
            return f"[{','.join(map(text, value))}]"
        case Timestamp():
            return datetime.fromtimestamp(value.seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        case Interval():
            minutes, seconds = divmod(value.seconds, 60)
            hours, minutes = divmod(int(minutes), 60)
            return f"{hours:02}:{minutes:02}:{seconds:02.0f}"
        case str():
            return value
        case Metric():
            return f"${value.name}"


def _calculated(sign: str, left: Value, right: Value) -> Value:
    work = _ARITHMETIC[sign]
    made: Value
    match left, right:
        case float(), float():
            made = work(left, right)
        case tuple(), float():
            made = tuple(work(each, right) for each in left)
        case tuple(), tuple() if len(left) == len(right):
            made = tuple(map(work, left, right))
        case (Interval(), Interval()) if sign in "+-":
            made = Interval(work(left.seconds, right.seconds))
        case (Interval(), float()) if sign in "*/":
            made = Interval(work(left.seconds, right))
        case (float(), Interval()) if sign == "*":
            made = Interval(left * right.seconds)
        case (Timestamp(), Interval()) if sign in "+-":
            made = Timestamp(work(left.seconds, right.seconds))
        case (Interval(), Timestamp()) if sign == "+":
            made = Timestamp(left.seconds + right.seconds)
        case (Timestamp(), Timestamp()) if sign == "-":
            made = Interval(left.seconds - right.seconds)
        case _:
            raise _mismatch(sign, left, right)
    return made


def _mismatch(sign: str, left: Value, right: Value) -> EvaluationProblem:
    return EvaluationProblem(f"'{sign}' does not apply to {_kind(left)} and {_kind(right)}")


def _kind(value: Value) -> str:
    names: dict[type, str] = {float: "double", tuple: "doubleVec", str: "string", Timestamp: "timestamp", Interval: "timeinterval"}
    return names.get(type(value), "a metric")
