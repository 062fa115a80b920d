"""The language of autoscale formulas, as far as the documentation of Batch describes it.

A formula is up to 100 statements, separated by `;`, with `//` and `/* */` comments. A statement is `name = expression` or an expression.

* Types: double, vector of doubles, string, timestamp (members year, month, day, weekday, hour, minute, second), time interval.
* Operators, loosest first: `? :`, `||`, `&&`, `== !=`, `< <= > >=`, `+ -`, `* /`, unary `- !`, `.`; truth is a double other than 0.
* Functions: avg, ceil, exp, floor, len, lg, ln, log, max, min, norm, percentile, rand, range, round, std, stop, sum, time, val.
* `TimeInterval_Zero`, `_100ns`, `_Microsecond`, `_Millisecond`, `_Second`, `_Minute`, `_Hour`, `_Day`, `_Week`, `_Year`.
* Metrics, with `GetSample`, `GetSamplePercent`, `GetSamplePeriod`, `Count` and `HistoryBeginTime`; without a method a metric is its last
  sample. Task and node metrics have samples, those of CPU, memory, disk and network have none here: nothing on a node uses any.
* To be set: `$TargetDedicatedNodes`, `$TargetLowPriorityNodes` (aliases `$TargetDedicated`, `$TargetLowPriority`) and
  `$NodeDeallocationOption` (requeue, terminate, taskcompletion, retaineddata). The `$` of other variables is optional.

What does not parse is a ``SyntaxProblem``; what goes wrong while it is worked out stands in the run's ``error``, as with the service.
"""

from azuresim.core.autoscale.evaluator import Outputs, Readings, Run, RunError, evaluate
from azuresim.core.autoscale.syntax import SyntaxProblem, parse

__all__ = ["Outputs", "Readings", "Run", "RunError", "SyntaxProblem", "evaluate", "parse"]
