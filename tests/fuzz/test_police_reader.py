"""Whatever a force sends, the police reader answers and never raises; two children never share a number."""

import csv
import io
import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.damage import broken, damaged, odd
from tests.fuzz.offices import REPORTS, police

PROFILES = ("police-sudden-death", "police-csv-shire", "police-csv-metropolis")
ODD = odd(
    ["2026-02-30", "0000", "9999-12-31T23:59:59Z", "09/05/14", "P1", "deceased", "E23000038", "-1 years"],
    ["is", "role", "person_id", "from", "x"],
)


@settings(max_examples=200, deadline=None)
@given(broken(REPORTS, ODD))
def test_a_broken_report_is_answered(report: Any) -> None:
    police(json.dumps(report).encode())


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(REPORTS).flatmap(lambda report: damaged(json.dumps(report).encode())))
def test_damaged_bytes_are_answered(body: bytes) -> None:
    police(body)


HEADINGS = [
    "Sudden Death No",
    "Revision",
    "Record Status",
    "Reported Date Time",
    "Involvement",
    "Nominal No",
    "Surname",
]
HEADINGS += ["DOB", "Apparent Age", "Home Address", "Life Pronounced Extinct", "Force Code", "LAC Authority"]
CODED = ["SUDDEN_DEATH_URN", "REC_VER", "ROLE_CD", "NOM_URN", "NOM_FULL_NAME", "NOM_DOB", "FORCE_ONS_CD", "LPE_DTTM"]
WORDS = st.one_of(
    st.text(max_size=10),
    st.sampled_from(
        ["Deceased", "DEC", "Casualty", "SD/1", "1", "2", "Cancelled", "09/11/2018", "20181109", "N1", "E23000038"]
    ),
    st.sampled_from(['"', "=1+1", "#REF!", "a\nb", "\x00", "'", ";;;;;;;;", "9" * 40]),
)


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from([HEADINGS, CODED, HEADINGS + HEADINGS[:3]]),
    st.lists(st.lists(WORDS, max_size=16), max_size=6),
    st.sampled_from([",", ";", "\t"]),
    st.sampled_from(["utf-8", "utf-16", "utf-8-sig"]),
    st.sampled_from(PROFILES),
)
def test_any_export_is_answered(
    headings: list[str], rows: list[list[str]], delimiter: str, charset: str, profile: str
) -> None:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter).writerows([headings, *rows])
    body = out.getvalue().encode(charset, "replace")
    police(body, profile)


@settings(max_examples=150, deadline=None)
@given(st.one_of(st.binary(max_size=60), st.binary(max_size=40).map(lambda some: b"{" + some)))
def test_any_bytes_are_answered(body: bytes) -> None:
    police(body)
