"""The console's page of clocks: operators see all, panels their own, and of a restricted case next to nothing."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from integration_engine.pipeline import process
from integration_engine.store import overview
from tests.gateway_house import House, declare, house
from tests.store_samples import NOW, read, report, rules
from tests.worker_samples import eventually


@pytest.fixture
def doors(amqp_url: str, database_url: str, tmp_path: Path) -> Iterator[House]:
    declare(amqp_url)
    with house(amqp_url, database_url, tmp_path) as opened:
        opened.tokens["jane"] = opened.identities.add("jane", "coordinator", organisations=("BERKS",)).text
        opened.tokens["john"] = opened.identities.add("john", "coordinator", organisations=("OXON",)).text
        yield opened


def take(doors: House, **fields: Any) -> str:
    process(doors.store, [report(**fields)], read=read, now=NOW, **rules())
    (case,) = overview.recent_cases(doors.store)
    return case.id


def page(doors: House, who: str) -> str:
    with doors.sign_in(who) as browser:
        answer = browser.get("/console/clocks")
        assert answer.status_code == 200
        return str(answer.text)


def test_what_is_overdue_stands_first_and_opens_the_case(doors: House) -> None:
    case = take(doors)
    for who in ("op", "jane"):
        text = page(doors, who)
        assert text.index("cdop_due") < text.index("ncmd_due") < text.index("cdrm_due")
        assert "tell the panel that leads" in text
        assert f"/console/cases/{case}" in text
        assert "Quillfeather" not in text


def test_a_panel_sees_the_clocks_of_the_cases_it_leads(doors: House) -> None:
    case = take(doors)
    assert case in page(doors, "BERKS")
    for who in ("john", "OXON"):
        assert case not in page(doors, who)


def test_of_a_restricted_case_an_operator_sees_its_id_the_clock_and_the_stage(doors: House) -> None:
    case = take(doors, child={"restricted": "adoption"})
    shown = page(doors, "op")
    assert case in shown
    assert "cdop_due" in shown
    assert not any(told in shown for told in ("10 Mar 2026", "BERKS", "tell the panel", f"/console/cases/{case}"))
    assert case not in page(doors, "jane")
    assert "BERKS" in page(doors, "guardian")


def test_partners_see_none_of_it(doors: House) -> None:
    with doors.sign_in("oxfordshire") as browser:
        assert browser.get("/console/clocks").status_code == 403


def test_a_case_explains_its_clocks_where_it_is_opened(doors: House) -> None:
    case = take(doors, process={"ncmd_told_at": "2026-03-11T04:25:00Z"})
    with doors.sign_in("jane") as browser:
        assert "late by 15 min, reason required" in browser.get(f"/console/cases/{case}").text


def test_a_case_says_what_each_clock_is_about_and_that_it_is_overdue_the_most_pressing_first(doors: House) -> None:
    case = take(doors, process={"ncmd_told_at": "2026-03-10T04:25:00Z"})
    for who in ("op", "jane"):
        with doors.sign_in(who) as browser:
            text = browser.get(f"/console/cases/{case}").text
        told = re.findall(
            r'<th scope="row">(.+?) <code class="quietly">(\w+)</code></th><td><span class="tag \w+">(\w+)<', text
        )
        assert told[:2] == [
            ("Tell the panel that leads", "cdop_due", "overdue"),
            ("Hold the child death review meeting", "cdrm_due", "overdue"),
        ]
        assert told[2:] == [("Tell the National Child Mortality Database", "ncmd_due", "met")], "nothing is to be done"


def test_the_numbers_of_clocks_stand_among_the_metrics(doors: House) -> None:
    take(doors)
    eventually(lambda: 'cdr_clocks{clock="ncmd_due",stage="' in doors.get("op", "/metrics").text)
    assert 'cdr_clocks{clock="jar_due",stage="overdue"} 0.0' in doors.get("op", "/metrics").text
