"""What is wrong with a profile that only its kind's adapter can tell: settings it doesn't have, columns that nothing reads.

A profile with such a fault still reads messages, and reads them wrongly: a pick list that means nothing refuses every report,
a word for a withdrawal that isn't one leaves a death standing.
"""

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields
from typing import Any

from adapters.coroner import adapter as coroner
from adapters.hospital_fhir.settings import ReadingSettings as FhirSettings
from adapters.hospital_hl7.settings import ReadingSettings as Hl7Settings
from adapters.hospital_hl7.settings import SettingsError
from adapters.hospital_hl7.settings import settings_of as hl7_settings
from adapters.police import export
from integration_engine.mapping.profile import Profile, load_profile

Fault = tuple[str, str]
"""Where in the profile, and why."""

_FORCE = re.compile(r"[A-Z]\d{8}", re.ASCII)
_MOTHER = "mother_"


def faults(profile: Profile) -> Iterator[Fault]:
    """Everything wrong with a profile's settings and columns."""
    known, read = _known(profile)
    for name in profile.settings:
        if name not in known:
            yield f"settings.{name}", _no_such("setting", str(name), known)
    if profile.language == "columns":
        for name in profile.columns:
            if name not in read and name.removeprefix(_MOTHER) not in read:
                yield f"columns.{name}", f"nothing reads a column of this name{_near(name, read)}"
    if profile.kind == "police" and profile.language == "columns":
        yield from _of_an_export(profile)
    if profile.kind == "hospital-hl7":
        try:
            hl7_settings(profile, None)
        except (SettingsError, TypeError, ValueError) as error:
            yield "settings", str(error)


def _known(profile: Profile) -> tuple[Iterable[str], Iterable[str]]:
    """The settings that the kind has, and the columns that it or a rule reads."""
    match profile.kind:
        case "police":
            return export.SETTINGS, {*profile.read_columns, *export.READ}
        case "coroner":
            return (), {*profile.read_columns, *load_profile(coroner.ADAPTER.default_profile).columns}
        case "hospital-hl7":
            return [each.name for each in fields(Hl7Settings)], ()
        case _:
            return [each.name for each in fields(FhirSettings)], ()


def _of_an_export(profile: Profile) -> Iterator[Fault]:
    roles: Any = profile.settings.get("roles")
    if not isinstance(roles, Mapping) or "deceased" not in roles.values():
        yield "settings.roles", "a map of the pick list's words to roles, at least one of them deceased"
    else:
        yield from (
            (f"settings.roles.{word}", _no_such("role", str(role), export.ROLES))
            for word, role in roles.items()
            if role not in export.ROLES
        )
    force = profile.settings.get("force")
    if force is None and "force" not in profile.columns:
        yield "settings.force", "the force's ONS code, such as E23000038, or a column force"
    elif force is not None and not _FORCE.fullmatch(str(force)):
        yield "settings.force", "an ONS code is a letter and eight digits, such as E23000038"
    if not isinstance(profile.settings.get("withdrawn", []), list):
        yield "settings.withdrawn", "a list of words, such as [Cancelled]"


def _no_such(what: str, name: str, known: Iterable[str]) -> str:
    listed = ", ".join(sorted(known)) or "none"
    return f"there is no {what} {name}{_near(name, known)}; there are: {listed}"


def _near(name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, [str(each) for each in known], 1)
    return f"; did you mean {close[0]}?" if close else ""
