"""S7: a child from Wales who is hurt in Chester and dies in Liverpool, and a child from Hereford who dies in Cardiff."""

from integration_engine.synthetic import coroner, fhir, hl7, police
from integration_engine.synthetic.person import Child, invented_nhs_number
from tests.acceptance.story import Act, Decided, Story, at, decided, tell

FROM_WREXHAM = Child(
    "Pryderi", "Gwen", "2018-01-22", "female", invented_nhs_number(7101), lines=("12 Mine Street",), postcode="LL11 1AY"
)
FROM_HEREFORD = Child(
    "Lugwardine", "Owen", "2016-06-30", "male", invented_nhs_number(7201), lines=("4 Castle Green",), postcode="HR4 0LE"
)
ALDER_HEY, CARDIFF = hl7.Hospital("RBS25"), hl7.Hospital("7A4BV")
CHESHIRE_POLICE = "E23000006"
NOW = "2026-07-20T09:00:00Z"


def drowned(child: Child = FROM_WREXHAM, control: str = "AH1") -> bytes:
    """Alder Hey: died there on the third day."""
    return hl7.adt(
        "A03", child, ALDER_HEY, control, at("2026-07-16T14:30:00"), died_at="2026-07-16T14:05", indicator="Y",
        discharge="4", visit=f"W{control}", ward="PICU^^^RBS25",
    )  # fmt: skip


def cheshire(child: Child = FROM_WREXHAM, report: str = "06-7101") -> bytes:
    """Nearly drowned in Chester; the force's report once she had died."""
    place = {"lines": ["Riverside"], "lad_code": "E06000050", "type": "public-place"}
    event = {"event_id": report, "type": "drowning", "at": "2026-07-13T16:20:00", "suspicious": "no", "place": place}
    person = police.deceased(child, "P1", life_extinct_at="2026-07-16T14:05:00")
    return police.report(CHESHIRE_POLICE, report, "2026-07-16T16:00:00", [person], event=event)


def liverpool(child: Child = FROM_WREXHAM, reference: str = "00711-2026") -> bytes:
    referred = coroner.row(
        "liverpool-and-wirral", reference, "REFERRED", "2026-07-16", child, date_of_death="2026-07-16",
        place_of_death="Alder Hey Children's Hospital",
    )  # fmt: skip
    return coroner.upload([referred])


def by_fhir(child: Child = FROM_WREXHAM) -> bytes:
    told = fhir.patient(child, died_at="2026-07-16T14:05:00+01:00")
    return fhir.message(told, "RBS25", "AH-1", "2026-07-16T14:30:00+01:00", encounter_site="RBS25")


def a() -> dict[str, bytes]:
    return {"hospital.hl7": drowned(), "police.json": cheshire(), "coroner.csv": liverpool()}


def b(child: Child = FROM_HEREFORD) -> dict[str, bytes]:
    """Cardiff's hospital, and the coroner there."""
    died = hl7.adt(
        "A03", child, CARDIFF, f"CF{child.given}", at("2026-07-18T03:30:00"), died_at="2026-07-18T03:10", indicator="Y",
        discharge="4", visit="CF1", ward="PCCU^^^7A4BV", diagnoses=("R99",),
    )  # fmt: skip
    referred = coroner.row(
        "south-wales-central", f"00721{child.given}-2026", "REFERRED", "2026-07-18", child, date_of_death="2026-07-18",
        lad_of_death="W06000015",
    )  # fmt: skip
    return {"hospital.hl7": died, "coroner.csv": coroner.upload([referred])}


def reviewed(review: bool) -> Decided:
    """The panel where she died decides whether it reviews."""
    return decided("review-non-resident", "hospital.hl7#0", at="2026-07-17T10:00:00Z", review=review)


def _story(name: str, child: Child, serial: int, review: bool) -> Story:
    told = {
        "hospital.hl7": drowned(child, f"AH{serial}"),
        "police.json": cheshire(child, f"06-{serial}"),
        "coroner.csv": liverpool(child, f"00{serial}-2026"),
    }
    return tell(name, NOW, told, Act({}, (reviewed(review),)), senders={"coroner.csv": "liverpool-and-wirral"})


_YES = Child(
    "Ceiriog", "Mair", "2017-05-11", "female", invented_nhs_number(7301), lines=("2 Hill Street",), postcode="LL11 1AY"
)
_NO = Child(
    "Dyfrdwy", "Ifan", "2016-10-02", "male", invented_nhs_number(7401), lines=("7 Lord Street",), postcode="LL11 1AY"
)

PLAYED = (
    _story("s7-yes", _YES, 7301, True),
    _story("s7-no", _NO, 7401, False),
    tell("s7-cardiff", NOW, b(), senders={"coroner.csv": "south-wales-central"}),
)  # fmt: skip
