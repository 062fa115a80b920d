"""The methods of metrics: which samples a formula gets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from azuresim.core.autoscale.values import EvaluationProblem, Interval, Metric, Timestamp, Value

if TYPE_CHECKING:
    from azuresim.core.autoscale.evaluator import Readings

_WHOLE = 100.0


def latest(readings: Readings, metric: Metric) -> float:
    """The newest sample's value."""
    samples = readings.samples(metric.name)
    if not samples:
        raise _insufficient(metric.name, 1.0, 0.0)
    return samples[-1][1]


def call_method(readings: Readings, owner: Value, name: str, arguments: tuple[Value, ...]) -> Value:
    """``owner.name(arguments)``."""
    if not isinstance(owner, Metric):
        raise EvaluationProblem(f"Only a metric has {name}")
    samples = readings.samples(owner.name)
    match name:
        case "GetSamplePeriod":
            return Interval(readings.period)
        case "Count":
            return float(len(samples))
        case "HistoryBeginTime":
            if not samples:
                raise _insufficient(owner.name, 1.0, 0.0)
            return Timestamp(samples[0][0])
        case "GetSamplePercent":
            if not arguments:
                raise EvaluationProblem("GetSamplePercent takes a start")
            begin, end = _window(readings, arguments)
            return _percent(readings, samples, begin, end)
        case _:
            return _get_sample(readings, owner, samples, arguments)


def _get_sample(readings: Readings, metric: Metric, samples: Sequence[tuple[float, float]], arguments: tuple[Value, ...]) -> Value:
    if not arguments:
        raise EvaluationProblem("GetSample takes a count or a start")
    if isinstance(arguments[0], float):
        count = int(arguments[0])
        return tuple(value for _, value in samples[-count:]) if count > 0 else ()
    times = arguments[:-1] if len(arguments) > 1 and isinstance(arguments[-1], float) else arguments
    begin, end = _window(readings, times)
    if times is not arguments:
        wanted, received = float(arguments[-1]) if isinstance(arguments[-1], float) else _WHOLE, _percent(readings, samples, begin, end)
        if received < wanted:
            raise _insufficient(metric.name, wanted, received)
    return tuple(value for at, value in samples if begin < at <= end)


def _window(readings: Readings, times: tuple[Value, ...]) -> tuple[float, float]:
    """The moments between which samples are meant; intervals look back from now, and the order does not matter."""
    moments = [readings.now - t.seconds if isinstance(t, Interval) else t.seconds for t in times if isinstance(t, Interval | Timestamp)]
    if len(moments) != len(times) or len(moments) not in {1, 2}:
        raise EvaluationProblem("Expected a start and perhaps an end, as timestamps or time intervals")
    ends = (moments[0], moments[1] if len(moments) > 1 else readings.now)
    return min(ends), max(ends)


def _percent(readings: Readings, samples: Sequence[tuple[float, float]], begin: float, end: float) -> float:
    """How many of the samples the window could hold there are."""
    possible = int((end - begin) / readings.period)
    if possible == 0:
        return 0.0
    return min(_WHOLE, _WHOLE * sum(begin < at <= end for at, _ in samples) / possible)


def _insufficient(name: str, wanted: float, received: float) -> EvaluationProblem:
    return EvaluationProblem(
        f"Insufficient data from data set: ${name} wanted {wanted:g}%, received {received:g}%", "InsufficientSampleData"
    )
