"""S13: dead on the eve of the spring change of the clocks, told late and out of order."""

from integration_engine.synthetic import coroner, hl7
from integration_engine.synthetic.person import Child, invented_nhs_number
from tests.acceptance.stories.places import OXFORD
from tests.acceptance.story import Act, Decided, at, decided, tell

DIED = "2026-03-28T23:30"
AREA, REFERENCE = "oxfordshire", "00519-2026"
IN_TIME, LATE = "2026-03-31T00:15:00+01:00", "2026-03-31T00:45:00+01:00"

GIRL = Child(
    "Pettifer", "Maud", "2012-07-21", "female", invented_nhs_number(23133), lines=("6 Osney Mead",), postcode="OX1 1BX"
)


def ward() -> bytes:
    return hl7.adt(
        "A03", GIRL, OXFORD, "C13", at("2026-03-29T00:10:00"), died_at=DIED, indicator="Y", discharge="4", visit="C13",
        ward="PICU^1^3^RTH",
    )  # fmt: skip


def event(name: str, when: str, **columns: str) -> bytes:
    """One event of the coroner's investigation, as an upload of its own."""
    return coroner.upload(
        [coroner.row(AREA, REFERENCE, name, when, GIRL, date_of_death="2026-03-28", postcode="OX1 1BX", **columns)]
    )


def opened() -> bytes:
    return event("INQUEST_OPENED", "2026-04-10")


def concluded() -> bytes:
    """Fourteen months later."""
    return event("CONCLUDED", "2027-05-28", conclusion="misadventure", conclusion_at="2027-05-28")


def prevention() -> bytes:
    """The copy of the report to prevent future deaths that goes to the child death review partners."""
    return event("PFD_ISSUED", "2027-06-02", prevention_of_future_deaths="Signage at the lock; reply in 56 days")


def national_told(when: str, reason: str | None = None) -> Decided:
    """The panel says when it told the national database and, where late, why."""
    why = {"ncmd_late_reason": reason} if reason else {}
    return decided("process", "ward.hl7#0", at="2026-03-31T09:00:00+01:00", ncmd_told_at=when, **why)


PLAYED = (
    tell(
        "s13", "2027-06-10T09:00:00Z", Act({"ward.hl7": ward()}, (national_told(LATE, "Weekend, no cover"),)),
        {"concluded.csv": concluded()}, {"opened.csv": opened(), "pfd.csv": prevention()},
        senders=dict.fromkeys(("concluded.csv", "opened.csv", "pfd.csv"), AREA),
    ),
)  # fmt: skip
