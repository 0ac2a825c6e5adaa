"""Any child of England: invented records and notices to draw from, and what the shipped tables say of whose they are.

The answers here are worked out from the tables' rows and nothing of ``integration_engine.routing``: they are what the engine
is held to.
"""

import csv
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from integration_engine.core import Case, Outcome, decide
from integration_engine.record.decision import Decision
from integration_engine.record.notice import DeathNotice
from integration_engine.record.record import ChildDeathRecord
from integration_engine.record.standing import Standing
from integration_engine.routing.answer import Routing
from integration_engine.routing.reference import bundled
from integration_engine.routing.route import Switches, route

NOW = datetime(2027, 6, 1, 9, tzinfo=UTC)
SINCE, UNTIL = date(2019, 10, 1), date(2027, 5, 1)
TABLES = Path(__file__).resolve().parents[2] / "mappings" / "reference"


@cache
def table(name: str) -> Sequence[Mapping[str, str]]:
    with (TABLES / name).open(encoding="utf-8", newline="") as lines:
        return tuple(csv.DictReader(lines))


@cache
def authorities() -> Mapping[str, Mapping[str, str]]:
    return {row["code"]: row for row in table("authorities.csv")}


def _holds(row: Mapping[str, str], day: date) -> bool:
    return (row["valid_from"] or "0001-01-01") <= day.isoformat() <= (row["valid_to"] or "9999-12-31")


def _family(code: str) -> set[str]:
    """A code with every code before and after it, and the upper tiers of all: where its rows can be."""
    found, grown = {code}, True
    while grown:
        more = set(found)
        for other, row in authorities().items():
            after = set(filter(None, row["successors"].split(";")))
            if other in found:
                more |= after
            if after & found:
                more.add(other)
        grown, found = more != found, more
    return found | {authorities()[one]["upper_tier"] for one in found} - {""}


def panels_on(code: str, day: date) -> set[str]:
    """The panels that the footprint's rows can name for an area on a day."""
    near = _family(code)
    return {row["cdop"] for row in table("cdop-footprints.csv") if row["authority"] in near and _holds(row, day)}


def open_panels(day: date) -> set[str]:
    return {row["code"] for row in table("cdops.csv") if _holds(row, day)}


def district_of(postcode: str) -> str:
    return next(row["district"] for row in table("postcodes.csv") if row["postcode"] == postcode)


DISTRICTS = sorted(authorities())
ENGLISH_POSTCODES = sorted(row["postcode"] for row in table("postcodes.csv") if row["district"] in authorities())
PLACES_ELSEWHERE = [{"lad_code": "W06000015"}, {"lad_code": "S12000036"}, {"country": "ESP"}, {"country": "IMN"}]
SITES = sorted(row["ods_code"] for row in table("sites.csv"))
HOW_IT_WAS = st.fixed_dictionaries(
    {},
    optional={
        "expected": st.sampled_from(["expected", "unexpected", "unknown"]),
        "suspected_category": st.sampled_from(["malignancy", "abuse-or-neglect", "trauma-or-external"]),
        "abuse_or_neglect": st.booleans(),
        "diagnoses": st.lists(
            st.sampled_from(["C91.0", "R95", "V03.1", "W65", "G40.9"]).map(lambda code: {"code": code}), max_size=2
        ),
    },
)

districts = st.sampled_from(DISTRICTS)
days = st.dates(SINCE, UNTIL)
homes = st.one_of(
    districts.map(lambda code: {"lad_code": code}),
    st.sampled_from(ENGLISH_POSTCODES).map(lambda postcode: {"postcode": postcode}),
)
"""Where a child of England can have lived: by any district ever known, or by any postcode the sample holds."""
places = st.one_of(
    districts.map(lambda code: {"lad_code": code}),
    st.sampled_from(SITES).map(lambda code: {"ods_code": code}),
    st.sampled_from(PLACES_ELSEWHERE),
    st.sampled_from(["home", "hospice", "custody-secure", "abroad", "not-known"]).map(lambda kind: {"type": kind}),
)
"""Where something can have happened."""
events = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["sudden-death", "road-traffic-collision", "fire", "homicide", "other"]),
        "place": places,
    },
)
other_addresses = st.lists(
    st.fixed_dictionaries(
        {"use": st.sampled_from(["temporary", "correspondence", "other"])},
        optional={"lad_code": districts, "postcode": st.sampled_from([*ENGLISH_POSTCODES, "ZZ99 3VZ", "EH1 1YJ"])},
    ),
    max_size=3,
)
"""Addresses that never decide whose case it is."""
irrelevant = st.fixed_dictionaries(
    {},
    optional={
        "gp_practice": st.sampled_from(["F84004", "M81001", "Y00001"]),
        "school": st.sampled_from(["100001", "Hilltop Primary"]),
    },
)
more_of_the_child = st.fixed_dictionaries(
    {},
    optional={
        "custody": st.sampled_from(["none", "prison-yoi", "detained-mha"]),
        "learning_disability": st.booleans(),
        "residency": st.sampled_from(["england", "unknown"]),
        "sex": st.sampled_from(["male", "female", "unknown"]),
        "gestation_days": st.integers(155, 290),
        "looked_after": districts.map(lambda code: {"is": True, "local_authority": code}),
        "mother": homes.map(lambda home: {"name": "Juniper Ashdown", "address": home}),
    },
)


def routed(
    child: Mapping[str, Any],
    death: Mapping[str, Any],
    *,
    switches: Switches = Switches(),
    now: datetime = NOW,
    notices: Sequence[DeathNotice] = (),
    **parts: Any,
) -> Routing:
    """What routing says of a record, as ``cdr route`` has it."""
    record = ChildDeathRecord.model_validate({"child": {"birth_date": "2016-01-01", **child}, "death": death, **parts})
    return route(
        record, notices, standing=Standing("dead"), decided={}, reference=bundled(), now=now, switches=switches
    )


def notice(
    name: str, partner: str = "RTH", kind: str = "hospital-hl7", at: str = "2026-03-09T06:00", **parts: Any
) -> DeathNotice:
    """One notice about a boy with a number of his own, told at a London time."""
    told = datetime.fromisoformat(at if len(at) > 16 else f"{at}+00:00")
    child = {
        "nhs_number": "9991000003",
        "family_name": "Quillfeather",
        "given_names": ["Barnaby"],
        "birth_date": "2016-01-01",
        "sex": "male",
        **parts.pop("child", {}),
    }
    whole = {
        "id": name,
        "submission": name,
        "source": {"kind": kind, "partner": partner, **parts.pop("source", {})},
        "stated_at": at,
        "received_at": parts.pop("received_at", told + timedelta(minutes=1)),
        "profile": "invented",
        "child": child,
        **parts,
    }
    return DeathNotice.model_validate(whole)


def decided(
    notices: Sequence[DeathNotice], *decisions: Decision, now: datetime = NOW, switches: Switches = Switches()
) -> Outcome:
    """What the whole core makes of notices."""
    return decide(notices, decisions, bundled(), now, switches)


def only_case(outcome: Outcome) -> Case:
    (case,) = outcome.cases
    return case


def moments(first: date = SINCE, last: date = UNTIL) -> st.SearchStrategy[datetime]:
    """Instants, those around the changes of the clocks, the ends of years and bank holidays often among them."""
    edges = [
        datetime.fromisoformat(text)
        for text in (
            "2026-03-29T00:30", "2026-03-29T01:00", "2026-10-25T00:30", "2026-10-25T01:30", "2025-12-31T23:59",
            "2024-02-29T12:00", "2026-04-02T17:00", "2025-12-24T22:00", "2025-11-30T08:00", "2022-09-18T23:30",
        )
    ]  # fmt: skip
    anywhere = st.datetimes(datetime(first.year, first.month, first.day), datetime(last.year, last.month, last.day))
    near = st.builds(
        lambda edge, minutes: edge + timedelta(minutes=minutes), st.sampled_from(edges), st.integers(-4000, 4000)
    )
    return st.one_of(anywhere, near).map(lambda naive: naive.replace(tzinfo=UTC, second=0, microsecond=0))


def words(case: Routing) -> Iterator[str]:
    """The words of ``notify`` without the panel of an unassigned case."""
    yield from (word.split(":")[0] for word in case.notify)
