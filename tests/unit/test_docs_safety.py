"""The safety case and the threat model name tests as proof: each of them is there, under that name."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = (ROOT / "docs/safety/clinical-safety-case.md", ROOT / "docs/security/threat-model.md")
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
