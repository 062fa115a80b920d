"""A formula worked out: statements over readings become targets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from azuresim.core.autoscale import syntax
from azuresim.core.autoscale.functions import FUNCTIONS, moment
from azuresim.core.autoscale.samples import call_method, latest
from azuresim.core.autoscale.values import (
    CONSTANTS,
    DEALLOCATION_OPTIONS,
    EvaluationProblem,
    Metric,
    Timestamp,
    Value,
    checked,
    combine,
    negative,
    text,
    truth,
)

# The metrics of batch-automatic-scaling.md.
METRICS = frozenset(
    {
        *("CPUPercent", "WallClockSeconds", "MemoryBytes", "DiskBytes", "DiskReadBytes", "DiskWriteBytes", "DiskReadOps", "DiskWriteOps"),
        *("NetworkInBytes", "NetworkOutBytes", "SampleNodeCount", "ActiveTasks", "RunningTasks", "PendingTasks", "SucceededTasks"),
        *("FailedTasks", "CurrentDedicatedNodes", "CurrentLowPriorityNodes", "PreemptedNodeCount", "UsableNodeCount", "TaskSlotsPerNode"),
    }
)
_ALIASES = {"TargetDedicated": "TargetDedicatedNodes", "TargetLowPriority": "TargetLowPriorityNodes"}
_MOST_NODES = 2**31 - 1
_OUTPUTS = ("TargetDedicatedNodes", "TargetLowPriorityNodes", "NodeDeallocationOption")


class Readings(Protocol):
    """What a formula may ask the service for."""

    @property
    def now(self) -> float:
        """The time, in POSIX seconds."""

    @property
    def period(self) -> float:
        """Seconds from one sample to the next."""

    def samples(self, metric: str) -> Sequence[tuple[float, float]]:
        """The samples there are as (moment, value), oldest first."""

    def random(self) -> float:
        """From 0 to 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outputs:
    """What a formula sets."""

    dedicated: int
    low_priority: int
    option: str = "requeue"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunError:
    """Why a run came to nothing."""

    code: str
    message: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One evaluation. ``outputs`` are the present targets where the formula sets none or fails."""

    at: float
    results: str
    outputs: Outputs
    error: RunError | None = None


class _Stop(Exception):  # noqa: N818  # `stop()` is no error
    """The formula called `stop()`."""


_MESSAGES = {
    "AutoScalingFormulaEvaluationError": "The specified autoscale formula could not be evaluated",
    # Recorded in the service's pool autoscale event.
    "InsufficientSampleData": "Autoscale evaluation failed due to insufficient sample data",
}


def evaluate(formula: str, readings: Readings, present: Outputs) -> Run:
    """Work ``formula`` out. Raises SyntaxProblem; every other problem stands in the result."""
    statements = syntax.parse(formula)
    variables: dict[str, Value] = {
        "TargetDedicatedNodes": float(present.dedicated),
        "TargetLowPriorityNodes": float(present.low_priority),
        "NodeDeallocationOption": "requeue",
    }
    machine = _Machine(readings, variables)
    unchanged = Run(at=readings.now, results=_results(dict(variables)), outputs=present)
    try:
        machine.run(statements)
        outputs = _outputs(variables)
    except EvaluationProblem as problem:
        error = RunError(code=problem.code, message=_MESSAGES[problem.code], detail=f"{machine.place}: {problem}")
        return replace(unchanged, error=error)
    shown = {**variables, "TargetDedicatedNodes": float(outputs.dedicated), "TargetLowPriorityNodes": float(outputs.low_priority)}
    return Run(at=readings.now, results=_results(shown), outputs=outputs)


def _outputs(variables: dict[str, Value]) -> Outputs:
    counts = []
    for name in _OUTPUTS[:2]:
        value = variables[name]
        if not isinstance(value, float) or value < 0:
            raise EvaluationProblem(f"${name} must be a number of nodes, not {text(value)}")
        if value > _MOST_NODES:
            raise EvaluationProblem(f"${name} must be at most {_MOST_NODES}, not {text(value)}")
        # Whole nodes: the fraction is dropped.
        counts.append(int(value))
    option = variables["NodeDeallocationOption"]
    if option not in DEALLOCATION_OPTIONS:
        raise EvaluationProblem(f"$NodeDeallocationOption must be one of {', '.join(DEALLOCATION_OPTIONS)}")
    return Outputs(dedicated=counts[0], low_priority=counts[1], option=str(option))


def _results(variables: dict[str, Value]) -> str:
    """The three outputs, then the formula's own variables by name, as recorded."""
    own = sorted((name for name in variables if name not in _OUTPUTS), key=str.lower)
    return ";".join(f"${name}={text(variables[name])}" for name in (*_OUTPUTS, *own))


class _Machine:
    def __init__(self, readings: Readings, variables: dict[str, Value]) -> None:
        self._readings = readings
        self._variables = variables
        self.place = "Line 1, Col 1"

    def run(self, statements: tuple[syntax.Statement, ...]) -> None:
        try:
            for statement in statements:
                value = self._worth(statement.value)
                if statement.target is None:
                    continue
                target = _ALIASES.get(statement.target, statement.target)
                if target in METRICS:
                    raise EvaluationProblem(f"${target} is read-only")
                self._variables[target] = latest(self._readings, value) if isinstance(value, Metric) else value
        except _Stop:
            return

    def _worth(self, node: syntax.Expression) -> Value:
        self.place = f"Line {node.token.line}, Col {node.token.column}"
        value: Value
        match node:
            case syntax.Literal():
                value = node.value
            case syntax.Name():
                value = self._named(node.name)
            case syntax.Unary():
                operand = self._number_of(node.operand)
                value = negative(operand) if node.token.text == "-" else float(not truth(operand))
            case syntax.Binary():
                value = self._binary(node)
            case syntax.Choice():
                value = self._worth(node.yes if truth(self._number_of(node.condition)) else node.no)
            case syntax.Call():
                value = self._called(node)
            case syntax.Method():
                owner = self._worth(node.owner)
                value = call_method(self._readings, owner, node.name, tuple(self._worth(each) for each in node.arguments))
            case syntax.Member():
                owner = self._worth(node.owner)
                if not isinstance(owner, Timestamp):
                    raise EvaluationProblem(f"Only a timestamp has a {node.name}")
                value = owner.member(node.name)
        return checked(value)

    def _named(self, name: str) -> Value:
        name = _ALIASES.get(name, name)
        if name in self._variables:
            return self._variables[name]
        if name in CONSTANTS:
            return CONSTANTS[name]
        if name in METRICS:
            return Metric(name)
        if name in DEALLOCATION_OPTIONS:
            return name
        raise EvaluationProblem(f"The variable {name} is not defined")

    def _number_of(self, node: syntax.Expression) -> Value:
        """The value; of a metric its last sample."""
        value = self._worth(node)
        return latest(self._readings, value) if isinstance(value, Metric) else value

    def _binary(self, node: syntax.Binary) -> Value:
        """A chain of operators leans to the left and may be as long as a formula: it is walked, not descended into."""
        chain = [node]
        while isinstance(chain[-1].left, syntax.Binary):
            chain.append(chain[-1].left)
        value = self._number_of(chain[-1].left)
        for link in reversed(chain):
            sign = link.token.text
            if sign == "&&":
                value = float(truth(value) and truth(self._number_of(link.right)))
            elif sign == "||":
                value = float(truth(value) or truth(self._number_of(link.right)))
            else:
                value = checked(combine(sign, value, self._number_of(link.right)))
        return value

    def _called(self, node: syntax.Call) -> Value:
        arguments = tuple(self._number_of(each) for each in node.arguments)
        if node.name == "stop":
            raise _Stop
        if node.name == "rand":
            return self._readings.random()
        if node.name == "time":
            if not arguments or arguments[0] == "":
                return Timestamp(self._readings.now)
            return moment(str(arguments[0]))
        try:
            return FUNCTIONS[node.name](*arguments)
        except TypeError as wrong:
            raise EvaluationProblem(f"{node.name} takes other arguments") from wrong
