"""What outside tools rely on, held to from outside: messages as hospitals, forces and coroners write them, by hand."""

import itertools
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from integration_engine.cli import _build
from tests.acceptance.conftest import Try
from tests.native_messages import (
    AVA,
    AVA_OTHER,
    TOM,
    adt,
    js,
    late,
    message,
    national,
    patient,
    person,
    report,
    row,
    upload,
)

Read = Callable[..., list[dict[str, Any]]]

NOW = ("--at", "2026-12-01T09:00:00Z")


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., Result]:
    """Run one command over files by name."""

    def call(command: str, files: Mapping[str, bytes], *options: str) -> Result:
        paths = []
        for name, body in files.items():
            (tmp_path / name).write_bytes(body)
            paths.append(str(tmp_path / name))
        return CliRunner().invoke(_build([command]), [command, *options, *paths])

    return call


@pytest.fixture
def cdr_read(run: Callable[..., Result], tmp_path: Path) -> Read:
    """``cdr read --json``: its lines."""

    def call(files: Mapping[str, bytes], *options: str) -> list[dict[str, Any]]:
        result = run("read", files, "--json", *NOW, *options)
        assert result.exit_code == 0, result.output
        return [json.loads(line) for line in result.stdout.replace(f"{tmp_path}/", "").splitlines()]

    return call


def decided(kind: str, about: str = "{dir}/m.hl7#0", **value: Any) -> dict[str, Any]:
    return {
        "id": f"d-{kind}", "at": "2026-03-11T09:00:00Z", "by": "A Person", "role": "operator", "kind": kind,
        "about": [about], "value": value, "reason": "asked the ward",
    }  # fmt: skip


def only(answer: dict[str, Any]) -> dict[str, Any]:
    assert len(answer["cases"]) == 1, answer
    case: dict[str, Any] = answer["cases"][0]
    return case


def stands(answer: dict[str, Any]) -> list[tuple[str, str]]:
    return [(case["state"], case["rule"]) for case in answer["cases"]]


def lead(case: dict[str, Any]) -> tuple[str, str] | None:
    return (case["lead"]["cdop"], case["lead"]["rule"]) if case["lead"] else None


def copies(case: dict[str, Any]) -> list[tuple[str, str]]:
    return [(copy["cdop"], copy["rule"]) for copy in case["copies"]]


OPEN, WITHDRAWN = [("open", "scope.child")], [("withdrawn", "scope.retracted")]
CANCELLED, DISPUTED = [("held", "held.cancelled-visit")], [("held", "held.disputed")]


# What the commands print.


def test_read_prints_one_line_a_message_with_these_members(cdr_read: Read) -> None:
    (line,) = cdr_read({"m.hl7": adt()})
    assert list(line) == ["file", "index", "kind", "profile", "verdict", "reason", "notices", "problems"]
    assert (line["file"], line["index"], line["kind"], line["profile"]) == ("m.hl7", 0, "hospital-hl7", "nhs-adt")
    (notice,) = line["notices"]
    child, death = notice["child"], notice["death"]
    assert (child["nhs_number"], child["nhs_number_status"]) == (AVA, "01")
    assert (child["family_name"], child["given_names"], child["birth_date"]) == (
        "HARROW",
        ["AVA", "ROSE"],
        "2014-05-09",
    )
    assert (child["sex"], child["ethnic_category"]) == ("female", "A")
    assert (death["died_at"][:16], death["place"]["ods_code"]) == ("2026-03-09T04:10", "RTH")
    assert {"kind": "hospital-hl7", "partner": "RTH", "message_id": "LOR0001", "event": "A03"}.items() <= notice[
        "source"
    ].items()
    assert notice["provenance"]["child.family_name"]["path"].startswith("PID-5")


def test_try_prints_one_object_with_these_members(cdr_try: Try) -> None:
    answer = cdr_try({"m.hl7": adt()}, *NOW)
    assert list(answer) == ["cases", "reviews", "waiting", "passed_over", "refused", "alarms"]
    case = only(answer)
    assert {
        "case", "state", "rule", "from", "record", "provenance", "lead", "copies", "notify", "jar", "clocks", "flags",
        "conflicts", "related",
    } <= case.keys()  # fmt: skip
    assert set(case["provenance"]["child.family_name"]) == {"from", "path", "profile", "rule"}
    assert case["provenance"]["child.family_name"]["from"] == "m.hl7#0"
    assert {"required", "reasons", "team", "rule"} <= case["jar"].keys()


def test_exit_statuses_say_done_not_so_and_wrong_usage(run: Callable[..., Result]) -> None:
    refused, good = {"x.hl7": b"MSH|^~\\&|A"}, {"m.hl7": adt()}
    assert run("read", refused, "--json").exit_code == 0
    assert run("read", refused, "--json", "--strict").exit_code == 1
    assert run("read", good, "--json", "--strict").exit_code == 0
    for wrong in (("--profile", "nowhere"), ("--feed", "nowhere"), ("--at", "yesterday"), ("--kind", "fax")):
        assert run("try", good, "--json", *wrong).exit_code == 2, wrong


def test_a_feeds_settings_are_taken_and_a_wrong_setting_is_wrong_usage(
    run: Callable[..., Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed = '[[feeds]]\nname = "ox"\npartner = "RTH"\nkind = "hospital-hl7"\nprofile = "nhs-adt"\n'
    monkeypatch.chdir(tmp_path)
    said = {"a.hl7": adt(), "b.hl7": late(f29=None, f30="N")}
    (tmp_path / "cdr.toml").write_text(feed + "n_is_reliable = true\n")
    assert stands(json.loads(run("try", said, "--json", "--feed", "ox").stdout)) == WITHDRAWN
    (tmp_path / "cdr.toml").write_text(feed + "n_is_believed = true\n")
    assert run("try", said, "--json", "--feed", "ox").exit_code == 2


def test_references_count_what_a_file_holds(cdr_try: Try) -> None:
    adult = person(person_id="P0", date_of_birth="1981-01-01")
    brother = person(person_id="P2", given_names="Tom", sex="M", date_of_birth="2016-01-01")
    mother = person(person_id="M", role="mother", date_of_birth="1985-01-01", life_extinct_at=None)
    tom = patient(
        id="p2", identifier=[{"system": "https://fhir.nhs.uk/Id/nhs-number", "value": TOM}], birthDate="2015-01-01"
    )
    tom |= {"name": [{"family": "COLE", "given": ["TOM"]}], "gender": "male"}
    bundle = {"resourceType": "Bundle", "type": "collection"}
    bundle |= {"entry": [{"resource": one} for one in (patient(deceasedDateTime=None, id="p0"), tom)]}
    batch = (
        b"BHS|^~\\&|LORENZO|RTH\r"
        + adt("A08", "B1", f30="N", f29=None, has_visit=False)
        + adt("A03", "B2")
        + b"BTS|2\r"
    )
    rows = upload(row(date_of_birth="01/01/1950"), row(reference=""), row(reference="9-2026"))
    for files, cases, passed, refused in (
        ({"p.json": js(report(mother, adult, person(), brother))}, ["p.json#1", "p.json#2"], ["p.json#0"], []),
        ({"b.json": js(bundle)}, ["b.json#1"], ["b.json#0"], []),
        ({"b.hl7": batch}, ["b.hl7#1"], ["b.hl7#0"], []),
        ({"c.csv": rows}, ["c.csv#2"], ["c.csv#0"], ["c.csv#1"]),
    ):
        answer = cdr_try(files, *NOW)
        assert sorted(ref for case in answer["cases"] for ref in case["from"]) == cases
        assert [one["ref"] for one in answer["passed_over"]] == passed
        assert [one["ref"] for one in answer["refused"]] == refused


def test_any_order_and_any_repetition_give_the_same_cases_byte_for_byte(cdr_try: Try) -> None:
    files = {
        "a.hl7": adt(),
        "b.hl7": late(f29="20260309"),
        "c.hl7": adt("A13", "LOR0003", sent="20260309070000"),
        "p.json": js(report()),
        "k.csv": upload(row(), row(event="INQUEST_OPENED", event_at="01/04/2026")),
        "l.csv": upload(row(event="INQUEST_OPENED", event_at="01/04/2026"), row()),
        "n.json": js(
            message(patient(extension=[national("1")]), sender="X26", event="pds-death-notification-1", id="N")
        ),
        "z.hl7": late("T1", f3=f"{TOM}^^^NHS^NH", f5="HARROW^TOM", f7="20160101", f8="M"),
    }
    answers = set()
    for order in itertools.islice(itertools.permutations(files), 0, 40_320, 4_007):
        answers.add(json.dumps(cdr_try({name: files[name] for name in order}, *NOW)["cases"]))
    twice = {**files, **{f"zz-{name}": body for name, body in files.items()}}
    answers.add(json.dumps(cdr_try(twice, *NOW)["cases"]))
    assert len(answers) == 1


def test_a_coroners_rows_say_the_same_in_one_file_or_in_two(cdr_try: Try) -> None:
    first, second = row(), row(event="INQUEST_OPENED", event_at="01/04/2026")
    together = json.dumps(cdr_try({"k.csv": upload(first, second)}, *NOW)["cases"])
    apart = json.dumps(cdr_try({"x.csv": upload(first), "y.csv": upload(second)}, *NOW)["cases"])
    assert together.replace("k.csv#0", "x.csv#0").replace("k.csv#1", "y.csv#0") == apart


def test_the_same_message_id_with_another_body_is_taken_and_raises_an_alarm(cdr_try: Try) -> None:
    answer = cdr_try({"a.hl7": adt(), "b.hl7": adt(f29="20260309042000")}, *NOW)
    assert answer["alarms"] == [{"ref": "b.hl7#0", "code": "same-id-other-body"}]
    assert sorted(only(answer)["from"]) == ["a.hl7#0", "b.hl7#0"]
    assert not cdr_try({"a.hl7": adt(), "b.hl7": adt(sender="RHW")}, *NOW)["alarms"]


# Where a death stands in HL7 v2, and how it is taken back.


@pytest.mark.parametrize(
    ("pid", "disposition", "died_at"),
    [
        ({"f29": "20241231", "f30": None}, "", "2024-12-31"),
        ({"f29": "2024-12-31", "f30": None}, "", "2024-12-31"),
        ({"f29": "202412310000", "f30": "Y"}, "", "2024-12-31"),
        ({"f29": "202603", "f30": None}, "", "2026-03"),
        ({"f29": "20250615120000+0100", "f30": None}, "", "2025-06-15T12:00"),
        ({"f29": None, "f30": "Y"}, "", None),
        ({"f29": None, "f30": None}, "4", None),
        ({"f29": None, "f30": None}, "Dead", None),
    ],
)
def test_a_death_is_read_wherever_a_feed_puts_it(
    cdr_read: Read, pid: dict[str, str | None], disposition: str, died_at: str | None
) -> None:
    (line,) = cdr_read({"m.hl7": adt(visit={"f36": disposition, "f37": ""}, **pid)})
    assert line["verdict"] == "notice"
    stated = line["notices"][0]["death"].get("died_at")
    assert stated[: len(died_at)] == died_at if died_at else stated is None
    assert ("midnight-read-as-date" in [problem["code"] for problem in line["problems"]]) == (
        pid["f29"] == "202412310000"
    )


@pytest.mark.parametrize(
    ("pid", "disposition"),
    [({"f29": None, "f30": None}, "1"), ({"f29": None, "f30": "N"}, "1"), ({"f29": None, "f30": None}, "")],
)
def test_what_only_supports_a_death_or_says_nothing_is_passed_over(
    cdr_read: Read, pid: dict[str, str | None], disposition: str
) -> None:
    body = adt("A03", "L", "DG1|1|10|R95^SIDS^I10||20260309|F", visit={"f36": disposition, "f37": "79"}, **pid)
    assert [line["verdict"] for line in cdr_read({"m.hl7": body})] == ["passed-over"]


def test_four_is_a_death_in_the_nhs_table_and_a_transfer_in_hl7s(cdr_read: Read) -> None:
    four = adt(f29=None, f30=None)
    assert cdr_read({"m.hl7": four})[0]["verdict"] == "notice"
    assert cdr_read({"m.hl7": four}, "--profile", "hl7-us")[0]["verdict"] == "passed-over"
    forty = adt(f29=None, f30=None, visit={"f36": "40"})
    assert cdr_read({"m.hl7": forty}, "--profile", "hl7-us")[0]["verdict"] == "notice"


@pytest.mark.parametrize(
    ("pid", "profile", "expected"),
    [
        ({"f29": '""', "f30": None}, "nhs-adt", WITHDRAWN),
        ({"f29": None, "f30": '""'}, "nhs-adt", WITHDRAWN),
        ({"f29": "RESURREC", "f30": None}, "nhs-adt", WITHDRAWN),
        ({"f29": "00000000", "f30": None}, "nhs-adt", WITHDRAWN),
        ({"f29": "202603", "f30": None}, "pims-wales", WITHDRAWN),
        ({"f29": "202603", "f30": None}, "nhs-adt", OPEN),
        ({"f29": None, "f30": "N"}, "nhs-adt", OPEN),
        ({"f29": None, "f30": None}, "nhs-adt", OPEN),
    ],
)
def test_only_the_un_dying_forms_take_a_death_back(
    cdr_try: Try, pid: dict[str, str | None], profile: str, expected: list[tuple[str, str]]
) -> None:
    answer = cdr_try({"a.hl7": adt(), "b.hl7": late(**pid)}, "--profile", profile, *NOW)
    assert stands(answer) == expected
    if expected == WITHDRAWN:
        assert only(answer)["clocks"] == {}
        alone = cdr_try({"b.hl7": late(**pid)}, "--profile", profile, *NOW)
        assert (alone["cases"], alone["waiting"]) == ([], ["b.hl7#0"])


@pytest.mark.parametrize("trigger", ["A11", "A13", "A23", "A29"])
def test_a_cancel_that_still_says_dead_waits_for_a_person_or_a_real_retraction(cdr_try: Try, trigger: str) -> None:
    said = {"a.hl7": adt(), "b.hl7": adt(trigger, "L2", sent="20260310080000")}
    assert stands(cdr_try(said, *NOW)) == CANCELLED
    assert stands(cdr_try(said | {"c.hl7": late(f29='""', f30='""')}, *NOW)) == WITHDRAWN
    about = decided("deny-death", "{dir}/a.hl7#0")
    assert stands(cdr_try(said, *NOW, decisions=[about])) == WITHDRAWN


def test_who_else_says_dead_decides_what_a_retraction_does(cdr_try: Try) -> None:
    back = late(f29='""', f30='""')
    other = adt("A08", "R1", sender="RHW", has_visit=False)
    formal = js(message(patient(extension=[national("2")]), sender="X26", event="pds-death-notification-1"))
    assert stands(cdr_try({"a.hl7": adt(), "b.hl7": back, "o.hl7": other}, *NOW)) == DISPUTED
    assert stands(cdr_try({"a.hl7": adt(), "b.hl7": back, "n.json": formal}, *NOW)) == DISPUTED
    again = late("LOR0009", sent="20260311090000")
    assert stands(cdr_try({"a.hl7": adt(), "b.hl7": back, "c.hl7": again}, *NOW)) == OPEN


@pytest.mark.parametrize(
    "body",
    [adt("A08", has_visit=False, f30="N"), adt(f29=None, f30="N"), adt(f30="N")],
    ids=["date", "disposition", "both"],
)
def test_dead_and_alive_in_one_message_is_a_notice_and_a_person_decides(
    cdr_read: Read, cdr_try: Try, body: bytes
) -> None:
    (line,) = cdr_read({"m.hl7": body})
    assert (line["verdict"], line["notices"][0]["intent"]) == ("notice", "report")
    assert "contradiction" in [problem["code"] for problem in line["problems"]]
    assert stands(cdr_try({"m.hl7": body}, *NOW)) == [("held", "held.contradiction")]
    assert stands(cdr_try({"m.hl7": body}, *NOW, decisions=[decided("confirm-death")])) == OPEN


def test_a_laboratory_message_opens_no_case_without_a_person(cdr_try: Try) -> None:
    laboratory = adt("A08", "O1", has_visit=False).replace(b"ADT^A08", b"ORU^R01")
    assert stands(cdr_try({"m.hl7": laboratory}, *NOW)) == [("held", "held.indirect-source")]
    assert stands(cdr_try({"m.hl7": laboratory, "b.hl7": late()}, *NOW)) == OPEN


# Who the child is.


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


# Whose case.


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


# FHIR.


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        ({"deceasedDateTime": None, "deceasedBoolean": True}, "notice"),
        ({"deceasedDateTime": None}, "passed-over"),
        ({"deceasedDateTime": None, "deceasedBoolean": "true"}, "notice"),
        ({"gender": "F"}, "notice"),
        ({"extension": [national("2")]}, "notice"),
        ({"extension": [national("U")]}, "retraction"),
        ({"modifierExtension": [{"url": "http://x/y", "valueBoolean": True}]}, "refused"),
        ({"birthDate": "1950-01-01"}, "passed-over"),
    ],
)
def test_a_patient_resource_is_read_for_what_it_means(cdr_read: Read, change: dict[str, Any], verdict: str) -> None:
    (line,) = cdr_read({"m.json": js(patient(**change))})
    assert line["verdict"] == verdict
    if verdict == "refused":
        assert line["reason"] == "unknown-modifier"


def test_the_national_records_last_word_stands_by_its_own_time(cdr_try: Try) -> None:
    def said(status: str, day: int) -> bytes:
        died = "2026-03-09" if status != "U" else None
        body = patient(extension=[national(status)], deceasedDateTime=died)
        return js(
            message(body, sender="X26", event="pds-death-notification-1", sent=f"2026-03-{day}T09:00:00Z", id=status)
        )

    assert stands(cdr_try({"u.json": said("U", 12), "f.json": said("2", 10)}, *NOW)) == WITHDRAWN
    assert stands(cdr_try({"u.json": said("U", 10), "f.json": said("2", 12)}, *NOW)) == OPEN
    assert cdr_try({"u.json": said("U", 10)}, *NOW)["waiting"] == ["u.json#0"]


def test_a_header_that_names_another_person_is_refused(cdr_read: Read) -> None:
    number = {"system": "https://fhir.nhs.uk/Id/nhs-number", "value": TOM}
    demographics = {
        "url": "https://fhir.nhs.uk/STU3/StructureDefinition/Extension-RoutingDemographics-1",
        "extension": [{"url": "nhsNumber", "valueIdentifier": number}],
    }
    (line,) = cdr_read({"m.json": js(message(patient(), extension=[demographics]))})
    assert (line["verdict"], line["reason"]) == ("refused", "identity-disagrees")


@pytest.mark.parametrize(("code", "held"), [("R", True), ("V", True), ("N", False)])
def test_security_labels_restrict(cdr_try: Try, code: str, held: bool) -> None:
    label = {"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": code}
    answer = cdr_try({"m.json": js(patient(meta={"security": [label]}))}, *NOW)
    assert stands(answer) == ([("held", "held.restricted")] if held else OPEN)


def test_an_event_that_only_names_a_number_is_kept(cdr_read: Read) -> None:
    event = {"specversion": "1.0", "id": "e", "source": "x", "type": "pds-death-notification-2", "subject": AVA}
    (line,) = cdr_read(
        {"m.json": js(event | {"time": "2026-03-10T10:00:00Z", "dataref": f"https://pds.example/{AVA}"})}
    )
    assert (line["verdict"], line["notices"][0]["child"]["nhs_number"]) == ("notice", AVA)


# Police and coroners.


def test_a_report_is_routed_by_home_death_and_event(cdr_try: Try) -> None:
    case = only(cdr_try({"p.json": js(report())}, *NOW))
    assert lead(case) == ("BERKS", "lead.usual-address")
    assert copies(case) == [("OXON", "copy.death"), ("WILTSW", "copy.event")]
    assert (case["jar"]["required"], case["jar"]["reasons"], case["jar"]["team"]) == (
        True,
        ["external-cause"],
        "JAR-OXON",
    )


def test_a_later_version_counts_for_what_it_says(cdr_try: Try) -> None:
    injured = js(report(person(role="injured", life_extinct_at=None)))
    later = js(report(version=2, event={"suspicious": "yes"}))
    gone = js(report(version=3, status="withdrawn", reported_at="2026-03-10T08:00:00Z"))
    assert cdr_try({"1.json": injured}, *NOW)["cases"] == []
    case = only(cdr_try({"1.json": injured, "2.json": later}, *NOW))
    assert (case["from"], "suspicious" in case["jar"]["reasons"]) == (["2.json#0"], True)
    assert stands(cdr_try({"2.json": later, "3.json": gone}, *NOW)) == WITHDRAWN
    assert stands(cdr_try({"2.json": later, "3.json": gone, "h.hl7": adt()}, *NOW)) == DISPUTED
    assert cdr_try({"3.json": gone}, *NOW)["waiting"] == ["3.json#0"]


@pytest.mark.parametrize(
    ("birth", "expected"),
    [
        ({"outcome": "still", "professional_attending": False}, [("open", "scope.unattended-stillbirth")]),
        ({"outcome": "still", "professional_attending": True}, []),
        ({"outcome": "live", "termination": True}, []),
        ({"outcome": "live", "gestation_weeks": 22}, OPEN),
    ],
)
def test_how_a_baby_was_born_decides_scope(
    cdr_try: Try, birth: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    assert stands(cdr_try({"p.json": js(report(person(date_of_birth="2026-03-09", birth=birth)))}, *NOW)) == expected


def test_a_coroner_withdraws_but_does_not_by_discontinuing(cdr_try: Try) -> None:
    for event, expected in (("WITHDRAWN", WITHDRAWN), ("DISCONTINUED", OPEN)):
        assert stands(cdr_try({"c.csv": upload(row(), row(event=event, event_at="12/03/2026"))}, *NOW)) == expected
    stillborn = row(event="CONCLUDED", event_at="01/09/2026", conclusion="stillbirth", conclusion_at="01/09/2026")
    born = {"date_of_birth": "09/03/2026", "given_names": "Baby"}
    answer = cdr_try({"c.csv": upload(row(**born), stillborn | born)}, *NOW)
    assert stands(answer) == [("out-of-scope", "scope.stillbirth")]


def test_a_conclusion_outranks_the_hospitals_time_and_the_difference_is_shown(cdr_try: Try) -> None:
    concluded = row(event="CONCLUDED", event_at="01/09/2026", conclusion="suicide; neglect", time_of_death="03:55")
    case = only(cdr_try({"h.hl7": adt(), "c.csv": upload(concluded)}, *NOW))
    assert case["record"]["death"]["died_at"][:16] == "2026-03-09T03:55"
    assert ("death.died_at", "h.hl7#0") in [(one["field"], one["from"]) for one in case["conflicts"]]
    assert case["record"]["coroner"]["conclusions"] == ["suicide", "neglect"]
    assert "rapid-review" in case["flags"]
    referred = only(cdr_try({"h.hl7": adt(), "c.csv": upload(row(time_of_death="03:55"))}, *NOW))
    assert referred["record"]["death"]["died_at"][:16] == "2026-03-09T04:10"


def test_dates_are_day_first_and_two_digit_years_go_back(cdr_read: Read) -> None:
    lines = cdr_read(
        {"c.csv": upload(row(date_of_death="03/04/2026", time_of_death=""), row(date_of_death="03/04/26"))}
    )
    assert lines[0]["notices"][0]["death"]["died_at"] == "2026-04-03"
    assert (lines[1]["verdict"], lines[1]["problems"][0]["path"]) == ("refused", "row 3, column date_of_death")


# The tabular commands.


def test_link_prints_one_line_a_notice(run: Callable[..., Result]) -> None:
    ava = {
        "given": "Ava",
        "family": "Harrow",
        "birth_date": "2014-05-09",
        "postcode": "RG1 1LZ",
        "death_datetime": "2026-03-09",
    }
    rows = [
        ava | {"id": "1", "source": "hospital_hl7", "nhs_number": AVA},
        ava | {"id": "2", "source": "police", "extra": 1},
        {"id": "3", "source": "coroner", "given": "Tom", "family": "Cole", "birth_date": "2015-01-01"},
    ]
    result = run("link", {"n.jsonl": b"\n".join(js(one) for one in rows)}, "--json")
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert [(line["id"], set(line)) for line in lines] == [
        (n, {"id", "cluster", "review_with"}) for n in ("1", "2", "3")
    ]
    assert lines[0]["cluster"] == lines[1]["cluster"] != lines[2]["cluster"]


def test_route_prints_one_line_a_record(run: Callable[..., Result]) -> None:
    born = {"birth_date": "2014-05-09"}
    rows = [
        born | {"id": "1", "death_datetime": "2026-03-09T04:10", "home_lad": "E06000038", "death_lad": "E07000178",
                "event_lad": "E06000030", "event_type": "road-traffic-collision"},
        born | {"id": "2", "death_datetime": "2026-03-09", "postcode": "RG1 1LZ", "expected": "unexpected"},
        {"id": "3", "age_text": "17 years", "death_datetime": "2026-03-09", "home_lad": "E08000019", "custody": "prison-yoi"},
        {"id": "4", "birth_date": "1950-01-01", "death_datetime": "2026-03-09", "home_lad": "E06000038"},
    ]  # fmt: skip
    result = run("route", {"r.jsonl": b"\n".join(js(one) for one in rows)}, "--json")
    one, two, three, four = (json.loads(line) for line in result.stdout.splitlines())
    assert {"id", "state", "lead", "copies", "jar", "clocks", "flags"} <= one.keys()
    assert (lead(one), copies(one)) == (
        ("BERKS", "lead.usual-address"),
        [("OXON", "copy.death"), ("WILTSW", "copy.event")],
    )
    assert (lead(two), two["jar"]["reasons"]) == (("BERKS", "lead.usual-address"), ["sudden-no-cause"])
    assert (lead(three), three["jar"]["reasons"]) == (("SHEFFIELD", "lead.usual-address"), ["custody-or-mha"])
    assert (four["state"], four["clocks"]) == ("out-of-scope", {})
