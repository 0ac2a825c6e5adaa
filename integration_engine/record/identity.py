"""What a rekey does to the notices it touches: numbers replaced or invalidated, and an earlier identity kept out of sight.

Linkage decides which notices are one child's. Once it has, the record is under the current identity only: an old number
is a former identifier, an invalidated one is nobody's, and where an adoption lies between two identities nothing of the
earlier one is left in what anybody sees.
"""

from collections import Counter
from collections.abc import Iterable, Sequence

from integration_engine.record.account import Child, Identifier
from integration_engine.record.notice import DeathNotice, Rekey

FORMER = "former-nhs-number"
INVALIDATED = "nhs-number-invalidated"

# What would tell who the child was before: everything but the facts of the body.
_IDENTITY = (
    "nhs_number",
    "nhs_number_status",
    "nhs_number_absent_reason",
    "other_identifiers",
    "family_name",
    "given_names",
    "known_as",
    "former_names",
    "name_is_placeholder",
    "addresses",
    "gp_practice",
    "school",
    "mother",
    "carers",
    "siblings",
    "looked_after",
)


def invalidated_numbers(rekeys: Iterable[Rekey]) -> frozenset[str]:
    """NHS numbers the national record says are nobody's any more."""
    return frozenset(r.old_nhs_number for r in rekeys if r.kind == "invalidated" and r.old_nhs_number)


def replaced_numbers(rekeys: Iterable[Rekey]) -> dict[str, str]:
    """Old NHS number to the number that stands in its place now, through any chain of replacements. One that is said to be
    replaced by two stays what it was: nobody knows by which."""
    pairs = {(r.old_nhs_number, r.new_nhs_number) for r in rekeys if r.old_nhs_number and r.new_nhs_number}
    said = Counter(old for old, _ in pairs)
    step = {old: new for old, new in sorted(pairs) if said[old] == 1}
    ends: dict[str, str] = {}
    for old in step:
        here, seen = old, {old}
        while here in step and step[here] not in seen:
            here = step[here]
            seen.add(here)
        if here != old:
            ends[old] = here
    return ends


def under_current_identity(
    notices: Sequence[DeathNotice], rekeys: Sequence[Rekey], *, adoption: bool
) -> tuple[DeathNotice, ...]:
    """The notices as they read after the rekeys. With ``adoption`` the earlier identity is left out whole."""
    if not rekeys:
        return tuple(notices)
    replaced, invalid = replaced_numbers(rekeys), invalidated_numbers(rekeys)
    if not replaced and not invalid:
        return tuple(notices)
    return tuple(_rekeyed(notice, replaced, invalid, adoption) for notice in notices)


def without_identity(notice: DeathNotice) -> DeathNotice:
    """The notice without anything that tells who the child was: what is left is about the death."""
    child = notice.child.model_copy(update={name: Child.model_fields[name].get_default() for name in _IDENTITY})
    provenance = {
        path: where
        for path, where in notice.provenance.items()
        if not path.startswith("child.") or path.split(".")[1] not in _IDENTITY
    }
    return notice.model_copy(update={"child": child, "provenance": provenance})


def _rekeyed(notice: DeathNotice, replaced: dict[str, str], invalid: frozenset[str], adoption: bool) -> DeathNotice:
    number = notice.child.nhs_number
    if number is None or (number not in replaced and number not in invalid):
        return notice
    if adoption:
        return without_identity(notice)
    former = Identifier(value=number, type=INVALIDATED if number in invalid else FORMER)
    child = notice.child.model_copy(
        update={
            "nhs_number": replaced.get(number),
            "nhs_number_status": None if number in invalid else notice.child.nhs_number_status,
            "other_identifiers": (*notice.child.other_identifiers, former),
        }
    )
    return notice.model_copy(update={"child": child})
