"""The pages under docs/ are held to the program: every example is read, every table and command is the program's.

A fenced example carries what it must come to in its first line: ```` ```hl7 notice:death contradiction ````, one
``verdict:reason`` a person or row, then the codes of its problems.
"""

import csv
import json
import re
import shlex
import typing
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from adapters.adapter import Submission
from adapters.hospital_fhir.refusals import REFUSALS
from adapters.hospital_hl7.acknowledge import refuse
from adapters.registry import read
from integration_engine import cli
from integration_engine.cli.map import read_by_adapter
from integration_engine.envelope import DeliveryEnvelope, Kind, Part
from integration_engine.mapping.check import check
from integration_engine.mapping.files import mappings
from integration_engine.mapping.profile import load_profile
from integration_engine.mapping.testing import run_tests
from integration_engine.record.notice import Problem
from integration_engine.routing.answer import State

ROOT = Path(__file__).parents[2]
PAGES = {path.stem: path.read_text(encoding="utf-8") for path in sorted((ROOT / "docs").glob("*.md"))}
WRITTEN_BY_HAND = {name: text for name, text in PAGES.items() if name != "mapping-language"}
RECEIVED = datetime(2026, 12, 31, 12, 0, tzinfo=UTC)
_FENCE = re.compile(r"^```(\w+) ([^\n]+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def fenced(*languages: str) -> Iterator[tuple[str, str, str, str]]:
    """(page, language, what stands beside it, content) of every fenced block that says what it is."""
    for page, text in WRITTEN_BY_HAND.items():
        for language, beside, content in _FENCE.findall(text):
            if language in languages:
                yield page, language, beside, content


def table(page: str, heading: str) -> list[list[str]]:
    """The cells of the table under this heading row."""
    _, found, rest = PAGES[page].partition(heading)
    assert found, f"{page} has no table {heading}"
    lines = rest.partition("\n\n")[0].strip().splitlines()[1:]
    return [[cell.strip() for cell in line[1:-1].split("|")] for line in lines]


def codes(cell: str) -> list[str]:
    return re.findall(r"`([\w.-]+)`", cell)


@pytest.mark.parametrize(
    "example", list(fenced("hl7", "json", "csv")), ids=lambda example: f"{example[0]}-{example[2]}"
)
def test_an_example_message_comes_to_what_its_page_says(example: tuple[str, str, str, str]) -> None:
    _, language, beside, content = example
    expected = [word for word in beside.split() if ":" in word]
    problems = [word for word in beside.split() if ":" not in word]
    body = content.replace("\n", "\r") if language == "hl7" else content
    readings = list(read(Submission(body.encode(), RECEIVED)))
    assert [f"{item.verdict}:{item.reason}" for reading in readings for item in reading.items] == expected
    told = {problem.code for reading in readings for problem in reading.all_problems}
    assert set(problems) <= told
    assert not re.search(r"\b(?!999)\d{10}\b", content), "an NHS number that isn't of the test range"


def test_the_example_profiles_are_valid_and_pass_their_tests(tmp_path: Path) -> None:
    names = []
    for _, _, name, content in fenced("yaml"):
        (tmp_path / name).write_text(content, encoding="utf-8")
        names.append(name)
    profiles = [tmp_path / name for name in names if not name.endswith(".test.yaml")]
    assert len(profiles) >= 2
    assert not check(profiles)
    tested = [path for path in profiles if path.with_suffix(".test.yaml").exists()]
    results = [result for path in tested for result in run_tests(path, read_by_adapter)]
    assert results
    assert all(result.passed for result in results), [result.failures for result in results]


def test_every_command_on_the_pages_exists_with_its_options() -> None:
    found = [line for text in (*WRITTEN_BY_HAND.values(), (ROOT / "README.md").read_text()) for line in commands(text)]
    assert len(found) > 30
    program = typer.main.get_command(cli._build(list(cli._COMMANDS)))
    for line in found:
        require(program, line)


def commands(text: str) -> Iterator[str]:
    """Command lines of ``cdr``: indented ones, and those in code within a sentence."""
    yield from re.findall(r"^ {4}(?:\.venv/bin/)?cdr (.+?)(?:\s{2,}.*)?$", text, re.MULTILINE)
    yield from re.findall(r"`cdr ([^`]+)`", text)


def require(program: Any, line: str) -> None:
    """Every word up to the first argument names a command; every option is one of its own."""
    here = program
    for word in shlex.split(line.partition(" #")[0]):
        if word.startswith("-"):
            names = {name for option in here.params for name in (*option.opts, *option.secondary_opts)} | {"--help"}
            assert word in names, f"cdr {line}: {word}"
        elif hasattr(here, "commands"):
            assert word in here.commands, f"cdr {line}: {word}"
            here = here.commands[word]


def test_the_readmes_first_example_comes_to_the_case_that_it_shows() -> None:
    said = CliRunner().invoke(cli._build(["try"]), ["try", str(ROOT / "docs/examples/one-child"), "--json"])
    (case,) = json.loads(said.stdout)["cases"]
    assert [len(case["from"]), case["state"], case["lead"]["cdop"]] == [3, "open", "BERKS"]
    shown = (ROOT / "README.md").read_text(encoding="utf-8").partition("(shortened):")[2].partition("make demo")[0]
    told = [case["case"], case["lead"]["rule"], case["jar"]["team"], *case["jar"]["reasons"]]
    told += [f"{copy['cdop']} by {copy['rule']}" for copy in case["copies"]]
    told += [case["record"]["child"]["family_name"], case["conflicts"][0]["field"]]
    told += [datetime.fromisoformat(case["clocks"]["cdop_due"]).strftime("%a %d %b %Y %H:%M")]
    assert [each for each in told if each not in shown] == []


def test_every_link_leads_somewhere() -> None:
    for page in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]:
        for target, part in re.findall(r"\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)", page.read_text(encoding="utf-8")):
            place = page.parent / target if target else page
            assert place.exists(), f"{page.name}: {target}"
            assert not part or part in headings(place), f"{page.name}: {target}#{part}"


def headings(page: Path) -> set[str]:
    """The headings of a page, as links name them."""
    titles = re.findall(r"^#{1,6} (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\s-]", "", title.lower()).strip().replace(" ", "-") for title in titles}


def test_the_glossary_is_in_the_order_of_its_words() -> None:
    words = re.findall(r"^\| (.+?) \|", (ROOT / "GLOSSARY.md").read_text(encoding="utf-8"), re.MULTILINE)[1:]
    assert len(words) > 50
    assert words == sorted(words, key=str.lower)


def test_every_part_of_the_engine_stands_in_the_plan_of_the_house() -> None:
    plan = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").partition("## The house")[2].partition("\n## ")[0]
    parts = {
        path.name if path.is_file() else f"{path.name}/"
        for path in (ROOT / "integration_engine").iterdir()
        if not path.name.startswith("_")
    }
    assert parts - set(re.findall(r"\w+(?:\.py|/)", plan)) == set()


def test_every_page_is_linked_from_the_readme() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert {f"docs/{name}.md" for name in PAGES} <= set(re.findall(r"\((docs/[\w-]+\.md)\)", readme))


@pytest.mark.parametrize("row", table("hospitals", "| code | MSA-1 | table 0357 | means |"), ids=lambda row: row[0])
def test_a_reason_is_answered_in_hl7_as_the_table_says(row: list[str]) -> None:
    body = b"MSH|^~\\&|PAS|RTH|CDR|CDR|20260309063000||ADT^A03|M1|P|2.5.1\r"
    for code in codes(row[0]):
        problem = Problem(code=code, text="why", path="PID-3")
        said = refuse(body, problem, control_id="C1", now=RECEIVED).body or b""
        msa, err = said.decode().split("\r")[1:3]
        assert msa.split("|")[1] == row[1], code
        assert err.split("|")[3].split("^")[0] == row[2], code


def test_fhir_refusals_are_listed_with_their_status_and_issue() -> None:
    listed = {
        code: (int(row[1]), row[2]) for row in table("hospitals", "| code | HTTP | issue |") for code in codes(row[0])
    }
    assert listed == {code: (refusal.status, refusal.issue) for code, refusal in REFUSALS.items()}


def test_every_column_of_a_coroners_file_is_listed_with_its_synonyms() -> None:
    listed = {row[0].strip("`"): row[1].split(", ") for row in table("coroners", "| column | also read as |")}
    columns = load_profile("coroner-case").columns
    assert {name: list(synonyms) for name, synonyms in columns.items()} == listed


def test_every_event_and_conclusion_of_a_coroner_is_listed() -> None:
    listed = {
        (row[0].strip("`"), word)
        for row in table("coroners", "| event | also read as |")
        for word in (row[0].strip("`"), *row[1].split(", "))
    }
    assert listed == {(row["value"], row["code"]) for row in code_table("coroner-event")}
    conclusions = PAGES["coroners"].partition("### Conclusions")[2].partition("Several stand")[0]
    assert set(codes(conclusions)) == {row["value"] for row in code_table("conclusion")}


def code_table(name: str) -> list[dict[str, str]]:
    with (mappings() / "codes" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_what_a_panel_is_sent_is_listed() -> None:
    kinds = [code for row in table("cdops", "| kind | means | do |") for code in codes(row[0])]
    assert sorted(kinds) == sorted(typing.get_args(Kind))
    parts = [code for row in table("cdops", "| part | you are sent |") for code in codes(row[0])]
    assert sorted(parts) == sorted(typing.get_args(Part))
    states = [code for row in table("cdops", "| state | means |") for code in codes(row[0])]
    assert sorted(states) == sorted(typing.get_args(State))
    members = [code for row in table("cdops", "| member | holds |") for code in codes(row[0])]
    assert sorted(members) == sorted(field.alias or name for name, field in DeliveryEnvelope.model_fields.items())


def test_every_rule_and_flag_of_routing_is_explained_to_panels() -> None:
    room = ROOT / "integration_engine" / "routing"
    code = "".join(path.read_text(encoding="utf-8") for path in sorted(room.glob("*.py")))
    rules = set(re.findall(r'"((?:lead|held|copy|scope)\.[a-z-]+)"', code))
    clocks = set(re.findall(r'"([a-z0-9_]+_due)":', code))
    flags = set(re.findall(r'flags \|= \{"([a-z-]+)"\}|found\.add\("([a-z-]+)"\)', code))
    explained = set(codes(PAGES["cdops"]))
    assert len(rules) > 20
    assert rules <= explained, rules - explained
    assert clocks <= explained, clocks - explained
    assert {word for pair in flags for word in pair if word} <= explained
