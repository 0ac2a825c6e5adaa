"""Who the child is and whose case it is, by messages that hospitals write, by hand."""

import json
from typing import Any

import pytest

from tests.acceptance.answers import NOW, OPEN, copies, decided, lead, only, stands
from tests.acceptance.conftest import Read, Try
from tests.native_messages import AVA, AVA_OTHER, adt, late


@pytest.mark.parametrize(
    "identifiers",
    [
        "{n}^^^NHS^NH", "{n}^^^^NH", "{n}^^^^NI", "{n}^^^NHS^HN", "{n}^^^NHS", "{n}^^^NHSNBR^NHSNMBR", "{n}",
        "999 000 0026^^^NHS^NH", "999-000-0026^^^NHS^NH", "9990000034^^^RTH^MR~{n}^^^NHS^NH",
    ],
)  # fmt: skip
def test_an_nhs_number_is_known_by_type_or_authority_before_its_digits(cdr_read: Read, identifiers: str) -> None:
    (line,) = cdr_read({"m.hl7": adt(f3=identifiers.replace("{n}", AVA_OTHER))})
    assert line["notices"][0]["child"]["nhs_number"] == AVA_OTHER


@pytest.mark.parametrize("number", ["0000000000", "1111111111", "9999999999", "9990000019"])
def test_an_nhs_number_that_cannot_be_one_is_kept_apart(cdr_read: Read, number: str) -> None:
    child = cdr_read({"m.hl7": adt(f3=f"{number}^^^NHS^NH~77^^^RTH^PI")})[0]["notices"][0]["child"]
    assert "nhs_number" not in child
    assert any(one["value"] == number and one["problem"] for one in child["other_identifiers"])


@pytest.mark.parametrize(
    ("born", "died", "expected"),
    [
        ("20080510", "202605092350", OPEN),
        ("20080510", "202605100005", []),
        ("20080229", "20260228", OPEN),
        ("20080229", "20260301", []),
        ("200803", "20260309", [("open", "scope.age-unconfirmed")]),
        ("2007", "20260309", []),
    ],
)
def test_the_eighteenth_birthday_is_out(cdr_try: Try, born: str, died: str, expected: list[tuple[str, str]]) -> None:
    assert stands(cdr_try({"m.hl7": adt(f7=born, f29=died)}, *NOW)) == expected


def test_without_an_age_a_sign_of_childhood_opens_the_case_and_none_holds_it(cdr_try: Try) -> None:
    ward = {"f10": "", "f3": "MAU^1^1^RTH"}
    assert stands(cdr_try({"m.hl7": adt(f7=None, visit=ward)}, *NOW)) == [("held", "held.age")]
    assert only(cdr_try({"m.hl7": adt(f7=None)}, *NOW))["flags"].count("age-unconfirmed") == 1
    unknown = {"m.hl7": adt(f7=None, visit=ward)}
    assert stands(cdr_try(unknown, *NOW, decisions=[decided("age", under_18=True)])) == OPEN
    assert stands(cdr_try(unknown, *NOW, decisions=[decided("age", under_18=False)])) == [
        ("out-of-scope", "scope.adult")
    ]


def test_a_merge_of_numbers_and_hospital_numbers_joins_what_it_is_about(cdr_try: Try) -> None:
    merge = (
        b"MSH|^~\\&|LORENZO|RTH|CDR|NHSE|20260310100000||ADT^A40|K1|P|2.4\rEVN|A40|20260310100000\r"
        b"PID|1||9990000026^^^NHS^NH~4512345^^^RTH^PI||HARROW^AVA||20140509|F\rMRG|9990000018^^^NHS^NH~999^^^RTH^PI\r"
    )
    old = adt(f3=f"{AVA}^^^NHS^NH~999^^^RTH^PI")
    new = adt("A08", "R2", sender="RHW", has_visit=False, f3=f"{AVA_OTHER}^^^NHS^NH")
    assert len(cdr_try({"o.hl7": old, "n.hl7": new}, *NOW)["cases"]) == 2
    answer = cdr_try({"o.hl7": old, "n.hl7": new, "k.hl7": merge}, *NOW)
    assert sorted(only(answer)["from"]) == ["k.hl7#0", "n.hl7#0", "o.hl7#0"]
    assert only(answer)["record"]["child"]["nhs_number"] == AVA_OTHER
    assert cdr_try({"k.hl7": merge}, *NOW)["waiting"] == ["k.hl7#0"]
    adopted = adt("A08", "R2", sender="RHW", has_visit=False, f3=f"{AVA_OTHER}^^^NHS^NH", f5="MARSH^LEO")
    found = cdr_try({"o.hl7": old, "n.hl7": adopted, "k.hl7": merge.replace(b"HARROW^AVA", b"MARSH^LEO")}, *NOW)
    assert set(stands(found)) == {("held", "held.restricted")}
    assert "HARROW" not in json.dumps(found)


def test_unnamed_twins_of_one_mother_stay_two_however_their_places_are_written(cdr_try: Try) -> None:
    def twin(name: str, sender: str) -> bytes:
        return adt(
            "A08", "T", sender=sender, has_visit=False, f3=f"88^^^{sender}^PI", f5=name, f7="20260601", f8="M",
            f21="9990000042^^^NHS^NH", f29="20260601", f32="08", sent="20260602080000",
        )  # fmt: skip

    for one, two in (
        ("TWIN 1 BEGUM^", "TWIN 2 BEGUM^"),
        ("BEGUM^TWIN I", "BEGUM^TWIN II"),
        ("BEGUM^BABY A", "BEGUM^BABY B"),
    ):
        assert len(cdr_try({"a.hl7": twin(one, "R1H"), "b.hl7": twin(two, "RP4")}, *NOW)["cases"]) == 2, one


@pytest.mark.parametrize("stand_in", ["BABY HARROW^", "HARROW^BABY GIRL", "BABY OF HARROW^", "HARROW^B/O"])
def test_a_placeholder_never_beats_a_name_however_late(cdr_try: Try, stand_in: str) -> None:
    born = {"f7": "20260308"}
    answer = cdr_try({"a.hl7": adt(**born), "b.hl7": late(f5=stand_in, **born)}, *NOW)
    child = only(answer)["record"]["child"]
    assert (child["family_name"], child["given_names"], child.get("name_is_placeholder")) == (
        "HARROW",
        ["AVA", "ROSE"],
        None,
    )


@pytest.mark.parametrize(
    ("address", "expected", "state", "notify"),
    [
        ("9 HIGH ST^^^^GL1 3NN^^C~1 QUAY ST^^^^RG1 1LZ^^H", ("BERKS", "lead.usual-address"), "open", []),
        ("9 HIGH ST^^^^GL1 3NN^^C", None, "held.no-residence", ["unassigned:OXON"]),
        ("NFA^^^^ZZ99 3VZ^^H", None, "held.no-residence", ["unassigned:OXON"]),
        ("X^^^^ZZ99 3CZ^^H", None, "held.no-residence", ["unassigned:OXON"]),
        ("X^^^^ZZ99 3GZ^^H", ("OXON", "lead.place-of-death"), "open", ["wales"]),
        ("X^^^^EH1 1YZ^^H", ("OXON", "lead.place-of-death"), "open", ["scotland"]),
        ("X^^^^IM1 1AA^^H", ("MERSEY", "lead.isle-of-man"), "open", ["isle-of-man"]),
        ("12 RUE X^^PARIS^^75001^FRA^H", ("OXON", "lead.place-of-death"), "open", ["overseas"]),
        ("1 X^^^^RG9 9ZZ^^H", None, "held.unknown-postcode", ["unassigned:OXON"]),
        ("1 X^^^^RG9 9ZZ^^H^^E06000038", ("BERKS", "lead.usual-address"), "open", []),
        ("1 X^^^^^^H^^E07009999", None, "held.unknown-area", ["unassigned:OXON"]),
        ("1 X^^^^^^H^^E08000019", ("SHEFFIELD", "lead.usual-address"), "open", []),
        ("1 X^^^^^^H^^E07000029", ("CUMBRIA", "lead.usual-address"), "open", []),
    ],
)
def test_the_residence_ladder_answers_from_the_home_alone(
    cdr_try: Try, address: str, expected: tuple[str, str] | None, state: str, notify: list[str]
) -> None:
    case = only(cdr_try({"m.hl7": adt(f11=address)}, *NOW))
    assert (lead(case), case["notify"]) == (expected, notify)
    assert state in (case["state"], case["rule"])


def test_people_decide_over_the_ladder(cdr_try: Try) -> None:
    def answer(*decisions: dict[str, Any], **pid: str) -> dict[str, Any]:
        return only(cdr_try({"m.hl7": adt(**pid)}, *NOW, decisions=list(decisions)))

    assert lead(answer(decided("agreement", cdop="LEEDS"))) == ("LEEDS", "lead.agreement")
    assert lead(answer(decided("residence", lad_code="E07000081"))) == ("GLOS", "lead.usual-address")
    looked_after = answer(decided("looked-after", local_authority="E08000012"))
    assert lead(looked_after) == ("MERSEY", "lead.looked-after")
    assert "s16c_due" in looked_after["clocks"]
    held = answer(decided("restrict"))
    assert (held["state"], held["rule"]) == ("held", "held.restricted")
    unborn = answer(decided("live-birth", live_birth=False, professional_attending=False))
    assert unborn["rule"] == "scope.unattended-stillbirth"
    visitor = {"f11": "X^^^^ZZ99 3GZ^^H"}
    assert answer(decided("review-non-resident", review=False), **visitor)["rule"] == "not-reviewed"
    case = answer()["case"]
    assert lead(answer(decided("agreement", case, cdop="LEEDS"))) == ("LEEDS", "lead.agreement")


def test_only_a_visit_that_ended_in_death_says_where_the_child_died(cdr_try: Try) -> None:
    assert copies(only(cdr_try({"m.hl7": adt()}, *NOW))) == [("OXON", "copy.death")]
    assert copies(only(cdr_try({"m.hl7": adt(visit={"f3": "PICU^1^1"})}, *NOW))) == [("OXON", "copy.death")]
    assert copies(only(cdr_try({"m.hl7": adt(visit={"f3": "PICU^1^1^RHM01"})}, *NOW))) == [("HIPS", "copy.death")]
    assert copies(only(cdr_try({"m.hl7": late()}, *NOW))) == []


def test_clocks_run_in_elapsed_hours_over_the_change_to_summer_time(cdr_try: Try) -> None:
    clocks = only(cdr_try({"m.hl7": adt(f29="202603282330", sent="20260329010000")}, *NOW))["clocks"]
    assert clocks["ncmd_due"] == "2026-03-31T00:30:00+01:00"
    month = only(cdr_try({"m.hl7": adt(f29="202603")}, *NOW))
    assert (month["clocks"]["ncmd_due"], "month-only-death" in month["flags"]) == ("2026-03-03T00:00:00+00:00", True)
