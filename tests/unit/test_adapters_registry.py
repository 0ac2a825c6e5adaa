"""One door for every kind of message: kind, profile and feed are found, and the unknown is refused."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapters.adapter import Feed, Submission
from adapters.registry import ADAPTERS, detect, read
from integration_engine.mapping.profile import load_profile
from integration_engine.synthetic import coroner, police
from integration_engine.synthetic.person import Child

NOW = datetime(2026, 4, 9, 12, tzinfo=UTC)
CHILD = Child("Quill", "Ann", "2016-01-31", "female", None)
REPORT = police.report(
    "E23000013", "13-1", "2026-02-01T05:00:00", [police.deceased(CHILD, "P1")], event={"event_id": "E1"}
)
UPLOAD = coroner.upload([coroner.row("avon", "7-2026", "REFERRED", "2026-03-09", CHILD)])
ADT = b"MSH|^~\\&|EPR|RTH|CDR|ENG|202603090430||ADT^A03|M1|P|2.4\rPID|1\r"
PATIENT = b'{"resourceType": "Patient", "deceasedBoolean": true}'


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (ADT, "hospital-hl7"),
        (PATIENT, "hospital-fhir"),
        (REPORT, "police"),
        (b"Sudden Death No,Involvement\nSD/1,Deceased\n", "police"),
        (UPLOAD, "coroner"),
        (b"<cases><case/></cases>", "coroner"),
        (b'[{"area": "avon", "reference": "1", "event": "REFERRED"}]', "coroner"),
        (b"", None),
        (b"hello", None),
        (b"%PDF-1.7", None),
        (b"\x00\xff\xfe", None),
        (b"{}", None),
    ],
)
def test_the_kind_is_seen_in_the_content(body: bytes, kind: str | None) -> None:
    assert detect(body) == kind


def test_what_looks_like_nothing_known_is_refused() -> None:
    (reading,) = read(Submission(b"hello", NOW))
    assert (reading.verdict, reading.reason) == ("refused", "unknown-format")


def test_a_message_is_read_by_its_kinds_default_profile() -> None:
    (reading,) = read(Submission(REPORT, NOW))
    assert (reading.kind, reading.profile, reading.verdict) == ("police", "police-sudden-death", "notice")


def test_a_profile_given_is_for_the_messages_of_its_kind_only() -> None:
    (reading,) = read(Submission(UPLOAD, NOW), profile=load_profile("police-sudden-death"))
    assert (reading.kind, reading.profile) == ("coroner", "coroner-case")


def test_the_feed_registered_for_the_sender_chooses_the_profile(tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text("profile: own\nkind: police\nversion: 1\nextends: police-sudden-death\n")
    feeds = [Feed("x", "E23000038", "police", "nowhere"), Feed("sd", "E23000013", "police", str(own))]
    (reading,) = read(Submission(REPORT, NOW), feeds=feeds)
    assert (reading.profile, reading.verdict) == ("own", "notice")


def test_json_from_a_force_that_is_registered_for_tables_is_read_all_the_same() -> None:
    (reading,) = read(Submission(REPORT, NOW, feed=Feed("sd", "E23000013", "police", "police-csv-shire")))
    assert (reading.profile, reading.verdict) == ("police-sudden-death", "notice")


def test_there_is_an_adapter_for_every_kind() -> None:
    assert [ADAPTERS[kind].kind for kind in ADAPTERS] == ["hospital-hl7", "hospital-fhir", "police", "coroner"]
    with pytest.raises(KeyError):
        ADAPTERS["vet"]
