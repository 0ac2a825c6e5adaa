"""Where a child died, by the stay in hospital that ended in the death: its location, else its provider, else the sender."""

from dataclasses import dataclass

from adapters.hospital_fhir.dates import moment
from adapters.hospital_fhir.message import Message, Placed
from adapters.hospital_fhir.refusals import Refused
from adapters.hospital_fhir.senders import organisation_code
from adapters.hospital_fhir.shape import Tree, child, children, codings, kind_of, text
from integration_engine.record.dates import earliest, latest

_ODS = "https://fhir.nhs.uk/Id/ods-organization-code"
_CHILDRENS_WORDS = (
    "paed",
    "pediatr",
    "child",
    "neonat",
    "nicu",
    "picu",
    "scbu",
    "special care baby",
    "nursery",
    "maternity",
    "labour",
)
_DAY = 86_400
_DEEPEST_PLACE = 5


@dataclass(frozen=True, slots=True)
class Stay:
    """The Encounter a patient died in, and what it refers to, ready for a profile's paths. Empty where none is told of."""

    encounter: Placed | None = None
    locations: tuple[Placed, ...] = ()
    organisations: tuple[Tree, ...] = ()
    senders: tuple[Tree, ...] = ()

    @property
    def for_children(self) -> str | None:
        """Why this stay is one of a child: a code of signs of childhood."""
        for location in self.locations:
            if _speaks_of_children(text(location.resource, "name"), text(location.resource, "description")):
                return "paediatric-ward"
        if self.encounter is None:
            return None
        stay = self.encounter.resource
        for place in children(stay, "location"):
            if _speaks_of_children(text(child(place, "location"), "display")):
                return "paediatric-ward"
        for concept in (child(stay, "serviceType"), *children(stay, "serviceType"), *children(stay, "type")):
            said = [text(concept, "text"), *(text(coding, "display") for coding in children(concept, "coding"))]
            numbers = [code for _, code in codings(concept)]
            if _speaks_of_children(*said) or any(code in _PAEDIATRIC_SPECIALTIES for code in numbers):
                return "paediatric-specialty"
        return None


# NHS main specialty and treatment function codes of services for children.
_PAEDIATRIC_SPECIALTIES = {"142", "171", "321", "420", "421", "422", "424", "560", "711"} | {
    str(code) for code in range(211, 292)
}


def _speaks_of_children(*said: str | None) -> bool:
    return any(word in (one or "").lower() for one in said for word in _CHILDRENS_WORDS)


def stay_of(message: Message, patient: Placed, said: Placed | None, died_at: str | None) -> Stay:
    """The stay a patient died in: the one that says so itself, else the one the death falls into, else the only one."""
    stays = [
        one
        for one in message.about(patient, "Encounter")
        if text(one.resource, "status") not in ("planned", "cancelled", "entered-in-error")
    ]
    encounter = said or _during(stays, died_at)
    if encounter is None:
        return Stay()
    locations = []
    for place in reversed(children(encounter.resource, "location")):
        reference = child(place, "location")
        found = message.resolve(reference, encounter)
        if found is not None:
            locations += _and_what_it_is_part_of(message, found)
        elif child(reference, "identifier"):
            locations.append(
                Placed(
                    {"resourceType": "Location", "identifier": [child(reference, "identifier")]},
                    encounter.path + ".location",
                )
            )
    organisations = _organisation(message, child(encounter.resource, "serviceProvider"), encounter)
    if not organisations and locations:
        organisations = _organisation(message, child(locations[0].resource, "managingOrganization"), locations[0])
    return Stay(encounter, tuple(locations), organisations, _sender(message))


def _and_what_it_is_part_of(message: Message, place: Placed) -> list[Placed]:
    """A bed, its ward and its site: the code that says where it is usually stands at the last."""
    found = [place]
    while len(found) < _DEEPEST_PLACE:
        outer = message.resolve(child(found[-1].resource, "partOf"), found[-1])
        if outer is None or outer in found:
            break
        found.append(outer)
    return found


def _during(stays: list[Placed], died_at: str | None) -> Placed | None:
    fitting = [one for one in stays if _covers(one.resource, died_at)]
    dated = [one for one in fitting if _period(one.resource)]
    if dated:
        return max(dated, key=lambda one: text(_period(one.resource), "start") or "")
    return fitting[0] if len(fitting) == 1 else None


def _period(stay: Tree) -> Tree:
    return child(stay, "period") or child(stay, "actualPeriod")


def _covers(stay: Tree, died_at: str | None) -> bool:
    """Whether a death can have happened during a stay: not before it began, not more than a day after it ended."""
    period = _period(stay)
    if not period or died_at is None:
        return True
    try:
        starts, ends = text(period, "start"), text(period, "end")
        if starts and latest(moment(starts, "").value).timestamp() - _DAY > latest(died_at).timestamp():
            return False
        return not ends or latest(moment(ends, "").value).timestamp() + _DAY >= earliest(died_at).timestamp()
    except Refused:
        return True


def _organisation(message: Message, reference: Tree, holder: Placed) -> tuple[Tree, ...]:
    if not reference:
        return ()
    found = message.resolve(reference, holder)
    if found is not None and kind_of(found.resource) == "Organization":
        return (found.resource,)
    code = organisation_code(reference)
    if code is None and "directory.spineservices" in (text(reference, "reference") or ""):
        code = (text(reference, "reference") or "").rsplit("/", 1)[-1].upper()
    return ({"resourceType": "Organization", "identifier": [{"system": _ODS, "value": code}]},) if code else ()


def _sender(message: Message) -> tuple[Tree, ...]:
    if message.header is None:
        return ()
    for name in ("sender", "responsible"):
        for reference in children(message.header.resource, name):
            if found := _organisation(message, reference, message.header):
                return found
    return ()
