"""Coroners' uploads by program: ``POST /coroner/cases``, receipts, and the templates. One answer a row.

A file with any row to take is queued whole, exactly as it came; the worker takes the same rows and leaves the same ones.
A refused row goes back to its sender in the answer, as a CSV to correct; where the file was queued, the worker lays that row
aside for the operator.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Annotated, Any, cast

import orjson
from fastapi import APIRouter, Path, Query, Request, Response

from adapters.coroner import words
from integration_engine.gateway import shapes
from integration_engine.gateway.answers import Refusal
from integration_engine.gateway.described import FEED, OPEN, Answers, answers, published, such_as, takes, texts
from integration_engine.gateway.door import Door
from integration_engine.gateway.ports import PutAside, Receipts, Upload
from integration_engine.gateway.rows import Read
from integration_engine.gateway.shapes import UploadAnswer
from integration_engine.gateway.uploads import upload

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CONTENT_TYPES = frozenset({"text/csv", XLSX, "application/json", "application/xml", "text/xml"})
_BODY = takes(
    {
        "application/json": published("coroner-case-1"),
        **texts(["text/csv", "application/xml", "text/xml"]),
        XLSX: {"type": "string", "format": "binary"},
    },
    FEED,
    examples={
        "text/csv": "coroner-cases-csv",
        "application/json": "coroner-cases-json",
        "application/xml": "coroner-cases-xml",
        "text/xml": "coroner-cases-xml",
    },
)
_CASES: Answers = {
    200: answers("Nothing to take in it, or the same file came before") | {"model": UploadAnswer},
    202: such_as("rows-taken", answers("Durably queued: the rows that are accepted")) | {"model": UploadAnswer},
    422: answers("No row could be taken: nothing was kept") | {"model": UploadAnswer},
}
_TEMPLATES: Mapping[str, tuple[Callable[[], bytes], str]] = {
    "coroner-cases.csv": (words.empty_csv, "text/csv; charset=utf-8"),
    "coroner-cases.xlsx": (words.empty_workbook, XLSX),
    "coroner-words.csv": (words.words_csv, "text/csv; charset=utf-8"),
}
Receipt = Annotated[str, Path(max_length=64, pattern="^[A-Za-z0-9-]+$")]
Most = Annotated[int, Query(ge=1, le=200, description="The most receipts to be listed")]


def coroner_door(door: Door, receipts: Receipts, read_table: Read) -> APIRouter:
    """The coroners' routes for programs. ``read_table`` gives a file's rows, for their numbers and for those that go back."""
    router = APIRouter(tags=["coroner"])

    @router.post(
        "/coroner/cases",
        status_code=202,
        summary="Send case events (coroner-case/1)",
        openapi_extra=_BODY,
        responses=_CASES,
    )
    async def cases(request: Request) -> Response:
        knock = await door.knock(request, CONTENT_TYPES)
        answered = await upload(door, receipts, read_table, knock, request.state.request_id)
        return _json(answered.said, answered.status)

    @router.get(
        "/coroner/receipts",
        summary="Your last uploads, newest first",
        responses={200: answers("The receipts") | {"model": shapes.Receipts}},
    )
    async def listed(request: Request, limit: Most = 20) -> Response:
        partner = await door.partner(request)
        found = await asyncio.to_thread(receipts.latest, partner.name, limit)
        return _json({"receipts": [_written(each) for each in found]})

    @router.get(
        "/coroner/receipts/{receipt}",
        summary="What an upload was answered",
        responses={
            200: answers("The receipt") | {"model": shapes.OpenedReceipt},
            404: answers("There is no such receipt of yours"),
        },
    )
    async def opened(request: Request, receipt: Receipt) -> Response:
        partner = await door.partner(request)
        found = await asyncio.to_thread(receipts.opened, partner.name, receipt)
        if found is None:
            raise Refusal(404, "no-such-receipt", "There is no such receipt of yours.")
        return _json({**_written(found[0]), "rows": found[1]})

    for name in _TEMPLATES:
        router.add_api_route(
            f"/coroner/templates/{name}",
            _handing_out(name),
            name=name.replace(".", "-"),
            summary=_summary(name),
            response_class=Response,
            openapi_extra=OPEN,
            responses={200: _file(name)},
        )
    return router


def _handing_out(name: str) -> Callable[[], Any]:
    made, content_type = _TEMPLATES[name]

    # Headings and words are nobody's secret: an office tries its program before it has a token.
    async def template() -> Response:
        content = await asyncio.to_thread(made)
        return Response(
            content,
            media_type=content_type,
            headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "max-age=300"},
        )

    return template


def _file(name: str) -> dict[str, Any]:
    kind = _TEMPLATES[name][1].partition(";")[0]
    schema = {"type": "string", "format": "binary"} if kind == XLSX else {"type": "string"}
    return answers("The file", kind, schema=schema, Content_Disposition="The file's name")


def _summary(name: str) -> str:
    return "The columns and their allowed words" if "words" in name else "An empty table to fill in"


def _written(upload: Upload) -> shapes.Receipt:
    aside = upload.put_aside
    return {
        "receipt": upload.id,
        "at": upload.at.isoformat(),
        "accepted": upload.taken,
        "counts": {
            "accepted": upload.accepted,
            "warnings": upload.warnings,
            "passed_over": upload.passed_over,
            "refused": upload.refused,
        },
        "put_aside": _aside(aside) if aside else None,
    }


def _aside(file: PutAside) -> shapes.AsideFile:
    return {
        "id": file.name,
        "at": file.at.isoformat(),
        "became": cast("shapes.Became", file.became),
        "became_at": file.became_at.isoformat() if file.became_at else None,
    }


def _json(content: Any, status: int = 200) -> Response:
    return Response(orjson.dumps(content), status, media_type="application/json")
