"""The page on linkage is held to the command: its examples come out as printed, its tables list what there is.

Weights are part of the model and move with it; an example's words must be right, its bits about right.
"""

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from integration_engine.cli import _build
from integration_engine.linkage.evidence import Evidence, evidence_of_row
from integration_engine.linkage.model import shipped
from integration_engine.linkage.wording import FILE, reason

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "linkage.md").read_text(encoding="utf-8")
_EXAMPLE = re.compile(
    r"^    cdr (link docs/[^\n]+|link --json docs/[^\n]+)\n\n```text\n(.*?)^```$", re.DOTALL | re.MULTILINE
)
_BITS = re.compile(r"[+-]\d+\.\d")
_ABOUT = 4.0


def words(line: str) -> str:
    """A line without its bars, the rules of its table and its bits."""
    return " ".join(_BITS.sub("", re.sub(r"[│┃█]", " ", line)).split())


@pytest.mark.parametrize(("asked", "printed"), _EXAMPLE.findall(PAGE))
def test_an_example_comes_out_as_the_page_prints_it(asked: str, printed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("COLUMNS", "110")
    found = CliRunner().invoke(_build(["link"]), shlex.split(asked))
    assert found.exit_code == 0, found.output
    lines = {words(line): _BITS.findall(line) for line in found.stdout.splitlines()}
    for line in printed.splitlines():
        assert words(line) in lines, line
        for said, came in zip(_BITS.findall(line), lines[words(line)], strict=True):
            assert float(came) == pytest.approx(float(said), abs=_ABOUT), line


def test_there_are_examples() -> None:
    assert len(_EXAMPLE.findall(PAGE)) == 2


def test_every_command_of_the_page_that_can_be_run_here_is_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Those on files of one's own are run on the example."""
    monkeypatch.chdir(ROOT)
    commands = re.findall(r"^    cdr (link .+)$", PAGE, re.MULTILINE)
    assert len(commands) >= 5
    for line in commands:
        asked = re.sub(r"\b(?:notices|stream)\.jsonl", "docs/examples/notices.csv", line)
        asked = asked.replace("report.html", str(tmp_path / "report.html")).replace("--shuffles 100", "--shuffles 3")
        found = CliRunner().invoke(_build(["link"]), shlex.split(asked))
        assert found.exit_code == 0, f"{line}: {found.output}"


def test_every_reason_that_linkage_may_give_a_person_is_on_the_page() -> None:
    told = dict(re.findall(r"^\| `([a-z-]+)` \| (.+) \|$", PAGE, re.MULTILINE))
    words_of_reasons = (
        FILE.read_text(encoding="utf-8").partition("reasons:")[2].partition("# How two came to be one")[0]
    )
    codes = set(re.findall(r"^  ([a-z-]+):", words_of_reasons, re.MULTILINE))
    assert len(codes) > 20
    assert {code: told.get(code) for code in codes} == {code: reason(code) for code in codes}


def test_the_thresholds_on_the_page_are_the_models() -> None:
    model = shipped()
    assert f"weighs {model.link:g} bits or more" in PAGE
    assert f"from {model.review:g} bits on ({model.review_vetoed:g} where" in PAGE


def test_every_column_on_the_page_is_one_that_linkage_reads() -> None:
    """Each changes the evidence of a row that has it."""
    listed = re.findall(r"^\| (`[^|]+`) \|", PAGE.partition("| column | holds |")[2].partition("\n\n")[0], re.MULTILINE)
    columns = [name for cell in listed for name in re.findall(r"`([a-z_]+)`", cell)]
    assert len(columns) > 20
    row = {"id": "a", "sender": "RXA", "local_ref": "1", "death_datetime": "2026-02-03"}
    values = {"id": "b", "source": "police", "message_type": "retract", "sex": "F", "nhs_number": "9990000018",
              "birth_date": "2019-03", "age_text": "7 years", "death_datetime": "2026-02-04", "birth_order": "2",
              "multiple_birth": "true", "birth_weight_g": "900", "gestation_weeks": "30", "postcode": "LS6 2AB",
              "address_line": "14 Elder Road", "mother_nhs_number": "9990000018"}  # fmt: skip

    def read(**also: str) -> Evidence:
        return evidence_of_row(row | also)

    unread = [name for name in columns if read(**{name: values.get(name, "Zofia")}) == read()]
    assert not unread
