"""Evidence that meets, contradicts and chains more than any real day's would, and what people say of it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from integration_engine.linkage.evidence import Evidence, evidence_of_row
from integration_engine.linkage.people import Constraint
from tests.linkage_rows import number

_FIRST = datetime(2026, 2, 4, 9, tzinfo=UTC)

# Few values each, so that notices meet, contradict and chain more than any real day's would.
_VALUES = {
    "source": ["hospital_hl7", "hospital_fhir", "police", "coroner"],
    "sender": ["RXA", "RXB", "E23000009", "leeds"],
    "local_ref": [None, None, "1", "2"],
    "message_type": ["new", "new", "new", "update", "retract"],
    "nhs_number": [None, None, number(1), number(2), number(3), number(1)[:-1] + "0", "9990000000"],
    "given": [
        "Rowan",
        "Rowan",
        "Jack",
        "Muhammad",
        "Mohammed",
        "Baby",
        "Twin 1",
        "Twin 2",
        None,
        "Fairclough",
        "Rowen",
    ],
    "middle": [None, None, "Yusuf", "Haris", "Jack"],
    "family": ["Fairclough", "Fairclough", "Khan", "Fairclough-Khan", "Rowan", None],
    "sex": ["M", "M", "F", None],
    "birth_date": ["2026-01-30", "2026-01-30", "2026-01-31", "2018-05-14", "2018-05-14", None],
    "age_text": [None, None, "7 years", "3 days"],
    "death_datetime": ["2026-02-03", "2026-02-03T04:10", "2026-02-03T04:30", "2026-02-09", None],
    "postcode": ["LS6 2AB", "LS6 2AB", "M1 1AA", None],
    "address_line": ["14 Elder Road", None],
    "mother_given": [None, "Ifeoma"],
    "mother_nhs_number": [None, None, number(9)],
    "birth_order": [None, None, 1, 2],
    "event_ref": [None, None, "E-1"],
    "place_of_death": ["Leeds Example Infirmary", "Home address"],
}


@st.composite
def notices(draw: st.DrawFn, most: int = 9) -> list[Evidence]:
    rows = draw(
        st.lists(
            st.fixed_dictionaries({name: st.sampled_from(v) for name, v in _VALUES.items()}), min_size=2, max_size=most
        )
    )
    found = [evidence_of_row({"id": f"n{i}", "notified_at": "2026-02-04T09:00:00"} | row) for i, row in enumerate(rows)]
    rekeys = draw(st.lists(st.sampled_from([(1, 2), (2, 3)]), max_size=1))
    old_new = [(f"nhs:{number(old)}", f"nhs:{number(new)}") for old, new in rekeys]
    dead = draw(st.lists(st.sampled_from([1, 2]), max_size=1))
    found += [Evidence(f"d{i}", intent="rekey", dead_number=number(one)) for i, one in enumerate(dead)]
    return found + [Evidence(f"r{i}", intent="rekey", rekey=pair) for i, pair in enumerate(old_new)]


@st.composite
def people(draw: st.DrawFn, count: int) -> list[Constraint]:
    number, kind, who = (
        st.integers(0, count - 1),
        st.sampled_from(["link", "unlink"]),
        st.sampled_from(["ann", "bo", "cy"]),
    )
    words = draw(st.lists(st.tuples(number, number, kind, who, st.integers(0, 2)), max_size=4))
    return [Constraint(f"n{a}", f"n{b}", kind, by, turn=turn) for a, b, kind, by, turn in words if a != b]


@st.composite
def cases(draw: st.DrawFn) -> tuple[list[Evidence], list[Constraint]]:
    found = draw(notices())
    return found, draw(people(sum(e.id.startswith("n") for e in found)))


@st.composite
def crowds(draw: st.DrawFn) -> tuple[list[Evidence], list[Constraint]]:
    """A few notices, most of them told again and again at other times, the copies of one among those of others; and people
    who spoke of some, in between."""
    few = draw(notices(most=5))
    told = [e for e in few for _ in range(draw(st.integers(1, 6)))]
    hours = draw(st.lists(st.integers(0, 9), min_size=len(told), max_size=len(told)))
    order = draw(st.permutations(range(len(told))))
    evidence = [
        replace(
            e,
            id=f"n{order[n]}" if e.id.startswith("n") else f"{e.id}-{n}",
            at=(_FIRST + timedelta(hours=hours[n])).isoformat(),
        )
        for n, e in enumerate(told)
    ]
    ids = sorted(e.id for e in evidence if e.id.startswith("n"))
    pair = (
        st.tuples(st.sampled_from(ids), st.sampled_from(ids)).filter(lambda ends: ends[0] != ends[1])
        if len(ids) > 1
        else st.nothing()
    )
    words = draw(
        st.lists(
            st.tuples(
                pair, st.sampled_from(["link", "unlink"]), st.sampled_from(["ann", "bo", "cy"]), st.integers(0, 9)
            ),
            max_size=2,
        )
    )
    return evidence, [
        Constraint(*ends, kind, by, _FIRST + timedelta(hours=hour), hour) for ends, kind, by, hour in words
    ]
