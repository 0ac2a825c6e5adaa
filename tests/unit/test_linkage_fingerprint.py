"""The fingerprint of the rules of blocking: another one for anything that decides a key, the same one for everything else."""

import subprocess
import sys

import pytest

from integration_engine.linkage.fingerprint import fingerprint, fingerprint_of, modules, tables, without_comments

PROGRAM = '''"""What it is for."""

import re


def key(text: str) -> str:
    """The key of a text."""
    # Spaces say nothing.
    return re.sub(" ", "#", text)  # as nobody writes one
'''


def of(program: str = PROGRAM, table: bytes = b"muhammad,mohammed\n", library: str = "3.9") -> str:
    return fingerprint_of({"blocking": program}, {"variants.csv": table}, {"rapidfuzz": library})


@pytest.mark.parametrize(
    "other",
    [
        of(PROGRAM.replace('" ", "#"', '"-", "#"')),
        of(PROGRAM.replace('"#"', '"# "')),
        of(table=b"muhammad,mohammed,mohamed\n"),
        of(library="3.10"),
        fingerprint_of({"blocks": PROGRAM}, {"variants.csv": b"muhammad,mohammed\n"}, {"rapidfuzz": "3.9"}),
        fingerprint_of({"blocking": PROGRAM}, {}, {"rapidfuzz": "3.9"}),
    ],
)
def test_another_program_table_or_library_has_another(other: str) -> None:
    assert other != of()


def test_what_is_said_about_a_rule_is_no_rule() -> None:
    told = PROGRAM.replace("What it is for.", "What it was always for.").replace("The key of a text.", "Of a text.")
    told = told.replace("# Spaces say nothing.", "# Nobody hears a space.\n").replace("  # as nobody writes one", "")
    assert told != PROGRAM
    assert of(told) == of()


def test_a_text_that_looks_like_a_comment_is_kept() -> None:
    assert '"#", text)' in without_comments(PROGRAM)
    assert "Spaces" not in without_comments(PROGRAM)


def test_it_is_of_all_that_reads_a_notice_and_makes_its_keys() -> None:
    reached = {name.removeprefix("integration_engine.") for name in modules()}
    keys = {"blocking", "evidence", "homes", "names", "letters", "sounds", "model", "shares", "coroners", "unnamed"}
    assert {f"linkage.{name}" for name in keys} <= reached
    assert {"record.notice", "record.dates", "record.written_dates"} <= reached
    assert {
        "variants.csv",
        "particles.csv",
        "name-shares-1.csv",
        "model-2.json",
        "coroner-areas.csv",
    } <= tables().keys()


def test_how_two_are_compared_decides_no_key() -> None:
    assert modules().keys().isdisjoint(f"integration_engine.linkage.{name}" for name in ("comparison", "resolve"))


def test_every_process_has_the_same() -> None:
    told = "from integration_engine.linkage.fingerprint import fingerprint; print(fingerprint())"
    there = subprocess.run([sys.executable, "-c", told], check=True, capture_output=True, text=True).stdout.strip()
    assert there == fingerprint()
