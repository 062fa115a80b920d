"""Automatic scaling of pools: enabling, evaluating, and the runs at every interval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from azuresim.core import autoscale
from azuresim.core.agenda import Appointment
from azuresim.core.allocation import Allocation
from azuresim.core.batch_accounts import BatchAccount
from azuresim.core.errors import ServiceError, invalid_property
from azuresim.core.iso_duration import parse_duration
from azuresim.core.kernel import Kernel
from azuresim.core.pool import AutoScale, Pool, Size
from azuresim.core.pool_settings import DEFAULT_RESIZE_TIMEOUT, required
from azuresim.core.pool_states import invalid_state, require_steady

_MAX_LENGTH = 8192
# 5 minutes to 168 hours, 15 minutes when left out: azure-batch, BatchPoolCreateOptions.
_INTERVAL_BOUNDS = (300, 604_800)
_DEFAULT_INTERVAL = 900
# "You cannot call this API for the same Pool more than once every 30 seconds": azure-batch, enable_pool_auto_scale.
_ENABLE_PAUSE = 30.0


@dataclass(frozen=True, slots=True)
class _Readings:
    """One pool's samples, as its formula sees them."""

    kernel: Kernel
    pool: Pool

    @property
    def now(self) -> float:
        return self.kernel.moment

    @property
    def period(self) -> float:
        return self.kernel.durations.sample_period

    def samples(self, metric: str) -> Sequence[tuple[float, float]]:
        until = self.kernel.moment - self.kernel.durations.sample_delay
        return self.pool.history.samples(metric, begun=self.pool.created, period=self.period, until=until)

    def random(self) -> float:
        digits = 8
        return int(self.kernel.ids.hex(digits), 16) / float(16**digits)


class AutoScaling:
    """The automatic scaling of one world's pools."""

    def __init__(self, kernel: Kernel, allocation: Allocation) -> None:
        self._kernel = kernel
        self._allocation = allocation

    def settings(self, body: Mapping[str, Any]) -> AutoScale | None:
        """What a new pool asks for; 400 for what does not go together. Formulas are parsed, not evaluated."""
        formula, interval = body.get("autoScaleFormula"), body.get("autoScaleEvaluationInterval")
        if not body.get("enableAutoScale"):
            if formula is not None or interval is not None:
                raise _invalid_settings("autoScaleFormula and autoScaleEvaluationInterval need enableAutoScale to be true")
            return None
        if formula is None:
            raise _invalid_settings("autoScaleFormula must be specified when enableAutoScale is true")
        if body.get("targetDedicatedNodes") is not None or body.get("targetLowPriorityNodes") is not None:
            raise _invalid_settings("targetDedicatedNodes and targetLowPriorityNodes must not be specified when enableAutoScale is true")
        _check_formula(formula)
        return AutoScale(formula=formula, interval=_interval(interval))

    def begin(self, account: BatchAccount, pool: Pool, wanted: AutoScale) -> None:
        """Put it in force: the first run comes soon, the others at every interval from now."""
        now = self._kernel.moment
        self._cancel(pool)
        pool.auto_scale = wanted
        first = now + min(self._kernel.durations.autoscale_first, wanted.interval)
        wanted.next = self._appoint(account, pool, wanted, first, now + wanted.interval)

    def enable(self, account: BatchAccount, pool: Pool, body: Mapping[str, Any]) -> None:
        """Enable, or change what is enabled: a new interval begins now."""
        wanted = self.enabling(pool, body)
        pool.auto_scale_requested = self._kernel.moment
        self.begin(account, pool, wanted)

    def enabling(self, pool: Pool, body: Mapping[str, Any]) -> AutoScale:
        """What enabling would put in force; raises what it would be refused with."""
        now, present = self._kernel.moment, pool.auto_scale
        if pool.auto_scale_requested is not None and now - pool.auto_scale_requested < _ENABLE_PAUSE:
            # The status is the one of the service's table of error codes.
            raise ServiceError(503, "TooManyEnableAutoScaleRequests", "Too many Enable Pool AutoScale requests are issued on the pool.")
        formula, interval = body.get("autoScaleFormula"), body.get("autoScaleEvaluationInterval")
        if formula is None and present is None:
            raise _invalid_settings("autoScaleFormula must be specified when automatic scaling is not enabled on the pool")
        if formula is None and interval is None:
            required(body, "autoScaleFormula")
        if formula is not None:
            _check_formula(formula)
        seconds = _interval(interval) if interval is not None or present is None else present.interval
        require_steady(pool)
        kept = present.formula if present is not None else ""
        return AutoScale(formula=formula or kept, interval=seconds, run=present.run if present is not None else None)

    def disable(self, pool: Pool) -> None:
        """Leave the pool at the targets of the last run. Harmless when it is not enabled."""
        self._cancel(pool)
        pool.auto_scale = None

    def evaluate(self, pool: Pool, body: Mapping[str, Any]) -> autoscale.Run:
        """What a formula would come to now; nothing changes. Automatic scaling must be enabled."""
        required(body, "autoScaleFormula")
        if pool.auto_scale is None:
            raise invalid_state("Automatic scaling is not enabled on the pool.")
        _check_formula(body["autoScaleFormula"])
        return self._run(pool, body["autoScaleFormula"])

    def _run(self, pool: Pool, formula: str) -> autoscale.Run:
        present = autoscale.Outputs(dedicated=pool.target.dedicated, low_priority=pool.target.low_priority)
        return autoscale.evaluate(formula, _Readings(self._kernel, pool), present)

    @staticmethod
    def _cancel(pool: Pool) -> None:
        if pool.auto_scale is not None and pool.auto_scale.next is not None:
            pool.auto_scale.next.cancel()

    def _appoint(self, account: BatchAccount, pool: Pool, scale: AutoScale, at: float, following: float) -> Appointment:
        """A run at ``at``, and after it the next one at ``following``."""

        def due(_at: float) -> None:
            if pool.state == "active":
                scale.next = self._appoint(account, pool, scale, following, following + scale.interval)
                self._scale(account, pool, scale)

        return self._kernel.agenda.at(at, due)

    def _scale(self, account: BatchAccount, pool: Pool, scale: AutoScale) -> None:
        """One run: the outcome is remembered, and a steady pool whose targets it does not meet is resized."""
        scale.run = run = self._run(pool, scale.formula)
        target = Size(dedicated=run.outputs.dedicated, low_priority=run.outputs.low_priority)
        if run.error is None and pool.allocation_state == "steady" and target != pool.current():
            # The pool's own time limit has no effect here: azure-batch, BatchPoolCreateOptions.
            self._allocation.resize(account, pool, target, DEFAULT_RESIZE_TIMEOUT, run.outputs.option)
        elif run.error is None and pool.allocation_state == "steady":
            pool.target = target


def _check_formula(formula: str) -> None:
    if len(formula) > _MAX_LENGTH:
        raise ServiceError(400, "AutoScaleFormulaTooLong", "The specified auto-scaling formula exceeds lengths limit.")
    try:
        autoscale.parse(formula)
    except autoscale.SyntaxProblem as problem:
        raise ServiceError(
            400,
            "AutoScalingFormulaSyntaxError",
            "The specified auto-scaling formula has a syntax error.",
            values=(("Message", str(problem)),),
        ) from problem


def _interval(text: str | None) -> int:
    if text is None:
        return _DEFAULT_INTERVAL
    seconds = parse_duration(text)
    low, high = _INTERVAL_BOUNDS
    if seconds is None or not low <= seconds <= high:
        raise invalid_property("autoScaleEvaluationInterval", "The value must be between 5 minutes and 168 hours.", value=text)
    return seconds


def _invalid_settings(reason: str) -> ServiceError:
    return ServiceError(
        400, "InvalidAutoScalingSettings", "The specified auto-scaling settings are not valid.", values=(("Reason", reason),)
    )
