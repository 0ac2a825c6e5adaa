"""An upload from its bytes to its answer: what can be taken is taken, every row is answered, and the receipt is kept."""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import cast

from adapters.adapter import content_hash
from integration_engine.answered_file import AnsweredFile
from integration_engine.gateway.answers import written
from integration_engine.gateway.body import apart_if_big
from integration_engine.gateway.corrections import Corrections, corrections
from integration_engine.gateway.door import Door, Knock
from integration_engine.gateway.ports import Receipts, StoreAway
from integration_engine.gateway.rows import Read, counts, refused_rows, row_answers
from integration_engine.gateway.shapes import UploadAnswer

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Answered:
    """An upload's answer: ``said`` as a program gets it, ``form`` for a person to put rows right with. ``readable`` says
    whether the file could be read as a table at all."""

    said: UploadAnswer = field(repr=False)
    form: Corrections | None = field(repr=False)
    readable: bool

    @property
    def status(self) -> int:
        """202 taken, 200 nothing to take or taken before, 422 refused."""
        if self.said["accepted"]:
            return 200 if self.said["repeated"] else 202
        return 422 if self.said["counts"]["refused"] or self.said["problems"] else 200


async def upload(door: Door, receipts: Receipts, read_table: Read, knock: Knock, receipt: str) -> Answered:
    """Take what can be taken of a file and say what became of every row."""
    answered = await apart_if_big(knock.brought.body, lambda: _answered(knock, read_table, receipt))
    said, fingerprint = answered.said, content_hash(knock.brought.body)
    if knock.heard.to_be_taken:
        before = await _seen(receipts, knock.brought.partner.name, fingerprint)
        if before:
            said["receipt"], said["repeated"] = before, True
        else:
            await door.take(knock)
            await _keep(receipts, knock, fingerprint, said)
    else:
        await _keep(receipts, knock, fingerprint, said)
    return answered


def _answered(knock: Knock, read_table: Read, receipt: str) -> Answered:
    """The answer as it stands where the file did not come before."""
    table = read_table(knock.brought.body, knock.heard.feed)
    rows = row_answers(knock.heard, table)
    said: UploadAnswer = {
        "receipt": receipt,
        "accepted": knock.heard.to_be_taken,
        "repeated": False,
        "reason": knock.heard.reason,
        "text": knock.heard.hint or _sentence(knock),
        "counts": counts(rows),
        "problems": [written(problem) for reading in knock.heard.readings for problem in reading.problems],
        "rows": [row.written() for row in rows],
    }
    to_correct = refused_rows(knock.heard, table)
    if to_correct:
        said["to_correct"] = to_correct
    return Answered(said, corrections(knock.heard, table, rows), table is not None and bool(table.rows))


async def _seen(receipts: Receipts, partner: str, fingerprint: str) -> str | None:
    try:
        return await asyncio.to_thread(receipts.seen, partner, fingerprint)
    except StoreAway:
        # Taking a file twice changes nothing, not taking it loses it: without the memory of uploads it is queued again.
        return None


async def _keep(receipts: Receipts, knock: Knock, fingerprint: str, said: UploadAnswer) -> None:
    file = AnsweredFile(
        knock.brought.partner.name,
        knock.brought.kind,
        fingerprint,
        said["receipt"],
        cast("Mapping[str, int]", said["counts"]),
        [row for row in said["rows"] if row["result"] != "accepted"],
        said["accepted"],
    )
    try:
        await asyncio.to_thread(receipts.keep, file)
    except StoreAway:
        log.warning(
            "a receipt could not be kept; what was answered stands", extra={"partner": knock.brought.partner.name}
        )


def _sentence(knock: Knock) -> str:
    if knock.heard.to_be_taken:
        return "The accepted rows are queued."
    if knock.heard.verdict == "refused":
        return "No row could be taken. Nothing of the file was kept."
    return "No row is about a child's death. Nothing of the file was kept."
