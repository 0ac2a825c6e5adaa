"""A hospital, a force and a coroner's office come new to a running engine and go by the pages: registered, tried, scored, let
in, with new keys while they send, sent back, and gone. Every command stands on a page as it is typed here."""

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pika
import pytest
from joserfc.jwk import ECKey
from pika.exceptions import AMQPConnectionError

from integration_engine.broker.management import Management
from integration_engine.broker.message import Message
from integration_engine.broker.publisher import NotConfirmed, Publisher
from integration_engine.services import Broker
from tests.acceptance.newcomers import Set, example, newly_set_up
from tests.conftest import _virtual_host
from tests.mllp_client import MllpClient
from tests.signing import Machine
from tests.worker_samples import eventually

HOSPITAL, FORCE, AREA, PANEL = "RTH", "E23000038", "oxfordshire", "BERKS"
DEATH = example("hospitals", "hl7 notice:death").replace("\n", "\r")
REPORT = example("police", "json notice:death")
CASES = example("coroners", "csv notice:death")
OPEN = 'cdr partner open RTH --kind hospital-hl7 --reason "score seen with the trust\'s integrator on 3 March"'

MAKE_A_KEY = (
    "openssl ecparam -name prime256v1 -genkey -noout -out private.pem",
    "openssl ec -in private.pem -pubout -out public.pem",
)
ADD_IT = "cdr partner key add E23000038 public.pem"


@pytest.fixture(scope="module")
def place(broker: Broker, management: Management, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Set]:
    assert broker.management_url
    for name in _virtual_host(broker, management):
        with newly_set_up(tmp_path_factory.mktemp("site"), broker.on(name), broker.management_url) as opened:
            yield opened
        for row in management.get("users") or ():
            if re.match(rf"(partner|cdop)\.({HOSPITAL}|{FORCE}|{PANEL})", row["name"]):
                management.delete("users", row["name"])


def hl7(port: int, control: str = "M0001") -> str:
    """MSA-1 of the answer to the page's death, under an id of its own."""
    with MllpClient(port) as hospital:
        return hospital.send(DEATH.replace("M0001", control).encode())[1]


def status(place: Set, token: str) -> dict[str, Any]:
    answer = place.ask("/partner/status", token)
    assert answer.status_code == 200
    return dict(answer.json())


def account(place: Set, line: str) -> str:
    """The address of a broker account that a command makes."""
    said = re.search(r"^(\S+) may come in.*?\n\n {4}(\S+)", place.types(line), re.DOTALL)
    assert said
    return re.sub(r"(?<=//)[^@]+", f"{said[1]}:{said[2]}", place.amqp_url)


def publish(url: str, control: str) -> str:
    """What the broker makes of the hospital's own publishing."""
    user = url.partition("//")[2].partition(":")[0]
    body = DEATH.replace("M0001", control).encode()
    with Publisher(url, "a hospital's own") as publisher:
        if not publisher.wait_ready(5):
            return "not let in"
        message = Message("cdr.intake", f"hospital-hl7.{HOSPITAL}", body, "text/plain", control, user_id=user)
        try:
            publisher.publish(message).result(10)
        except NotConfirmed as problem:
            return problem.code
    return "taken"


def listen(connection: pika.BlockingConnection) -> None:
    """Listen for half a minute, or until the broker ends the connection, which raises."""
    for _ in range(30):
        connection.process_data_events(time_limit=1)


def test_a_hospital_from_its_first_try_to_its_last_message(place: Set) -> None:
    token = place.token("cdr partner add RTH --kind hospital-hl7")
    assert "in the sandbox" in place.said["cdr partner add RTH --kind hospital-hl7"]
    assert [each["live"] for each in status(place, token)["kinds"]] == [False]

    # it tries
    assert (hl7(place.live_port), hl7(place.sandbox_port)) == ("AR", "AA")
    eventually(lambda: status(place, token)["sandbox"][0]["messages"] == 1)
    score = place.types("cdr partner conformance RTH --kind hospital-hl7")
    assert "Every rule that live needs is met." in score

    # it goes live
    assert "is live" in place.types(OPEN)
    eventually(lambda: hl7(place.live_port) == "AA")
    eventually(lambda: [each["verdicts"] for each in status(place, token)["taken"]] == [["notice"]])
    with httpx.Client(base_url=place.client.base_url, follow_redirects=True) as browser:
        page = browser.post("/sign-in", data={"token": token})
        assert "Taken last" in page.text
        form = re.search(r'name="form" value="([0-9a-f]+)"', page.text)
        assert form
        assert "as <code>" in browser.post("/partner", data={"form": form[1], "message_id": "M0001"}).text

    # its token is changed while it sends: the old one is good until the new one is in use
    second = place.token("cdr partner add RTH --kind hospital-hl7")
    assert [place.ask("/partner/status", each).status_code for each in (token, second)] == [200, 200]
    place.types("cdr partner revoke RTH --credential NAME", instead={"NAME": token.split("_")[1]})
    eventually(lambda: place.ask("/partner/status", token).status_code == 401)
    assert hl7(place.live_port, "M0002") == "AA"
    assert place.ask("/partner/status", second).status_code == 200

    # and its broker account
    first = account(place, "cdr broker user partner RTH")
    assert publish(first, "M0003") == "taken"
    other = account(place, "cdr broker user partner RTH --number 2")
    assert (publish(first, "M0004"), publish(other, "M0005")) == ("taken", "taken")
    place.types("cdr broker user partner RTH --remove")
    assert (publish(first, "M0006"), publish(other, "M0006")) == ("not let in", "taken")
    assert [way["name"] for way in status(place, second)["ways_in"] if way["way"] == "broker"] == ["partner.RTH.2"]

    # it is sent back
    place.types('cdr partner shut RTH --kind hospital-hl7 --reason "sends another site\'s messages"')
    eventually(lambda: hl7(place.live_port, "M0007") == "AR")
    assert hl7(place.sandbox_port, "M0007") == "AA"
    assert publish(other, "M0008") == "broker-refused"

    # and leaves: tokens, sessions, accounts and what they have open
    open_still = pika.BlockingConnection(pika.URLParameters(other))
    place.types("cdr partner revoke RTH")
    eventually(lambda: place.ask("/partner/status", second).status_code == 401)
    eventually(lambda: hl7(place.sandbox_port, "M0009") == "AR")
    with pytest.raises(AMQPConnectionError):
        listen(open_still)
    assert publish(other, "M0010") == "not let in"


def test_a_force_that_signs_from_its_first_try_to_a_case_at_the_panel(place: Set) -> None:
    panel = place.token("cdr partner add BERKS --kind cdop")
    token = place.token("cdr partner add E23000038 --kind police --days 365")

    # it tries: the same answer as live, but for the address, and nothing comes of it
    tried = place.send("/sandbox/police/reports", token, REPORT, "application/json")
    assert (tried.status_code, tried.headers["cdr-sandbox"]) == (202, "true")
    assert [item["verdict"] for item in tried.json()["items"]] == ["notice", "notice", "passed-over"]
    early = place.send("/police/reports", token, REPORT, "application/json")
    assert (early.status_code, early.json()["code"]) == (403, "not-live")
    doors = place.client.get("/sandbox/openapi.json").json()["paths"]
    assert {"/police/reports", "/coroner/cases", "/fhir/$process-message"} <= doors.keys()

    # it signs instead of showing its token
    for line in MAKE_A_KEY:
        place.types(line)
    key = place.types(ADD_IT).split("--credential ")[1].strip()
    place.types("cdr partner revoke RTH --credential NAME", instead={HOSPITAL: FORCE, "NAME": token.split("_")[1]})
    signed = by_signature(place, "private.pem")
    eventually(lambda: place.send("/sandbox/police/reports", token, REPORT, "application/json").status_code == 401)

    # it goes live
    eventually(lambda: status(place, signed)["sandbox"][0]["messages"] == 1)
    place.types(OPEN, instead={HOSPITAL: FORCE, "hospital-hl7": "police"})
    live = place.send("/police/reports", signed, REPORT, "application/json")
    assert (live.status_code, "cdr-sandbox" in live.headers) == (202, False)

    def delivered() -> list[dict[str, Any]]:
        return list(place.ask("/cdop/BERKS/deliveries", panel).json()["deliveries"])

    eventually(lambda: len({each["case"] for each in delivered()}) == 2)
    assert {each["version"] for each in delivered() if each["kind"] == "new"} == {1}

    # a new key beside the old, then the old one goes
    for line in MAKE_A_KEY:
        place.types(line, instead={"private.pem": "next.pem"} if "private.pem" in line else {})
    place.types(ADD_IT)
    assert by_signature(place, "private.pem")
    assert key in place.types("cdr partner key list")
    place.types("cdr partner revoke CODE --credential KEY", instead={"CODE": FORCE, "KEY": key})
    assert status(place, by_signature(place, "next.pem"))["partner"] == FORCE
    assert place.client.post("/oauth/token", data=form_of(place, "private.pem")).status_code == 401
    assert place.ask("/partner/status", signed).status_code == 401, "what the old key signed for has ended with it"


def form_of(place: Set, file: str) -> dict[str, str]:
    machine = Machine(FORCE, ECKey.import_key((place.folder / file).read_text()))
    address = place.client.get("/.well-known/oauth-authorization-server").json()["token_endpoint"]
    return machine.form(machine.assertion(aud=address))


def by_signature(place: Set, file: str) -> str:
    """A token for ten minutes, by a signed statement."""
    answer = place.client.post("/oauth/token", data=form_of(place, file))
    assert answer.status_code == 200, answer.text
    return str(answer.json()["access_token"])


def test_a_coroners_office_from_its_first_try_to_its_receipt(place: Set) -> None:
    token = place.token("cdr partner add oxfordshire --kind coroner")
    said = place.send("/sandbox/coroner/cases", token, CASES, "text/csv").json()
    assert said["counts"] == {"accepted": 3, "warnings": 1, "passed_over": 1, "refused": 3}
    again = place.send("/sandbox/coroner/cases", token, CASES, "text/csv").json()
    assert (again["repeated"], again["counts"]) == (False, said["counts"]), (
        "each try is answered as if it were the first"
    )
    early = place.send("/coroner/cases", token, CASES, "text/csv")
    assert (early.status_code, early.json()["code"]) == (403, "not-live")

    # rows that nobody could read keep the gate shut; the score begins anew with what was put right
    own = {HOSPITAL: AREA, "hospital-hl7": "coroner"}
    eventually(lambda: status(place, token)["sandbox"][0]["messages"] == len(said["rows"]))
    assert "readable" in place.types(OPEN, status=1, instead=own)
    place.types("cdr partner conformance RTH --kind hospital-hl7 --anew", instead=own)
    good = "\n".join(CASES.splitlines()[:4])
    assert place.send("/sandbox/coroner/cases", token, good, "text/csv").json()["counts"]["refused"] == 0
    eventually(lambda: status(place, token)["sandbox"][0]["messages"] == 3)
    assert "is live" in place.types(OPEN, instead=own)
    eventually(lambda: place.ask("/partner/status", token).json()["kinds"][0]["live"])
    eventually(lambda: place.send("/coroner/cases", token, CASES, "text/csv").status_code != 403)
    answer = place.send("/coroner/cases", token, CASES, "text/csv").json()
    assert (answer["repeated"], answer["counts"]) == (True, said["counts"])
    kept = place.ask("/coroner/receipts?limit=20", token).json()["receipts"]
    assert [each["receipt"] for each in kept] == [answer["receipt"]]
    eventually(lambda: {each["kind"] for each in status(place, token)["taken"]} == {"coroner"})
