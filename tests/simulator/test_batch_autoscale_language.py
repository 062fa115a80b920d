from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from azuresim.core.autoscale import Outputs, Run, SyntaxProblem, evaluate, parse

# A Friday morning.
NOW = 1_800_000_000.0
PRESENT = Outputs(dedicated=2, low_priority=1)
PENDING_TASKS = """
startingNumberOfVMs = 1;
maxNumberofVMs = 25;
pendingTaskSamplePercent = $PendingTasks.GetSamplePercent(180 * TimeInterval_Second);
pendingTaskSamples = pendingTaskSamplePercent < 70 ? startingNumberOfVMs : avg($PendingTasks.GetSample(180 * TimeInterval_Second));
$TargetDedicatedNodes=min(maxNumberofVMs, pendingTaskSamples);
$NodeDeallocationOption = taskcompletion;
"""


@dataclass
class Samples:
    """So many samples of every metric, newest last, ``values`` repeated."""

    values: Sequence[float] = ()
    now: float = NOW
    period: float = 30.0
    draws: list[float] = field(default_factory=lambda: [0.25])

    def samples(self, metric: str) -> list[tuple[float, float]]:
        if metric == "CPUPercent":
            return []
        return [(self.now - self.period * (len(self.values) - 1 - i), float(value)) for i, value in enumerate(self.values)]

    def random(self) -> float:
        return self.draws[0]


def run(formula: str, *values: float) -> Run:
    return evaluate(formula, Samples(values), PRESENT)


@pytest.mark.parametrize(
    ("expression", "shown"),
    [
        ("1 + 2 * 3 - 4 / 2", "5"),
        ("-(1 + 2)", "-3"),
        ("1 / 4", "0.25"),
        ("!0 + !5", "1"),
        ("1 < 2 && 2 <= 2 && 3 > 2 && 3 >= 3 && 1 == 1 && 1 != 2", "1"),
        ("0 && 1 / 0", "0"),
        ("1 || 1 / 0", "1"),
        ("1 ? 7 : 1 / 0", "7"),
        ("0 ? 7 : 0 ? 8 : 9", "9"),
        ("avg(1, 2, 6)", "3"),
        ("max(1, $RunningTasks.GetSample(3))", "6"),
        ("min($RunningTasks.GetSample(3), 1)", "1"),
        ("sum($RunningTasks.GetSample(3))", "15"),
        ("len($RunningTasks.GetSample(2), 1)", "3"),
        ("val($RunningTasks.GetSample(3), 1)", "5"),
        ("range(1, 5, 3)", "4"),
        ("norm(3, 4)", "5"),
        ("std(2, 4)", "1.4142135623731"),
        ("percentile($RunningTasks.GetSample(3), 50)", "5"),
        ("ceil(1.2) + floor(1.8) + round(2.5)", "6"),
        ("lg(8) + log(100) + ln(exp(2))", "7"),
        ("rand()", "0.25"),
        ("$RunningTasks.GetSample(3) * 2 - 1", "[7,9,11]"),
        ("$RunningTasks.GetSample(2) + $RunningTasks.GetSample(2)", "[10,12]"),
        ("$RunningTasks", "6"),
        ("$RunningTasks * 1.5", "9"),
        ("$RunningTasks.Count()", "6"),
        ("$RunningTasks.GetSamplePeriod()", "00:00:30"),
        ("$RunningTasks.HistoryBeginTime()", "2027-01-15T07:57:30.000Z"),
        ("$RunningTasks.GetSamplePercent(TimeInterval_Minute * 2)", "100"),
        ("$RunningTasks.GetSamplePercent(TimeInterval_Minute * 6)", "50"),
        ("$RunningTasks.GetSample(time() - TimeInterval_Minute, time() - 20 * TimeInterval_Second)", "[5]"),
        ("$RunningTasks.GetSample(TimeInterval_Minute * 10, TimeInterval_Minute, 20)", "[1,2,3,4]"),
        ("time()", "2027-01-15T08:00:00.000Z"),
        ("time().weekday * 10000 + time().hour * 100 + time().day", "50815"),
        ('time("2027-01-15") < time("Fri, 15 Jan 2027 07:00:00 GMT")', "1"),
        ('time() - time("2027-01-15T06:30:00Z") == TimeInterval_Hour + 30 * TimeInterval_Minute', "1"),
        ("time() + TimeInterval_Day - TimeInterval_Week / 7", "2027-01-15T08:00:00.000Z"),
        ("-TimeInterval_Second < TimeInterval_Zero", "1"),
        ('"a" < "b"', "1"),
    ],
)
def test_expressions(expression: str, shown: str) -> None:
    made = run(f"$x = {expression}", 1, 2, 3, 4, 5, 6)
    assert made.error is None
    assert made.results.rpartition("$x=")[2] == shown


@pytest.mark.parametrize(
    ("formula", "outputs"),
    [
        pytest.param("$TargetDedicatedNodes=3", Outputs(dedicated=3, low_priority=1), id="one target, the other stays"),
        pytest.param("$TargetDedicated=3;$TargetLowPriority=4;", Outputs(dedicated=3, low_priority=4), id="the short names"),
        pytest.param("$TargetDedicatedNodes=2.9", Outputs(dedicated=2, low_priority=1), id="whole nodes"),
        pytest.param("$NodeDeallocationOption=taskcompletion", Outputs(dedicated=2, low_priority=1, option="taskcompletion"), id="option"),
        pytest.param("x=7;$TargetDedicatedNodes=$x", Outputs(dedicated=7, low_priority=1), id="own variables need no dollar"),
        pytest.param("$TargetDedicatedNodes=5;stop();$TargetDedicatedNodes=9", Outputs(dedicated=5, low_priority=1), id="stop"),
        pytest.param("// none = 1\n/* $x\n= */ $TargetDedicatedNodes = 0;;", Outputs(dedicated=0, low_priority=1), id="comments"),
        pytest.param("$TargetDedicatedNodes = $TargetDedicatedNodes + 1", Outputs(dedicated=3, low_priority=1), id="the present target"),
    ],
)
def test_what_formulas_set(formula: str, outputs: Outputs) -> None:
    made = run(formula)
    assert (made.outputs, made.error) == (outputs, None)


@pytest.mark.parametrize(
    ("samples", "dedicated"),
    [
        pytest.param((8, 8, 8), 1, id="half of the samples: the starting number"),
        pytest.param((9, 9, 9, 9, 9), 9, id="five of six: their average"),
        pytest.param((90,) * 6, 25, id="never more than the limit"),
    ],
)
def test_the_formula_of_the_documentation(samples: tuple[float, ...], dedicated: int) -> None:
    made = run(PENDING_TASKS, *samples)
    assert made.outputs == Outputs(dedicated=dedicated, low_priority=1, option="taskcompletion")


def test_results_name_the_outputs_first_and_the_rest_in_order() -> None:
    assert run("b=1;$A=2;$TargetDedicatedNodes=3").results == (
        "$TargetDedicatedNodes=3;$TargetLowPriorityNodes=1;$NodeDeallocationOption=requeue;$A=2;$b=1"
    )


@pytest.mark.parametrize(
    ("formula", "code", "detail"),
    [
        pytest.param(
            "$nonsense", "AutoScalingFormulaEvaluationError", "Line 1, Col 1: The variable nonsense is not defined", id="undefined"
        ),
        pytest.param("\n $x = 1/0", "AutoScalingFormulaEvaluationError", "Line 2, Col 9: Division by zero", id="division"),
        pytest.param("$x = time() * 2", "AutoScalingFormulaEvaluationError", "'*' does not apply to timestamp and double", id="types"),
        pytest.param('$x = 1 == "1"', "AutoScalingFormulaEvaluationError", "does not apply to double and string", id="comparison of types"),
        pytest.param('$x = "a" && 1', "AutoScalingFormulaEvaluationError", "Expected a double, found string", id="truth of a string"),
        pytest.param("$x = -time()", "AutoScalingFormulaEvaluationError", "'-' does not apply to timestamp", id="negative time"),
        pytest.param("$x = (5).hour", "AutoScalingFormulaEvaluationError", "Only a timestamp has a hour", id="no timestamp"),
        pytest.param("$x = time().GetSample(1)", "AutoScalingFormulaEvaluationError", "Only a metric has GetSample", id="no metric"),
        pytest.param("$x = avg()", "AutoScalingFormulaEvaluationError", "needs at least one value", id="nothing to average"),
        pytest.param("$x = ln(0)", "AutoScalingFormulaEvaluationError", "domain", id="outside the domain"),
        pytest.param("$x = val($RunningTasks.GetSample(1), 9)", "AutoScalingFormulaEvaluationError", "outside the vector", id="index"),
        pytest.param("$x = ceil(1, 2)", "AutoScalingFormulaEvaluationError", "takes other arguments", id="arguments"),
        pytest.param('$x = time("soon")', "AutoScalingFormulaEvaluationError", "'soon' is no time", id="no time"),
        pytest.param("$x = $RunningTasks.GetSample()", "AutoScalingFormulaEvaluationError", "GetSample takes", id="no window"),
        pytest.param('$x = $RunningTasks.GetSample("a")', "AutoScalingFormulaEvaluationError", "Expected a start", id="wrong window"),
        pytest.param("$x = $RunningTasks.GetSamplePercent()", "AutoScalingFormulaEvaluationError", "takes a start", id="no start"),
        pytest.param("$RunningTasks = 1", "AutoScalingFormulaEvaluationError", "$RunningTasks is read-only", id="metrics are read-only"),
        pytest.param("$TargetDedicatedNodes = -1", "AutoScalingFormulaEvaluationError", "must be a number of nodes, not -1", id="negative"),
        pytest.param('$TargetDedicatedNodes = "3"', "AutoScalingFormulaEvaluationError", "must be a number of nodes", id="text"),
        pytest.param("$NodeDeallocationOption = 1", "AutoScalingFormulaEvaluationError", "must be one of requeue", id="no option"),
        pytest.param(
            "$x = $RunningTasks.GetSample(TimeInterval_Minute * 2, 70)",
            "InsufficientSampleData",
            "Insufficient data from data set: $RunningTasks wanted 70%, received 50%",
            id="too few samples",
        ),
        pytest.param("$x = $CPUPercent * 2", "InsufficientSampleData", "$CPUPercent wanted 1%, received 0%", id="no samples"),
        pytest.param("$x = $CPUPercent.HistoryBeginTime()", "InsufficientSampleData", "$CPUPercent", id="no history"),
    ],
)
def test_what_cannot_be_worked_out_leaves_the_targets(formula: str, code: str, detail: str) -> None:
    made = run(formula, 1, 2)
    assert made.error is not None
    assert made.error.code == code
    assert detail in made.error.detail
    assert made.outputs == PRESENT
    assert made.results == "$TargetDedicatedNodes=2;$TargetLowPriorityNodes=1;$NodeDeallocationOption=requeue"


@pytest.mark.parametrize(
    ("formula", "words"),
    [
        ("$x = ", "Line 1, Col 6: Unexpected 'end of formula'"),
        ("$x = 1 2", "Line 1, Col 8: Expected ';', found '2'"),
        ("$x = 1;\n$y = foo(1)", "Line 2, Col 6: Unknown function 'foo'"),
        ("$x = $y.size", "Line 1, Col 9: Unknown member 'size'"),
        ("$x = (1", "Expected ')'"),
        ("$x = 1 ? 2", "Expected ':'"),
        ("$x = avg(1,", "Unexpected 'end of formula'"),
        ("$x = #", "Unexpected character '#'"),
        ("$x = * 2", "Unexpected '*'"),
        ("", "no statement"),
        ("// nothing", "no statement"),
        ("$x=1;" * 101, "at most 100 statements"),
        ("$x=" + "(" * 60, "nested too deeply"),
        ("$x=" + "-" * 60 + "1", "nested too deeply"),
    ],
)
def test_what_does_not_parse(formula: str, words: str) -> None:
    with pytest.raises(SyntaxProblem) as caught:
        parse(formula)
    assert words in str(caught.value)
