"""Profiles: rules tried in order, inheritance, problems instead of failures, errors that say where."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from integration_engine.mapping.check import check_profile
from integration_engine.mapping.notices import notice_from
from integration_engine.mapping.paths import JsonSource, RowSource
from integration_engine.mapping.profile import Mapped, Profile, ProfileError, load_profile, shipped_profiles

ENVELOPE: dict[str, Any] = {
    "id": "n-1",
    "submission": "s-1",
    "source": {"kind": "police"},
    "received_at": datetime(2026, 3, 9, tzinfo=UTC),
    "profile": "p",
}


def profile(folder: Path, fields: str, name: str = "p", head: str = "language: json") -> Profile:
    path = folder / f"{name}.yaml"
    indented = "\n".join(f"  {line}" for line in fields.strip().splitlines())
    path.write_text(f"profile: {name}\nkind: police\nversion: 1\n{head}\nfields:\n{indented}\n")
    return load_profile(path)


def mapped(folder: Path, fields: str, document: Any, head: str = "language: json") -> Mapped:
    return profile(folder, fields, head=head).map(JsonSource(document))


def test_the_first_rule_that_yields_a_value_wins_and_is_named(tmp_path: Path) -> None:
    found = mapped(
        tmp_path, "child.family_name:\n  - {path: $.legal}\n  - {path: $.usual}", {"legal": " ", "usual": "Quill"}
    )
    assert found.values == {"child.family_name": "Quill"}
    where = found.provenance["child.family_name"]
    assert (where.path, where.profile, where.rule) == ("$.usual", "p", "p/child.family_name#2")


def test_an_unknown_code_is_a_problem_with_place_and_shape_and_no_value(tmp_path: Path) -> None:
    found = mapped(tmp_path, "child.sex: {path: $.s, code: sex}", {"s": "Zebediah"})
    assert found.values == {}
    (problem,) = found.problems
    assert (problem.code, problem.path) == ("unknown-code", "$.s")
    assert "8 letters" in problem.text
    assert "child.sex" in problem.text
    assert "profile p" in problem.text
    assert "Zebediah" not in problem.text


def test_a_default_takes_the_place_of_an_unknown_code(tmp_path: Path) -> None:
    found = mapped(tmp_path, "child.sex: {path: $.s, code: {M: male}, default: unknown}", {"s": "?"})
    assert (found.values, found.problems) == ({"child.sex": "unknown"}, ())


def test_codes_are_compared_without_case_and_numbers_as_text(tmp_path: Path) -> None:
    fields = "child.sex: {path: $.s, code: {1: male, f: female}}"
    assert mapped(tmp_path, fields, {"s": 1}).values == {"child.sex": "male"}
    assert mapped(tmp_path, fields, {"s": " F "}).values == {"child.sex": "female"}


def test_all_values_become_one_list(tmp_path: Path) -> None:
    found = mapped(
        tmp_path,
        'child.given_names: {path: "$.g[*]", all: true, transform: [strip, split]}',
        {"g": ["Ann Eve", "", " May "]},
    )
    assert found.values == {"child.given_names": ["Ann", "Eve", "May"]}


def test_join_takes_all_values_as_one_text(tmp_path: Path) -> None:
    found = mapped(
        tmp_path, 'death.circumstances: {path: "$.t[*]", all: true, transform: {join: "; "}}', {"t": ["a", "b"]}
    )
    assert found.values == {"death.circumstances": "a; b"}


def test_a_union_holds_each_value_once(tmp_path: Path) -> None:
    found = mapped(
        tmp_path, "child.known_as:\n  union: [{path: $.a}, {path: $.b}, {path: $.c}]", {"a": "Al", "b": "Al", "c": "Bo"}
    )
    assert found.values == {"child.known_as": ["Al", "Bo"]}


def test_a_structure_for_every_match(tmp_path: Path) -> None:
    fields = """
child.addresses:
  each: "$.at[*]"
  fields:
    lines: [{path: "$.l[*]", all: true}]
    postcode: {path: $.p, transform: postcode}
    use: {value: home}
"""
    found = mapped(tmp_path, fields, {"at": [{"l": ["1 A St"], "p": "rg18ls"}, {"x": 1}, {"p": "nonsense"}]})
    assert found.values == {"child.addresses": [{"lines": ["1 A St"], "postcode": "RG1 8LS", "use": "home"}]}
    assert found.provenance["child.addresses"].path == "$.at[0]"
    assert [(problem.code, problem.path) for problem in found.problems] == [("postcode-invalid", "$.at[2].p")]


def test_a_structure_of_constants_alone_is_not_there(tmp_path: Path) -> None:
    fields = "death.place: {fields: {type: {value: home}, name: {path: $.n}}}"
    assert mapped(tmp_path, fields, {}).values == {}
    assert mapped(tmp_path, fields, {"n": "X"}).values == {"death.place": {"type": "home", "name": "X"}}


def test_a_structure_without_a_part_it_needs_is_told(tmp_path: Path) -> None:
    fields = "child.age_at_death: {fields: {value: {path: $.v}, unit: {path: $.u}}}"
    found = mapped(tmp_path, fields, {"v": 3})
    assert (found.values, [problem.code for problem in found.problems]) == ({}, ["incomplete"])


@pytest.mark.parametrize(
    ("condition", "document", "applies"),
    [
        ("when: {path: $.k, equals: x}", {"k": "X"}, True),
        ("when: {path: $.k, equals: x}", {}, False),
        ("when: {path: $.k, in: [x, y]}", {"k": "y"}, True),
        ("when: {path: $.k, exists: true}", {"k": 0}, True),
        ("when: {path: $.k, absent: true}", {"k": 0}, False),
        ("not: {path: $.k, equals: x}", {"k": "x"}, False),
        ("not: {path: $.k, equals: x}", {}, True),
        ("when: {path: $.k, in_setting: died}", {"k": "4"}, True),
        ("when: {path: $.k, in_setting: died}", {"k": "5"}, False),
        ("when: {path: $.k, code: sex, equals: female}", {"k": "2"}, True),
        ("when: [{path: $.k, equals: x}, {path: $.l, equals: y}]", {"k": "x", "l": "z"}, False),
        ("when: {path: $.k, equals: x}", {"k": {"deep": 1}}, False),
    ],
)
def test_a_condition_decides_whether_a_rule_applies(
    tmp_path: Path, condition: str, document: Any, applies: bool
) -> None:
    head = 'language: json\nsettings: {died: ["4"]}'
    found = mapped(tmp_path, f"child.school: {{path: $.v, {condition}}}", {**document, "v": "S"}, head)
    assert bool(found.values) is applies


def test_an_invalid_nhs_number_is_kept_beside_the_other_identifiers(tmp_path: Path) -> None:
    fields = """
child.nhs_number: {path: $.n, transform: nhs_number}
child.other_identifiers: {each: $.h, fields: {value: {path: $.v}}}
"""
    found = mapped(tmp_path, fields, {"n": "9990000019", "h": {"v": "H1"}})
    assert "child.nhs_number" not in found.values
    assert found.values["child.other_identifiers"] == [
        {"value": "H1"},
        {"value": "9990000019", "type": "nhs-number-invalid", "problem": "nhs-number-invalid"},
    ]


def test_a_mothers_invalid_number_is_no_identifier_of_the_child(tmp_path: Path) -> None:
    fields = "child.mother: {fields: {nhs_number: {path: $.n, transform: nhs_number}, name: {path: $.m}}}"
    found = mapped(tmp_path, fields, {"n": "9990000019", "m": "Ruth"})
    assert found.values == {"child.mother": {"name": "Ruth"}}


@pytest.mark.parametrize(
    "document", [None, [], 3, "x", {"a": {"b": [1, {"c": None}]}}, {"a": 10**400}, {"a": "\x00"}, {"a": "\ud800"}]
)
def test_mapping_never_raises(tmp_path: Path, document: Any) -> None:
    fields = """
child.family_name: {path: $.a}
child.birth_date: {path: $.a, transform: date}
child.given_names: {path: "$.a.b[*]", all: true}
child.addresses: {each: "$.a", fields: {postcode: {path: $.b}}}
child.multiple_birth.order: {path: $.a}
"""
    mapped(tmp_path, fields, document)


def test_a_child_profile_overrides_by_name_and_takes_away_with_null(tmp_path: Path) -> None:
    profile(
        tmp_path,
        "child.family_name: {path: $.n}\nchild.school: {path: $.s}\nchild.sex: {path: $.x, code: sex}",
        "parent",
        "language: json\nsettings: {a: 1, b: 2}",
    )
    child = profile(
        tmp_path, "child.family_name: {path: $.m}\nchild.school: null", "own", "extends: parent\nsettings: {b: 3}"
    )
    assert (child.parents, dict(child.settings), child.language) == (("parent",), {"a": 1, "b": 3}, "json")
    found = child.map(JsonSource({"n": "N", "m": "M", "s": "S", "x": "F"}))
    assert found.values == {"child.family_name": "M", "child.sex": "female"}


def test_profiles_in_a_circle_are_refused(tmp_path: Path) -> None:
    for one, other in (("a", "b"), ("b", "a")):
        (tmp_path / f"{one}.yaml").write_text(
            f"profile: {one}\nkind: police\nversion: 1\nextends: {other}\nfields: {{}}\n"
        )
    with pytest.raises(ProfileError, match="circle"):
        load_profile(tmp_path / "a.yaml")


@pytest.mark.parametrize(
    ("fields", "place", "why"),
    [
        ("child.familyname: {path: $.a}", "fields.child.familyname", "did you mean child.family_name"),
        ("child.sex: {path: $.a, code: nowhere}", "fields.child.sex.code", "no code table nowhere"),
        ("child.sex: {path: $.a, code: {M: man}}", "fields.child.sex.code", "doesn't fit"),
        ("child.sex: {path: $.a, transform: shout}", "fields.child.sex.transform", "no transform 'shout'"),
        (
            "child.school: {path: $.a, transform: {truncate: [1, 2]}, all: true}",
            "fields.child.school.all",
            "takes one value",
        ),
        (
            "child.school: {path: $.a, transform: {strip: 2}}",
            "fields.child.school.transform",
            "doesn't take this argument",
        ),
        ("child.school: {path: a}", "fields.child.school.path", "begins with $"),
        ("child.school: {paht: $.a}", "fields.child.school", "unknown key paht"),
        ("child.school: {value: x, transform: strip}", "fields.child.school", "stands without transform"),
        ("child.school: {fields: {a: {path: $.a}}}", "fields.child.school", "not a structure"),
        ("child.mother: {path: $.a}", "fields.child.mother", "structure"),
        ("child.mother: {fields: {nom: {path: $.a}}}", "fields.child.mother.fields.nom", "no part nom"),
        (
            "child.other_identifiers: {fields: {type: {path: $.a}}}",
            "fields.child.other_identifiers.fields",
            "without value",
        ),
        ("child.school: {union: [{path: $.a}]}", "fields.child.school", "takes one value"),
        ("child.school: {path: $.a, when: {path: $.b}}", "fields.child.school.when", "exactly one"),
        ("child.school: {path: $.a, when: {path: $.b, in_setting: nothing}}", "fields.child.school.when", "settings"),
        ("child.sex: {value: man}", "fields.child.sex.value", "code list"),
        ("child.school: {path: $.a, default: x}", "fields.child.school.default", "goes with code"),
        ("child.school: []", "fields.child.school", "empty list"),
    ],
)
def test_what_is_wrong_with_a_profile_is_said_with_its_place(tmp_path: Path, fields: str, place: str, why: str) -> None:
    path = tmp_path / "p.yaml"
    path.write_text(f"profile: p\nkind: police\nversion: 1\nfields:\n  {fields}\n")
    findings = check_profile(path)
    assert any(one.place == place and why in one.why for one in findings), findings
    with pytest.raises(ProfileError, match=r"p\.yaml"):
        load_profile(path)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("profile: p\nprofile: p\n", "a key given twice"),
        ("profile: [\n", "line"),
        ("- a\n", "a profile is a map"),
        ("profile: other\nkind: police\nversion: 1\nfields: {}\n", "its file's"),
        ("profile: p\nkind: vet\nversion: 1\nfields: {}\n", "kind is one of"),
        ("profile: p\nkind: police\nversion: one\nfields: {}\n", "whole number"),
        ("profile: p\nkind: police\nversion: 1\nfields: {}\nfileds: {}\n", "unknown key"),
        ("profile: p\nkind: police\nversion: 1\nextends: nowhere\nfields: {}\n", "no shipped profile"),
        ("profile: p\nkind: police\nversion: 1\nfields: {}\n", "reads nothing"),
    ],
)
def test_a_file_that_is_no_profile_says_why(tmp_path: Path, text: str, why: str) -> None:
    path = tmp_path / "p.yaml"
    path.write_text(text)
    assert any(why in str(one) for one in check_profile(path)), check_profile(path)


def test_yaml_reads_no_and_dates_and_leading_zeros_as_people_write_them(tmp_path: Path) -> None:
    head = "language: json\nsettings: {no: off, when: 2026-03-09, code: 007, three: 3, yes: true}"
    assert dict(profile(tmp_path, "child.school: {path: $.s}", head=head).settings) == {
        "no": "off",
        "when": "2026-03-09",
        "code": "007",
        "three": 3,
        "yes": True,
    }


def test_a_changed_profile_file_is_loaded_anew(tmp_path: Path) -> None:
    first = profile(tmp_path, "child.school: {path: $.a}")
    assert load_profile(tmp_path / "p.yaml") is first
    import os

    path = tmp_path / "p.yaml"
    path.write_text(path.read_text().replace("$.a", "$.bb"))
    os.utime(path, (1, 1))
    assert load_profile(path).map(JsonSource({"bb": "S"})).values == {"child.school": "S"}


def test_shipped_profiles_have_no_findings() -> None:
    assert [str(one) for path in shipped_profiles() for one in check_profile(path)] == []


def test_columns_that_a_rule_names_must_be_declared(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text(
        "profile: p\nkind: coroner\nversion: 1\ncolumns: {area: []}\nfields: {coroner.area: {path: aera}}\n"
    )
    assert any("doesn't name the column aera" in one.why for one in check_profile(path))


def test_a_value_the_model_refuses_costs_that_value_only() -> None:
    source = RowSource({"a": "x"})
    assert source.find("a")
    values = {
        "child.family_name": "Quill",
        "child.nhs_number": "12",
        "child.addresses": [{"postcode": "RG1 8LS", "use": "castle"}, {"lines": ["1 A St"]}],
        "child.other_identifiers": [{"type": "MR"}, {"value": "H1"}],
        "child.gestation_days": 99999,
    }
    notice = notice_from(Mapped(values, {}), **ENVELOPE)
    assert notice.child.family_name == "Quill"
    assert notice.child.nhs_number is None
    assert [address.postcode for address in notice.child.addresses] == ["RG1 8LS", None]
    assert [one.value for one in notice.child.other_identifiers] == ["H1"]
    assert {problem.code for problem in notice.problems} == {"bad-value"}
    assert not any("castle" in problem.text for problem in notice.problems)
    assert values["child.nhs_number"] == "12"


def test_provenance_of_a_dropped_value_is_dropped_with_it(tmp_path: Path) -> None:
    found = mapped(tmp_path, "child.nhs_number: {path: $.n}\nchild.school: {path: $.s}", {"n": "12", "s": "S"})
    notice = notice_from(found, **ENVELOPE)
    assert set(notice.provenance) == {"child.school"}
    assert [(problem.code, problem.path) for problem in notice.problems] == [("bad-value", "$.n")]
