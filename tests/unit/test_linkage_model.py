"""The linkage model as data: a weight for every level that can be answered, and no model that can't be meant."""

import json
from collections import defaultdict
from dataclasses import replace
from itertools import combinations_with_replacement
from pathlib import Path
from typing import Any

import pytest

from integration_engine.linkage.comparison import compare
from integration_engine.linkage.evidence import Evidence
from integration_engine.linkage.levels import LEVELS
from integration_engine.linkage.model import ModelError, load, shipped
from integration_engine.linkage.names import TABLES
from tests.linkage_rows import ROWAN, number, said

SHIPPED = TABLES / "model-2.json"
SLIP = number(3)[:-1] + str((int(number(3)[-1]) + 1) % 10)

# What notices say of one field each, so that among all pairs of one line every level of that comparison shows.
SAYINGS: dict[str, list[dict[str, Any]]] = {
    "nhs": [{"nhs_number": value} for value in (number(3), number(4), SLIP, "9990000009", "9990000008")],
    "given": [
        {"given": "Mohammed"},
        {"given": "Muhammad"},
        {"given": "Rowan"},
        {"given": "Rowann Ezekiel"},
        {"given": "R"},
        {"given": "Ezekiel"},
        {"given": "Ezekiel Rowan"},
        {"given": "Fairclough", "family": "Rowan"},
        {"given": "Fairclough", "family": "Smith"},
        {"given": "Rowxan"},
        {"given": "Rowan Thomas"},
        {"given": "Rowan Oliver"},
        {"given": "Rowan Tomas"},
    ],
    "family": [
        {"family": value} for value in ("Hussain", "Hossein", "Smith", "Fairclough", "Fairclouh", "Fairclough-Smith")
    ],
    "birth": [
        {"birth_date": value}
        for value in (
            "2018-05-04",
            "2018-04-05",
            "2018-01-01",
            "2018-05-24",
            "2018-05-31",
            "2011-09-17",
            "2018",
            "2018-05",
        )
    ]
    + [
        {"birth_date": None, "age_text": value}
        for value in ("7 years", "8 years", "30 minutes", "5 hours", "3 days", "6 weeks", "10 months")
    ]
    + [
        {"birth_date": "2026-02-03"},
        {"birth_date": "2026-01-30"},
        {"birth_date": "2025-12-20"},
        {"birth_date": "2025-04-01"},
    ],
    "death": [
        {"death_datetime": value}
        for value in (
            "2026-02-03T04:10",
            "2026-02-03T04:40",
            "2026-02-03",
            "2026-02",
            "2026-02-05",
            "2026-02-07",
            "2026-03-20",
        )
    ]
    + [
        {"birth_date": "2026-02-01", "death_datetime": value}
        for value in ("2026-02-03T04:10", "2026-02-03T04:40", "2026-02-03T23:00")
    ],
    "sex": [{"sex": "M"}, {"sex": "F"}],
    "home": [
        {},
        {"address_line": "3 Mill Lane"},
        {"postcode": "LS7 1AA"},
        {"postcode": "LS8 9ZZ", "address_line": "9 Oak Row"},
        {"address_line": "16 Elder Road"},
        {"postcode": "M1 1AA", "address_line": "16 Elder Road"},
        {"postcode": "LS6 2AD", "address_line": "9 Oak Row"},
    ],
    "practice": [{"gp_ods": "B86001"}, {"gp_ods": "B86002"}],
    "mother": [{"mother_given": "Sarah"}, {"mother_given": "Elena"}],
    "mother_nhs": [{"mother_nhs_number": number(7)}, {"mother_nhs_number": number(8)}],
    "place": [{}, {"place_of_death": "Hull Example Infirmary"}],
    "order": [{"birth_order": 1}, {"birth_order": 2}],
    "weight": [{"birth_weight_g": value} for value in (2000, 2150, 3400)],
    "gestation": [{"gestation_weeks": value} for value in (30, 31, 32, 38)],
    "local_ref": [{"local_ref": "A1"}, {"local_ref": "A2"}],
    "event": [{"event_ref": "X9"}],
}
FORMER = replace(said("former", ROWAN), also_family=("smith",))
PEOPLE = [replace(said("x", ROWAN), report="RXA|1", event_ref="X9", person=person) for person in ("1", "2")]
CORONER = [replace(said("x", ROWAN), coroner_refs=(reference,)) for reference in ("avon|17", "avon|18", "|17")]

ENTRIES = [
    replace(said("x", ROWAN), registrations=frozenset({entry})) for entry in ("death|20261234", "death|20265678")
]


def shown() -> dict[str, set[str]]:
    """Every level that any two of these notices show, by comparison."""
    told: list[list[Evidence]] = [[said("x", ROWAN, saying) for saying in sayings] for sayings in SAYINGS.values()]
    told += [[FORMER, said("x", ROWAN, family="Smith")], PEOPLE, CORONER, ENTRIES]
    found: dict[str, set[str]] = defaultdict(set)
    for evidence in told:
        for a, b in combinations_with_replacement(evidence, 2):
            compared = compare(a, b, shipped())
            for comparison in LEVELS:
                found[comparison].add(getattr(compared, comparison))
    return {comparison: levels - {""} for comparison, levels in found.items()}


def test_the_list_of_levels_is_what_two_notices_can_show() -> None:
    assert {comparison: sorted(levels) for comparison, levels in shown().items()} == {
        comparison: sorted(levels) for comparison, levels in LEVELS.items()
    }


def test_the_shipped_model_weighs_every_level() -> None:
    assert {comparison: set(levels) for comparison, levels in shipped().bits.items()} == {
        comparison: set(levels) for comparison, levels in LEVELS.items()
    }


def test_agreement_speaks_for_one_child_and_difference_against() -> None:
    bits = shipped().bits
    for comparison, levels in bits.items():
        if "different" in levels:
            agreed = levels["same"] if "same" in levels else levels["equal"]
            assert levels["different"] < 0 < agreed, comparison
    assert bits["nhs"]["equal"] > bits["nhs"]["typed-equal"] > bits["nhs"]["slip"] > 0 > bits["nhs"]["different"]
    assert bits["given"]["conflict"] < 0
    assert bits["family"]["conflict"] < 0


BREAKS: dict[str, tuple[tuple[str, ...], Any]] = {
    "is not a linkage-model": (("format",), "linkage-model/99"),
    "comparisons.nhs.slip needs m and u": (("comparisons", "nhs", "slip"), {"m": 0.8}),
    "comparisons.sex.equal needs m and u": (("comparisons", "sex", "equal", "u"), 0),
    "comparisons.shoes is no comparison": (("comparisons", "shoes"), {}),
    "comparisons.sex.unclear is no level": (("comparisons", "sex", "unclear"), {"m": 0.5, "u": 0.5}),
    "comparisons.death.near needs m and u": (("comparisons", "death"), {"equal": {"m": 0.5, "u": 0.5}}),
    "review, review_vetoed and link must rise": (("thresholds", "review"), 40.0),
    "thresholds.margin is missing": (("thresholds", "margin"), None),
    "prior_bits is missing": (("prior_bits",), None),
    "unseen_name_share must be shares": (("unseen_name_share",), 7.0),
    "no-such-table.csv: can't be read": (("name_shares",), "no-such-table.csv"),
}


@pytest.mark.parametrize("complaint", BREAKS)
def test_a_broken_model_is_refused_with_what_is_wrong(complaint: str, tmp_path: Path) -> None:
    text = json.loads(SHIPPED.read_text(encoding="utf-8"))
    (*way, last), value = BREAKS[complaint]
    place = text
    for step in way:
        place = place[step]
    place[last] = value
    broken = tmp_path / "broken.json"
    broken.write_text(json.dumps(text), encoding="utf-8")
    (tmp_path / "name-shares-1.csv").write_text("given,rowan,200\nfamily,smith,9000\n", encoding="utf-8")
    with pytest.raises(ModelError, match=complaint) as refused:
        load(broken)
    assert all(": " in problem for problem in str(refused.value).splitlines())


def test_a_file_that_is_no_json_is_refused(tmp_path: Path) -> None:
    broken = tmp_path / "broken.json"
    broken.write_text("{", encoding="utf-8")
    with pytest.raises(ModelError, match=r"broken\.json: can't be read"):
        load(broken)
