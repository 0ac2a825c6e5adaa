"""A routing as ``cdr try`` and ``cdr route`` print it."""

from datetime import UTC, datetime
from typing import Any

from integration_engine.record.record import ChildDeathRecord
from integration_engine.record.standing import Standing
from integration_engine.routing.answer import to_json
from integration_engine.routing.reference import bundled
from integration_engine.routing.route import route

READING, LEEDS, LIVERPOOL = {"lad_code": "E06000038"}, {"lad_code": "E08000035"}, {"lad_code": "E08000012"}


def written(*addresses: dict[str, Any]) -> dict[str, Any]:
    child = {"birth_date": "2015-01-01", "addresses": list(addresses)}
    death = {"died_at": "2026-05-28T10:00", "place": LEEDS, "event": {"type": "fire", "place": LIVERPOOL}}
    record = ChildDeathRecord.model_validate({"child": child, "death": death})
    now = datetime(2026, 6, 1, 9, tzinfo=UTC)
    return to_json(route(record, (), standing=Standing("dead"), decided={}, reference=bundled(), now=now))


def test_the_shapes_are_those_of_the_contract() -> None:
    answer = written(READING)
    assert (answer["state"], answer["rule"]) == ("open", "scope.child")
    assert (answer["lead"]["cdop"], answer["lead"]["rule"]) == ("BERKS", "lead.usual-address")
    assert answer["copies"] == [{"cdop": "LEEDS", "rule": "copy.death"}, {"cdop": "MERSEY", "rule": "copy.event"}]
    assert answer["notify"] == []
    jar = {"required": True, "reasons": ["external-cause"], "team": "JAR-LEEDS", "rule": "jar.required"}
    assert answer["jar"].items() >= jar.items()
    assert answer["clocks"]["ncmd_due"] == "2026-05-30T10:00:00+01:00"
    assert answer["flags"] == sorted(answer["flags"])


def test_a_case_without_a_lead_says_null_and_whom_to_tell_meanwhile() -> None:
    answer = written()
    assert (answer["lead"], answer["notify"]) == (None, ["unassigned:LEEDS"])


def test_a_lead_shows_the_panel_of_the_day_of_death_only_where_it_is_another() -> None:
    assert "then" not in written(READING)["lead"]
