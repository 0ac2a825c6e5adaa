"""Coroners' uploads: ``POST /coroner/cases`` for programs, ``/coroner/upload`` for people. One answer a row.

A file with any row to take is queued whole, exactly as it came; the worker takes the same rows and leaves the same ones.
A refused row goes back to its sender in the answer, as a CSV to correct; where the file was queued, the worker lays that row
aside for the operator.
"""

import asyncio
import base64
import logging
from collections.abc import AsyncGenerator
from typing import Any

import orjson
from fastapi import APIRouter, Request, Response
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.responses import RedirectResponse

from adapters.adapter import content_hash
from integration_engine.gateway.answers import Refusal, written
from integration_engine.gateway.body import apart_if_big, read_body
from integration_engine.gateway.door import Door, Knock
from integration_engine.gateway.page import page
from integration_engine.gateway.ports import Receipts, StoreAway
from integration_engine.gateway.rows import Read, counts, refused_rows, row_answers
from integration_engine.gateway.sign_in import SIGN_IN, signed_in
from integration_engine.security.identity import Principal

log = logging.getLogger(__name__)

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CONTENT_TYPES = frozenset({"text/csv", XLSX, "application/json", "application/xml", "text/xml"})
_BY_ENDING = {"csv": "text/csv", "xlsx": XLSX, "json": "application/json", "xml": "application/xml"}
_BODY = {"requestBody": {"required": True, "content": {each: {} for each in sorted(CONTENT_TYPES)}}}
# The form around a file: field names, boundary, file name.
_FORM_BYTES = 4096
MEBIBYTE = 1024 * 1024


def coroner_door(door: Door, receipts: Receipts, read_table: Read) -> APIRouter:
    """The coroners' routes. ``read_table`` gives a file's rows, for their numbers and for those that go back."""
    router = APIRouter(tags=["coroner"])

    @router.post("/coroner/cases", status_code=202, summary="Send case events (coroner-case/1)", openapi_extra=_BODY)
    async def cases(request: Request) -> Response:
        knock = await door.knock(request, CONTENT_TYPES)
        answer = await upload(door, receipts, read_table, knock, request.state.request_id)
        return Response(orjson.dumps(answer), _status(answer), media_type="application/json")

    @router.get("/coroner/upload", include_in_schema=False)
    async def ask(request: Request) -> Response:
        principal = door.admit(await signed_in(door.entry, request))
        return await _page(door, receipts, request, principal)

    @router.post("/coroner/upload", include_in_schema=False)
    async def send(request: Request) -> Response:
        principal = await door.entry.session(request)
        if principal is None:
            return RedirectResponse(SIGN_IN, 303)
        door.admit(principal)
        form, body, name = await _file_of(request, door.limit)
        door.entry.check_form(request, form)
        content_type = _BY_ENDING.get(name.rpartition(".")[2].lower())
        if content_type is None:
            raise Refusal(415, "content-type", "Choose a file that ends in .csv, .xlsx, .json or .xml.")
        knock = await door.hear(principal, body, content_type)
        answer = await upload(door, receipts, read_table, knock, request.state.request_id)
        return await _page(door, receipts, request, principal, answer)

    return router


async def upload(door: Door, receipts: Receipts, read_table: Read, knock: Knock, receipt: str) -> dict[str, Any]:
    """Take what can be taken of a file and say what became of every row."""
    table = await apart_if_big(knock.body, lambda: read_table(knock.body, knock.heard.feed))
    rows = row_answers(knock.heard, table)
    fingerprint = content_hash(knock.body)
    answer: dict[str, Any] = {
        "receipt": receipt,
        "accepted": knock.heard.to_be_taken,
        "repeated": False,
        "reason": knock.heard.reason,
        "text": knock.heard.hint or _sentence(knock),
        "counts": counts(rows),
        "problems": [written(problem) for reading in knock.heard.readings for problem in reading.problems],
        "rows": [row.written() for row in rows],
    }
    if knock.heard.to_be_taken:
        before = await _seen(receipts, knock.partner.name, fingerprint)
        if before:
            answer |= {"receipt": before, "repeated": True}
        else:
            await door.take(knock)
            await _keep(receipts, knock, fingerprint, receipt, answer["counts"])
    to_correct = refused_rows(knock.heard, table)
    if to_correct:
        answer["to_correct"] = to_correct
    return answer


async def _seen(receipts: Receipts, partner: str, fingerprint: str) -> str | None:
    try:
        return await asyncio.to_thread(receipts.seen, partner, fingerprint)
    except StoreAway:
        # Taking a file twice changes nothing, not taking it loses it: without the memory of uploads it is queued again.
        return None


async def _keep(receipts: Receipts, knock: Knock, fingerprint: str, receipt: str, by: dict[str, int]) -> None:
    try:
        await asyncio.to_thread(
            receipts.keep, knock.partner.name, knock.kind, fingerprint, receipt, by["accepted"], by["refused"]
        )
    except StoreAway:
        log.warning("a receipt could not be kept; the file itself is queued", extra={"partner": knock.partner.name})


def _status(answer: dict[str, Any]) -> int:
    if answer["accepted"]:
        return 200 if answer["repeated"] else 202
    return 422 if answer["counts"]["refused"] or answer["problems"] else 200


def _sentence(knock: Knock) -> str:
    if knock.heard.to_be_taken:
        return "The accepted rows are queued."
    if knock.heard.verdict == "refused":
        return "No row could be taken. Nothing of the file was kept."
    return "No row is about a child's death. Nothing of the file was kept."


async def _page(
    door: Door, receipts: Receipts, request: Request, principal: Principal, answer: dict[str, Any] | None = None
) -> Response:
    correct = answer.get("to_correct") if answer else None
    try:
        uploads = await asyncio.to_thread(receipts.latest, principal.name)
    except StoreAway:
        uploads = []
    return page(
        "upload.html",
        principal,
        door.entry.form_value(request),
        answer=answer,
        uploads=uploads,
        limit_mb=door.limit // MEBIBYTE,
        # The rows to correct travel inside the page, so that nothing of them waits on this side to be fetched.
        correct="data:text/csv;base64," + base64.b64encode(correct.encode("utf-8-sig")).decode() if correct else None,
    )


async def _file_of(request: Request, limit: int) -> tuple[str, bytes, str]:
    """(form value, bytes, file name) of the upload form. The file stays in memory: no patient data on a disk in clear."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "multipart/form-data":
        raise Refusal(415, "content-type", "Use the form on the upload page.")
    whole = await read_body(request, limit + _FORM_BYTES)

    async def once() -> AsyncGenerator[bytes, None]:
        yield whole

    parser = MultiPartParser(request.headers, once(), max_files=1, max_fields=4, max_part_size=_FORM_BYTES)
    parser.spool_max_size = len(whole) + 1
    try:
        fields = await parser.parse()
    except (MultiPartException, KeyError, ValueError):
        raise Refusal(400, "form", "The form can't be read.") from None
    chosen = fields.get("file")
    form = fields.get("form")
    if not isinstance(chosen, UploadFile) or not isinstance(form, str):
        raise Refusal(400, "form", "Choose a file first.")
    body = await chosen.read()
    name = chosen.filename or ""
    await fields.close()
    return form, body, name
