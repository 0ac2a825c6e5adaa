"""The console's pages of the reference data: what operators and panels see of it, and that no address names a postcode."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.gateway_house import House, declare, house


@pytest.fixture
def doors(amqp_url: str, tmp_path: Path) -> Iterator[House]:
    declare(amqp_url)
    plan = tmp_path / "plan.yaml"
    plan.write_text("from: 2026-01-01\ncdops:\n- {code: THAMES, name: Thames CDOP, replaces: [BERKS, OXON]}\n", "utf-8")
    # What the pages show comes out of no database: one kind of it will do.
    database_url = f"sqlite:///{tmp_path / 'store.sqlite3'}"
    with house(amqp_url, database_url, tmp_path, footprint=(plan,), switches={"jar_attendance_hours": 2}) as opened:
        opened.tokens["THAMES"] = opened.identities.add("THAMES", "cdop").text
        opened.tokens["jane"] = opened.identities.add("jane", "coordinator", organisations=("THAMES",)).text
        yield opened


def test_operators_coordinators_and_panels_see_what_is_known_and_what_to_confirm(doors: House) -> None:
    for who in ("op", "jane", "THAMES"):
        with doors.sign_in(who) as browser:
            text = browser.get("/console/reference?on=2026-06-01").text
            assert "Kingston upon Hull, City of in Hull and East Riding CDOP" in text
            assert "confirm with the panel" in text
            assert "Thames CDOP" in text, "the footprint in force"
            assert "Pan-Berkshire" not in text
            assert "jar_attendance_hours" in text
            assert "/console/reference" in browser.get("/console/reference/THAMES").text


def test_one_panel_or_authority_shows_its_days_its_footing_and_who_came_before(doors: House) -> None:
    with doors.sign_in("op") as browser:
        panel = browser.get("/console/reference/BERKS?on=2025-06-01").text
        assert 'as long as known to <time datetime="2025-12-31">Wed 31 Dec 2025</time>' in panel
        assert "After:" in panel
        assert "Reading" in panel
        authority = browser.get("/console/reference/E06000029?on=2019-03-15").text
        assert "Bournemouth, Christchurch and Poole" in authority
        assert "PDOR-OLD" in authority
        assert browser.get("/console/reference/JAR-HULLER").status_code == 200
        assert browser.get("/console/reference/oxfordshire").status_code == 200


def test_only_codes_are_answered_never_an_address_or_a_name(doors: House) -> None:
    with doors.sign_in("op") as browser:
        for asked in ("NOWHERE", "RG12LU", "Reading"):
            assert browser.get(f"/console/reference/{asked}").status_code == 404


def test_partners_see_none_of_it(doors: House) -> None:
    with doors.sign_in("oxfordshire") as browser:
        assert browser.get("/console/reference").status_code == 403
    assert doors.client.get("/console/reference").status_code in (303, 401)
