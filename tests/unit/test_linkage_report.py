"""The report of ``cdr link``: the evaluation's own figures, every error with its two sides, and nobody named unasked."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from lxml import html
from typer.testing import CliRunner

from integration_engine.cli import _build
from integration_engine.reports import drawing
from tests.linkage_stream import stream, written

# One cluster holds two children as far as the truth says, and one child's notices stand as far apart as can be.
ROWS = [row | {"truth": "E-other"} if row["id"] == "N7-0" else row for row in stream()]
FAR: dict[str, Any] = {
    "truth": "E5",
    "id": "far",
    "source": "police",
    "sender": "E23",
    "notified_at": "2026-03-09T09:00:00",
}
FAR |= {"given": "Tilda", "family": "Zielony", "birth_date": "2011-01-01", "death_datetime": "2026-01-01"}

PRIVATE = ("given", "family", "nhs_number", "birth_date", "death_datetime", "address_line", "postcode")


@cache
def reported(*options: str, truth: bool = True) -> tuple[Any, dict[str, Any], list[dict[str, Any]]]:
    """The page, the evaluation and the answer of one call of the command."""
    with TemporaryDirectory() as folder:
        page, figures = Path(folder) / "page.html", Path(folder) / "figures.json"
        asked = ["--truth", "truth", "--evaluation", str(figures)] if truth else []
        notices = written(Path(folder) / "notices.jsonl", [*ROWS, FAR])
        result = CliRunner().invoke(
            _build(["link"]), ["link", "--json", str(notices), "--report", str(page), *asked, *options]
        )
        assert result.exit_code == 0, result.output
        told = json.loads(figures.read_text(encoding="utf-8")) if truth else {}
        tree = html.fromstring(page.read_text(encoding="utf-8"))
        return tree, told, [json.loads(line) for line in result.stdout.splitlines() if line.startswith("{")]


def text(found: Any) -> str:
    return " ".join("".join(found.itertext()).split())


def section(tree: Any, title: str) -> Any:
    (found,) = [s for s in tree.xpath("//section") if text(s.xpath("h2")[0]) == title]
    return found


def facts(tree: Any) -> dict[str, str]:
    return {text(fact.xpath("dt")[0]): text(fact.xpath("dd")[0]) for fact in tree.xpath("//dl[@class='facts']/div")}


def cards(found: Any) -> Iterator[tuple[frozenset[str], Any]]:
    for card in found.xpath(".//article"):
        a, b = re.match(r"(\S+) and (\S+):", text(card.xpath("h4")[0])).groups()  # type: ignore[union-attr]
        yield frozenset((a, b)), card


def rows(table: Any) -> list[list[str]]:
    return [[text(cell) for cell in row.xpath("th|td")] for row in table.xpath(".//tbody/tr")]


def test_the_headlines_are_the_evaluations() -> None:
    tree, told, answers = reported()
    shown = facts(tree)
    assert shown["Notices"] == f"{len(answers):,}"
    assert shown["Children, as linked"].startswith(str(len({row["cluster"] for row in answers})))
    assert shown["Wrong clusters"].startswith(f"{told['wrong_clusters']}of {told['clusters']}")
    assert shown["Recall, automatic"].startswith(f"{told['recall']:.1%}")
    assert f"{told['all_pairs']['lost']} pairs lost" in shown["Recall after perfect review"]
    assert shown["Reviews per 100 children"].startswith(f"{told['review_load']:.1f}")


@pytest.mark.parametrize(
    ("title", "parts"),
    [("name group", "name_groups"), ("kind of family", "kinds"), ("mistake", "noises")],
)
def test_recall_by_group_is_the_evaluations(title: str, parts: str) -> None:
    tree, told, _ = reported()
    found = rows(section(tree, f"Recall by {title}").xpath(".//table")[0])
    assert [row[0] for row in found] == [*told[parts], "all"]
    for row, part in zip(found, [*told[parts].values(), told["all_pairs"]], strict=True):
        assert [row[2], row[3], row[6], row[8]] == [
            f"{part['pairs']:,}",
            f"{part['recall']:.1%}",
            str(part["asked"]),
            str(part["lost"]),
        ]


def test_every_compared_pair_is_in_the_distribution_once() -> None:
    """Joined pairs are those of the clusters, but for those that share nothing; no pair of two children is lost sight of."""
    tree, told, answers = reported()
    found = section(tree, "Weights")
    columns = [text(cell) for cell in found.xpath(".//thead//th")]
    totals = Counter[str]()
    for row in rows(found.xpath(".//table")[0]):
        totals.update({name: int(cell.replace(",", "")) for name, cell in zip(columns[1:], row[1:], strict=True)})
    sizes = Counter(row["cluster"] for row in answers).values()
    assert totals["joined, one child"] + totals["joined, two children"] <= sum(n * (n - 1) // 2 for n in sizes)
    assert totals["joined, one child"] <= told["all_pairs"]["joined"]
    assert totals["joined, two children"] == sum(told["false_merges"].values())
    assert totals["to a person, one child"] > 0


def test_every_wrong_cluster_is_shown_with_the_pair_that_holds_it_together() -> None:
    tree, told, _ = reported()
    found = section(tree, "Wrong clusters")
    assert told["wrong_clusters"] == len(found.xpath("h3")) == 1
    shown = [pair for pair, _ in cards(found)]
    assert shown
    assert all("N7-0" in pair for pair in shown)


def test_every_pair_lost_to_nobody_is_shown_with_why() -> None:
    tree, told, _ = reported()
    found = section(tree, "Lost to nobody")
    shown = list(cards(found))
    counted = [re.search(r"(\d+) pairs of notices|one pair", text(card.xpath("h4")[0])) for _, card in shown]
    assert sum(int(one[1] or 1) for one in counted if one) == told["all_pairs"]["lost"] > 0
    assert any("far" in pair for pair, _ in shown)
    assert "no-shared-key" in text(found)


def test_every_split_left_to_a_person_is_named() -> None:
    tree, _, answers = reported()
    child = {row["id"]: row["truth"] for row in (*ROWS, FAR)}
    asked = {frozenset((row["id"], other)) for row in answers for other in row["review_with"]}
    true = {pair for pair in asked if len({child[id] for id in pair}) == 1}
    named = [
        frozenset(row[:2])
        for table in section(tree, "Left to a person").xpath(".//details/div/table")
        for row in rows(table)
    ]
    assert sorted(map(sorted, named)) == sorted(map(sorted, true))
    assert {pair for pair, _ in cards(section(tree, "Left to a person"))} <= true


def test_the_bars_of_a_waterfall_add_up_to_its_weight() -> None:
    tree, _, _ = reported()
    every = list(cards(tree))
    assert len(every) > 20
    for _, card in every:
        *lines, total = [row[4].replace("−", "-") for row in rows(card.xpath(".//table")[0])]
        assert sum(float(bits) for bits in lines if bits) == pytest.approx(float(total), abs=0.5)


def test_without_being_asked_a_page_names_nobody() -> None:
    for truth in (True, False):
        tree, _, _ = reported(truth=truth)
        said = html.tostring(tree, encoding="unicode")
        private = {str(row[name]).lower() for row in (*ROWS, FAR) for name in PRIVATE if row.get(name)} - {"baby"}
        assert not [value for value in private if re.search(rf"\b{re.escape(value)}\b", said.lower())]
        assert "names nobody" in text(tree.xpath("//p[@class='warning']")[0])


def test_with_values_the_two_sides_show_what_they_say_and_the_page_warns() -> None:
    tree, _, _ = reported("--with-values")
    assert "patient data" in text(tree.xpath("//p[@class='warning']")[0])
    by_id = {row["id"]: row for row in (*ROWS, FAR)}
    for pair, card in cards(tree):
        heads = [text(head).split()[0] for head in card.xpath(".//thead/tr/th[position()=2 or position()=3]")]
        assert set(heads) == pair
        family = next(row for row in rows(card.xpath(".//table")[0]) if row[0] == "Family name")
        assert family[1:3] == [by_id[id]["family"].lower() for id in heads]


def test_a_difference_is_told_in_words_and_by_its_sign_not_by_colour_alone() -> None:
    tree, _, _ = reported()
    against = [[text(cell) for cell in row.xpath("th|td")] for row in tree.xpath("//tr[@class='against']")]
    assert against
    assert all(row[3] and row[4].startswith("−") for row in against)


def test_without_truth_it_shows_the_questions_and_the_weakest_joins() -> None:
    tree, _, answers = reported(truth=False)
    asked = {frozenset((row["id"], other)) for row in answers for other in row["review_with"]}
    shown = [pair for pair, _ in cards(section(tree, "Most telling questions"))]
    assert set(shown) <= asked
    assert len(shown) == min(24, len(asked))
    weights = [float(re.search(r"([+-][\d.]+) bits", text(card.xpath("h4")[0]))[1])  # type: ignore[index]
               for _, card in cards(section(tree, "Weakest joins"))]  # fmt: skip
    assert weights == sorted(weights)
    cluster = {row["id"]: row["cluster"] for row in answers}
    assert all(len({cluster[id] for id in pair}) == 1 for pair, _ in cards(section(tree, "Weakest joins")))


def test_the_page_is_built_for_readers_of_every_kind() -> None:
    tree, _, _ = reported("--with-values")
    levels = [int(heading.tag[1]) for heading in tree.xpath("//h1|//h2|//h3|//h4")]
    assert levels[0] == 1
    assert all(below - above <= 1 for above, below in pairwise(levels))
    for table in tree.xpath("//table"):
        assert all(head.get("scope") == "col" for head in table.xpath(".//thead//th"))
        assert all(head.get("scope") == "row" for head in table.xpath(".//tbody//th"))
    pictures = tree.xpath("//figure/svg")
    assert len(pictures) >= 5
    assert all(picture.get("role") == "img" and picture.get("aria-labelledby") for picture in pictures)
    assert all(bar.get("aria-hidden") == "true" for bar in tree.xpath("//article//svg"))
    assert not tree.xpath("//script|//link|//img|//iframe")
    assert not re.search(r"https?://(?!www\.w3\.org)", html.tostring(tree, encoding="unicode"))


def test_values_are_only_for_a_report_and_a_report_needs_its_drawing_library(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    notices = written(tmp_path / "notices.jsonl", ROWS)
    run = CliRunner().invoke
    assert run(_build(["link"]), ["link", str(notices), "--with-values"]).exit_code == 2
    monkeypatch.setattr(drawing, "available", lambda: False)
    result = run(_build(["link"]), ["link", str(notices), "--report", str(tmp_path / "page.html")])
    assert result.exit_code == 2
    assert "extra 'reports'" in result.stderr
