"""The safety case, the threat model and the rules of access name tests as proof: each of them is there, under that name."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = tuple(
    ROOT / "docs" / name
    for name in ("safety/clinical-safety-case.md", "security/threat-model.md", "security/access-rules.md")
)
_NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


@cache
def _tests_of(path: str) -> frozenset[str]:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return frozenset(
        node.name for node in ast.walk(tree) if isinstance(node, functions) and node.name.startswith("test_")
    )


def _rows(text: str) -> list[str]:
    """The rows of every table whose last column is ``proved by``."""
    found: list[str] = []
    for block in text.split("\n\n"):
        lines = block.strip().splitlines()
        if lines and lines[0].startswith("|") and "proved by" in lines[0]:
            found += lines[2:]
    return found


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.stem)
def test_every_test_that_is_named_as_proof_exists(document: Path) -> None:
    named = _NAMED.findall(document.read_text(encoding="utf-8"))
    assert len(named) > 20
    assert [f"{path}::{name}" for path, name in named if name not in _tests_of(path)] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.stem)
def test_every_control_names_a_test(document: Path) -> None:
    rows = _rows(document.read_text(encoding="utf-8"))
    assert len(rows) > 20
    assert [row for row in rows if not _NAMED.search(row)] == []


def test_every_hazard_that_is_rated_has_a_part_of_its_own() -> None:
    text = DOCUMENTS[0].read_text(encoding="utf-8")
    rated, parts = re.findall(r"^\| \[(H\d+)\]\(#(.+?)\)", text, re.M), re.findall(r"^## (H\d+) (.+)$", text, re.M)
    anchors = {number: f"{number} {title}" for number, title in parts}
    assert [number for number, _ in rated] == [number for number, _ in parts]
    for number, anchor in rated:
        assert anchor == re.sub(r"[^\w\s-]", "", anchors[number].lower()).replace(" ", "-")


def test_each_risk_is_what_the_matrix_makes_of_it_and_none_that_is_left_is_unacceptable() -> None:
    text = DOCUMENTS[0].read_text(encoding="utf-8")
    matrix = {
        (int(likelihood), severity): int(risk)
        for likelihood, *row in re.findall(r"^\| ([1-5])" + r" \| ([1-5])" * 5 + r" \|$", text, re.M)
        for severity, risk in enumerate(row, 1)
    }
    assert len(matrix) == 25
    rated = re.findall(r"^\| \[(H\d+)\].*?" + r"\| (\d) " * 5 + r"\| (.+?) \|$", text, re.M)
    assert len(rated) == len(re.findall(r"^## H\d+ ", text, re.M))
    for hazard, severity, before, risk, after, left, by in rated:
        assert (int(risk), int(left)) == (matrix[int(before), int(severity)], matrix[int(after), int(severity)]), hazard
        assert int(left) < 4, f"{hazard}: not to be used so"
        assert ("chairs" in by) == (left == "3"), f"{hazard}: what is undesirable is accepted with the panels"


def test_every_hazard_says_what_it_does_to_somebody_and_what_is_left_of_it() -> None:
    parts = re.split(r"^## ", DOCUMENTS[0].read_text(encoding="utf-8"), flags=re.M)
    hazards = [part for part in parts if re.match(r"H\d+ ", part)]
    assert len(hazards) > 15
    assert [part.splitlines()[0] for part in hazards if "\nEffect: " not in part or "\nLeft: " not in part] == []
