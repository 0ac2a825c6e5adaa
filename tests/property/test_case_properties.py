"""The same through the whole core: whatever partners say, and however and in which order, a child of England has one lead."""

import itertools
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.adapter import Submission
from adapters.registry import read
from integration_engine.casebook import Casebook
from integration_engine.core import Outcome
from integration_engine.dispatch import Held, diff
from integration_engine.routing.reference import bundled
from integration_engine.routing.switches import Switches
from integration_engine.synthetic import coroner, fhir, hl7, police
from integration_engine.synthetic.person import Child, invented_nhs_number
from tests.property.children import (
    ENGLISH_POSTCODES,
    HOW_IT_WAS,
    NOW,
    days,
    decided,
    district_of,
    districts,
    events,
    homes,
    irrelevant,
    more_of_the_child,
    notice,
    only_case,
    open_panels,
    other_addresses,
    panels_on,
    places,
)

SENDERS = (
    ("RTH", "hospital-hl7"),
    ("RP4", "hospital-fhir"),
    ("E23000038", "police"),
    ("avon", "coroner"),
    ("X26", "national"),
)


@st.composite
def tellings(draw: st.DrawFn, told: tuple[dict[str, str], ...], died: str) -> list[dict[str, Any]]:
    """What one to four partners say of one child, as the keywords of ``notice``: each names one of these homes."""
    chosen = draw(st.lists(st.sampled_from(SENDERS), min_size=1, max_size=4, unique=True))
    return [
        {
            "name": f"n{n}",
            "partner": partner,
            "kind": kind,
            "at": f"{died}T{10 + n}:00",
            "child": {**draw(more_of_the_child), "addresses": [{**draw(st.sampled_from(told)), "use": "home"}]},
            "death": {"died_at": died, "place": draw(places), "event": draw(events), **draw(HOW_IT_WAS)},
        }
        for n, (partner, kind) in enumerate(chosen)
    ]


def lead(outcome: Outcome) -> Any:
    case = only_case(outcome)
    assert case.routing.lead is not None
    return (case.routing.lead.cdop, case.routing.lead.rule, case.routing.lead.then)


@given(st.data(), homes, days)
def test_whatever_partners_say_a_child_of_england_has_exactly_one_lead(
    data: st.DataObject, home: dict[str, str], day: date
) -> None:
    told = data.draw(tellings((home,), day.isoformat()))
    case = only_case(decided([notice(**one) for one in told])).routing
    assert case.state == "open"
    assert case.lead
    assert case.lead.cdop in open_panels(NOW.date())
    if case.lead.rule == "lead.usual-address":
        district = home.get("lad_code") or district_of(home["postcode"])
        assert (case.lead.then or case.lead.cdop) in panels_on(district, day)
    recipients = [case.lead.cdop, *(copy.cdop for copy in case.copies)]
    assert len(recipients) == len(set(recipients))


@given(st.data(), homes, homes, irrelevant, other_addresses, places)
def test_neither_order_nor_repetition_nor_what_is_irrelevant_changes_the_lead(
    data: st.DataObject, home: dict[str, str], other: dict[str, str], more: dict[str, str], others: list[dict[str, str]],
    place: dict[str, str],
) -> None:  # fmt: skip
    told = data.draw(tellings((home, other), "2026-03-09"))
    plain = decided([notice(**one) for one in told])
    changed = [
        {
            **one,
            "child": {**one["child"], **more, "addresses": [*others, *one["child"]["addresses"]]},
            "death": {**one["death"], "place": place},
            "received_at": NOW - timedelta(minutes=data.draw(st.integers(0, 100_000))),
            "source": {"system": data.draw(st.sampled_from(["PAS", "EPR", "NICHE"]))},
        }
        for one in told
    ]
    again = data.draw(st.permutations(changed)) + data.draw(st.lists(st.sampled_from(changed), max_size=3))
    assert lead(decided([notice(**one) for one in again])) == lead(plain)


CHILD = Child("Quillfeather", "Barnaby", "2016-01-01", "male", invented_nhs_number(3), lines=("7 Larkspur Row",))
HOSPITALS = ("RTH", "RN3", "RP4", "RM3", "F84004")
sent = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(["hl7", "fhir", "police", "coroner"]),
        "hospital": st.sampled_from(HOSPITALS),
        "practice": st.sampled_from([None, "M81001", "F84004"]),
        "died_in": districts,
    }
)


def native(n: int, how: dict[str, Any], postcode: str) -> tuple[str, bytes]:
    """One death as one partner writes it, at home in this postcode."""
    child = Child(
        CHILD.family, CHILD.given, CHILD.birth_date, CHILD.sex, CHILD.nhs_number, lines=CHILD.lines, postcode=postcode,
        gp_practice=how["practice"],
    )  # fmt: skip
    when, died = f"2026-03-09T{10 + n}:00:00", "2026-03-09T04:10"
    match how["kind"]:
        case "hl7":
            sender, at = hl7.Hospital(how["hospital"]), datetime.fromisoformat(when)
            stay = {"discharge": "4", "visit": "V1", "indicator": "Y"}
            return f"m{n}.hl7", hl7.adt("A03", child, sender, f"C{n}", at, died_at=died, **stay)
        case "fhir":
            body = fhir.patient(child, died_at=f"{died}:00Z")
            return f"m{n}.json", fhir.message(
                body, how["hospital"], f"F-{n}", f"{when}Z", encounter_site=how["hospital"]
            )
        case "police":
            event = {"event_id": "E1", "type": "sudden-death", "at": died, "suspicious": "no"}
            person = police.deceased(
                child, "P1", life_extinct_at=f"{died}:00", place_of_death={"lad_code": how["died_in"]}
            )
            return f"m{n}.json", police.report("E23000038", "54-1", when, [person], event=event, version=n + 1)
    row = coroner.row(
        "avon", "00412-2026", "REFERRED", "2026-03-09", child, date_of_death="2026-03-09",
        nhs_number=child.nhs_number or "",
    )  # fmt: skip
    return f"m{n}.csv", coroner.upload([row])


def cases(messages: Sequence[tuple[str, bytes]], received: Sequence[int]) -> Outcome:
    book = Casebook()
    for (name, body), minutes in zip(messages, itertools.cycle(received), strict=False):
        arrived = datetime(2026, 3, 10, tzinfo=UTC) + timedelta(minutes=minutes)
        for reading in read(Submission(body=body, received_at=arrived), name=name):
            book.add(name, reading)
    assert not book.refused
    return book.decide((), bundled(), NOW, Switches())


@settings(max_examples=40)
@given(
    st.sampled_from(ENGLISH_POSTCODES),
    st.lists(sent, min_size=1, max_size=3),
    st.data(),
    st.lists(st.integers(0, 500), min_size=3, max_size=3),
)
def test_native_messages_of_any_kind_and_order_lead_where_the_postcode_lies(
    postcode: str, told: list[dict[str, Any]], data: st.DataObject, received: list[int]
) -> None:
    messages = [native(n, how, postcode) for n, how in enumerate(told)]
    found = only_case(cases(messages, [0])).routing
    assert found.lead
    assert found.lead.rule == "lead.usual-address"
    assert found.lead.cdop in panels_on(district_of(postcode), date(2026, 3, 9))
    shuffled = data.draw(st.permutations(messages)) + data.draw(st.lists(st.sampled_from(messages), max_size=2))
    assert lead(cases(shuffled, received)) == lead(cases(messages, [0]))


@given(homes, places, events, HOW_IT_WAS, st.sampled_from(["adoption", "protected-identity"]), st.booleans())
def test_of_a_restricted_case_nothing_new_leaves(
    home: dict[str, str], place: dict[str, str], event: dict[str, Any], how: dict[str, Any], why: str, known: bool
) -> None:
    at = datetime(2026, 3, 10, tzinfo=UTC)
    child = {"addresses": [{**home, "use": "home"}]}
    death = {"died_at": "2026-03-09", "place": place, "event": event, **how}
    open_case = only_case(decided([notice("a", child=child, death=death)]))
    before = {one.recipient: Held("current", one.envelope) for one in diff(None, open_case, version=1, at=at)}
    restricted = [
        notice("a", child=child, death=death),
        notice("b", partner="RP4", at="2026-03-09T09:00", child={**child, "restricted": why}, death=death),
    ]
    case = only_case(decided(restricted))
    assert (case.routing.state, case.routing.rule) == ("held", "held.restricted")
    assert diff(before if known else None, case, version=2, at=at) == ()


@given(homes, st.integers(1, 5))
def test_two_children_are_never_one_by_their_home_alone(home: dict[str, str], number: int) -> None:
    own = [
        notice(
            f"n{n}", partner=f"RT{n}", at=f"2026-03-09T0{n}:00",
            child={"nhs_number": invented_nhs_number(n), "family_name": family, "given_names": [given], "addresses": [home],
                   "birth_date": f"201{n}-0{n}-1{n}", "sex": sex},
            death={"died_at": "2026-03-09"},
        )
        for n, (family, given, sex) in enumerate(
            [("Ashdown", "Fern", "female"), ("Birch", "Rowan", "male"), ("Cedar", "Hazel", "female"), ("Dell", "Ash", "male"),
             ("Elm", "Olive", "female")][:number], 1,
        )
    ]  # fmt: skip
    found = decided(own)
    assert sorted([n.id for n in case.notices] for case in found.cases) == [[n.id] for n in own]
