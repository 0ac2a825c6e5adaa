"""Nothing of who an adopted or protected child was leaves the engine: every byte of each output is searched, in each form."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from integration_engine.cli import _build
from integration_engine.synthetic import coroner
from integration_engine.synthetic.person import Child
from integration_engine.synthetic.police import deceased, report
from tests.acceptance.conftest import Try
from tests.restricted_samples import CURRENT, FORMS, Form, told

AT = ("--at", "2026-12-01T09:00:00Z")
every_form = pytest.mark.parametrize("name", FORMS)


def decisions(form: Form, *kinds: str, role: str = "restricted") -> list[dict[str, Any]]:
    about = {"link": form.link, "restrict": (form.about,), "release": (form.about,)}
    return [
        {
            "id": f"d-{n}", "at": f"2026-04-0{n}T09:00:00Z", "by": "guardian", "role": role, "kind": kind,
            "about": list(about[kind]), "value": {}, "reason": "as the court order says",
        }
        for n, kind in enumerate(kinds, 1)
    ]  # fmt: skip


def settled(form: Form) -> list[str]:
    """What the restricted role decides until the case is released."""
    return [*(["link"] if form.link else []), *(["restrict"] if form.restrict else []), "release"]


def run(folder: Path, form: Form, taken: list[dict[str, Any]], *options: str) -> tuple[str, str]:
    for file, body in form.messages.items():
        (folder / file).write_bytes(body)
    (folder / "told.json").write_text(json.dumps(taken))
    files = [str(folder / file) for file in form.messages]
    command = ["try", *AT, "--decisions", str(folder / "told.json"), *options, *files]
    result = CliRunner().invoke(_build(["try"]), command)
    assert result.exit_code == 0, result.output
    return result.stdout, result.stderr


def cases(folder: Path, form: Form, taken: list[dict[str, Any]], *options: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(run(folder, form, taken, "--json", *options)[0])["cases"]
    return found


@every_form
def test_a_restricted_child_is_held_and_nobody_reads_who_they_were(name: str, tmp_path: Path) -> None:
    form = FORMS[name]
    taken = decisions(form, "restrict") if form.restrict else []
    held = cases(tmp_path, form, taken)
    assert {(case["state"], case["rule"]) for case in held} == {("held", "held.restricted")}
    for output in (*run(tmp_path, form, taken, "--json"), *run(tmp_path, form, taken)):
        assert not told(output)


@every_form
def test_once_released_the_case_goes_out_under_the_current_identity_only(name: str, tmp_path: Path) -> None:
    form = FORMS[name]
    taken = decisions(form, *settled(form))
    (case,) = cases(tmp_path, form, taken)
    assert (case["state"], case["lead"]["cdop"]) == ("open", "WOE")
    output = json.dumps(case).casefold()
    assert [word for word in CURRENT if word not in output and word not in ("9991010963",)] == []
    for output in (*run(tmp_path, form, taken, "--json"), *run(tmp_path, form, taken)):
        assert not told(output)


@every_form
def test_the_restricted_role_sees_what_lies_behind(name: str, tmp_path: Path) -> None:
    form = FORMS[name]
    output, _ = run(tmp_path, form, decisions(form, *settled(form)), "--json", "--role", "restricted")
    assert len(told(output)) >= 2, "the test's own messages would tell"


@every_form
@pytest.mark.parametrize("role", ["operator", "coordinator", "designated-doctor"])
def test_no_other_role_releases_or_links_it(name: str, role: str, tmp_path: Path) -> None:
    form = FORMS[name]
    restricting = decisions(form, "restrict") if form.restrict else []
    others = [each | {"id": f"o-{each['id']}"} for each in decisions(form, *settled(form), role=role)]
    others = [each for each in others if each["kind"] != "restrict"]
    answer = json.loads(run(tmp_path, form, [*restricting, *others], "--json")[0])
    assert {(one["id"], one["code"]) for one in answer["decisions"]} == {
        (each["id"], "restricted-role") for each in others
    }
    assert answer["cases"] == cases(tmp_path, form, restricting)


def test_a_person_who_joins_two_identities_says_which_is_the_current_one(tmp_path: Path) -> None:
    whole = FORMS["adoption by a replaced number"]
    messages = {name: body for name, body in whole.messages.items() if name != "r.json"}
    form = Form(messages, "cur.hl7#0", ("cur.hl7#0", "old.hl7#0"))
    link, release = decisions(form, "link", "release")
    link |= {"value": {"adoption": True}}
    (case,) = cases(tmp_path, form, [link])
    assert (case["rule"], case["lead"]["cdop"]) == ("held.restricted", "WOE")
    (case,) = cases(tmp_path, form, [link, release])
    assert (case["state"], case["record"]["child"]["family_name"]) == ("open", "MARSH")
    for taken in ([link], [link, release]):
        for output in (*run(tmp_path, form, taken, "--json"), *run(tmp_path, form, taken)):
            assert not told(output)
    back = link | {"id": "back", "at": "2026-04-09T09:00:00Z", "value": {"withdraw": True}}
    assert {one["state"] for one in cases(tmp_path, form, [link, back])} == {"open"}
    answer = json.loads(run(tmp_path, form, [link | {"role": "coordinator"}], "--json")[0])
    assert [one["code"] for one in answer["decisions"]] == ["restricted-role"]


def test_a_rekey_under_one_name_still_joins(tmp_path: Path) -> None:
    form = FORMS["adoption by a replaced number"]
    same = {
        file: body.replace(b"HART^LIAM", b"MARSH^LEO").replace(b'"HART"', b'"MARSH"')
        for file, body in form.messages.items()
    }
    (case,) = cases(tmp_path, Form(same, form.about), [])
    assert case["state"] == "open"


def test_the_search_finds_a_planted_leak(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Were the former identity left in, the tests above would say so."""
    import integration_engine.core as core

    monkeypatch.setattr(core, "as_shown", lambda notices, current, **_: (tuple(current), frozenset()))
    monkeypatch.setattr(core, "record_as_shown", lambda record, _: record)
    found = {
        name: told(run(tmp_path, form, decisions(form, *settled(form)), "--json")[0]) for name, form in FORMS.items()
    }
    assert {name for name, leaks in found.items() if leaks} == FORMS.keys() - {"adoption by a replaced number"}


def test_a_child_of_the_same_event_is_not_related_through_a_former_name(tmp_path: Path) -> None:
    form = FORMS["adoption, and police who know the former name only"]
    one_report = json.loads(form.messages["p.json"])
    brother = one_report["persons"][0] | {
        "person_id": "P2", "given_names": "Tom", "known_as": "", "date_of_birth": "2011-02-03",
    }  # fmt: skip
    both = json.dumps({**one_report, "persons": [one_report["persons"][0], brother]}).encode()
    form = Form({**form.messages, "p.json": both}, form.about, form.link)
    found = cases(tmp_path, form, decisions(form, *settled(form)))
    assert sorted((case["state"], case["record"]["child"]["given_names"]) for case in found) == [
        ("open", ["LEO"]), ("open", ["Tom"])
    ]  # fmt: skip
    assert [case["related"] for case in found] == [[], []]


@pytest.mark.parametrize("partner", ["police", "coroner"])
def test_a_restriction_in_a_word_that_nobody_knows_holds_the_case(cdr_try: Try, partner: str) -> None:
    child = Child("Quill", "Wren", "2016-01-31", "female", lines=("1 Quay Street",), postcode="BS1 4DJ")
    if partner == "police":
        person = deceased(child, "P1") | {"restricted": "Yes - see DCI"}
        body = report("E23000036", "52-1", "2026-03-09T05:00:00", [person], event={"event_id": "E1", "type": "fire"})
    else:
        row = coroner.row("avon", "7/26", "REFERRED", "2026-03-10", child, date_of_death="2026-03-09")
        body = coroner.upload([row | {"restricted": "sensitive"}])
    (case,) = cdr_try({f"1.{'json' if partner == 'police' else 'csv'}": body}, *AT)["cases"]
    assert (case["state"], case["rule"]) == ("held", "held.restricted")
