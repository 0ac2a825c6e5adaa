"""Takes what waits in one mailbox of ours: partners' messages, what panels say of their deliveries, MESH's own reports.

A message is acknowledged to MESH, which then forgets it, only once the broker has it, or once its sender has been told that
it was refused. Whatever fails before that leaves it where it lies; it comes again, and what was queued already is recognised.
"""

import asyncio
import logging
import re
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Literal

import orjson

from integration_engine.gateway.handed_in import Handed, NotNow, Reception, turned_away
from integration_engine.gateway.ports import StoreAway
from integration_engine.mesh.mailbox import NOT_LET_IN, Gone, Letter, Mailbox, MeshAway, MeshRefused, Report
from integration_engine.mesh.panels import PanelAnswers
from integration_engine.monitoring.counters import COUNTERS, Counters, describe
from integration_engine.monitoring.logs import correlated, new_id
from integration_engine.settings.mesh import MeshSettings, MeshWorkflow
from integration_engine.stages import reached

log = logging.getLogger(__name__)

RECEIVED = describe(
    "cdr_mesh_received_total", "counter", "Messages found in our MESH mailboxes, by what became of them.",
    "mailbox", "outcome",
)  # fmt: skip
SENT = describe(
    "cdr_mesh_sent_total",
    "counter",
    "Deliveries and answers given to MESH to send, by how that ended.",
    "what",
    "outcome",
)

Became = Literal[
    "taken", "taken-in-part", "passed-over", "refused", "answered", "acknowledgement", "report", "gone", "left"
]  # fmt: skip
Undelivered = Callable[[str], bool]
"""Told the id of a delivery that didn't arrive; whether there is such a delivery."""

_DELIVERY = re.compile(r"d-[0-9a-f]{24}")
# What can't be dealt with is left for MESH to keep, and looked at again this much later.
_LEFT_S = 900.0
_WRONG: Mapping[str, str] = {
    "too-large": "The message is larger than this mailbox takes.",
    "encrypted": "The content is encrypted. Send it without: MESH itself is encrypted.",
    "bad-compression": "The content is cut off, or not compressed as it says.",
}


class Collection:
    """One mailbox's round. ``reception`` hears and takes; ``panels`` notes what recipients say of deliveries;
    ``undelivered`` is told of deliveries that MESH gave up."""

    def __init__(
        self,
        mailbox: Mailbox,
        settings: MeshSettings,
        reception: Reception,
        panels: PanelAnswers,
        undelivered: Undelivered,
        *,
        counters: Counters = COUNTERS,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        ticking: Callable[[], float] = time.monotonic,
    ) -> None:
        self._mailbox = mailbox
        self._settings = settings
        self._reception = reception
        self._panels = panels
        self._undelivered = undelivered
        self._counters = counters
        self._clock = clock
        self._ticking = ticking
        self._workflows: Mapping[str, MeshWorkflow] = {each.id: each for each in settings.workflows}
        self._partners = {each.mailbox: each.partner for each in settings.senders}
        self._own = {each.id for each in settings.mailboxes}
        self._left: dict[str, float] = {}

    async def round(self, stopped: Callable[[], bool] = lambda: False) -> int:
        """Take everything that waits; how many messages were dealt with. Raises MeshAway, MeshRefused where MESH won't have
        us, and NotNow where broker or store can't do their part: all of that leaves what isn't done where it lies."""
        waiting = await asyncio.to_thread(self._mailbox.waiting)
        now = self._ticking()
        self._left = {name: until for name, until in self._left.items() if until > now}
        done = 0
        for message_id in waiting:
            if stopped():
                break
            if message_id not in self._left:
                done += await self._dealt_with(message_id)
        return done

    async def _dealt_with(self, message_id: str) -> bool:
        receipt = new_id()
        with correlated(receipt):
            try:
                became = await self._take(message_id, receipt)
            except (MeshAway, NotNow):
                raise
            except StoreAway:
                raise NotNow("store-away") from None
            except Exception as problem:
                if isinstance(problem, MeshRefused) and problem.code == NOT_LET_IN:
                    raise
                # one message that we can't deal with must not stand before the others
                log.exception("a message is left in its mailbox", extra={"check": self._mailbox.id})
                self._left[message_id] = self._ticking() + _LEFT_S
                became = "left"
            self._counters.add(RECEIVED, mailbox=self._mailbox.id, outcome=became)
            log.info("a message of a mailbox is done with", extra={"check": self._mailbox.id, "reason": became})
        return became != "left"

    async def _take(self, message_id: str, receipt: str) -> Became:
        try:
            letter = await asyncio.to_thread(self._mailbox.fetch, message_id)
        except Gone:
            return "gone"
        reached("mesh.fetched")
        became = await self._became(letter, receipt)
        reached("mesh.told")
        await asyncio.to_thread(self._mailbox.acknowledge, message_id)
        return became

    async def _became(self, letter: Letter, receipt: str) -> Became:
        if letter.report is not None:
            await asyncio.to_thread(self._note, letter.report)
            return "report"
        if letter.workflow == self._settings.delivery_answer_workflow:
            said = await self._panels.hear(letter, receipt)
            if said.outcome == "refused":
                await self._tell(letter, said)
                return "refused"
            return "answered"
        if letter.workflow.endswith(self._settings.answer_suffix) and letter.workflow not in self._workflows:
            # an answer to an answer of ours: answering that would never end
            return "acknowledgement"
        handed = await self._heard(letter, receipt)
        await self._reception.take(handed)
        reached("mesh.queued")
        if self._settings.answers == "all" or handed.outcome in ("refused", "taken-in-part"):
            await self._tell(letter, handed)
        return handed.outcome

    async def _heard(self, letter: Letter, receipt: str) -> Handed:
        workflow = self._workflows.get(letter.workflow)
        kind = workflow.kind if workflow else None
        partner = self._partners.get(letter.sender)
        if partner is None:
            return turned_away("unknown-sender", "Your mailbox is not registered here.", receipt)
        if workflow is None:
            return turned_away("unknown-workflow", "This mailbox takes no messages of this workflow id.", receipt)
        if letter.wrong:
            return turned_away(letter.wrong, _WRONG[letter.wrong], receipt, kind)
        return await self._reception.hear(
            letter.body,
            kind=workflow.kind,
            partner=partner,
            receipt=receipt,
            feed=workflow.feed,
            content_type=letter.content_type,
        )

    async def _tell(self, letter: Letter, handed: Handed) -> None:
        """Answer its sender. Where MESH won't have the answer, a message that was refused whole must not be forgotten: it is
        left, and MESH tells its sender in the end. What was taken in part is kept, its refused rows for an operator."""
        if letter.sender in self._own or not letter.sender:
            return
        body = handed.answer(self._clock()) | {"message": letter.id}
        try:
            await asyncio.to_thread(
                self._mailbox.send,
                letter.sender,
                orjson.dumps(body),
                workflow=letter.workflow + self._settings.answer_suffix,
                local_id=letter.id,
                subject=handed.outcome,
                name=f"{handed.receipt}.json",
            )
        except MeshAway:
            self._counters.add(SENT, what="answer", outcome="away")
            raise
        except MeshRefused as problem:
            self._counters.add(SENT, what="answer", outcome="refused")
            log.warning("a sender could not be told", extra={"check": self._mailbox.id, "code": problem.code})
            if handed.outcome == "refused":
                raise
            return
        self._counters.add(SENT, what="answer", outcome="sent")

    def _note(self, report: Report) -> None:
        """MESH could not deliver something of ours. An answer that didn't arrive is told in the log alone: its message lay
        acknowledged or not, as it should; a delivery that didn't has to be brought to its recipient another way."""
        delivery = report.local_id if _DELIVERY.fullmatch(report.local_id) else ""
        known = bool(delivery) and self._undelivered(delivery)
        log.error(
            "MESH could not deliver a message of ours",
            extra={"code": report.code, "reason": report.event, "delivery": delivery if known else ""},
        )
