"""What may turn a message into its opposite, in every resource that its verdict or its notice rests on.

FHIR says that a resource with a modifierExtension one doesn't know, or made under implicitRules one doesn't know, must not be
processed. A message is refused for it where the resource decides something; one that nothing is read from is nobody's
concern, and a diagnosis is left out: a death isn't lost over what only goes with it.
"""

from collections.abc import Iterable, Sequence

from adapters.hospital_fhir.births import meaning_of
from adapters.hospital_fhir.certificate import is_of_certificate
from adapters.hospital_fhir.death import tells_of_death
from adapters.hospital_fhir.message import Message, Placed
from adapters.hospital_fhir.places import Stay
from adapters.hospital_fhir.refusals import Refused
from adapters.hospital_fhir.shape import children, kind_of
from adapters.hospital_fhir.validity import check_meaning
from integration_engine.record.notice import Problem

_DECIDING = ("Observation", "Condition", "Procedure", "Composition", "Encounter")


def check_read(message: Message, patient: Placed, stay: Stay) -> None:
    """Refuses where a resource that what is said of this patient rests on may mean something else. Raises Refused."""
    for placed in (patient, *_deciding(message, patient), *message.about(patient, "RelatedPerson")):
        check_meaning(placed.resource, placed.path)
    for read in (stay.encounter, *stay.locations):
        if read is not None:
            check_meaning(read.resource, read.path)


def check_entries(message: Message) -> None:
    """Refuses what stands on the Bundle and its entries themselves, around their resources. Raises Refused."""
    if kind_of(message.root) == "Bundle":
        check_meaning({name: value for name, value in message.root.items() if name != "entry"}, "Bundle")
    for index, entry in enumerate(children(message.root, "entry")):
        around = {name: value for name, value in entry.items() if name != "resource"}
        check_meaning(around, f"Bundle.entry[{index}]")


def understood(placed: Sequence[Placed]) -> tuple[list[Placed], list[Problem]]:
    """Those of some supporting resources that can be read, and a problem for each that can't."""
    found: list[Placed] = []
    problems: list[Problem] = []
    for one in placed:
        try:
            check_meaning(one.resource, one.path)
        except Refused as refused:
            problems.append(refused.problem)
        else:
            found.append(one)
    return found, problems


def _deciding(message: Message, patient: Placed) -> Iterable[Placed]:
    for kind in _DECIDING:
        for placed in message.about(patient, kind):
            if tells_of_death(placed) or is_of_certificate(placed.resource) or meaning_of(placed.resource.get("code")):
                yield placed
