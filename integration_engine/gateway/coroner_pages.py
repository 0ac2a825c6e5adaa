"""The coroners' upload page: choose or drop a file, see what became of each row, put refused rows right in place, send again.

The pages carry no script: a file field takes a dropped file by itself, corrections are a form, and a page that shows what
strangers' files say stays one in which nothing can run.
"""

import asyncio
import base64
from collections.abc import AsyncGenerator
from typing import Any

from fastapi import APIRouter, Request, Response
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.responses import RedirectResponse

from adapters.coroner import words
from integration_engine.gateway.answers import Refusal
from integration_engine.gateway.body import media_type, read_body
from integration_engine.gateway.coroner import XLSX, Receipt
from integration_engine.gateway.corrections import FORM_BYTES, form_as_csv
from integration_engine.gateway.door import Door
from integration_engine.gateway.page import page
from integration_engine.gateway.ports import Receipts, StoreAway, Upload
from integration_engine.gateway.rows import Read, answer_csv
from integration_engine.gateway.sign_in import SIGN_IN, signed_in
from integration_engine.gateway.uploads import Answered, upload
from integration_engine.security.identity import Principal

_UPLOAD = "/coroner/upload"
_BY_ENDING = {
    "csv": "text/csv",
    "txt": "text/csv",
    "xlsx": XLSX,
    # Macros are never looked at: to us the same workbook.
    "xlsm": XLSX,
    "json": "application/json",
    "xml": "application/xml",
}
# The form around a file: field names, boundary, file name.
_ENVELOPE_BYTES = 4096
_HISTORY = 20
_ROWS_SHOWN = 500
MEBIBYTE = 1024 * 1024


def coroner_pages(door: Door, receipts: Receipts, read_table: Read) -> APIRouter:
    """The coroners' pages."""
    router = APIRouter(include_in_schema=False)

    @router.get(_UPLOAD)
    async def ask(request: Request) -> Response:
        principal = door.admit(await signed_in(door.entry, request))
        return await _page(door, receipts, request, principal)

    @router.post(_UPLOAD)
    async def send(request: Request) -> Response:
        principal = await door.entry.session(request)
        if principal is None:
            return RedirectResponse(SIGN_IN, 303)
        door.admit(principal)
        form, body, name = await _file_of(request, door.limit)
        door.entry.check_form(request, form)
        content_type = _BY_ENDING.get(name.rpartition(".")[2].lower())
        if not name or content_type is None:
            wrong = "Choose a file that ends in .csv, .xlsx, .json or .xml." if name else "Choose a file first."
            return await _page(door, receipts, request, principal, wrong=wrong, status=415 if name else 400)
        return await _sent(door, receipts, read_table, request, principal, body, content_type)

    @router.post(f"{_UPLOAD}/corrections")
    async def correct(request: Request) -> Response:
        principal = await door.entry.session(request)
        if principal is None:
            return RedirectResponse(SIGN_IN, 303)
        door.admit(principal)
        media_type(request, {"application/x-www-form-urlencoded"})
        form, body = form_as_csv(await read_body(request, FORM_BYTES))
        door.entry.check_form(request, form)
        return await _sent(door, receipts, read_table, request, principal, body, "text/csv")

    @router.get(f"{_UPLOAD}/receipts/{{receipt}}")
    async def opened(request: Request, receipt: Receipt) -> Response:
        principal = door.admit(await signed_in(door.entry, request))
        found = await asyncio.to_thread(receipts.opened, principal.name, receipt)
        if found is None:
            raise Refusal(404, "no-such-receipt", "There is no such receipt of yours.")
        return page("receipt.html", principal, door.entry.form_value(request), upload=found[0], rows=found[1])

    return router


async def _sent(
    door: Door, receipts: Receipts, read_table: Read, request: Request, principal: Principal, body: bytes, kind: str
) -> Response:
    try:
        knock = await door.hear(principal, body, kind)
    except Refusal as refusal:
        # Every row named another area: the office put the wrong file in, and wants its page back.
        return await _page(door, receipts, request, principal, wrong=refusal.text, status=refusal.status)
    answered = await upload(door, receipts, read_table, knock, request.state.request_id)
    return await _page(door, receipts, request, principal, answered)


async def _page(
    door: Door,
    receipts: Receipts,
    request: Request,
    principal: Principal,
    answered: Answered | None = None,
    *,
    wrong: str = "",
    status: int = 200,
) -> Response:
    said: dict[str, Any] = dict(answered.said) if answered else {}
    rows = said.get("rows", [])
    return page(
        "upload.html",
        principal,
        door.entry.form_value(request),
        status,
        answer=said,
        readable=answered.readable if answered else True,
        fix=answered.form if answered else None,
        wrong=wrong,
        to_look_at=[row for row in rows if row["result"] != "accepted"][:_ROWS_SHOWN],
        rows=rows[:_ROWS_SHOWN],
        uploads=await _history(receipts, principal),
        limit=f"{door.limit // MEBIBYTE} MB" if door.limit >= MEBIBYTE else f"{door.limit // 1024} KB",
        columns=words.columns(),
        # Files travel inside the page, so that nothing of them waits on this side to be fetched.
        correct=_inside(said.get("to_correct")),
        all_answers=_inside(answer_csv(rows) if rows else None),
    )


async def _history(receipts: Receipts, principal: Principal) -> list[Upload]:
    try:
        return list(await asyncio.to_thread(receipts.latest, principal.name, _HISTORY))
    except StoreAway:
        return []


def _inside(text: str | None) -> str | None:
    """A CSV as an address that holds it."""
    return "data:text/csv;base64," + base64.b64encode(text.encode("utf-8-sig")).decode() if text else None


async def _file_of(request: Request, limit: int) -> tuple[str, bytes, str]:
    """(form value, bytes, file name) of the upload form. The file stays in memory: no patient data on a disk in clear."""
    media_type(request, {"multipart/form-data"})
    whole = await read_body(request, limit + _ENVELOPE_BYTES)

    async def once() -> AsyncGenerator[bytes, None]:
        yield whole

    parser = MultiPartParser(request.headers, once(), max_files=1, max_fields=4, max_part_size=_ENVELOPE_BYTES)
    parser.spool_max_size = len(whole) + 1
    try:
        fields = await parser.parse()
    except (MultiPartException, KeyError, ValueError):
        raise Refusal(400, "form", "The form can't be read.") from None
    chosen = fields.get("file")
    form = fields.get("form")
    if not isinstance(chosen, UploadFile) or not isinstance(form, str):
        raise Refusal(400, "form", "The form can't be read.")
    body = await chosen.read()
    name = chosen.filename or ""
    await fields.close()
    return form, body, name
