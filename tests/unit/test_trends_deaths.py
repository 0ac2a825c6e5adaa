"""What a death counts as: its age band, its category and how that was told, its area and time; and what isn't counted."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from integration_engine.planning.intake import PastCase, Tally
from integration_engine.record.account import Age, Child, Coroner, Death, Diagnosis, Event
from integration_engine.record.record import ChildDeathRecord
from integration_engine.record.standing import Standing
from integration_engine.routing.reference import BUNDLED, bundled
from integration_engine.routing.tables import ReferenceDataError
from integration_engine.routing.tabular import read_row
from integration_engine.trends.breakdowns import days_of
from integration_engine.trends.categories import FILE, Told, load_categories, shipped
from integration_engine.trends.deaths import (
    Apart,
    LookupProblem,
    Period,
    Rules,
    age_band,
    counted,
    read_deprivation,
)
from integration_engine.trends.population import read_population

NOW = datetime(2026, 3, 1, tzinfo=UTC)
RULES = Rules(bundled(), shipped(), NOW)
READING, GATESHEAD, WREXHAM, LIVERPOOL = "E06000038", "E08000037", "W06000006", "E08000012"


def count(
    *rows: Mapping[str, Any], rules: Rules = RULES, period: Period = Period()
) -> tuple[list[Mapping[str, str]], Apart]:
    apart = Apart()
    cases = []
    for number, row in enumerate(rows):
        full = {
            "id": str(number),
            "birth_date": "2020-01-01",
            "death_datetime": "2024-05-05",
            "home_lad": READING,
        } | row
        read = read_row(full, number)
        cases.append(PastCase(read.id, read.record, read.standing, "table", f"t.csv:{number}", row=full))
    return [dict(death) for death in counted(cases, rules, period, apart)], apart


def band(born: str, died: str, age: Age | None = None, *, march: bool = True) -> str:
    return age_band(ChildDeathRecord(child=Child(birth_date=born or None, age_at_death=age)), died, march)


@pytest.mark.parametrize(
    ("born", "died", "expected"),
    [
        ("2024-03-01", "2024-03-01", "0-27 days"),
        ("2024-03-01", "2024-03-28", "0-27 days"),
        ("2024-03-01", "2024-03-29", "28-364 days"),
        ("2024-01-01", "2024-12-31", "28-364 days"),
        ("2023-01-01", "2024-01-01", "1-4 years"),
        ("2020-02-29", "2025-02-28", "1-4 years"),
        ("2020-02-29", "2025-03-01", "5-9 years"),
        ("2010-06-15", "2020-06-14", "5-9 years"),
        ("2010-06-15", "2020-06-15", "10-14 years"),
        ("2008-05-10", "2026-05-09T23:50+01:00", "15-17 years"),
        ("2008-05-10", "2026-05-10", "unknown"),
        ("2024-03-02", "2024-03-01", "unknown"),
        ("2023", "2024-06-01", "unknown"),
        ("2012", "2024", "10-14 years"),
    ],
)
def test_the_age_band_goes_by_birthdays_and_is_unknown_where_the_dates_cant_tell(
    born: str, died: str, expected: str
) -> None:
    assert band(born, died) == expected


def test_a_birthday_on_29_february_follows_the_switch() -> None:
    assert band("2020-02-29", "2025-02-28", march=False) == "5-9 years"


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [
        (40, "minutes", "0-27 days"),
        (27, "days", "0-27 days"),
        (4, "weeks", "28-364 days"),
        (2, "months", "28-364 days"),
        (0, "months", "unknown"),
        (13, "months", "1-4 years"),
        (0, "years", "unknown"),
        (17, "years", "15-17 years"),
        (400, "days", "unknown"),
    ],
)
def test_a_stated_age_tells_a_band_where_its_unit_is_fine_enough(value: int, unit: Any, expected: str) -> None:
    assert band("", "2024-05-05", Age(value=value, unit=unit)) == expected


def told(
    category: str | None = None, conclusions: tuple[str, ...] = (), event: str | None = None, icd10: str = ""
) -> Told:
    return shipped().of(
        ChildDeathRecord.model_validate(
            {
                "death": Death.model_validate(
                    {
                        "suspected_category": category,
                        "event": Event.model_validate({"type": event}) if event else None,
                        "diagnoses": tuple(Diagnosis(code=code) for code in icd10.split()),
                    }
                ),
                "coroner": Coroner.model_validate({"conclusions": conclusions}),
            }
        )
    )


def test_the_category_is_told_by_the_first_way_that_answers() -> None:
    assert told("malignancy", ("suicide",), "fire", "A41") == Told("malignancy", "stated")
    assert told(None, ("suicide",), "fire", "A41") == Told("suicide-or-self-harm", "conclusion")
    assert told(None, ("open",), "fire", "A41") == Told("trauma-or-external", "event")
    assert told(None, ("narrative",), "sudden-death", "A41.9") == Told("infection", "icd10")


def test_of_several_answers_the_one_highest_on_the_form_stands() -> None:
    assert told(icd10="A41 C91 Q90") == Told("malignancy", "icd10")
    assert told(conclusions=("accident", "unlawful-killing")).category == "abuse-or-neglect"


@pytest.mark.parametrize("icd10", ["", "Z38", "I46.1", "nonsense", "R98", "Y10"])
def test_what_the_table_doesnt_list_says_nothing(icd10: str) -> None:
    assert told(icd10=icd10) == Told("unknown", "unknown")


@pytest.mark.parametrize("conclusion", ["natural-causes", "open", "narrative", "neglect"])
def test_a_conclusion_without_a_cause_leaves_the_category_unknown(conclusion: str) -> None:
    assert told(conclusions=(conclusion,)).category == "unknown"


@pytest.mark.parametrize(
    ("wrong", "right", "code"),
    [
        ("confidence: memory-high, source", "source", "short-row"),
        ("is: suicide,", "is: heartbreak,", "unknown-word"),
        ("is: C00-C97", "is: C97-C00", "bad-block"),
        ("category: malignancy, conf", "category: sorrow, conf", "unknown-category"),
        ("way: event", "way: rumour", "unknown-way"),
        ("order:", "ranks:", "bad-categories"),
    ],
)
def test_a_table_of_categories_that_cant_be_is_refused(tmp_path: Path, wrong: str, right: str, code: str) -> None:
    text = (BUNDLED / FILE).read_text(encoding="utf-8")
    assert wrong in text
    (tmp_path / FILE).write_text(text.replace(wrong, right, 1), encoding="utf-8")
    with pytest.raises(ReferenceDataError) as problem:
        load_categories(tmp_path / FILE)
    assert problem.value.code == code


def test_a_death_counts_where_the_child_lived_and_when_they_died() -> None:
    (death,), _ = count({"sex": "F", "imd_decile": "3", "expected": "unexpected", "icd10": "J18.9"})
    assert death == {
        "year": "2024", "quarter": "2024-Q2", "month": "2024-05", "region": "South East", "area": "BERKS",
        "area-then": "BERKS", "authority": READING, "police-force": "E23000029", "age-band": "1-4 years", "sex": "female",
        "category": "infection", "category-told-by": "icd10", "expected": "unexpected", "decile": "3",
    }  # fmt: skip


def test_a_death_before_panels_merged_counts_for_todays_and_for_the_one_in_force() -> None:
    (death,), _ = count({"home_lad": GATESHEAD, "death_datetime": "2020-03-10"})
    assert (death["area"], death["area-then"]) == ("NSTYNE", "STYNE-OLD")


def test_a_death_abroad_counts_where_the_child_lived() -> None:
    (death,), _ = count({"home_lad": READING, "death_lad": "", "place_of_death": "hospital in Spain"})
    assert death["area"] == "BERKS"


def test_a_child_from_outside_england_is_counted_apart() -> None:
    deaths, apart = count({"home_lad": WREXHAM, "death_lad": LIVERPOOL}, {"home_lad": "", "residency": "isle-of-man"})
    assert (deaths, apart.outside_england) == ([], 2)


def test_held_withdrawn_and_grown_up_are_not_counted() -> None:
    deaths, apart = count(
        {"home_lad": ""}, {"home_lad": "E07009999"}, {"message_type": "retract"}, {"birth_date": "1990-01-01"}
    )
    assert (deaths, apart.held, apart.withdrawn, apart.out_of_scope) == ([], 2, 1, 1)


def test_a_restricted_case_is_a_number_and_no_more() -> None:
    record = ChildDeathRecord.model_validate(
        {
            "child": {
                "birth_date": "2020-01-01",
                "restricted": "adoption",
                "addresses": [{"lad_code": READING, "use": "home"}],
            },
            "death": {"died_at": "2024-05-05"},
        }
    )
    apart = Apart()
    case = PastCase("r", record, Standing("dead"), "store", "held")
    assert list(counted([case], RULES, Period(), apart)) == []
    assert apart.restricted == 1


def test_a_period_takes_only_deaths_that_surely_lie_in_it() -> None:
    period = Period(date(2024, 2, 1), date(2024, 2, 29))
    days = ["2024-01-31T23:59", "2024-02-01T00:00", "2024-02-29T23:59", "2024-03-01T00:00", "2024-02", "2024"]
    deaths, apart = count(*({"death_datetime": day} for day in days), period=period)
    assert (len(deaths), apart.outside_period) == (3, 3)


def test_a_death_known_by_its_year_has_an_unknown_month_of_that_year() -> None:
    (death,), _ = count({"death_datetime": "2024", "birth_date": "2012"})
    assert (death["year"], death["quarter"], death["month"]) == ("2024", "2024 unknown", "2024 unknown")
    assert days_of("month", death["month"], date(2024, 1, 1), date(2024, 12, 31)) is None


def test_a_death_just_after_midnight_in_summer_counts_in_londons_month() -> None:
    (death,), _ = count({"death_datetime": "2024-05-31T23:30+00:00"})
    assert death["month"] == "2024-06"


@pytest.mark.parametrize("decile", ["11", "0", "-1", "3.5", "ten"])
def test_a_decile_that_is_none_is_unknown_and_told(decile: str) -> None:
    (death,), apart = count({"imd_decile": decile})
    assert (death["decile"], apart.unread["imd_decile"]) == ("unknown", 1)


def test_deciles_come_from_the_operators_lookup_by_lsoa_or_postcode(tmp_path: Path) -> None:
    path = tmp_path / "imd.csv"
    path.write_text("postcode,lsoa,imd_decile\nRG1 5AN,,4\n,E01016350,9\n", encoding="utf-8")
    rules = Rules(bundled(), shipped(), NOW, deprivation=read_deprivation(path))
    deaths, _ = count({"postcode": "rg15an"}, {"lsoa": "e01016350"}, {"postcode": "RG1 5AA"}, rules=rules)
    assert [death["decile"] for death in deaths] == ["4", "9", "unknown"]


@pytest.mark.parametrize(
    ("text", "code", "where"),
    [
        ("postcode,decile\nRG1 5AN,1\n", "missing-column", "imd.csv"),
        ("lsoa,imd_decile\nE01016350,11\n", "bad-decile", "imd.csv:2"),
    ],
)
def test_a_lookup_of_deciles_that_cant_be_says_where(tmp_path: Path, text: str, code: str, where: str) -> None:
    path = tmp_path / "imd.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(LookupProblem) as problem:
        read_deprivation(path)
    assert (problem.value.code, problem.value.where) == (code, where)


@pytest.mark.parametrize(
    ("text", "code", "where"),
    [
        ("area,people\nBERKS,1\n", "missing-column", "p.csv"),
        ("area,year,population\n", "no-rows", "p.csv"),
        ("area,year,population\nNOWHERE,2024,5\n", "unknown-area", "p.csv:2"),
        ("area,year,population\nE07009999,2024,5\n", "unknown-area", "p.csv:2"),
        ("area,year,population\nBERKS,2024,-5\n", "bad-number", "p.csv:2"),
        ("area,year,population\nBERKS,2024,many\n", "bad-number", "p.csv:2"),
        ("area,year,population\nBERKS,2024,nan\n", "bad-number", "p.csv:2"),
        ("area,year,population\nBERKS,24,5\n", "bad-number", "p.csv:2"),
        ("area,year,age_band,population\nBERKS,2024,0-17,5\n", "bad-age-band", "p.csv:2"),
        ("area,year,sex,population\nBERKS,2024,both,5\n", "bad-sex", "p.csv:2"),
        ("year,imd_decile,population\n2024,11,5\n", "bad-decile", "p.csv:2"),
        ("area,year,population\nBERKS,2024,5\nBERKS,2024,6\n", "twice", "p.csv:3"),
    ],
)
def test_a_population_that_cant_be_says_where(tmp_path: Path, text: str, code: str, where: str) -> None:
    path = tmp_path / "p.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(LookupProblem) as problem:
        read_population(path, bundled(), NOW.date())
    assert (problem.value.code, problem.value.where) == (code, where)


def test_authorities_populations_add_up_to_their_panels(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    path.write_text(
        "area,year,population\nE06000038,2024,30000\nE06000037,2024,20000\nE08000037,2019,1000\n", encoding="utf-8"
    )
    found = read_population(path, bundled(), NOW.date())
    year = (date(2024, 1, 1), date(2024, 12, 31))
    assert found.person_years({"area": {"BERKS"}}, *year) == 50_000
    assert found.person_years({"authority": {READING}}, *year) == 30_000
    assert found.areas == ("BERKS", "NSTYNE"), "a panel that has merged since is counted as its successor"


def test_the_intakes_own_tally_is_taken_over() -> None:
    apart, tally = Apart(), Tally(withdrawn=2, out_of_scope=1, restricted=3)
    apart.take(tally)
    assert (apart.withdrawn, apart.out_of_scope, apart.restricted) == (2, 1, 3)
