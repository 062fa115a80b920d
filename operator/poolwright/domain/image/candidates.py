"""Which of the listed versions were made from the present source."""

from __future__ import annotations

from collections.abc import Iterable

from poolwright.domain.image.naming import order
from poolwright.domain.image.observed import State, VersionView
from poolwright.domain.image.situation import ImageSituation
from poolwright.domain.outcomes import UNSEEN


def listed(s: ImageSituation) -> tuple[VersionView, ...]:
    """The versions of the definition; none when it does not exist or was not looked at."""
    return () if s.facts.versions is UNSEEN or s.facts.versions is None else s.facts.versions


def by_digest(s: ImageSituation) -> list[VersionView]:
    """Ours, with the digest of the present source (and the fixed number, if one is declared), highest number first."""
    fixed = s.spec.version
    mine = [v for v in listed(s) if s.mark.on(v.tags) and v.digest == s.spec.digest and fixed in {None, v.name}]
    return sorted(mine, key=lambda version: order(version.name), reverse=True)


def highest_usable(versions: Iterable[VersionView]) -> VersionView | None:
    """The first whose creation has succeeded; an update of its regions does not take that back."""
    return next((v for v in versions if v.state in {State.SUCCEEDED, State.UPDATING}), None)


def taken(s: ImageSituation, number: str) -> bool:
    """Whether a number is held by a version that was not made from the present source by us."""
    return any(v.name == number and not (s.mark.on(v.tags) and v.digest == s.spec.digest) for v in listed(s))
