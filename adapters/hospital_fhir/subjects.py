"""Whom a message is about: its Patients, or, where a death is told without one, whoever the death's own reference names."""

import re

from adapters.hospital_fhir.death import is_an_error, tells_of_death
from adapters.hospital_fhir.message import Message, Placed, identifier_of
from adapters.hospital_fhir.person import is_nhs_system
from adapters.hospital_fhir.refusals import Refused
from adapters.hospital_fhir.shape import child, text


def subjects_of(message: Message) -> list[Placed]:
    """The patients of a message in its order, and a stand-in for each subject of a death that is named by NHS number only.

    Raises Refused where a death is told and nobody can say of whom.
    """
    patients = message.of_type("Patient")
    if patients:
        return patients
    found: dict[str, Placed] = {}
    for placed in (one for kind in ("Encounter", "Observation", "Composition") for one in message.of_type(kind)):
        tells = tells_of_death(placed)
        if not tells and not is_an_error(placed):
            continue
        name = "subject" if "subject" in placed.resource else "patient"
        identifier = identifier_of(child(placed.resource, name))
        number = text(identifier, "value") if is_nhs_system(text(identifier, "system")) else None
        if number is None and not tells:
            continue
        if number is None:
            raise Refused("no-subject", f"{placed.path}.{name}")
        stand_in = {"resourceType": "Patient", "identifier": [identifier]}
        found.setdefault(number, Placed(stand_in, f"{placed.path}.{name}"))
    return list(found.values())


def death_of_nobody(message: Message) -> str | None:
    """Where a message with patients tells of a death whose subject is none of them; None where every death has its patient.

    Taking the only Patient for the one who died would be a guess.
    """
    if not message.of_type("Patient"):
        return None
    for kind in ("Encounter", "Observation", "Composition"):
        for placed in message.of_type(kind):
            who = message.subject_of(placed) if tells_of_death(placed) else placed
            if who is None or (who is not placed and who.kind != "Patient"):
                return f"{placed.path}.subject"
    return None


# What a death may have been told by.
_TELLING = re.compile(r"(?:^|/)(?:Patient|Encounter|Observation|Composition)(?:[/?]|$)")


def deleted(message: Message) -> list[str]:
    """The places where a history or a notification tells that a resource is gone by which a death may have been told. An
    address of the sender's own names nobody, so a person has to say what it means."""
    return [path for method, url, path in message.requests if method == "DELETE" and _TELLING.search(url)]
