"""How a thing is sent by each way in, and what its sender hears: nothing is waited for without end."""

import contextlib
import itertools
import json
import re
import secrets
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import httpx
import pika
from mesh_client import MeshClient
from pika.exceptions import AMQPError

from integration_engine.broker.topology import INTAKE
from tests.hl7_samples import death
from tests.hostile.house import OURS, WORKFLOWS, House
from tests.hostile.samples import Sample
from tests.mllp_client import END, MllpClient, framed

Heard = Literal["taken", "passed-over", "refused", "acknowledged", "silence", "closed", "unanswered", "failed", "hang"]
"""``acknowledged`` is MLLP's AA, which says of nothing whether it was taken or passed over; ``unanswered``: by this way
nobody is answered."""
GOOD_HOSPITAL = "RXH"
_PATIENCE_S, _PAUSE_S = 30.0, 4.0
_OUTCOMES: dict[str, Heard] = {
    "taken": "taken",
    "taken-in-part": "taken",
    "passed-over": "passed-over",
    "refused": "refused",
}
_ENDINGS = {"text/csv": "csv", "application/json": "json", "application/xml": "xml", "application/pdf": "pdf"}
_XLSX_ENDING = "xlsx"
# An adult's death, which is passed over: what follows a hostile frame on its connection is read as if nothing had been.
_PROBE = death(f7="19500101").replace(b"|M1|", b"|PROBE|").replace(b"|RTH|", b"|RXH|")


@dataclass(frozen=True)
class Answer:
    """What was heard, and in whose words. ``receipt`` is what the engine's own messages about it carry, wherever they lie;
    none by MLLP, which tells none, and by a queue."""

    heard: Heard
    said: str = ""
    receipt: str = ""


class Roads:
    """Every way in of one engine, as its partners use them. By MESH and folder nobody waits: ``later`` has what came."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._base = f"http://127.0.0.1:{house.http_port}"
        self._sent: dict[str, Sample] = {}
        self._laid: list[tuple[Sample, Path]] = []
        # Answers of an earlier round lie there still, each under its file's name.
        self._begin, self._numbers = secrets.token_hex(4), itertools.count()
        self._browsers: dict[str, httpx.Client] = {}

    def send(self, sample: Sample) -> Answer | None:
        """Its answer; None where that comes later."""
        try:
            match sample.road:
                case "mllp":
                    return self._by_mllp(sample)
                case "http":
                    return self._by_http(sample)
                case "page":
                    return self._by_page(sample)
                case "queue":
                    return self._by_queue(sample)
                case "mesh":
                    return self._by_mesh(sample)
                case _:
                    return self._by_folder(sample)
        except (TimeoutError, httpx.TimeoutException):
            return Answer("hang")

    def later(self, seconds: float) -> Iterator[tuple[Sample, Answer]]:
        """What came of all that was sent by MESH and laid into folders; ``hang`` where it took longer."""
        until = time.monotonic() + seconds
        sent, laid = dict(self._sent), list(self._laid)
        while (sent or laid) and time.monotonic() < until:
            for mailbox in {self._house.mailboxes[sample.partner] for sample in sent.values()}:
                for said in self._collected(mailbox):
                    if (told := sent.pop(said.get("message", ""), None)) is not None:
                        yield told, _answered(said)
            for sample, path in list(laid):
                if (found := _beside(path)) is not None:
                    laid.remove((sample, path))
                    yield sample, _answered(found)
            time.sleep(0.3)
        yield from ((sample, Answer("hang")) for sample in (*sent.values(), *(sample for sample, _ in laid)))
        self._sent.clear()
        self._laid.clear()

    def close(self) -> None:
        for browser in self._browsers.values():
            browser.close()

    def _by_mllp(self, sample: Sample) -> Answer:
        wire = sample.body if sample.wire else framed(sample.body)
        codes: list[str] = []
        with MllpClient(self._house.mllp_port) as client:
            try:
                client.write(wire)
                if not wire.endswith((END, b"\r")):
                    # What ends in a pause is answered after it, if at all.
                    client.socket.settimeout(_PAUSE_S)
                    with contextlib.suppress(TimeoutError):
                        codes += _codes(client.frame())
                client.socket.settimeout(_PATIENCE_S)
                client.write(framed(_PROBE))
                while b"|PROBE" not in (answer := client.frame()):
                    codes += _codes(answer)
            except ConnectionError:
                return Answer("closed", " ".join(codes))
        if not codes:
            return Answer("silence")
        return Answer("refused" if {"AE", "AR", "CE", "CR"} & set(codes) else "acknowledged", " ".join(codes))

    def _by_http(self, sample: Sample) -> Answer:
        headers = {"Authorization": f"Bearer {self._house.tokens[sample.partner]}", "Content-Type": sample.content_type}
        path = {"police": "/police/reports", "coroner": "/coroner/cases"}.get(sample.kind, "/fhir")
        if sample.kind == "hospital-fhir" and b"MessageHeader" in sample.body:
            path = "/fhir/$process-message"
        answer = httpx.post(self._base + path, content=sample.body, headers=headers, timeout=_PATIENCE_S)
        return Answer(_of_status(answer.status_code, answer.text), str(answer.status_code), _receipt(answer))

    def _by_page(self, sample: Sample) -> Answer:
        browser = self._browsers.get(sample.partner) or self._signed_in(sample.partner)
        form = re.search(r'name="form" value="(\w+)"', browser.get("/coroner/upload").text)
        assert form, "the upload page has no form"
        file = (f"cases.{_ENDINGS.get(sample.content_type, _XLSX_ENDING)}", sample.body)
        answer = browser.post("/coroner/upload", data={"form": form[1]}, files={"file": file})
        said = re.search(r'<h2 id="result">\s*([^<]+?)\s*</h2>', answer.text)
        if answer.status_code >= 500:
            return Answer("failed", str(answer.status_code))
        if said is None or answer.status_code >= 400:
            return Answer("refused", str(answer.status_code), _receipt(answer))
        heard: Heard = "taken"
        if said[1].startswith("Nothing"):
            heard = "refused" if 'role="alert"' in answer.text else "passed-over"
        return Answer(heard, said[1], _receipt(answer))

    def _signed_in(self, partner: str) -> httpx.Client:
        browser = self._browsers[partner] = httpx.Client(base_url=self._base, timeout=_PATIENCE_S)
        assert browser.post("/sign-in", data={"token": self._house.tokens[partner]}).status_code == 303
        return browser

    def _by_queue(self, sample: Sample) -> Answer:
        user = f"partner.{sample.partner}"
        parameters = pika.URLParameters(self._house.url)
        parameters.credentials = pika.PlainCredentials(user, self._house.passwords[sample.partner])
        properties = pika.BasicProperties(user_id=user, content_type=sample.content_type or None, delivery_mode=2)
        try:
            connection = pika.BlockingConnection(parameters)
            with contextlib.closing(connection):
                channel = connection.channel()
                channel.confirm_delivery()
                key = f"{sample.kind}.{sample.partner}"
                channel.basic_publish(INTAKE, key, sample.body, properties, mandatory=True)
        except AMQPError as error:
            return Answer("failed", type(error).__name__)
        return Answer("unanswered", "confirmed")

    @contextlib.contextmanager
    def _mailbox(self, mailbox: str) -> Iterator[MeshClient]:
        sandbox = self._house.sandbox
        with MeshClient(sandbox.url, mailbox, sandbox.password, sandbox.shared_key.encode()) as client:
            yield client

    def _by_mesh(self, sample: Sample) -> None:
        with self._mailbox(self._house.mailboxes[sample.partner]) as client:
            stated = {"content_type": sample.content_type} if sample.content_type else {}
            message = client.send_message(OURS, sample.body, workflow_id=WORKFLOWS[sample.kind], **stated)
        self._sent[str(message)] = sample

    def _collected(self, mailbox: str) -> Iterable[dict[str, Any]]:
        with self._mailbox(mailbox) as client:
            for name in client.list_messages():
                message = client.retrieve_message(name)
                said = json.loads(message.read())
                message.acknowledge()
                yield said

    def _by_folder(self, sample: Sample) -> None:
        place = self._house.drops / sample.partner / sample.kind
        place.mkdir(parents=True, exist_ok=True)
        path = place / f"file-{self._begin}-{next(self._numbers)}"
        whole = path.with_name(path.name + ".part")
        whole.write_bytes(sample.body)
        whole.rename(path)
        self._laid.append((sample, path))


def _codes(answer: bytes) -> list[str]:
    """MSA-1 of everything in one frame, whatever its delimiters."""
    return re.findall(r"(?:^|\r)MSA.(..)", answer.decode("latin-1"))


def _of_status(status: int, text: str) -> Heard:
    if status == 202 or (status == 200 and '"repeated":true' in text):
        return "taken"
    if status == 200:
        return "passed-over"
    return "refused" if 400 <= status < 500 else "failed"


def _answered(said: dict[str, Any]) -> Answer:
    return Answer(_OUTCOMES[said["outcome"]], str(said["reason"]), str(said["receipt"]))


def _receipt(answer: httpx.Response) -> str:
    return answer.headers.get("X-Request-Id", "")


def _beside(path: Path) -> dict[str, Any] | None:
    for folder in ("done", "refused"):
        with contextlib.suppress(FileNotFoundError):
            found: dict[str, Any] = json.loads((path.parent / folder / f"{path.name}.result.json").read_text())
            return found
    return None
