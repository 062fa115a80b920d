"""Leases on blobs and containers. State by the clock, nothing to be woken: "Lease Blob", tables of outcomes by lease state."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from azuresim.core.blob_errors import bad_header, refusal
from azuresim.core.errors import ServiceError

State = Literal["available", "leased", "expired", "breaking", "broken"]
INFINITE = -1
_SHORTEST, _LONGEST = 15, 60
_LONGEST_BREAK = 60


@dataclass(slots=True, kw_only=True)
class Lease:
    """One blob's or container's lease. ``duration`` in seconds, or INFINITE."""

    subject: Literal["blob", "container"]
    id: str | None = None
    duration: int = INFINITE
    _expires: float = math.inf
    _breaks: float | None = None

    def state(self, now: float) -> State:
        """As the service shows it."""
        if self.id is None:
            return "available"
        if self._breaks is not None:
            return "breaking" if now < self._breaks else "broken"
        return "leased" if now < self._expires else "expired"

    def locks(self, now: float) -> bool:
        """Whether writers need the lease's id."""
        return self.state(now) in {"leased", "breaking"}

    def acquire(self, now: float, *, proposed: str | None, duration: int, fresh: str) -> str:
        """Take it, or take it again under the same id; the id. ``fresh`` is used when none is proposed."""
        if duration != INFINITE and not _SHORTEST <= duration <= _LONGEST:
            raise bad_header("x-ms-lease-duration", str(duration))
        state = self.state(now)
        if state == "breaking" and proposed == self.id:
            raise refusal("LeaseIsBreakingAndCannotBeAcquired")
        if state == "breaking" or (state == "leased" and proposed != self.id):
            raise refusal("LeaseAlreadyPresent")
        self.id = proposed or fresh
        self.duration = duration
        self._start(now)
        return self.id

    def renew(self, now: float, given: str) -> None:
        """Begin its time anew; possible after it expired as long as nobody wrote."""
        self._require(given)
        if self.state(now) in {"breaking", "broken"}:
            raise refusal("LeaseIsBrokenAndCannotBeRenewed")
        self._start(now)

    def change(self, now: float, given: str, proposed: str) -> None:
        """Another id; asking twice is no error."""
        state = self.state(now)
        if state in {"available", "expired", "broken"}:
            raise refusal("LeaseNotPresentWithLeaseOperation", f"There is currently no lease on the {self.subject}.")
        if self.id not in {given, proposed}:
            raise self._mismatch()
        if state == "breaking":
            raise refusal("LeaseIsBreakingAndCannotBeChanged")
        self.id = proposed

    def release(self, given: str) -> None:
        """Give it up at once."""
        self._require(given)
        self.clear()

    def end(self, now: float, period: int | None) -> int:
        """Break it: the seconds until it is broken. ``period`` can only shorten what is left; None: the rest of a fixed lease."""
        state = self.state(now)
        if state == "available":
            raise refusal("LeaseNotPresentWithLeaseOperation", f"There is currently no lease on the {self.subject}.")
        if period is not None and not 0 <= period <= _LONGEST_BREAK:
            raise bad_header("x-ms-lease-break-period", str(period))
        if state in {"expired", "broken"}:
            self._breaks = now
            return 0
        rest = (self._expires if self._breaks is None else self._breaks) - now
        wait = period if rest == math.inf else rest if period is None else min(rest, period)
        self._breaks = now + (wait or 0)
        return math.ceil(wait or 0)

    def admit(self, now: float, given: str | None, *, writes: bool) -> None:
        """412 when a request may not touch what is leased. A write without an id ends a lease that is over."""
        state = self.state(now)
        name = "Blob" if self.subject == "blob" else "Container"
        if given is None:
            if not writes:
                return
            if self.locks(now):
                raise refusal(
                    "LeaseIdMissing", f"There is currently a lease on the {self.subject} and no lease ID was specified in the request."
                )
            self.clear()
        elif state in {"available", "broken"}:
            raise refusal(f"LeaseNotPresentWith{name}Operation")
        elif given.lower() != self.id:
            raise refusal(f"LeaseIdMismatchWith{name}Operation")
        elif state == "expired":
            raise refusal("LeaseLost", f"A lease ID was specified, but the lease for the {self.subject} has expired.")

    def clear(self) -> None:
        """No lease."""
        self.id, self.duration, self._expires, self._breaks = None, INFINITE, math.inf, None

    def _start(self, now: float) -> None:
        self._breaks = None
        self._expires = math.inf if self.duration == INFINITE else now + self.duration

    def _require(self, given: str) -> None:
        if self.id is None or given != self.id:
            raise self._mismatch()

    def _mismatch(self) -> ServiceError:
        return refusal("LeaseIdMismatchWithLeaseOperation", f"The lease ID specified did not match the lease ID for the {self.subject}.")
