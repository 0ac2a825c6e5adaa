"""A profile: how common everything is in a stream, read from ``profiles.yaml``."""

from dataclasses import dataclass, fields, replace
from typing import Any

from benchmarks.linkage_stream.wordlists import read

KINDS = (
    "single", "multiple", "multiple_one", "siblings_incident", "siblings_apart", "namesake_sibling", "homonym",
    "same_ward",
    "cousins", "one_event", "adopted",
)  # fmt: skip
_HIGHEST = 0.9  # no mistake is made always


class UnknownProfile(Exception):
    """No profile of that name, or one that sets something there isn't."""


@dataclass(frozen=True, slots=True)
class Profile:
    """Shares are between 0 and 1. ``mistakes`` holds rates for hospitals, police and coroners, noise not yet applied."""

    deaths_a_year: float
    noise: float
    name_groups: dict[str, float]
    kinds: dict[str, float]
    newborn: float
    infant: float
    twins_alike: float
    twins_same_day: float
    twins_unnamed: float
    stillborn_told: float
    one_reference: float
    homonyms_in_one_area: float
    number_changed: float
    without_number: float
    registered_new_year: float
    unnamed: float
    named_later: float
    notices: dict[int, float]
    retracts: float
    mistakes: dict[str, tuple[float, float, float]]

    def rates(self, partner: int) -> dict[str, float]:
        """Rate of every mistake for a partner: 0 hospital, 1 police, 2 coroner."""
        return {name: min(_HIGHEST, rate[partner] * self.noise) for name, rate in self.mistakes.items()}


def names() -> list[str]:
    return list(read("profiles.yaml"))


def profile(name: str, **changes: Any) -> Profile:
    """The profile ``name``, with ``changes`` to its fields.

    Raises:
        UnknownProfile: no such profile or field.
    """
    everything = read("profiles.yaml")
    if name not in everything:
        raise UnknownProfile(f"no profile {name}; there are {', '.join(everything)}")
    told = {**everything["ordinary"], **everything[name]}
    if strange := set(told) - {field.name for field in fields(Profile)}:
        raise UnknownProfile(f"{name} sets {', '.join(sorted(strange))}, which no profile has")
    told["kinds"] = {kind: told["kinds"].get(kind, everything["ordinary"]["kinds"][kind]) for kind in KINDS}
    told["mistakes"] = {**everything["ordinary"]["mistakes"], **told["mistakes"]}
    told["mistakes"] = {key: tuple(rates) for key, rates in told["mistakes"].items()}
    return replace(Profile(**told), **changes)
