"""How one feed's messages are to be read: the profile's settings, with what the feed itself overrides."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from adapters.adapter import Feed
from adapters.hospital_hl7.triggers import NEVER_DEAD
from integration_engine.mapping.profile import Profile


class SettingsError(ValueError):
    """A profile's settings contradict what every feed may rely on."""


LATE_YEARS = 5
"""How long after the 18th birthday a retraction or rekey may still be about a death in childhood, unless a profile says."""


def _words(*words: str) -> frozenset[str]:
    return frozenset(words)


@dataclass(frozen=True, slots=True)
class ReadingSettings:
    """The facts about a feed that decide what its codes and dates mean. Codes and words are compared in capitals.

    ``died``, ``stillbirth``: PV1-36 codes. ``expired_elsewhere``: codes that mean died in another country's table; where
    nothing else in the message says dead the message is refused for a person, because the feed has the wrong table.
    ``n_is_reliable``: PID-30 = N means alive. ``midnight_is_unknown``: 0000 is a date without a time.
    ``short_date_is_cancel``: a PID-29 of six characters or fewer takes a death back (PIMS).
    ``delete_is_retraction``: ``""`` in PID-29 or PID-30 takes it back, in PV1-36 asks a person; off for feeds that write it
    into every empty field. ``visits_are_corrected``: a visit that was told to have ended in death may be told anew as ended
    alive, or never begun (A11).
    ``late_years``: how long after the 18th birthday a retraction or rekey may still be about a death in childhood.
    ``stated_at``: ``later`` of EVN-2 and MSH-7, ``recorded`` (EVN-2 first) or ``sent`` (MSH-7 first).
    ``died_here``: events of a visit that say the patient died where the visit was.
    """

    died: frozenset[str] = _words("4")
    stillbirth: frozenset[str] = _words("5")
    expired_elsewhere: frozenset[str] = _words("20", "40", "41", "42")
    death_words: frozenset[str] = _words("DEAD", "DIED", "DECEASED")
    dead_indicators: frozenset[str] = _words("Y", "YES", "1", "T", "TRUE", "D", "DEAD", "DIED", "DECEASED")
    alive_indicators: frozenset[str] = _words("N", "NO", "0", "F", "FALSE", "A", "ALIVE")
    unknown_indicators: frozenset[str] = _words("U", "UNK", "UNKNOWN", "NK")
    n_is_reliable: bool = False
    midnight_is_unknown: bool = True
    short_date_is_cancel: bool = False
    delete_is_retraction: bool = True
    visits_are_corrected: bool = False
    late_years: int = LATE_YEARS
    stated_at: str = "later"
    died_here: frozenset[str] = _words("A01", "A02", "A03", "A04", "A06", "A07")
    death_date: tuple[str, ...] = ("PID-29",)
    death_indicator: tuple[str, ...] = ("PID-30",)
    disposition: tuple[str, ...] = ("PV1-36",)
    local_ref: tuple[str, ...] = ("PID-3[5=PI]", "PID-3[5=MR]", "PID-3[5=PAS]", "PID-3[5=]", "PID-18")
    mothers_number_types: frozenset[str] = _words("MTH", "MOTHER", "MUM")
    mother_codes: frozenset[str] = _words("MTH", "MOTHER", "MUM", "NATURAL MOTHER", "BIRTH MOTHER")
    nhs_number_types: frozenset[str] = _words("NH", "NI", "HN", "NHS", "NHSNMBR", "NHSNBR", "NHSN")
    nhs_number_authorities: frozenset[str] = _words("NHS", "NHSNBR", "NHSNMBR", "NHSNO", "2.16.840.1.113883.2.1.4.1")
    paediatric_specialties: frozenset[str] = field(default_factory=frozenset)
    paediatric_words: frozenset[str] = field(default_factory=frozenset)
    parent_codes: frozenset[str] = _words("MTH", "FTH", "PAR", "MOTHER", "FATHER", "PARENT")

    @property
    def plain_places(self) -> bool:
        """Whether death stands nowhere but in PID-29, PID-30 and PV1-36."""
        return (self.death_date, self.death_indicator, self.disposition) == (("PID-29",), ("PID-30",), ("PV1-36",))


_DEFAULTS = ReadingSettings()
_KNOWN = {one.name: type(getattr(_DEFAULTS, one.name)) for one in fields(ReadingSettings)}
# A place where the screen would not look may not hold a death: only its own fields and Z segments, which it never skips.
_STANDARD_PLACES = frozenset(("PID-29", "PID-30", "PV1-36"))

_cache: dict[int, tuple[Profile, dict[tuple[bool | None, bool | None], ReadingSettings]]] = {}


def settings_of(profile: Profile, feed: Feed | None) -> ReadingSettings:
    """The settings of a profile under a feed. Raises SettingsError."""
    held = _cache.get(id(profile))
    if held is None or held[0] is not profile:
        if len(_cache) > 64:
            _cache.clear()
        held = _cache[id(profile)] = (profile, {})
    overrides = (feed.n_is_reliable, feed.midnight_is_unknown) if feed else (None, None)
    if overrides not in held[1]:
        held[1][overrides] = _built(profile.settings, *overrides)
    return held[1][overrides]


def _built(stated: Mapping[str, Any], n_is_reliable: bool | None, midnight_is_unknown: bool | None) -> ReadingSettings:
    values: dict[str, Any] = {}
    for name, value in stated.items():
        kind = _KNOWN.get(name)
        if kind is frozenset:
            values[name] = frozenset(str(one).upper() for one in value)
        elif kind is tuple:
            values[name] = tuple(str(one) for one in value)
        elif kind is not None:
            values[name] = kind(value)
    if n_is_reliable is not None:
        values["n_is_reliable"] = n_is_reliable
    if midnight_is_unknown is not None:
        values["midnight_is_unknown"] = midnight_is_unknown
    settings = ReadingSettings(**values)
    if NEVER_DEAD & (settings.died | settings.stillbirth):
        raise SettingsError(
            "a profile may not call PV1-36 1, 2 or 3 a death: they are living discharges in every table"
        )
    for place in settings.death_date + settings.death_indicator + settings.disposition:
        if place not in _STANDARD_PLACES and not place.startswith("Z"):
            raise SettingsError(
                "death may stand in PID-29, PID-30, PV1-36 or a Z segment: the screen looks nowhere else"
            )
    if settings.stated_at not in ("later", "recorded", "sent"):
        raise SettingsError("stated_at is one of later, recorded, sent")
    return settings
