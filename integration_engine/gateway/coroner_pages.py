"""The coroners' upload page: choose or drop a file, see what became of each row, put refused rows right in place, send again.

There are two: the real one, and one for trying, over the sandbox, which answers the same and keeps nothing. An office whose
real page nobody has opened yet is led to the second.

The pages carry no script: a file field takes a dropped file by itself, corrections are a form, and a page that shows what
strangers' files say stays one in which nothing can run.
"""

import asyncio
import base64
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request, Response
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.responses import RedirectResponse

from adapters.coroner import words
from adapters.coroner.handed_back import as_workbook
from integration_engine.gateway.answers import Refusal
from integration_engine.gateway.body import media_type, read_body
from integration_engine.gateway.coroner import XLSX, Receipt
from integration_engine.gateway.corrections import FORM_BYTES, form_as_csv
from integration_engine.gateway.door import Door
from integration_engine.gateway.page import page
from integration_engine.gateway.ports import Receipts, StoreAway, Upload
from integration_engine.gateway.receipt import said_most
from integration_engine.gateway.rows import Read, answer_csv
from integration_engine.gateway.sandbox import MARK
from integration_engine.gateway.sign_in import signed_in
from integration_engine.gateway.uploads import Answered, upload
from integration_engine.security.identity import Principal

UPLOAD, TRY = "/coroner/upload", "/coroner/try"
_BY_ENDING = {
    "csv": "text/csv",
    "txt": "text/csv",
    "tsv": "text/csv",
    "xlsx": XLSX,
    # Macros are never looked at: to us the same workbook.
    "xlsm": XLSX,
    "json": "application/json",
    "xml": "application/xml",
}
_CHOOSE = (
    "Choose a file that ends in .csv, .xlsx, .json or .xml. Of any other spreadsheet (.xls, .ods, .numbers) save a copy as "
    ".xlsx first."
)
# The form around a file: field names, boundary, file name.
_ENVELOPE_BYTES = 4096
_HISTORY = 20
_ROWS_SHOWN = 500
MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Counter:
    """One upload page and what it opens onto. ``read_table`` gives a file's rows; ``trial``: it is the sandbox's."""

    place: str
    door: Door
    receipts: Receipts
    read_table: Read
    trial: bool = False

    async def office(self, request: Request) -> Principal:
        """Whose browser it is, a coroner's office; else they are sent to sign in, or refused."""
        return self.door.admit(await signed_in(self.door.entry, request))


def coroner_pages(counter: Counter) -> APIRouter:
    """The pages of one counter."""
    router = APIRouter(include_in_schema=False)
    door = counter.door

    @router.get(counter.place)
    async def ask(request: Request) -> Response:
        principal = await counter.office(request)
        if door.kind in principal.trying and not counter.trial:
            return RedirectResponse(TRY, 303)
        return await _page(counter, request, principal)

    @router.post(counter.place)
    async def send(request: Request) -> Response:
        principal = await counter.office(request)
        form, body, name = await _file_of(request, door.limit)
        door.entry.check_form(request, form)
        content_type = _BY_ENDING.get(name.rpartition(".")[2].lower())
        if not name or content_type is None:
            wrong = _CHOOSE if name else "Choose a file first."
            return await _page(counter, request, principal, wrong=wrong, status=415 if name else 400)
        return await _sent(counter, request, principal, body, content_type)

    @router.post(f"{counter.place}/corrections")
    async def correct(request: Request) -> Response:
        principal = await counter.office(request)
        media_type(request, {"application/x-www-form-urlencoded"})
        form, body = form_as_csv(await read_body(request, FORM_BYTES))
        door.entry.check_form(request, form)
        return await _sent(counter, request, principal, body, "text/csv")

    async def opened(request: Request, receipt: Receipt) -> Response:
        principal = await counter.office(request)
        found = await asyncio.to_thread(counter.receipts.opened, principal.name, receipt)
        if found is None:
            raise Refusal(404, "no-such-receipt", "There is no such receipt of yours.")
        file, rows = found
        form, common = door.entry.form_value(request), said_most(rows or ())
        return page("receipt.html", principal, form, upload=file, rows=rows, common=common)

    if not counter.trial:
        router.add_api_route(f"{counter.place}/receipts/{{receipt}}", opened)
    return router


async def _sent(counter: Counter, request: Request, principal: Principal, body: bytes, kind: str) -> Response:
    try:
        knock = await counter.door.hear(principal, body, kind)
    except Refusal as refusal:
        # Every row named another area: the office put the wrong file in, and wants its page back.
        return await _page(counter, request, principal, wrong=refusal.text, status=refusal.status)
    answered = await upload(counter.door, counter.receipts, counter.read_table, knock, request.state.request_id)
    return await _page(counter, request, principal, answered)


async def _page(
    counter: Counter,
    request: Request,
    principal: Principal,
    answered: Answered | None = None,
    *,
    wrong: str = "",
    status: int = 200,
) -> Response:
    door = counter.door
    said: dict[str, Any] = dict(answered.said) if answered else {}
    rows = said.get("rows", [])
    to_look_at = [row for row in rows if row["result"] != "accepted"]
    shown = page(
        "upload.html",
        principal,
        door.entry.form_value(request),
        status,
        place=counter.place,
        trial=counter.trial,
        answer=said,
        readable=answered.readable if answered else True,
        fix=answered.form if answered else None,
        wrong=wrong,
        to_look_at=to_look_at[:_ROWS_SHOWN],
        common=said_most(to_look_at),
        rows=rows[:_ROWS_SHOWN],
        uploads=await _history(counter.receipts, principal),
        limit=f"{door.limit // MEBIBYTE} MB" if door.limit >= MEBIBYTE else f"{door.limit // 1024} KB",
        columns=words.columns(),
        # Files travel inside the page, so that nothing of them waits on this side to be fetched.
        correct=_inside(said.get("to_correct")),
        correct_in_excel=await asyncio.to_thread(_workbook_inside, said.get("to_correct")),
        all_answers=_inside(answer_csv(rows) if rows else None),
    )
    if counter.trial:
        shown.headers[MARK] = "true"
    return shown


async def _history(receipts: Receipts, principal: Principal) -> list[Upload]:
    try:
        return list(await asyncio.to_thread(receipts.latest, principal.name, _HISTORY))
    except StoreAway:
        return []


def _inside(text: str | None) -> str | None:
    """A CSV as an address that holds it."""
    return "data:text/csv;base64," + base64.b64encode(text.encode("utf-8-sig")).decode() if text else None


def _workbook_inside(text: str | None) -> str | None:
    book = as_workbook(text) if text else None
    return f"data:{XLSX};base64," + base64.b64encode(book).decode() if book else None


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
