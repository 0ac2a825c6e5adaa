"""The living and the unborn leave a count, unless what is said of them ends a case that is held."""

from dataclasses import replace
from datetime import datetime, timedelta

import orjson
import pytest
from sqlalchemy import func, select

from adapters.adapter import Submission, content_hash
from integration_engine.pipeline import process, record_decision
from integration_engine.record.decision import Decision
from integration_engine.store import audit, overview
from integration_engine.store.database import Store, table
from integration_engine.store.inbox import Tally
from integration_engine.store.tables import BlindIndexRow, NoticeRow, SubmissionRow
from integration_engine.synthetic import fhir, hl7, police
from integration_engine.synthetic.person import Child, invented_nhs_number
from tests.store_samples import NOW, rules

GIRL = Child(
    "Larkhall", "Imogen", "2016-05-09", "female", invented_nhs_number(501), lines=("3 Weir Row",), postcode="RG1 1LZ"
)
WARD = hl7.Hospital("RTH")
STAY = {"died_at": "2026-03-09T04:10", "indicator": "Y", "discharge": "4", "visit": "V1"}
AT = datetime(2026, 3, 9, 5)

ALIVE = fhir.message(fhir.patient(GIRL, deceased=False), "RTH", "alive", "2026-03-09T08:00:00Z")
DISCHARGE_CANCELLED = hl7.adt("A13", GIRL, WARD, "C1", AT + timedelta(hours=3), visit="V1")
TERMINATED = hl7.adt("A08", GIRL, WARD, "T1", AT + timedelta(hours=2), observations=(("TERMINATION", "Y"),), **STAY)
DEAD = hl7.adt("A03", GIRL, WARD, "D1", AT, **STAY)


def of_police(role: str, version: int) -> bytes:
    person = police.deceased(GIRL, "P1") | {"role": role}
    told = f"2026-03-09T{version:02}:00:00Z"
    return police.report("E23000029", "43-1", told, [person], event={"event_id": "E1", "type": "fire"}, version=version)


def take(store: Store, *bodies: bytes) -> None:
    process(store, [Submission(body, NOW, partner="RTH") for body in bodies], now=NOW, **rules())


def rows(store: Store) -> int:
    with store.reading() as transaction:
        tables = (SubmissionRow, NoticeRow, BlindIndexRow)
        return sum(
            transaction.connection.execute(select(func.count()).select_from(table(t))).scalar_one() for t in tables
        )


def passed_over(store: Store) -> dict[str, int]:
    counted = overview.counts(store, NOW.date())
    assert {c.verdict for c in counted} == {"passed-over"}
    return {c.reason: c.items for c in counted}


@pytest.mark.parametrize(
    ("body", "reason"), [(ALIVE, "living"), (DISCHARGE_CANCELLED, "living"), (TERMINATED, "scope.termination")]
)
def test_alone_nothing_of_it_is_stored_but_a_count(store: Store, body: bytes, reason: str) -> None:
    take(store, body)
    assert rows(store) == 0
    assert passed_over(store) == {reason: 1}


def test_counts_of_a_batch_of_which_nothing_is_kept_can_be_had_instead_of_a_transaction(store: Store) -> None:
    counted: list[Tally] = []
    died = hl7.adt("A03", Child("Larkhall", "Enid", "1931-05-09", "female", None), WARD, "D2", AT, **STAY)
    process(store, [Submission(died, NOW, partner="RTH")] * 2, now=NOW, **rules(), count=counted.append)
    assert [dict(tally.counts) for tally in counted] == [{("hospital-hl7", "RTH", "passed-over", "scope.adult"): 2}]
    assert overview.counts(store, NOW.date()) == ()
    process(
        store, [Submission(body, NOW, partner="RTH") for body in (died, DEAD)], now=NOW, **rules(), count=counted.append
    )
    assert len(counted) == 1
    assert sum(count.items for count in overview.counts(store, NOW.date())) == 2


@pytest.mark.parametrize(
    ("body", "state", "rule"),
    [
        (ALIVE, "withdrawn", "scope.retracted"),
        (DISCHARGE_CANCELLED, "held", "held.cancelled-visit"),
    ],
)
def test_against_a_held_death_it_counts(store: Store, body: bytes, state: str, rule: str) -> None:
    take(store, DEAD)
    take(store, body)
    (case,) = overview.recent_cases(store)
    assert (case.state, case.rule) == (state, rule)


def test_a_child_whom_a_later_version_of_a_police_report_calls_injured_leaves_nothing_but_a_count(store: Store) -> None:
    process(store, [Submission(of_police("injured", 2), NOW, partner="E23000029")], now=NOW, **rules())
    assert rows(store) == 0
    assert passed_over(store) == {"living": 1}


@pytest.mark.parametrize("together", [True, False])
def test_a_police_report_that_calls_a_dead_child_injured_takes_the_death_back(store: Store, together: bool) -> None:
    said = [Submission(of_police(*each), NOW, partner="E23000029") for each in (("deceased", 1), ("injured", 2))]
    for batch in [said] if together else [[one] for one in said]:
        process(store, batch, now=NOW, **rules())
    (case,) = overview.recent_cases(store)
    assert (case.state, case.rule) == ("withdrawn", "scope.retracted")


def test_a_message_about_a_living_child_beside_a_death_in_one_batch_leaves_nothing(store: Store) -> None:
    other = fhir.patient(Child("Vane", "Otto", "2018-01-01", "male", invented_nhs_number(502)), deceased=False)
    take(store, DEAD)
    before = rows(store)
    take(store, fhir.message(other, "RTH", "other", "2026-03-09T08:00:00Z"))
    assert rows(store) == before


def living(serial: int | None, name: str, partner: str = "RTH", at: str = "2026-03-09T08:00:00Z") -> bytes:
    """Somebody born on the girl's day who is alive; without a number and an address where no ``serial`` is given."""
    number, lines = (invented_nhs_number(serial), GIRL.lines) if serial else (None, ())
    child = Child("Larkhall", name, "2016-05-09", "female", number, lines=lines, postcode="RG1 1LZ" if serial else "")
    return fhir.message(fhir.patient(child, deceased=False), partner, f"living-{name}-{at}", at)


def settle(store: Store, kind: str, about: tuple[str, str], name: str = "D1", **value: bool) -> None:
    said = {"id": name, "at": NOW + timedelta(minutes=1), "by": "somebody", "role": "restricted", "reason": "as told"}
    decision = Decision.model_validate({**said, "kind": kind, "about": about, "value": value})
    record_decision(store, decision, now=NOW + timedelta(minutes=1), **rules())


def test_a_child_who_may_be_the_one_that_the_same_trust_calls_dead_is_asked_about(store: Store) -> None:
    take(store, DEAD)
    take(store, living(None, "Imogen"))
    (case,) = overview.recent_cases(store)
    (question,) = overview.open_reviews(store)
    assert (case.state, question.why) == ("open", ("names-and-birth-only",))


@pytest.mark.parametrize(
    ("number", "local", "why"),
    [(501, "H2", "local-ids-differ"), (503, "H1", "nhs-numbers-differ")],
    ids=["two hospital numbers", "a wrong NHS number"],
)
def test_a_child_whom_the_trust_has_under_two_numbers_is_asked_about(
    store: Store, number: int, local: str, why: str
) -> None:
    take(store, hl7.adt("A03", GIRL, WARD, "D1", AT, local_id="H1", **STAY))
    other = replace(GIRL, nhs_number=invented_nhs_number(number))
    take(store, hl7.adt("A13", other, WARD, "C1", AT + timedelta(hours=3), visit="V1", local_id=local))
    (question,) = overview.open_reviews(store)
    assert question.why == (why,)


@pytest.mark.parametrize(("serial", "name"), [(None, "Una"), (503, "Imogen"), (504, "Una")])
def test_a_living_sister_or_a_namesake_with_a_number_of_her_own_leaves_nothing(
    store: Store, serial: int | None, name: str
) -> None:
    take(store, DEAD)
    before = rows(store)
    take(store, living(serial, name))
    assert (rows(store), len(overview.open_reviews(store))) == (before, 0)


def test_of_who_a_person_says_is_another_child_nothing_is_left(store: Store) -> None:
    take(store, DEAD)
    before = rows(store)
    take(store, living(None, "Imogen"))
    (question,) = overview.open_reviews(store)
    settle(store, "unlink", (question.a, question.b))
    assert (rows(store), len(overview.open_reviews(store))) == (before, 0)
    told = [line for name in (question.a, question.b) for line in audit.latest(store, name, 10)]
    assert [(line.action, line.detail) for line in told if line.action == "notice.dropped"] == [
        ("notice.dropped", {"reason": "living"})
    ]


def test_who_a_person_says_is_the_same_child_is_not_dead(store: Store) -> None:
    take(store, DEAD)
    take(store, living(None, "Imogen"))
    (question,) = overview.open_reviews(store)
    settle(store, "link", (question.a, question.b))
    (case,) = overview.recent_cases(store)
    assert (case.state, case.rule) == ("withdrawn", "scope.retracted")


def test_alive_in_the_same_words_as_before_takes_a_second_death_back_too(store: Store) -> None:
    alive = orjson.dumps(fhir.patient(GIRL, deceased=False))
    dated = fhir.patient(GIRL, died_at="2026-03-09T04:10:00Z")
    dead = [orjson.dumps(dated), orjson.dumps(fhir.patient(GIRL, deceased=True))]
    for hours, body in enumerate((dead[0], alive, dead[1], alive, alive)):
        at = NOW + timedelta(hours=hours)
        # The door's own id of a message that has none is made from its bytes.
        came = Submission(body, at, message_id=f"sha256-{content_hash(body)}", partner="RTH")
        assert process(store, [came], now=at, **rules()).alarms == ()
        (case,) = overview.recent_cases(store)
        assert case.state == ("open" if body in dead else "withdrawn")


@pytest.mark.parametrize("kind", ["link", "unlink"])
def test_a_death_taken_back_under_its_number_and_another_name_is_asked_about(store: Store, kind: str) -> None:
    take(store, hl7.adt("A03", GIRL, WARD, "D1", AT, local_id="H1", **STAY))
    other = Child("Vane", "Otto", "2018-01-01", "male", GIRL.nhs_number)
    take(store, hl7.adt("A08", other, WARD, "U1", AT + timedelta(hours=3), died_at='""', indicator='""', local_id="H9"))
    (question,) = overview.open_reviews(store)
    assert question.why == ("identifier-only",)
    settle(store, kind, (question.a, question.b))
    (case,) = overview.recent_cases(store)
    assert (case.state, overview.open_reviews(store)) == ("withdrawn" if kind == "link" else "open", ())


def test_another_trust_s_retraction_under_the_same_number_and_another_name_waits(store: Store) -> None:
    take(store, DEAD)
    other = Child("Vane", "Otto", "2018-01-01", "male", GIRL.nhs_number)
    body = hl7.adt("A08", other, hl7.Hospital("RXH"), "U1", AT + timedelta(hours=3), died_at='""', indicator='""')
    process(store, [Submission(body, NOW, partner="RXH")], now=NOW, **rules())
    assert overview.open_reviews(store) == ()


def test_a_death_taken_back_under_its_number_and_another_name_is_asked_about_again_where_the_answer_is_taken_back(
    store: Store,
) -> None:
    take(store, hl7.adt("A03", GIRL, WARD, "D1", AT, local_id="H1", **STAY))
    other = Child("Vane", "Otto", "2018-01-01", "male", GIRL.nhs_number)
    take(store, hl7.adt("A08", other, WARD, "U1", AT + timedelta(hours=3), died_at='""', indicator='""', local_id="H9"))
    (question,) = overview.open_reviews(store)
    settle(store, "unlink", (question.a, question.b))
    settle(store, "unlink", (question.a, question.b), "D2", withdraw=True)
    assert [asked.id for asked in overview.open_reviews(store)] == [question.id]


@pytest.mark.parametrize("together", [True, False])
def test_a_retraction_under_a_number_that_another_site_gave_the_dead_child_waits(store: Store, together: bool) -> None:
    other = Child("Vane", "Otto", "2018-01-01", "male", None)
    said = [
        hl7.adt("A03", GIRL, WARD, "D1", AT, local_id="H1", **STAY),
        hl7.adt("A08", other, hl7.Hospital("RTH02"), "U1", AT, died_at='""', indicator='""', local_id="H1"),
    ]
    sent = [Submission(body, NOW, partner=partner) for body, partner in zip(said, ("RTH", "RTH02"), strict=True)]
    for batch in [sent] if together else [[one] for one in sent]:
        process(store, batch, now=NOW, **rules())
    (case,) = overview.recent_cases(store)
    assert (case.state, overview.open_reviews(store)) == ("open", ())
