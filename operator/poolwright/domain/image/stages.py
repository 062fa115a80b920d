"""The stage conditions of an image: where between source and regions it stands."""

from __future__ import annotations

from poolwright.domain import reasons
from poolwright.domain.conditions import Condition
from poolwright.domain.image.situation import ImageSituation
from poolwright.domain.outcomes import UNSEEN
from poolwright.domain.reasons import Reason

Stages = tuple[Condition, ...]


def source_problem(reason: Reason, message: str) -> Stages:
    """The source breaks a rule."""
    return (Condition(reasons.SOURCE_READY, "False", reason.name, message),)


def checked(s: ImageSituation) -> Stages:
    """The source was looked at in this pass and keeps every rule; nothing is said when it was not looked at."""
    if s.facts.source is UNSEEN:
        return ()
    return (Condition(reasons.SOURCE_READY, "True", reasons.CHECKED.name, s.facts.source.warning or "The source keeps every rule."),)


def needless() -> Stages:
    """A version of this source exists, so the source is not needed any more and may be gone."""
    return (Condition(reasons.SOURCE_READY, "True", reasons.ALREADY_PUBLISHED.name, "A version made from exactly this source exists."),)


def published(status: str, reason: Reason, message: str) -> Stages:
    """Whether the version exists."""
    return (Condition(reasons.PUBLISHED, status, reason.name, message),)


def replicated(status: str, reason: Reason, message: str) -> Stages:
    """Whether every declared region has it."""
    return (Condition(reasons.REPLICATED, status, reason.name, message),)
