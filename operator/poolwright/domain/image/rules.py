"""How a CustomImage is brought to its declared state.

Read ``BUILT`` and ``IN_PLACE`` from top to bottom: the first rule with an answer decides. A rule answers with a decision, or asks for a
fact it needs; so a converged image costs one listing of its definition and nothing else. Each pass does at most one mutation.
"""

from __future__ import annotations

from dataclasses import replace

from poolwright.domain import reasons
from poolwright.domain.image import deletion, in_place, replication
from poolwright.domain.image.candidates import by_digest, highest_usable, taken
from poolwright.domain.image.naming import next_version
from poolwright.domain.image.observed import Fact, Intent, State, VersionView
from poolwright.domain.image.situation import (
    Answer,
    CreateDefinition,
    CreateGallery,
    ImageDecision,
    ImageRule,
    ImageSituation,
    PutVersion,
    do,
    say,
)
from poolwright.domain.image.spec import VersionSource
from poolwright.domain.image.stages import checked, published, source_problem
from poolwright.domain.outcomes import UNSEEN, Decision, Look, Verdict
from poolwright.domain.ownership import owner

# The same PUT again, at most this often: the troubleshooting guide's advice for failed replication (azure.md section 8).
MAX_ATTEMPTS = 3


def made_already(s: ImageSituation) -> Answer:
    """A version with our mark and the digest of the present source is what we want, whoever asked for it and when."""
    if s.facts.versions is UNSEEN:
        return Look(frozenset({Fact.VERSIONS}))
    version = highest_usable(by_digest(s))
    return None if version is None else replication.follow(s, version)


def being_made(s: ImageSituation) -> Answer:
    """While Azure makes the version we only look; a finished region is usable before the others are."""
    version = next((v for v in by_digest(s) if v.state is State.CREATING), None)
    return None if version is None else replication.follow(s, version)


def copied_in_part(s: ImageSituation) -> Answer:
    """A version that failed after a region was done is not made again: only its copies are, and the source is not needed for that."""
    version = next((v for v in by_digest(s) if v.state is State.FAILED), None)
    if version is None:
        return None
    seen = s.facts.progress
    if seen is UNSEEN:
        return Look(frozenset({Fact.PROGRESS}))
    if seen is None or seen.name != version.name or not any(region.completed for region in seen.replication or ()):
        return None
    return replication.follow(s, version)


def number_taken(s: ImageSituation) -> Answer:
    """A fixed number that holds another source is never overwritten."""
    if s.spec.version is None or not taken(s, s.spec.version):
        return None
    message = f"Version {s.spec.version} of {s.home.definition.name} exists with another source. Set another spec.version, or leave it out."
    return say(s, reasons.VERSION_TAKEN, message, stages=published("False", reasons.VERSION_TAKEN, message))


def source_not_ready(s: ImageSituation) -> Answer:
    """Every rule of the source is checked before anything is made, so that a mistake costs nothing."""
    if s.facts.source is UNSEEN:
        return Look(frozenset({Fact.SOURCE}))
    if s.facts.source.problem is None:
        return None
    reason, message = reasons.CATALOGUE[s.facts.source.problem], s.facts.source.detail
    return say(s, reason, message, stages=source_problem(reason, message))


def gallery_missing(s: ImageSituation) -> Answer:
    """The gallery is created where it is missing; it is never changed and never deleted."""
    gallery = s.facts.gallery
    if gallery is UNSEEN:
        return Look(frozenset({Fact.GALLERY}))
    name = s.home.gallery.name
    if gallery is None:
        action = CreateGallery(gallery=s.home.gallery, location=s.home.location)
        return do(s, action, reasons.CREATING_GALLERY, f"Creating gallery {name} in {s.home.location}.", stages=checked(s))
    return _not_ready(s, gallery.state, f"Gallery {name}", reasons.CREATING_GALLERY)


def definition_missing(s: ImageSituation) -> Answer:
    """The definition belongs to one CustomImage; a second one, or a stranger's, is left alone."""
    definition = s.facts.definition
    if definition is UNSEEN:
        return Look(frozenset({Fact.DEFINITION}))
    name = s.home.definition.name
    if definition is None:
        action = CreateDefinition(home=s.home)
        return do(s, action, reasons.CREATING_DEFINITION, f"Creating image definition {name}.", stages=checked(s))
    if not s.mark.on(definition.tags):
        other = owner(definition.tags)
        whose = f"belongs to the CustomImage {other}" if other else "was not made by Poolwright"
        return say(s, reasons.NOT_OWNED, f"Image definition {name} {whose}. Choose another spec.gallery.definition.", stages=checked(s))
    if definition.os != s.home.os:
        message = (
            f"Image definition {name} is {_words(definition.os)}, declared is {_words(s.home.os)}. Use another spec.gallery.definition."
        )
        return say(s, reasons.DEFINITION_MISMATCH, message, stages=checked(s))
    return _not_ready(s, definition.state, f"Image definition {name}", reasons.CREATING_DEFINITION)


def failed_before(s: ImageSituation) -> Answer:
    """A version that failed is made again under its own number, three times at most."""
    version = next((v for v in by_digest(s) if v.state is State.FAILED), None)
    if version is None:
        return None
    attempts = s.memo.intent.attempts if s.memo.intent and s.memo.intent.version == version.name else 0
    if attempts >= MAX_ATTEMPTS:
        message = (
            f"Version {version.name} failed {MAX_ATTEMPTS} times. Check the source, then change spec.source.revision to build it again."
        )
        return say(s, reasons.PUBLISH_FAILED, message, stages=(*checked(s), *published("False", reasons.PUBLISH_FAILED, message)))
    memo = replace(s.memo, intent=Intent(version=version.name, digest=s.spec.digest, attempts=attempts + 1))
    action = PutVersion(spec=s.spec, home=s.home, version=version.name, digest=s.spec.digest)
    return do(s, action, reasons.PUBLISHING, f"Version {version.name} failed; making it again.", stages=checked(s), memo=memo)


def number_not_chosen(s: ImageSituation) -> Answer:
    """The number is an intent: stored first, acted on by a later pass that read it back, so that no crash makes two versions."""
    intent = s.memo.intent
    if intent is not None and intent.digest == s.spec.digest and s.spec.version in {None, intent.version}:
        return None
    return _choose(s, s.spec.version or next_version(_names(s)))


def publish(s: ImageSituation) -> Answer:
    """PUT under the stored number, once a direct read proves that nothing is there."""
    intent = s.memo.intent
    if intent is None:
        raise AssertionError("number_not_chosen answers first")
    target = s.facts.target
    if target is UNSEEN:
        return Look(frozenset({Fact.TARGET}))
    if target is None:
        action = PutVersion(spec=s.spec, home=s.home, version=intent.version, digest=s.spec.digest)
        return do(s, action, reasons.PUBLISHING, f"Making version {intent.version} from the source.", stages=checked(s))
    return _found(s, target)


def _found(s: ImageSituation, target: VersionView) -> Answer:
    """The listing had not shown it yet: ours, then it is the one; anything else has taken the number."""
    if s.mark.on(target.tags) and target.digest == s.spec.digest:
        return replication.follow(s, target)
    if s.spec.version is not None:
        message = f"Version {s.spec.version} exists with another source. Set another spec.version, or leave it out."
        return say(s, reasons.VERSION_TAKEN, message, stages=(*checked(s), *published("False", reasons.VERSION_TAKEN, message)))
    return _choose(s, next_version([*_names(s), target.name]))


def _choose(s: ImageSituation, version: str) -> ImageDecision:
    memo = replace(s.memo, intent=Intent(version=version, digest=s.spec.digest))
    verdict = Verdict(reasons.PUBLISHING, f"Version {version} is next.")
    return Decision(verdict=verdict, memo=memo, stages=checked(s), again_after=0.0, intent=True)


def _not_ready(s: ImageSituation, state: str, what: str, reason: reasons.Reason) -> Answer:
    if state == "Succeeded":
        return None
    if state == "Failed":
        return say(s, reasons.GALLERY_FAILED, f"{what} is in state Failed. Repair or delete it in Azure.", stages=checked(s))
    return say(s, reason, f"{what} is in state {state}.", stages=checked(s))


def _names(s: ImageSituation) -> list[str]:
    return [version.name for version in s.facts.versions or ()] if s.facts.versions is not UNSEEN else []


def _words(system: object) -> str:
    return ", ".join(str(getattr(system, name)) for name in ("type", "hyper_v_generation", "architecture", "security_type"))


BUILT: tuple[ImageRule, ...] = (
    made_already,
    being_made,
    copied_in_part,
    number_taken,
    source_not_ready,
    gallery_missing,
    definition_missing,
    # from here on the definition is ours and ready
    failed_before,
    number_not_chosen,
    publish,
)


def decide(s: ImageSituation) -> ImageDecision | Look[Fact]:
    """The first rule that answers."""
    for rule in rules_for(s):
        if (answer := rule(s)) is not None:
            return _hands_off(s, answer)
    raise AssertionError("the last rule always answers")


def rules_for(s: ImageSituation) -> tuple[ImageRule, ...]:
    """The list that applies, in order."""
    if s.deleting:
        return deletion.RULES
    return in_place.RULES if isinstance(s.spec.source, VersionSource) else BUILT


def _hands_off(s: ImageSituation, answer: ImageDecision | Look[Fact]) -> ImageDecision | Look[Fact]:
    """Suspended means observed only: what would be done is said instead."""
    if isinstance(answer, Look) or not s.spec.suspended or s.deleting or (answer.action is None and not answer.intent):
        return answer
    message = f"Suspended; otherwise: {answer.verdict.message} Set spec.suspend to false to go on."
    verdict = Verdict(reasons.SUSPENDED, message)
    return replace(answer, verdict=verdict, action=None, memo=s.memo, intent=False, reread=False, again_after=s.pace.calm)
