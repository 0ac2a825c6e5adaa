"""S8: usual home in Birmingham, a temporary stay in Gloucester, GP in Worcester, school in Redditch."""

from integration_engine.synthetic import coroner, fhir, hl7, national, police
from integration_engine.synthetic.person import Child, invented_nhs_number
from tests.acceptance.story import Act, Decided, at, decided, tell

PRACTICE = "M81040"
IN_BIRMINGHAM = Child(
    "Edgbaston", "Rowan", "2011-02-14", "female", invented_nhs_number(15078), lines=("31 Vicarage Road",), postcode="B4 6NH",
    gp_practice=PRACTICE,
)  # fmt: skip
IN_GLOUCESTER = Child(
    "Edgbaston", "Rowan", "2011-02-14", "female", invented_nhs_number(15078), lines=("5 Westgate Street",),
    postcode="GL1 2TG", gp_practice=PRACTICE,
)  # fmt: skip
"""What the hospital's registration on the day wrote over PID-11, typed H."""
ROYAL = hl7.Hospital("RTE03")
FORCE = "E23000037"
DIED = "2026-10-20T21:35"
NOW = "2026-10-22T09:00:00Z"


def registered() -> bytes:
    """A04, the same day, with the grandmother's address typed as home."""
    return hl7.adt("A04", IN_GLOUCESTER, ROYAL, "GR1", at("2026-10-20T19:10:00"), visit="GR")


def died() -> bytes:
    return hl7.adt(
        "A03", IN_GLOUCESTER, ROYAL, "GR2", at("2026-10-20T22:00:00"), died_at=DIED, indicator="Y", discharge="4",
        visit="GR", ward=f"ED^^^{ROYAL.ods_code}",
    )  # fmt: skip


def by_fhir() -> bytes:
    """The same by FHIR."""
    told = fhir.patient(IN_GLOUCESTER, died_at=f"{DIED}:00+01:00")
    return fhir.message(told, ROYAL.ods_code, "GR-2", "2026-10-20T22:00:00+01:00", encounter_site=ROYAL.ods_code)


def by_record() -> bytes:
    """The national record, which still says Birmingham."""
    return national.death_event(
        IN_BIRMINGHAM, "1", at="2026-10-21T08:00:00+01:00", message_id="n-15078", died_at="2026-10-20"
    )


def by_police() -> bytes:
    """Suspected suicide, at the grandmother's."""
    place = {"lines": ["5 Westgate Street"], "postcode": "GL1 2TG", "type": "other-private-residence"}
    event = {
        "event_id": "37-15078",
        "type": "suspected-suicide",
        "at": "2026-10-20T18:20:00",
        "suspicious": "no",
        "place": place,
    }
    temporary = {"lines": ["5 Westgate Street"], "postcode": "GL1 2TG", "use": "temporary"}
    person = police.deceased(
        IN_BIRMINGHAM, "P1", life_extinct_at=f"{DIED}:00", address=temporary, gp=PRACTICE, school="Redditch High School"
    )
    return police.report(FORCE, "37-15078", "2026-10-20T23:30:00", [person], event=event)


def by_coroner() -> bytes:
    referred = coroner.row(
        "gloucestershire", "00815-2026", "REFERRED", "2026-10-21", IN_BIRMINGHAM, date_of_death="2026-10-20",
        place_of_death="Gloucestershire Royal Hospital",
    )  # fmt: skip
    return coroner.upload([referred])


def s8() -> dict[str, bytes]:
    return {
        "arrived.hl7": registered(),
        "record.xml": by_record(),
        "died.hl7": died(),
        "police.json": by_police(),
        "coroner.csv": by_coroner(),
    }


def moved_for_good() -> Decided:
    """A social worker confirms that the child had moved to Gloucester for good."""
    return decided(
        "residence", "died.hl7#0", at="2026-10-21T15:00:00Z", lad_code="E07000081",
        reason="The social worker confirms that the child had moved to the grandmother for good in August.",
    )  # fmt: skip


PLAYED = (
    tell(
        "s8", NOW, s8(), Act({}, (moved_for_good(),)), senders={"coroner.csv": "gloucestershire", "record.xml": "X26"},
    ),
)  # fmt: skip
