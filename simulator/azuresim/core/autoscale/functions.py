"""The functions of formulas, except those that need to know about the pool or the time."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from azuresim.core.autoscale.values import EvaluationProblem, Timestamp, Value, Vector, flat

_MORE_THAN_ONE = 2


def _over_all(work: Callable[[Vector], float]) -> Callable[..., Value]:
    """A function of a list of doubles and vectors, which must not be empty."""

    def called(*arguments: Value) -> Value:
        values = flat(arguments)
        if not values:
            raise EvaluationProblem("The function needs at least one value")
        return float(work(values))

    return called


def _of_each(work: Callable[[float], float]) -> Callable[..., Value]:
    """A function of one double, or of each of a vector."""

    def called(value: Value) -> Value:
        try:
            if isinstance(value, float):
                return float(work(value))
            return tuple(float(work(each)) for each in flat((value,)))
        except (ValueError, OverflowError) as wrong:
            raise EvaluationProblem("The value is outside the function's domain") from wrong

    return called


def _percentile(vector: Value, percent: Value) -> Value:
    values = sorted(flat((vector,)))
    if not values or not isinstance(percent, float):
        raise EvaluationProblem("percentile needs a vector with elements and a double")
    place = min(max(percent, 0.0), 100.0) / 100 * (len(values) - 1)
    low = math.floor(place)
    high = min(low + 1, len(values) - 1)
    return values[low] + (values[high] - values[low]) * (place - low)


def _val(vector: Value, index: Value) -> Value:
    values = flat((vector,))
    if not isinstance(index, float) or not 0 <= int(index) < len(values):
        raise EvaluationProblem("The index is outside the vector")
    return values[int(index)]


def _length(*arguments: Value) -> Value:
    return float(len(flat(arguments)))


def _round(value: float) -> float:
    """Halves away from zero."""
    return math.copysign(math.floor(abs(value) + 0.5), value)


FUNCTIONS: dict[str, Callable[..., Value]] = {
    "avg": _over_all(statistics.fmean),
    "ceil": _of_each(math.ceil),
    "exp": _of_each(math.exp),
    "floor": _of_each(math.floor),
    "len": _length,
    "lg": _of_each(math.log2),
    "ln": _of_each(math.log),
    "log": _of_each(math.log10),
    "max": _over_all(max),
    "min": _over_all(min),
    "norm": _over_all(lambda values: math.hypot(*values)),
    "percentile": _percentile,
    "range": _over_all(lambda values: max(values) - min(values)),
    "round": _of_each(_round),
    "std": _over_all(lambda values: statistics.stdev(values) if len(values) >= _MORE_THAN_ONE else 0.0),
    "sum": _over_all(math.fsum),
    "val": _val,
}


def moment(text: str) -> Timestamp:
    """A moment written as W3C-DTF or RFC 1123; without a zone it is UTC."""
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            found = read(text)
        except ValueError:
            continue
        return Timestamp((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp())
    raise EvaluationProblem(f"'{text}' is no time")
