"""How a CustomImage goes: never while a pool names it, and never further than the user said."""

from __future__ import annotations

from poolwright.domain import reasons, resource_id
from poolwright.domain.image.candidates import listed
from poolwright.domain.image.naming import order
from poolwright.domain.image.observed import Fact, State, VersionView
from poolwright.domain.image.situation import Answer, DeleteDefinition, DeleteVersion, ImageRule, ImageSituation, Release, do, say
from poolwright.domain.outcomes import UNSEEN, Look

# Enough to find the team to talk to; the full list is one `kubectl get bpool -A` away.
NAMED_USERS = 3


def in_use(s: ImageSituation) -> Answer:
    """Deleting an image under a pool makes its next growth fail, so deletion waits for the pools."""
    if not s.users:
        return None
    more = f" and {len(s.users) - NAMED_USERS} more" if len(s.users) > NAMED_USERS else ""
    message = f"Used by {', '.join(s.users[:NAMED_USERS])}{more}. Delete these BatchPools or point them at another image."
    return say(s, reasons.IN_USE, message)


def nothing_to_delete(s: ImageSituation) -> Answer:
    """Retain is the default, suspended acts as Retain, and a version used in place is not ours."""
    if s.spec.delete and not s.spec.suspended and s.spec.home is not None:
        return None
    return do(s, Release(), reasons.DELETING, "Everything in Azure stays as it is.")


def definition_gone(s: ImageSituation) -> Answer:
    """Proven by a direct read; so is whose it is."""
    definition = s.facts.definition
    if definition is UNSEEN:
        return Look(frozenset({Fact.DEFINITION}))
    if definition is None:
        return do(s, Release(), reasons.DELETING, "Nothing is left in Azure.")
    if not s.mark.on(definition.tags):
        return do(s, Release(), reasons.DELETING, "The image definition belongs to somebody else and stays.")
    if definition.state == "Deleting":
        return say(s, reasons.DELETING, f"Image definition {s.home.definition.name} is being deleted.")
    return None


def versions_left(s: ImageSituation) -> Answer:
    """Our versions go one by one, newest first; those of others stay, and with them the definition.

    Each is read directly before it is deleted: a listing that is behind would have it deleted again and again.
    """
    if s.facts.versions is UNSEEN:
        return Look(frozenset({Fact.VERSIONS}))
    if (version := next_to_go(s)) is None:
        return do(s, Release(), reasons.DELETING, "The image definition holds versions of others and stays.") if listed(s) else None
    seen, left = s.facts.progress, f"{len(_ours(s))} left"
    if seen is UNSEEN:
        return Look(frozenset({Fact.PROGRESS}))
    if seen is None or seen.state is State.DELETING:
        return say(s, reasons.DELETING, f"Version {version.name} is being deleted; {left}.")
    return do(s, DeleteVersion(version=resource_id.parse(version.id)), reasons.DELETING, f"Deleting version {version.name}; {left}.")


def next_to_go(s: ImageSituation) -> VersionView | None:
    """The version a deletion is about: the newest of ours that is listed."""
    return next(iter(_ours(s)), None)


def _ours(s: ImageSituation) -> list[VersionView]:
    return sorted((v for v in listed(s) if s.mark.on(v.tags)), key=lambda v: order(v.name), reverse=True)


def definition_left(s: ImageSituation) -> Answer:
    """The empty definition goes last; Azure refuses as long as a version is left, so a listing that is behind does no harm."""
    return do(s, DeleteDefinition(definition=s.home.definition), reasons.DELETING, f"Deleting image definition {s.home.definition.name}.")


RULES: tuple[ImageRule, ...] = (in_use, nothing_to_delete, definition_gone, versions_left, definition_left)
