"""Partners' own messages through the pipeline: read by the adapters, one child, one case; adults leave only a count."""

from datetime import timedelta

import orjson
from sqlalchemy import select

from adapters.adapter import Submission
from integration_engine.pipeline import Processed, process
from integration_engine.record.codes import PartnerKind
from integration_engine.store import overview
from integration_engine.store.database import Store, table
from integration_engine.store.sealing import unseal
from integration_engine.store.tables import SubmissionRow
from tests.store_samples import NOW, SWINDON, rules

ADT = "\r".join(
    [
        r"MSH|^~\&|EPR|RTH|CDR|NHSE|20260309051000||ADT^A03^ADT_A03|RTH-77|P|2.4",
        "EVN|A03|20260309050500",
        "PID|1||9991000003^^^NHS^NH~H123^^^RTH^MR||QUILLFEATHER^BARNABY^LARK||20140509|M|||"
        "7 LARKSPUR ROW^^READING^^RG1 1LZ^^H||||||||||||||||||202603090410|Y",
        "PV1|1|I|PICU^^^RTH08||||||||||||||||V1|||||||||||||||||4|||||||||20260307|202603090410",
    ]
).encode()

CORONER = b"""area,reference,event,event_at,family_name,given_names,sex,date_of_birth,postcode,date_of_death,lad_of_death
oxfordshire,01234-2026,REFERRED,2026-03-09T10:00,QUILLFEATHER,BARNABY LARK,M,2014-05-09,RG1 1LZ,2026-03-09,E07000178
oxfordshire,01235-2026,REFERRED,2026-03-09T11:00,OLDERMAN,WILFRED,M,1931-01-01,OX1 1AA,2026-03-08,E07000178
"""

POLICE = orjson.dumps(
    {
        "schema": "police-sudden-death/1",
        "force": "E23000038",
        "report_id": "54-2026-000123",
        "version": 1,
        "status": "current",
        "reported_at": "2026-03-09T06:00:00Z",
        "event": {
            "event_id": "EV1",
            "type": "road-traffic-collision",
            "at": "2026-03-07T18:20:00Z",
            "place": {"lad_code": SWINDON},
            "suspicious": "no",
        },
        "persons": [
            {
                "person_id": "P1",
                "role": "deceased",
                "family_name": "Quillfeather",
                "given_names": "Barnaby Lark",
                "date_of_birth": "2014-05-09",
                "sex": "M",
                "address": {"lines": ["7 Larkspur Row"], "postcode": "RG1 1LZ", "use": "home"},
                "life_extinct_at": "2026-03-09T04:10:00Z",
            }
        ],
        "relationships": [],
    }
)

SENT: tuple[tuple[PartnerKind, str, bytes], ...] = (
    ("hospital-hl7", "RTH", ADT),
    ("coroner", "oxfordshire", CORONER),
    ("police", "E23000038", POLICE),
)


def take(store: Store, *sent: tuple[PartnerKind, str, bytes]) -> Processed:
    kinds = [kind for kind, _, _ in sent]
    received = NOW + timedelta(minutes=1)
    submissions = [Submission(body, received, partner=partner) for _, partner, body in sent]
    return process(store, submissions, kinds=kinds, now=NOW, **rules())


def test_three_partners_tell_of_one_death_and_one_case_reaches_the_right_panel(store: Store) -> None:
    for message in SENT:
        take(store, message)
    (case,) = overview.recent_cases(store)
    assert (case.state, case.lead) == ("open", "BERKS")
    told = overview.deliveries_by_recipient(store)
    assert told["cdop.BERKS"]["new"] == 1
    assert "copy" in told["cdop.WILTSW"]
    assert any(recipient.startswith("jar.") for recipient in told)


def test_one_batch_of_all_three_is_one_new_case_and_no_update(store: Store) -> None:
    processed = take(store, *SENT)
    assert {row.version for row in processed.outbox} == {1}
    assert processed.new == 3


def test_an_adult_in_the_same_file_leaves_only_a_count(store: Store) -> None:
    take(store, *SENT)
    counted = {(c.kind, c.verdict, c.reason): c.items for c in overview.counts(store, NOW.date())}
    assert counted["coroner", "passed-over", "scope.adult"] == 1
    rows = table(SubmissionRow)
    with store.reading() as transaction:
        found = transaction.connection.execute(select(rows.c.kind, rows.c.sealed)).all()
    kept = {row.kind: unseal(store.keys, row.sealed) for row in found if row.sealed}
    assert kept["hospital-hl7"] == ADT
    assert kept["police"] == POLICE
    assert b"OLDERMAN" not in kept.get("coroner", b"")
