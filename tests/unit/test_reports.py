"""A report is one file that tells everything to everybody: no fetching, no script, a table beside every chart."""

import re
from pathlib import Path

import pytest
from lxml import etree, html

from integration_engine.reports import charts, drawing
from integration_engine.reports.charts import Limit, Point
from integration_engine.reports.drawing import Chart, ChartsUnavailable
from integration_engine.reports.page import Fact, Report, Section, Shown, Table, render

TABLE = Table("Cases <a year>", ("Panel", "Before", "Share"), (("A & B", 1234, "12.5%"), ("C", None, "<5")), "Note")


def picture(name: str = "Cases") -> Chart:
    return charts.bars(name, "B is <higher>.", ["A & B", "C"], {"before": [1, None], "after": [2, 3]}, unit="cases")


def page(*items: Shown) -> str:
    section = Section("Caseload & more", ("A sentence.",), items)
    return render(Report("Merger <x>", "Lead.", (Fact("Cases", "3"),), ("Careful.",), (section,), (("P", "1 - e"),)))


def test_a_page_fetches_nothing_and_runs_nothing() -> None:
    text = page(Shown(TABLE, picture()))
    assert not re.search(r"<script|<link|<img|<iframe|\son\w+=|@import", text)
    assert set(re.findall(r"""(?:href|src)=["']([^"'#]+)""", text)) == set()
    assert set(re.findall(r"""url\(["']?([^#)]+)\)""", text)) == set()


def test_what_is_written_into_a_page_stays_text() -> None:
    tree = html.fromstring(page(Shown(TABLE, picture())))
    assert tree.xpath("//h1")[0].text == "Merger <x>"
    assert tree.xpath("//caption")[0].text == "Cases <a year>"
    assert tree.xpath("//tbody/tr/th")[0].text == "A & B"


def test_every_drawing_is_named_and_described_for_a_screen_reader() -> None:
    drawing = etree.fromstring(picture().svg)
    named = {element.get("id"): element.text for element in drawing if element.get("id")}
    told = [named[name] for name in drawing.get("aria-labelledby").split()]
    assert drawing.get("role") == "img"
    assert told == ["Cases", "B is <higher>."]


def test_two_drawings_on_one_page_share_no_id() -> None:
    text = page(Shown(TABLE, picture("First")), Shown(TABLE, picture("Second")))
    ids = re.findall(r'\sid="([^"]+)"', text)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r"url\(#([^)]+)\)", text)) <= set(ids)


def test_the_same_figures_make_the_same_bytes() -> None:
    assert picture().svg == picture().svg
    assert not re.search(r"20\d\d-\d\d-\d\d", picture().svg)


def test_a_drawing_brings_no_style_of_its_own_to_the_page() -> None:
    assert "<style" not in picture().svg


def test_the_words_of_a_drawing_are_words() -> None:
    assert "A &amp; B" in re.findall(r"<text[^>]*>([^<]+)</text>", picture().svg)


def test_lines_mark_signals_and_break_where_nothing_is_known() -> None:
    drawn = charts.lines(
        "Months",
        "Up.",
        ["Jan", "Feb", "Mar"],
        {"North": [1, None, 9]},
        unit="deaths",
        limits=[Limit("upper limit", [0, 2], [5, 5])],
        marked={"North": [2]},
    )
    assert "upper limit" in drawn.svg
    assert "#b3261e" in drawn.svg


def test_a_marked_point_of_a_scatter_carries_its_name_and_others_dont() -> None:
    points = [Point("Quiet", 1, 1), Point("Loud", 2, 9, marked=True)]
    drawn = charts.scatter("Funnel", "One out.", points, x_unit="births", y_unit="rate")
    assert "Loud" in drawn.svg
    assert "Quiet" not in drawn.svg


def test_figures_stand_to_the_right_and_words_to_the_left() -> None:
    assert TABLE.figures == (False, True, True)


def test_numbers_are_written_with_thousands_parted() -> None:
    assert ">1,234<" in page(Shown(TABLE))


def test_without_the_drawing_library_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drawing, "available", lambda: False)
    with pytest.raises(ChartsUnavailable, match="reports"):
        picture()


def test_a_folded_table_is_still_in_the_page() -> None:
    tree = html.fromstring(page(Shown(TABLE, folded=True)))
    assert tree.xpath("//details//caption")[0].text == "Cases <a year>"


def test_the_stylesheet_is_shipped_with_the_package() -> None:
    assert (Path(charts.__file__).parent / "pages" / "report.css").is_file()
