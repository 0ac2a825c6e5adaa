"""S4: an adopted child, told of under both identities: today's by the hospital, the former one by an old clinic system."""

from integration_engine.synthetic import fhir, hl7, national
from integration_engine.synthetic.person import Child, invented_nhs_number
from tests.acceptance.story import Act, Decided, Story, at, decided, tell

FORMER = Child(
    "Hartnoll", "Liam", "2015-04-17", "male", invented_nhs_number(9590), lines=("22 Clothier Row",), postcode="LS1 1UR",
    mother="Kelly Hartnoll",
)  # fmt: skip
CURRENT = Child(
    "Marshwood", "Leo", "2015-04-17", "male", invented_nhs_number(10963), lines=("8 Abbey Mews",), postcode="BA1 5AW"
)
DIED = "2026-05-20T16:45"
BATH, LEEDS_CLINIC = hl7.Hospital("RD1"), hl7.Hospital("RR8", "OLDCLINIC")


def hospital() -> bytes:
    stay = {"died_at": DIED, "indicator": "Y", "discharge": "4", "visit": "A1"}
    return hl7.adt("A03", CURRENT, BATH, "B1", at("2026-05-20T17:00:00"), **stay)


def hospital_by_fhir() -> bytes:
    told = fhir.patient(CURRENT, died_at=f"{DIED}:00+01:00")
    return fhir.message(told, "RD1", "B-1", "2026-05-20T17:00:00+01:00", encounter_site="RD1")


def clinic() -> bytes:
    """A31: what an old system still has on file."""
    return hl7.adt("A31", FORMER, LEEDS_CLINIC, "L1", at("2026-05-21T09:00:00"), died_at="2026-05-20", indicator="Y")


def replaced() -> bytes:
    """The national record: the former number was replaced by today's (status R)."""
    assert FORMER.nhs_number
    return national.number_change(FORMER.nhs_number, CURRENT.nhs_number, at="2019-06-03T10:00:00Z", message_id="nc-r")


def invalidated() -> bytes:
    """The national record: the former number is nobody's any more (status I)."""
    assert FORMER.nhs_number
    return national.number_change(FORMER.nhs_number, None, at="2019-06-03T10:00:00Z", message_id="nc-i")


def s4() -> dict[str, bytes]:
    return {"changed.json": replaced(), "hospital.hl7": hospital(), "clinic.hl7": clinic()}


def confirmed() -> tuple[Decided, ...]:
    """Somebody with the restricted role: the two are one child, whose case may go out."""
    about = ("hospital.hl7#0", "clinic.hl7#0")
    return (
        decided("link", *about, at="2026-05-22T09:00:00Z", role="restricted"),
        decided("release", *about, at="2026-05-22T09:05:00Z", role="restricted"),
    )


def _played() -> Story:
    told = s4()
    clinic_late = {"clinic.hl7": told.pop("clinic.hl7")}
    return tell(
        "s4", "2026-05-22T10:00:00Z", told, clinic_late, Act({}, confirmed()), senders={"changed.json": "X26"}
    )  # fmt: skip


PLAYED = (_played(),)
