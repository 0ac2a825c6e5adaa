"""Births that no child death review is for: an attended stillbirth or late fetal loss, a birth after a lawful termination.

A statement of one opens no case. It matters only where it may belong to a case that another message opened, so it carries no
more than tells whose it is and how the baby was born, and nothing of it stays where it ends no case. A false closure is a
child whose death nobody reviews: what the sources say of the birth is therefore weighed source by source, and in doubt a
person decides.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from integration_engine.record.notice import DeathNotice, Outside
from integration_engine.record.standing import NATIONAL, in_its_own_order, said_at, source_of

STILLBIRTH: Outside = "scope.stillbirth"
TERMINATION: Outside = "scope.termination"

LATE_LOSS_BEFORE_DAYS = 24 * 7
"""Born without signs of life before 24 weeks is a late fetal loss (Still-Birth (Definition) Act 1992), whoever attended."""

# What links it with a case and says how the baby was born; nothing else of such a birth is ours to hold.
_NEEDED = (
    *(f"child.{name}" for name in ("nhs_number", "nhs_number_status", "other_identifiers", "restricted", "sex")),
    *(f"child.{name}" for name in ("family_name", "given_names", "known_as", "name_is_placeholder", "mother")),
    *(f"child.{name}" for name in ("birth_date", "birth_time", "age_at_death", "addresses", "multiple_birth")),
    *(f"child.{name}" for name in ("gestation_days", "birth_weight_g")),
    *(f"death.{name}" for name in ("died_at", "died_at_basis", "found_at", "place", "live_birth", "signs_of_life")),
    *(f"death.{name}" for name in ("termination", "professional_attending_birth", "suspected_stillbirth_at_home")),
    *("death.event.reference", "police.force", "police.report_id", "police.person_id"),
)

BirthWord = Literal["live", "unattended", "stillborn", "disputed"]


def outside(notice: DeathNotice) -> Outside | None:
    """The rule of scope that leaves this birth out by its own sender's word; None for any other notice."""
    if notice.outside is None and notice.death.termination and notice.intent == "report":
        return TERMINATION
    return notice.outside


def counts_only_against_a_death(notice: DeathNotice) -> bool:
    """Whether such a notice is held only where a death is held that it speaks against: what many a message says of the
    living, and of births that aren't reviewed. That it is held tells that the child is known, which its sender may not learn.
    """
    return outside(notice) is not None or bool(notice.retraction and notice.retraction.routine)


def concludes_stillbirth(notice: DeathNotice) -> bool:
    """Whether this is a coroner's word that the baby was stillborn."""
    return bool(notice.intent == "report" and notice.coroner and "stillbirth" in notice.coroner.conclusions)


def may_end(notice: DeathNotice) -> bool:
    """Whether a case is none after this, if it is about its child."""
    return outside(notice) is not None or concludes_stillbirth(notice)


def needed(values: Mapping[str, Any]) -> dict[str, Any]:
    """Of mapped values, by canonical path, those that such a notice may hold."""
    return {path: value for path, value in values.items() if any(_within(path, kept) for kept in _NEEDED)}


def _within(path: str, kept: str) -> bool:
    return path == kept or path.startswith(f"{kept}.")


def coroners_stillbirth(notices: Iterable[DeathNotice]) -> bool | None:
    """Whether a coroner concluded that the baby was stillborn, by each one's last conclusion. None: nobody concluded."""
    told = [n for n in notices if n.intent == "report" and n.coroner and n.coroner.conclusions]
    last = [voice[-1] for voice in _by_source(told)]
    return any(concludes_stillbirth(notice) for notice in last) if last else None


def birth_word(notices: Iterable[DeathNotice]) -> BirthWord:
    """What all sources together say of a birth of which at least one says that it isn't reviewed.

    ``live``: somebody's last word is that the baby lived. ``unattended``: stillborn, with nobody there. ``stillborn``: every
    source that still tells of this death says so. ``disputed``: another source told a child's death and says nothing of the
    birth, or only an indirect message speaks of a stillbirth. Within one source its last word on each matter stands, and
    silence is no word.
    """
    told = [n for n in notices if n.intent == "report"]
    words = {source_of(voice[0]): (_word(voice), voice) for voice in _by_source(told)}
    found = {word for word, _ in words.values()}
    if "live" in found:
        return "live"
    if "unattended" in found:
        return "unattended"
    doubts = any(word is None and _stands(name, voice) for name, (word, voice) in words.items())
    direct = any(word == "stillborn" and not all(n.source.indirect for n in voice) for word, voice in words.values())
    return "disputed" if doubts or not direct else "stillborn"


def _by_source(told: Iterable[DeathNotice]) -> list[tuple[DeathNotice, ...]]:
    voices: defaultdict[str, list[DeathNotice]] = defaultdict(list)
    for notice in told:
        voices[source_of(notice)].append(notice)
    return [in_its_own_order(voice) for _, voice in sorted(voices.items())]


def _word(voice: Sequence[DeathNotice]) -> Literal["live", "unattended", "stillborn"] | None:
    """One source's last word on the birth, None where it never spoke of it."""
    spoken = [n for n in voice if _lived(n) is not None]
    if not spoken:
        return None
    moment = said_at(spoken[-1])[:2]
    # Of two things said at once nobody can tell the later: the one that loses nobody counts.
    if any(_lived(n) for n in spoken if said_at(n)[:2] == moment):
        return "live"
    attended = [n for n in voice if _attended(n) is not None]
    born = next((n.child.gestation_days for n in reversed(voice) if n.child.gestation_days is not None), None)
    late_loss = born is not None and born < LATE_LOSS_BEFORE_DAYS
    if attended and not late_loss:
        moment = said_at(attended[-1])[:2]
        together = [n for n in attended if said_at(n)[:2] == moment]
        return "stillborn" if all(_attended(n) for n in together) else "unattended"
    return "stillborn" if spoken[-1].outside == STILLBIRTH or late_loss else "unattended"


def _lived(notice: DeathNotice) -> bool | None:
    """Whether the baby was born alive, by this notice alone. A sign of life is a live birth, whatever the code beside it."""
    death = notice.death
    if death.live_birth == "yes" or death.signs_of_life:
        return True
    if death.live_birth == "no" or (death.live_birth is None and death.signs_of_life is False):
        return False
    return False if notice.outside == STILLBIRTH or concludes_stillbirth(notice) else None


def _attended(notice: DeathNotice) -> bool | None:
    if notice.death.suspected_stillbirth_at_home or notice.death.professional_attending_birth == "no":
        return False
    return True if notice.death.professional_attending_birth == "yes" else None


def _stands(name: str, voice: Sequence[DeathNotice]) -> bool:
    """Whether a source that says nothing of the birth still tells a child's death. The national record's informal status
    only repeats what a trust told it; a death is registered formally of no stillborn baby."""
    if name == NATIONAL:
        return any(n.death.status == "formal" for n in voice)
    return not all(n.source.indirect for n in voice)
