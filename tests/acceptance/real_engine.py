"""Stories through the real doors, broker, worker and store, beside what ``cdr try`` says of the same messages.

Every delivery is seen: by the recipient's own queue, and by one more queue that is bound to everything the engine sends, so
that a delivery to somebody nobody thought of is seen as well.
"""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pika

from integration_engine.core import case_id
from integration_engine.recipients import HOME_NATIONS
from integration_engine.synthetic.day import Partner
from integration_engine.synthetic.doors import Answer, Mllp
from integration_engine.synthetic.engine import Engine, engine
from tests.acceptance.story import Act, Story
from tests.acceptance.trial import notice_ids, try_files

WAIT_SECONDS = 60.0
QUIET_SECONDS = 1.5
BYSTANDERS = ("cdop.LEEDS", "cdop.HW", "cdop.STW")
"""Panels that no story concerns unless it says so; their queues are there, so that they could be told."""

_EVERYTHING = "acceptance.everything"
_PATHS = {
    "police": "/police/reports",
    "coroner": "/coroner/cases",
    "fhir": "/fhir/$process-message",
    "national-event": "/fhir",
}
_TYPES = {
    "json": "application/json", "csv": "text/csv", "xml": "application/xml",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}  # fmt: skip


@dataclass(frozen=True)
class Delivery:
    recipient: str
    body: Mapping[str, Any]

    @property
    def standing(self) -> str:
        """What the recipient holds after it."""
        if self.body["kind"] == "withdraw":
            return "withdrawn"
        if self.body["kind"] == "merge" and "record" not in self.body:
            return "pointer"
        if self.body["part"] == "previous-lead":
            return "pointer"
        return "disputed" if "disputed" in self.body.get("flags", ()) else "current"


Holdings = dict[str, tuple[str, str, str]]
"""Recipient to what it holds of one case: its part, how that stands, and the state it was last told."""


@dataclass
class Played:
    """An engine to which every story was told."""

    running: Engine
    database_url: str
    answers: dict[str, Answer] = field(default_factory=dict)
    """What the doors answered, by message."""
    deliveries: list[Delivery] = field(default_factory=list)
    alerts: list[dict[str, Any]] = field(default_factory=list)
    """What the engine told an operator's alerting: clocks that are soon due or overdue."""
    held: dict[tuple[str, int], list[Holdings]] = field(default_factory=dict)
    """What everybody held after one act of a story, one entry a case."""
    tried: dict[tuple[str, int], dict[str, Any]] = field(default_factory=dict)
    """What ``cdr try`` said of the story up to that act."""
    cases: dict[str, list[frozenset[str]]] = field(default_factory=dict)
    """By story, the ids that each of its cases may have in the engine: that of any notice it comes from."""

    def told(self, story: str) -> list[Delivery]:
        """Everything delivered about any case of a story, oldest first."""
        known = frozenset[str]().union(*self.cases[story])
        return [delivery for delivery in self.deliveries if delivery.body["case"] in known]

    def before(self, story: Story, act: int) -> list[Holdings]:
        """What was held of each case that ``cdr try`` sees after an act, before that act."""
        if act == 0:
            return [{} for _ in self.tried[story.name, act]["cases"]]
        now = self.tried[story.name, act]["cases"]
        past = list(zip(self.tried[story.name, act - 1]["cases"], self.held[story.name, act - 1], strict=True))
        same = {case["case"]: held for case, held in past}
        gone = [(case, held) for case, held in past if case["case"] not in {case["case"] for case in now}]
        absorbed = [
            next((held for former, held in gone if set(former["from"]).intersection(case["from"])), {}) for case in now
        ]
        return [same.get(case["case"], other) for case, other in zip(now, absorbed, strict=True)]

    def cdr(self, *command: str) -> "subprocess.CompletedProcess[bytes]":
        """One command as the engine's operator runs it."""
        places = {
            "CDR_DATABASE_URL": self.database_url,
            "CDR_KEYS_FILE": str(self.running.folder / "keys.json"),
            "CDR_AMQP_URL": self.running.amqp_url,
        }
        return subprocess.run(
            [sys.executable, "-m", "integration_engine.cli", *command],
            capture_output=True, env=os.environ | places, cwd=self.running.folder, timeout=WAIT_SECONDS, check=False,
        )  # fmt: skip

    def inbox(self, panel: str) -> list[dict[str, Any]]:
        """What a panel finds over HTTPS."""
        status, page = self.running.http.call("GET", f"/cdop/{panel}/deliveries?limit=200", self.running.tokens[panel])
        assert status == 200
        return list(page["deliveries"])


def sender(story: Story, name: str, body: bytes) -> str:
    """Who sends a message: as the story says, else as the message itself does."""
    if story.senders and name in story.senders:
        return story.senders[name]
    if name.endswith(".hl7"):
        return body.split(b"|")[3].partition(b"^")[0].decode()
    found = re.search(rb'"force":\s*"(E\d+)"', body) or re.search(
        rb'ods-organization-code",\s*"value":\s*"(\w+)"', body
    )
    assert found, f"nobody sends {name}"
    return found[1].decode()


def door(name: str, body: bytes, by: str) -> str:
    if name.endswith(".hl7"):
        return "mllp"
    if re.fullmatch(r"E230000\d\d", by):
        return "police"
    if b'"nhs-number-change' in body:
        return "national-event"
    return "fhir" if b"resourceType" in body or b"hl7.org/fhir" in body else "coroner"


@contextmanager
def played_by_engine(stories: Sequence[Story], amqp_url: str, database_url: str, folder: Path) -> Iterator[Played]:
    """An engine of its own to which every story was told, act by act: the first acts of all, then the second ones ..."""
    tried = {
        (story.name, act): try_files(folder, story.until(act)[0], "--at", story.at, decisions=story.until(act)[1])
        for story in stories
        for act in range(len(story.acts))
    }
    ids = {story.name: notice_ids(folder, story.messages) for story in stories}
    recipients = {r for answer in tried.values() for case in answer["cases"] for r in targets(case)}
    queues = ("intake.", "refused.", "dead.", "delay.", *sorted(recipients | set(BYSTANDERS)))
    panels = sorted(name.removeprefix("cdop.") for name in recipients | set(BYSTANDERS) if name.startswith("cdop."))
    with (
        engine(_partners(stories), panels, amqp_url=amqp_url, database_url=database_url, queues=queues) as running,
        Mllp("127.0.0.1", running.mllp_port) as mllp,
        _watching(amqp_url) as channel,
    ):
        played = Played(running, database_url, tried=tried)
        stage = _Stage(played, mllp, channel, ids, folder)
        for act in range(max(len(story.acts) for story in stories)):
            playing = [story for story in stories if act < len(story.acts)]
            for story in playing:
                stage.send(story, story.acts[act])
            stage.decide(playing, act)
            stage.settle(playing, act)
        time.sleep(QUIET_SECONDS)
        stage.rest(panels)
        yield played


def targets(case: Mapping[str, Any]) -> dict[str, str]:
    """Whom ``cdr try`` says an open case goes to, and as what; of a case nobody can place, who is told."""
    unassigned = {
        f"cdop.{word.partition(':')[2]}": "unassigned" for word in case["notify"] if word.startswith("unassigned:")
    }
    teams = [case["jar"]["team"], *case["jar"]["told"]] if case["jar"]["required"] else []
    response = {f"jar.{team}": "jar" for team in teams if team}
    if case["rule"] in ("held.no-residence", "held.unknown-area", "held.unknown-postcode"):
        return unassigned | response
    if case["state"] != "open":
        return {}
    found = {f"cdop.{copy['cdop']}": "copy" for copy in case["copies"]} | unassigned
    found |= {f"national.{word}": "copy" for word in case["notify"] if word in HOME_NATIONS}
    if case["lead"]:
        found |= {f"cdop.{case['lead']['cdop']}": "lead", "national.ncmd": "national"}
    return found | response


def expected(case: Mapping[str, Any], before: Holdings) -> Holdings:
    """What everybody has to hold once a case is as ``cdr try`` says, given what they held before."""
    found = dict(before)
    match case["state"]:
        case "withdrawn" | "out-of-scope":
            return {who: (part, "withdrawn", case["state"]) for who, (part, _, _) in before.items()}
        case "held" if case["rule"] == "held.disputed":
            return {
                who: (part, "disputed" if stands == "current" else stands, "held" if stands == "current" else state)
                for who, (part, stands, state) in before.items()
            }
    for who, part in targets(case).items():
        found[who] = (part, "current", case["state"])
    if case["state"] == "open":
        for who, (part, stands, state) in before.items():
            if who in targets(case) or stands not in ("current", "disputed"):
                continue
            closed = part in ("lead", "unassigned")
            found[who] = ("previous-lead", "pointer", "open") if closed else (part, "withdrawn", state)
    return found


@dataclass
class _Stage:
    played: Played
    mllp: Mllp
    channel: Any
    ids: Mapping[str, Mapping[str, str]]
    folder: Path

    def send(self, story: Story, act: Act) -> None:
        for name, body in act.messages.items():
            self.played.answers[name] = self._through_its_door(story, name, body)

    def _through_its_door(self, story: Story, name: str, body: bytes) -> Answer:
        by = sender(story, name, body)
        where = door(name, body, by)
        if where == "mllp":
            code = re.search(rb"MSA\|(\w\w)", self.mllp.send(body))
            assert code, "no acknowledgement"
            return Answer("accepted" if code[1] in (b"AA", b"CA") else "refused", code[1].decode())
        running = self.played.running
        path = _PATHS[where]
        status, _ = running.http.call("POST", path, running.tokens[by], body, _TYPES[name.rpartition(".")[2]])
        taken = "accepted" if status in (202, 207) else "passed over" if status == 200 else "refused"
        return Answer(taken, str(status))

    def decide(self, stories: Iterable[Story], act: int) -> None:
        """Through ``cdr decide``, all that people decide in one act; what is about something that the engine doesn't hold
        yet, once it does."""
        waiting = {d["id"]: d for story in stories for d in self._decided(story, story.acts[act])}
        until = time.monotonic() + WAIT_SECONDS
        while waiting:
            file = self.folder / "decided.json"
            file.write_text(json.dumps(list(waiting.values())))
            done = self.played.cdr("decide", str(file), "--json")
            lines = [json.loads(line) for line in done.stdout.splitlines()]
            assert lines, done.stderr.decode()
            for line in lines:
                if line["recorded"]:
                    del waiting[line["id"]]
            if waiting:
                assert time.monotonic() < until, done.stdout.decode() + done.stderr.decode()
                time.sleep(0.5)

    def _decided(self, story: Story, act: Act) -> Iterator[dict[str, Any]]:
        for decision in act.decisions:
            yield {**decision, "about": [self.ids[story.name].get(name, name) for name in decision["about"]]}

    def settle(self, stories: Iterable[Story], act: int) -> None:
        """Until everybody holds what ``cdr try`` says, or time is up: the tests say what is amiss then."""
        until = time.monotonic() + WAIT_SECONDS
        waiting = list(stories)
        while waiting and time.monotonic() < until:
            self.played.running.require_running()
            self.look()
            waiting = [story for story in waiting if not self._as_tried(story, act)]
            if waiting:
                time.sleep(0.2)
        for story in stories:
            self._as_tried(story, act)

    def _as_tried(self, story: Story, act: int) -> bool:
        tried = self.played.tried[story.name, act]
        known = [frozenset(self._ids(story, case["from"])) for case in tried["cases"]]
        self.played.cases[story.name] = known
        held = self.played.held[story.name, act] = [self._held(ids) for ids in known]
        before = self.played.before(story, act)
        return held == [expected(case, past) for case, past in zip(tried["cases"], before, strict=True)]

    def _ids(self, story: Story, refs: Iterable[str]) -> Iterator[str]:
        return (case_id(self.ids[story.name][ref]) for ref in refs if ref in self.ids[story.name])

    def _held(self, ids: frozenset[str]) -> Holdings:
        latest: dict[str, Delivery] = {}
        for delivery in self.played.deliveries:
            held = latest.get(delivery.recipient)
            # A recipient keeps the newest version, whatever arrives after it.
            if delivery.body["case"] in ids and not (held and held.body["version"] > delivery.body["version"]):
                latest[delivery.recipient] = delivery
        return {
            who: (delivery.body["part"], delivery.standing, delivery.body["state"]) for who, delivery in latest.items()
        }

    def rest(self, panels: Iterable[str]) -> None:
        """Until what lies in the panels' inboxes has been put on their queues too, or time is up. What another process than
        the worker decided (``cdr decide``) is published by the worker's next sweep."""
        until = time.monotonic() + WAIT_SECONDS
        while True:
            self.look()
            queued = {delivery.body["delivery"] for delivery in self.played.deliveries}
            late = [one for panel in panels for one in self.played.inbox(panel) if one["delivery"] not in queued]
            if not late or time.monotonic() > until:
                return
            time.sleep(0.5)

    def look(self) -> None:
        """Take in what was delivered since."""
        while (got := self.channel.basic_get(_EVERYTHING, auto_ack=True))[0] is not None:
            if got[0].routing_key.startswith(("cdop.", "jar.", "national.")):
                self.played.deliveries.append(Delivery(got[0].routing_key, json.loads(got[2])))
            else:
                self.played.alerts.append(json.loads(got[2]))


@contextmanager
def _watching(amqp_url: str) -> Iterator[Any]:
    parameters = pika.URLParameters(amqp_url)
    parameters.heartbeat = 0  # it is only looked at now and then
    connection = pika.BlockingConnection(parameters)
    channel = connection.channel()
    channel.queue_declare(_EVERYTHING, durable=True)
    channel.queue_bind(_EVERYTHING, "cdr.cases", "#")
    yield channel
    connection.close()


def _partners(stories: Iterable[Story]) -> list[Partner]:
    """Everybody who sends, once for each kind they send; the kinds that need a token last, so that theirs is kept."""
    kinds = {
        "mllp": "hospital-hl7",
        "fhir": "hospital-fhir",
        "police": "police",
        "coroner": "coroner",
        "national-event": "hospital-fhir",
    }
    found = {
        (kinds[door(name, body, by)], by)
        for story in stories
        for name, body in story.messages.items()
        for by in (sender(story, name, body),)
    }
    ordered = sorted(found, key=lambda pair: (pair[0] != "hospital-hl7", *pair))
    return [Partner(code, kind, "") for kind, code in ordered]  # type: ignore[arg-type]  # kinds of the table above
