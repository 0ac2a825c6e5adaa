"""S8: the usual address decides; a temporary one, the GP's and the school's do not, until a person says they moved."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.acceptance.conftest import Try
from tests.acceptance.real_engine import Played
from tests.acceptance.stories.s08_addresses import FORCE, NOW, PLAYED, by_fhir, by_record, died, moved_for_good, s8
from tests.acceptance.story import leads, only

Play = Callable[..., dict[str, Any]]
AT = ("--at", NOW)
(STORY,) = PLAYED


def test_the_national_records_address_outranks_the_days_registration(in_any_order: Play) -> None:
    answer = in_any_order(s8(), *AT)
    case = only(answer["cases"])
    assert (case["state"], case["lead"]["cdop"], case["lead"]["rule"]) == ("open", "BSOL", "lead.usual-address")
    assert case["copies"] == [{"cdop": "GLOS", "rule": "copy.death"}]
    assert case["notify"] == []
    assert answer["passed_over"] == [{"ref": "arrived.hl7#0", "reason": "no-death"}]


def test_the_conflict_is_recorded_and_shown(cdr_try: Try) -> None:
    case = only(cdr_try(s8(), *AT)["cases"])
    assert {
        "field": "child.addresses", "from": "died.hl7#0",
        "value": {"lines": ["5 Westgate Street"], "postcode": "GL1 2TG", "use": "home"},
    } in case["conflicts"]  # fmt: skip
    first, second, third = case["record"]["child"]["addresses"]
    assert (first["postcode"], first["use"]) == ("B4 6NH", "home")
    assert {(each["postcode"], each["use"]) for each in (second, third)} == {
        ("GL1 2TG", "home"),
        ("GL1 2TG", "temporary"),
    }
    assert case["provenance"]["child.addresses"]["from"] == "record.xml#0"


def test_gloucester_starts_the_response_and_the_surveillance_there_is_named(cdr_try: Try) -> None:
    case = only(cdr_try(s8(), *AT)["cases"])
    jar = case["jar"]
    assert (jar["required"], jar["reasons"], jar["team"], jar["told"]) == (
        True, ["external-cause"], "JAR-GLOS", ["JAR-BSOL"],
    )  # fmt: skip
    assert jar["police_force"] == FORCE
    assert "rtss" in case["flags"]
    (surveillance,) = [one for one in case["consider"] if one["flag"] == "rtss"]
    assert "Gloucestershire" in surveillance["contact"]
    assert case["record"]["coroner"]["area"] == "gloucestershire"
    assert case["record"]["death"]["suspected_category"] == "suicide-or-self-harm"
    assert case["clocks"]["ncmd_due"] == "2026-10-22T21:35:00+01:00"


def test_neither_gp_nor_school_makes_worcestershire_anything(cdr_try: Try) -> None:
    answer = cdr_try(s8(), *AT)
    case = only(answer["cases"])
    assert case["record"]["child"]["gp_practice"] == "M81040"
    assert case["record"]["child"]["school"] == "Redditch High School"
    concerned = {case["lead"]["cdop"], *leads(case)[1], *case["notify"], case["jar"]["team"], *case["jar"]["told"]}
    assert not concerned & {"HW", "JAR-HW"}


@pytest.mark.parametrize("hospital", [{"h.hl7": died()}, {"h.json": by_fhir()}], ids=["hl7", "fhir"])
def test_until_the_national_record_speaks_the_hospitals_address_is_all_there_is(
    cdr_try: Try, hospital: dict[str, bytes]
) -> None:
    assert leads(only(cdr_try(hospital, *AT)["cases"])) == ("GLOS", [])
    assert leads(only(cdr_try(hospital | {"record.xml": by_record()}, *AT)["cases"])) == ("BSOL", ["GLOS"])


def test_a_temporary_address_alone_is_no_home(cdr_try: Try) -> None:
    """The police have the grandmother's address only, as temporary: a person has to say where the child lived."""
    case = only(cdr_try({"police.json": s8()["police.json"]}, *AT)["cases"])
    assert (case["state"], case["rule"], case["lead"]) == ("held", "held.no-residence", None)


def test_a_person_says_that_she_had_moved_and_gloucestershire_leads(play: Play) -> None:
    case = only(play(STORY)["cases"])
    assert (case["state"], leads(case)) == ("open", ("GLOS", []))
    assert case["lead"]["rule"] == "lead.usual-address"
    assert "a person decided" in case["lead"]["why"]
    assert (case["jar"]["team"], case["jar"]["told"]) == ("JAR-GLOS", [])


def test_the_decision_can_be_superseded_by_a_later_one(cdr_try: Try) -> None:
    back = {**moved_for_good(), "id": "d-back", "at": "2026-10-21T18:00:00Z", "value": {"lad_code": "E08000025"}}
    case = only(cdr_try(s8(), *AT, decisions=[moved_for_good(), back])["cases"])
    assert leads(case) == ("BSOL", ["GLOS"])


def told(played: Played, recipient: str) -> list[dict[str, Any]]:
    return [dict(delivery.body) for delivery in played.told("s8") if delivery.recipient == recipient]


def parts(played: Played, act: int) -> dict[str, tuple[str, str]]:
    (held,) = played.held["s8", act]
    return {who: (part, stands) for who, (part, stands, _) in held.items()}


def test_birmingham_leads_first_and_nobody_in_worcester_hears_of_it(played: Played) -> None:
    assert parts(played, 0) == {
        "cdop.BSOL": ("lead", "current"), "cdop.GLOS": ("copy", "current"), "national.ncmd": ("national", "current"),
        "jar.JAR-GLOS": ("jar", "current"), "jar.JAR-BSOL": ("jar", "current"),
    }  # fmt: skip
    assert not {d.recipient for d in played.told("s8")} & {"cdop.HW", "jar.JAR-HW"}


def test_after_the_move_gloucester_leads_and_birmingham_keeps_a_closed_pointer(played: Played) -> None:
    held = parts(played, 1)
    assert held["cdop.GLOS"] == ("lead", "current")
    assert held["cdop.BSOL"] == ("previous-lead", "pointer")
    assert held["jar.JAR-BSOL"][1] == "withdrawn"
    last = told(played, "cdop.GLOS")[-1]
    assert last["kind"] == "transfer"
    assert "a person decided" in last["routing"]["lead"]["why"]
    pointer = told(played, "cdop.BSOL")[-1]
    assert pointer["part"] == "previous-lead"
    assert "record" not in pointer
    assert pointer["routing"]["lead"]["cdop"] == "GLOS"
    assert any(reason["rule"] == "copy.previous-lead" for reason in pointer["reasons"])


def test_the_national_record_is_moved_and_not_made_twice(played: Played) -> None:
    kinds = [body["kind"] for body in told(played, "national.ncmd")]
    assert kinds.count("new") == 1
    assert kinds[-1] == "transfer"
    assert len({body["case"] for body in told(played, "national.ncmd")}) == 1
