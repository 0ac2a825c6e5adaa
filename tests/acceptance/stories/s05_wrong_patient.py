"""S5: a death told of the wrong patient, taken back, and the true child's."""

from integration_engine.synthetic import fhir, hl7
from integration_engine.synthetic.person import Child, invented_nhs_number
from tests.acceptance.stories.places import SOUTHAMPTON
from tests.acceptance.story import at, tell

AVA_COLE = Child(
    "Cole", "Ava", "2017-02-03", "female", invented_nhs_number(12338), lines=("2 Mill Road",), postcode="SO23 8UJ"
)


def s5() -> dict[str, bytes]:
    true_child = Child(
        "Cole", "Eva", "2016-11-20", "female", invented_nhs_number(13709), lines=("9 Hill Road",), postcode="PO1 2AL"
    )
    stay = {"visit": "S5", "ward": "E1^^^RHM"}
    removed = fhir.patient(AVA_COLE, national_status="U")
    return {
        "wrong.hl7": hl7.adt(
            "A03", AVA_COLE, SOUTHAMPTON, "W1", at("2026-04-14T11:00:00"), died_at="2026-04-14T09:00", indicator="Y",
            discharge="4", **stay,
        ),
        "cancel.hl7": hl7.adt("A13", AVA_COLE, SOUTHAMPTON, "W2", at("2026-04-14T13:20:00"), **stay),
        "removed.json": fhir.message(removed, "X26", "pds-7", "2026-04-14T13:25:00+01:00", event="pds-death-notification-1"),
        "true.hl7": hl7.adt(
            "A03", true_child, SOUTHAMPTON, "W3", at("2026-04-14T13:30:00"), died_at="2026-04-14T09:00", indicator="Y",
            discharge="4", visit="S6", ward="E1^^^RHM",
        ),
    }  # fmt: skip


def _s5() -> tuple[dict[str, bytes], ...]:
    told = s5()
    return {"wrong.hl7": told.pop("wrong.hl7")}, told


PLAYED = (tell("s5", "2026-04-14T14:00:00Z", *_s5()),)
