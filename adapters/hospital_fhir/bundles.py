"""What of a Bundle is kept as evidence: one child's resources, not those of the neighbours who are passed over."""

from collections.abc import Sequence

import orjson

from adapters.hospital_fhir.message import Message, Placed
from adapters.hospital_fhir.shape import child, children

# In these the patients have nothing to do with each other; in a message or a document everybody is part of one story.
_COLLECTIONS = ("searchset", "history", "collection", "batch", "transaction", "transaction-response", "batch-response")


def own_bytes(message: Message, patients: Sequence[Placed], kept: Sequence[Placed]) -> bytes | None:
    """The Bundle with the entries of people who are passed over left empty; None where there are none.

    Entries keep their places, so that every path and every notice id of the rest stays what it was.
    """
    if message.bundle_type not in _COLLECTIONS:
        return None
    belonging = set(kept) | _linked(message, set(kept))
    gone = {one for one in patients if one not in belonging}
    if not gone:
        return None
    dropped = {id(one.resource) for one in message.resources if one in gone or message.subject_of(one) in gone}
    entries = [{} if id(child(entry, "resource")) in dropped else entry for entry in children(message.root, "entry")]
    return orjson.dumps({**message.root, "entry": entries})


def _linked(message: Message, kept: set[Placed]) -> set[Placed]:
    """Patients who belong to the story of those kept: mother and baby, the same person twice."""
    found = set()
    for patient in message.of_type("Patient"):
        for link in children(patient.resource, "link"):
            target = message.resolve(child(link, "other"), patient)
            whom = target if target is None or target.kind == "Patient" else message.subject_of(target)
            if whom in kept:
                found.add(patient)
            elif patient in kept and whom is not None:
                found.add(whom)
    return found
