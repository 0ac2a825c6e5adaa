"""Messages by MESH: taken from our mailboxes once they are safe, answered where they were refused, and deliveries sent.

On NHS England's own sandbox, with its own client on the partners' side.
"""

import asyncio
import gzip
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from integration_engine.broker.depth import depths
from integration_engine.mapping.files import mappings
from integration_engine.mesh.collect import RECEIVED
from integration_engine.mesh.mailbox import Mailbox, MeshAway
from integration_engine.monitoring.counters import COUNTERS
from integration_engine.services.mesh import Tls, mesh
from integration_engine.store import overview
from integration_engine.store.deliveries import deliveries
from tests.certificates import make_certificates
from tests.gateway_house import FAMILY_NAME, NHS_NUMBER, adult, police_report
from tests.hl7_samples import death as hospital_death
from tests.mesh_house import (
    CORONER,
    FORCE,
    HOSPITAL,
    LIMIT,
    OTHER_FORCE,
    OTHER_PANEL,
    OTHER_POLICE,
    OURS,
    OURS_TOO,
    PANEL,
    POLICE,
    STRANGER,
    Got,
    MeshHouse,
    mesh_house,
)
from tests.store_samples import NOW
from tests.worker_samples import death, eventually, prepared, taken, working

SCHEMA = json.loads((mappings() / "schema" / "submission-answer-1.json").read_text(encoding="utf-8"))
ROWS = (
    b"Area,Ref,Event,Event date,Surname,DOB,Date of death\r\n"
    b"oxfordshire,1-26,REFERRED,09/11/2025,Harrowgate,09/05/2015,08/11/2025\r\n"
    b"oxfordshire,2-26,REFERRED,09/11/2025,Harrowgate,31/02/2016,08/11/2025\r\n"
)


def intake(mail: MeshHouse, kind: str = "police") -> list[tuple[Any, bytes]]:
    return taken(mail.settings.amqp_url.get_secret_value(), f"intake.{kind}")


def only(found: list[Got]) -> Got:
    (one,) = found
    return one


def refusal(mail: MeshHouse, mailbox: str = POLICE) -> dict[str, Any]:
    """The one answer that a partner finds, held to the published schema and to what an answer may say."""
    answer = only(mail.got(mailbox))
    said = answer.said
    jsonschema.validate(said, SCHEMA)
    for told in (FAMILY_NAME, NHS_NUMBER, "2014-05-09"):
        assert told not in answer.body.decode()
    assert answer.local_id == said["message"]
    return said


def test_a_report_is_queued_untouched_and_leaves_the_mailbox(mail: MeshHouse) -> None:
    body = police_report()
    mail.send(POLICE, body, "CDR_POLICE")
    mail.round()
    [(properties, queued)] = intake(mail)
    assert (queued, properties.content_type) == (body, "application/json")
    assert (mail.waiting(), mail.got(POLICE)) == ([], [])


def test_each_mailbox_of_ours_is_gone_round(mail: MeshHouse) -> None:
    mail.send(POLICE, police_report(), "CDR_POLICE", to=OURS_TOO)
    mail.round(OURS)
    assert mail.waiting(OURS_TOO)
    mail.round(OURS_TOO)
    assert not mail.waiting(OURS_TOO)
    assert len(intake(mail)) == 1


@pytest.mark.parametrize("compressed", [False, True], ids=["plain", "compressed"])
def test_a_message_in_many_chunks_arrives_whole(mail: MeshHouse, compressed: bool) -> None:
    body = police_report()
    mail.send(POLICE, body, "CDR_POLICE", max_chunk_size=len(body) // 9, transparent_compress=compressed)
    mail.round()
    assert [queued for _, queued in intake(mail)] == [body]


def test_what_a_senders_own_client_has_packed_is_unpacked(mail: MeshHouse) -> None:
    body = hospital_death()
    mail.send(HOSPITAL, gzip.compress(body), "CDR_HL7", compressed=True, filename="Ava Harrowgate.hl7.gz")
    mail.round()
    assert [queued for _, queued in intake(mail, "hospital-hl7")] == [body]


@pytest.mark.parametrize(
    ("body", "headers", "reason"),
    [
        (b"{" + b" " * LIMIT, {}, "too-large"),
        (gzip.compress(b" " * 50_000_000), {"compressed": True}, "too-large"),
        (gzip.compress(police_report())[:-20], {"compressed": True}, "bad-compression"),
        (police_report(), {"encrypted": True}, "encrypted"),
        (b"{", {}, "bad-json"),
        (police_report(status="gone"), {}, ""),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cant_be_taken_is_told_back_with_its_reason(
    mail: MeshHouse, body: bytes, headers: dict[str, Any], reason: str
) -> None:
    sent = mail.send(POLICE, body, "CDR_POLICE", **headers)
    mail.round()
    said = refusal(mail)
    assert (said["outcome"], said["message"]) == ("refused", sent)
    if reason:
        assert said["reason"] == reason
    else:
        told = [*said.get("problems", ()), *(problem for item in said["items"] for problem in item["problems"])]
        assert any(problem["path"] == "$.status" for problem in told)
    assert (intake(mail), mail.waiting()) == ([], [])


def test_a_mailbox_cant_speak_as_another(mail: MeshHouse) -> None:
    mail.send(OTHER_POLICE, police_report(FORCE), "CDR_POLICE")
    mail.round()
    assert refusal(mail, OTHER_POLICE)["reason"] == "wrong-sender"
    assert intake(mail) == []
    mail.send(OTHER_POLICE, police_report(OTHER_FORCE), "CDR_POLICE")
    mail.round()
    assert len(intake(mail)) == 1


def test_a_mailbox_nobody_registered_is_told_so(mail: MeshHouse) -> None:
    mail.send(STRANGER, police_report(), "CDR_POLICE")
    mail.round()
    assert refusal(mail, STRANGER)["reason"] == "unknown-sender"
    assert intake(mail) == []


def test_a_partner_whose_tokens_are_revoked_is_let_in_no_more(mail: MeshHouse) -> None:
    mail.identities.revoke(FORCE)
    mail.send(POLICE, police_report(), "CDR_POLICE")
    mail.round()
    assert refusal(mail)["reason"] == "unknown-partner"
    assert intake(mail) == []


def test_a_partner_sends_its_own_kinds_alone(mail: MeshHouse) -> None:
    mail.send(POLICE, ROWS, "CDR_CORONER")
    mail.send(POLICE, police_report(), "CDR_SOMETHING")
    mail.round()
    assert {said.said["reason"] for said in mail.got(POLICE)} == {"kind", "unknown-workflow"}
    assert (intake(mail), intake(mail, "coroner")) == ([], [])


def test_a_file_taken_in_part_is_queued_and_its_bad_rows_are_told(mail: MeshHouse) -> None:
    mail.send(CORONER, ROWS, "CDR_CORONER")
    mail.round()
    answer = only(mail.got(CORONER)).said
    assert (answer["outcome"], answer["counts"]) == ("taken-in-part", {"taken": 1, "passed_over": 0, "refused": 1})
    assert [(row["row"], row["result"]) for row in answer["rows"]] == [(3, "refused")]
    assert [body for _, body in intake(mail, "coroner")] == [ROWS]


def test_who_asks_for_it_is_told_of_everything(mail: MeshHouse) -> None:
    mail.send(POLICE, police_report(), "CDR_POLICE")
    mail.send(POLICE, police_report(**adult()), "CDR_POLICE")
    mail.round(answers="all")
    assert sorted(each.said["outcome"] for each in mail.got(POLICE)) == ["passed-over", "taken"]


def test_an_answer_to_an_answer_is_not_answered(mail: MeshHouse) -> None:
    mail.send(POLICE, b"{}", "CDR_POLICE_ACK_ACK")
    mail.round()
    assert (mail.waiting(), mail.got(POLICE)) == ([], [])


def test_without_a_broker_everything_stays_in_the_mailbox(mail: MeshHouse, tmp_path: Path) -> None:
    sent = mail.send(POLICE, police_report(), "CDR_POLICE")
    nobody = mail.settings.model_copy(update={"amqp_url": type(mail.settings.amqp_url)("amqp://a:b@127.0.0.1:1/")})
    away = MeshHouse(mail.sandbox, nobody, mail.mesh, mail.store, mail.identities)
    away.round(times=2)
    assert (mail.waiting(), mail.got(POLICE)) == ([sent], [])
    mail.round()
    assert (mail.waiting(), len(intake(mail))) == ([], 1)


def test_a_message_of_which_mesh_has_lost_a_part_is_left_and_nothing_waits_behind_it(mail: MeshHouse) -> None:
    body = police_report()
    sent = mail.send(POLICE, body, "CDR_POLICE", max_chunk_size=len(body) // 3)
    part = mail.sandbox.boxes / OURS / "in" / sent / "2"
    kept = part.read_bytes()
    part.unlink()
    mail.send(POLICE, police_report(), "CDR_POLICE")
    left = COUNTERS.value(RECEIVED, mailbox=OURS, outcome="left")
    mail.round()
    assert COUNTERS.value(RECEIVED, mailbox=OURS, outcome="left") == left + 1
    assert mail.waiting() == [sent]
    assert (mail.got(POLICE), len(intake(mail))) == ([], 1)
    part.write_bytes(kept)
    mail.round()
    assert (mail.waiting(), [queued for _, queued in intake(mail)]) == ([], [body])


def test_what_cant_be_told_is_left_for_mesh_and_nothing_waits_behind_it(mail: MeshHouse) -> None:
    sent = mail.send(POLICE, b"{", "CDR_POLICE")
    mail.send(POLICE, police_report(), "CDR_POLICE")
    # a workflow id longer than 300 letters is one that MESH won't carry
    mail.round(answer_suffix="_" + "A" * 300)
    assert mail.waiting() == [sent]
    assert len(intake(mail)) == 1


def test_a_delivery_goes_the_whole_way_and_comes_back_acknowledged(
    mail: MeshHouse, amqp_url: str, tmp_path: Path
) -> None:
    mail.send(POLICE, death(1), "CDR_POLICE")
    mail.round()
    with working(amqp_url, mail.store, prepared(amqp_url, tmp_path)):
        eventually(lambda: depths(amqp_url, ["cdop.BERKS"])[0].ready == 1)
    mail.round()
    delivery = only(mail.got(PANEL))
    said = delivery.said
    assert (said["schema"], said["kind"], said["part"]) == ("case-delivery/1", "new", "lead")
    assert (delivery.local_id, delivery.workflow, delivery.subject) == (said["delivery"], "CDR_DELIVERY", "new")
    assert depths(amqp_url, ["cdop.BERKS"])[0].ready == 0
    answer = {"schema": "delivery-answer/1", "delivery": delivery.local_id, "answer": "acknowledge"}
    mail.send(PANEL, json.dumps(answer).encode(), "CDR_DELIVERY_ACK")
    mail.round()
    assert (mail.got(PANEL), states(mail)) == ([], {delivery.local_id: "acknowledged"})


def states(mail: MeshHouse) -> dict[str, str]:
    found = deliveries(mail.store, "cdop.BERKS", by="test", now=NOW)
    return {each.id: each.state for each in found}


def delivered(mail: MeshHouse, amqp_url: str, tmp_path: Path) -> str:
    """The id of a delivery that lies in the panel's queue."""
    mail.send(POLICE, death(2), "CDR_POLICE")
    mail.round()
    with working(amqp_url, mail.store, prepared(amqp_url, tmp_path)):
        eventually(lambda: depths(amqp_url, ["cdop.BERKS"])[0].ready == 1)
    (only_one,) = states(mail)
    return only_one


def test_a_panel_declines_by_mesh_and_cant_answer_for_another(mail: MeshHouse, amqp_url: str, tmp_path: Path) -> None:
    delivery = delivered(mail, amqp_url, tmp_path)
    declined = {"schema": "delivery-answer/1", "delivery": delivery, "answer": "decline", "reason": "not our area"}
    for mailbox in (OTHER_PANEL, STRANGER, PANEL):
        mail.send(mailbox, json.dumps(declined).encode(), "CDR_DELIVERY_ACK")
    mail.send(PANEL, b'{"answer": "acknowledge"}', "CDR_DELIVERY_ACK")
    mail.round()
    assert only(mail.got(OTHER_PANEL)).said["reason"] == "no-delivery"
    assert only(mail.got(STRANGER)).said["reason"] == "unknown-sender"
    reasons = [each.said.get("reason") for each in mail.got(PANEL) if each.workflow == "CDR_DELIVERY_ACK_ACK"]
    assert reasons == ["bad-answer"]
    assert states(mail) == {delivery: "declined"}


def test_a_recipient_mesh_doesnt_know_keeps_its_deliveries_and_harms_nobody(
    mail: MeshHouse, amqp_url: str, tmp_path: Path
) -> None:
    delivered(mail, amqp_url, tmp_path)
    nowhere = mail.mesh.recipients[0].model_copy(update={"mailbox": "NOWHERE1"})
    mail.round(recipients=(nowhere, *mail.mesh.recipients[1:]), times=2)
    assert depths(amqp_url, ["cdop.BERKS"])[0].ready == 1
    mail.round()
    assert depths(amqp_url, ["cdop.BERKS"])[0].ready == 0
    assert len(mail.got(PANEL)) == 1


def test_a_delivery_that_mesh_gave_up_raises_an_alarm(mail: MeshHouse, amqp_url: str, tmp_path: Path) -> None:
    delivery = delivered(mail, amqp_url, tmp_path)
    mail.report(local_id=delivery, linked_message_id="20260309000000000000_ABCDEF")
    mail.report(local_id="d-000000000000000000000000")
    mail.report(local_id="somebody's own words", status="error")
    mail.round()
    alarms = [(alarm.code, alarm.subject) for alarm in overview.alarms(mail.store)]
    assert alarms == [("mesh-undelivered", delivery)]
    assert mail.waiting() == []


def test_a_wrong_password_is_known_and_everything_stays(mail: MeshHouse) -> None:
    mail.send(POLICE, police_report(), "CDR_POLICE")
    wrong = tuple(own.model_copy(update={"password": type(own.password)("sesame")}) for own in mail.mesh.mailboxes)
    mail.round(mailboxes=wrong)
    assert len(mail.waiting()) == 1
    assert intake(mail) == []


def test_mesh_that_is_away_is_told_by_the_check(mail: MeshHouse) -> None:
    now = [0.0]
    office = mail.round(url="http://127.0.0.1:1", timeout_seconds=1.0, ticking=lambda: now[0])
    asyncio.run(office.check())
    now[0] = 3600.0
    with pytest.raises(MeshAway):
        asyncio.run(office.check())


def test_mesh_is_reached_by_mutual_tls_and_by_nothing_less(amqp_url: str, sqlite_url: str, tmp_path: Path) -> None:
    make_certificates(tmp_path)
    prepared(amqp_url, tmp_path)
    tls = Tls(tmp_path / "server.pem", tmp_path / "server.key", tmp_path / "authority.pem")
    ours = {"certificate": tmp_path / "client.pem", "key": tmp_path / "client.key", "ca": tmp_path / "authority.pem"}
    with mesh([OURS, OURS_TOO], tls) as sandbox, mesh_house(sandbox, amqp_url, sqlite_url, tmp_path, **ours) as mail:
        box = Mailbox(mail.mesh, mail.mesh.mailboxes[0], limit=LIMIT)
        box.handshake()
        box.send(OURS, police_report(), workflow="CDR_POLICE", local_id="1", subject="", name="1.json")
        assert len(box.waiting()) == 1
        for missing in ({"certificate": None, "key": None}, {"ca": None}):
            less = Mailbox(mail.mesh.model_copy(update=missing), mail.mesh.mailboxes[0], limit=LIMIT)
            with pytest.raises(MeshAway):
                less.handshake()
            less.close()
        box.close()
