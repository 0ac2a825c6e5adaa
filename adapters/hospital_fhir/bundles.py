"""What of a Bundle is kept as evidence: one child's resources, not those of the neighbours who are passed over."""

from collections.abc import Sequence

import orjson

from adapters.hospital_fhir.message import Message, Placed
from adapters.hospital_fhir.shape import child, children, kind_of
from adapters.hospital_fhir.subjects import linked

# In these the patients have nothing to do with each other; in a message or a document everybody is part of one story.
_COLLECTIONS = ("searchset", "history", "collection", "batch", "transaction", "transaction-response", "batch-response")


def own_bytes(message: Message, patients: Sequence[Placed], kept: Sequence[Placed]) -> bytes | None:
    """The Bundle with the entries of people who are passed over left empty; None where there are none.

    Entries keep their places, so that every path and every notice id of the rest stays what it was.
    """
    if message.bundle_type not in _COLLECTIONS:
        return None
    gone = [
        one
        for one in patients
        if one not in kept and not any(linked(message, a, b) for k in kept for a, b in ((one, k), (k, one)))
    ]
    if not gone:
        return None
    dropped = {id(one.resource) for one in gone}
    for placed in message.resources:
        whom = child(placed.resource, "subject") or child(placed.resource, "patient")
        if any(message.resolve(whom, placed) is one for one in gone):
            dropped.add(id(placed.resource))
    entries = [{} if id(child(entry, "resource")) in dropped else entry for entry in children(message.root, "entry")]
    assert kind_of(message.root) == "Bundle"
    return orjson.dumps({**message.root, "entry": entries})
