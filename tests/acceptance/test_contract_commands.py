"""What the commands print, and how they end: members, references, exit statuses, order and repetition."""

import itertools
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

from tests.acceptance.answers import NOW, WITHDRAWN, copies, lead, only, stands
from tests.acceptance.conftest import Read, Try
from tests.native_messages import AVA, TOM, adt, js, late, message, national, patient, person, report, row, upload


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


def test_exit_statuses_say_done_not_so_and_wrong_usage(cdr: Callable[..., Result]) -> None:
    refused, good = {"x.hl7": b"MSH|^~\\&|A"}, {"m.hl7": adt()}
    assert cdr("read", refused, "--json").exit_code == 0
    assert cdr("read", refused, "--json", "--strict").exit_code == 1
    assert cdr("read", good, "--json", "--strict").exit_code == 0
    for wrong in (("--profile", "nowhere"), ("--feed", "nowhere"), ("--at", "yesterday"), ("--kind", "fax")):
        assert cdr("try", good, "--json", *wrong).exit_code == 2, wrong


def test_a_feeds_settings_are_taken_and_a_wrong_setting_is_wrong_usage(
    cdr: Callable[..., Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed = '[[feeds]]\nname = "ox"\npartner = "RTH"\nkind = "hospital-hl7"\nprofile = "nhs-adt"\n'
    monkeypatch.chdir(tmp_path)
    said = {"a.hl7": adt(), "b.hl7": late(f29=None, f30="N")}
    (tmp_path / "cdr.toml").write_text(feed + "n_is_reliable = true\n")
    assert stands(json.loads(cdr("try", said, "--json", "--feed", "ox").stdout)) == WITHDRAWN
    (tmp_path / "cdr.toml").write_text(feed + "n_is_believed = true\n")
    assert cdr("try", said, "--json", "--feed", "ox").exit_code == 2


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


def test_link_prints_one_line_a_notice(cdr: Callable[..., Result]) -> None:
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
    result = cdr("link", {"n.jsonl": b"\n".join(js(one) for one in rows)}, "--json")
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert [(line["id"], set(line)) for line in lines] == [
        (n, {"id", "cluster", "review_with"}) for n in ("1", "2", "3")
    ]
    assert lines[0]["cluster"] == lines[1]["cluster"] != lines[2]["cluster"]


def test_route_prints_one_line_a_record(cdr: Callable[..., Result]) -> None:
    born = {"birth_date": "2014-05-09"}
    rows = [
        born | {"id": "1", "death_datetime": "2026-03-09T04:10", "home_lad": "E06000038", "death_lad": "E07000178",
                "event_lad": "E06000030", "event_type": "road-traffic-collision"},
        born | {"id": "2", "death_datetime": "2026-03-09", "postcode": "RG1 1LZ", "expected": "unexpected"},
        {"id": "3", "age_text": "17 years", "death_datetime": "2026-03-09", "home_lad": "E08000019", "custody": "prison-yoi"},
        {"id": "4", "birth_date": "1950-01-01", "death_datetime": "2026-03-09", "home_lad": "E06000038"},
    ]  # fmt: skip
    result = cdr("route", {"r.jsonl": b"\n".join(js(one) for one in rows)}, "--json")
    one, two, three, four = (json.loads(line) for line in result.stdout.splitlines())
    assert {"id", "state", "lead", "copies", "jar", "clocks", "flags"} <= one.keys()
    assert (lead(one), copies(one)) == (
        ("BERKS", "lead.usual-address"),
        [("OXON", "copy.death"), ("WILTSW", "copy.event")],
    )
    assert (lead(two), two["jar"]["reasons"]) == (("BERKS", "lead.usual-address"), ["sudden-no-cause"])
    assert (lead(three), three["jar"]["reasons"]) == (("SHEFFIELD", "lead.usual-address"), ["custody-or-mha"])
    assert (four["state"], four["clocks"]) == ("out-of-scope", {})
