"""How one feed's FHIR is to be read: the profile's settings, with what the feed itself overrides."""

from dataclasses import dataclass, replace
from typing import Any

from adapters.adapter import Feed
from integration_engine.mapping.profile import Profile


@dataclass(frozen=True, slots=True)
class ReadingSettings:
    """The facts about a feed that decide what its values mean.

    ``midnight_is_unknown``: T00:00 is a date without a time. ``false_is_reliable``: ``deceasedBoolean: false`` of a child
    takes an earlier death back; off for a feed that writes it on every patient and never means it.
    ``visits_are_corrected``: a stay that was told to have ended in death may be told anew with another discharge disposition.
    ``late_years``: how long after the 18th birthday a retraction or rekey may still be about a death in childhood.
    ``fhir_version``: the release a message speaks that betrays none.
    """

    midnight_is_unknown: bool = True
    false_is_reliable: bool = True
    visits_are_corrected: bool = False
    late_years: int = 5
    fhir_version: str = "R4"


def settings_of(profile: Profile, feed: Feed | None) -> ReadingSettings:
    """A profile's settings under a feed. A feed's ``n_is_reliable`` is about its ``deceasedBoolean: false`` here."""
    stated: dict[str, Any] = {
        name: profile.settings[name] for name in ReadingSettings.__slots__ if name in profile.settings
    }
    settings = ReadingSettings(**stated)
    if feed is None:
        return settings
    changed: dict[str, Any] = {}
    if feed.midnight_is_unknown is not None:
        changed["midnight_is_unknown"] = feed.midnight_is_unknown
    if feed.n_is_reliable is not None:
        changed["false_is_reliable"] = feed.n_is_reliable
    if feed.version is not None:
        changed["fhir_version"] = feed.version
    return replace(settings, **changed)
