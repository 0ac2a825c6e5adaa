"""What a panel decides over HTTPS: who leads, whether a non-resident child is reviewed, the steps of its review; and cases
handed from one panel to another, proposed by one and accepted or declined by the other.

A panel's token speaks for that panel only, and a panel decides about the cases it leads. The answer to anything else is the
same whether or not there is such a case.
"""

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeVar

import orjson
from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from integration_engine.gateway.answers import Refusal
from integration_engine.gateway.body import media_type, read_body
from integration_engine.gateway.described import Answers, answers, takes
from integration_engine.gateway.entry import Entry
from integration_engine.gateway.ports import Asked, Panels, Proposal
from integration_engine.gateway.shapes import Accepted, Decision, Transfer, Transfers
from integration_engine.security.identity import require_inbox

_LIMIT_BYTES = 16 * 1024

Model = TypeVar("Model", bound=BaseModel)
Found = TypeVar("Found")
Code = Annotated[str, Path(pattern=r"^[A-Za-z0-9-]{1,32}$", description="The panel's code")]
CaseId = Annotated[str, Path(pattern=r"^c-[0-9a-f]{4,40}$", description="The case's id")]
ProposalId = Annotated[str, Path(pattern=r"^r-[0-9a-f]{4,40}$", description="The proposal's id")]
Reason = Annotated[str, Field(min_length=3, max_length=2000, description="Read by people; kept sealed")]


class _Told(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class Decided(_Told):
    """A decision of the panel that leads a case. The same ``id`` again is the same decision."""

    id: str = Field(pattern=r"^[A-Za-z0-9._-]{1,64}$")
    kind: Literal["agreement", "review-non-resident", "process"]
    value: dict[str, Any]
    reason: Reason


class Proposed(_Told):
    """That another panel lead the case."""

    to: str = Field(pattern=r"^[A-Za-z0-9-]{1,32}$")
    reason: Reason


class Declining(_Told):
    """Why the panel asked doesn't take the case."""

    reason: Reason


_NO_PROPOSAL = answers("There is no such open proposal for you")
_NOT_NOW = answers("That can't be done as things stand")
_NOT_AS_IT_HAS_TO_BE = answers("Something isn't as it has to be; it is named")


def _taken(text: str, model: Any) -> Answers:
    """What is said of a case that the panel leads, or doesn't."""
    return {201: answers(text) | {"model": model}, 404: answers("You lead no such case, or it is held")}


def panels_door(panels: Panels, entry: Entry) -> APIRouter:
    """The routes by which panels decide and hand over."""
    router = APIRouter(prefix="/cdop/{code}", tags=["cdop"])
    _about_own_cases(router, panels, entry)
    _between_panels(router, panels, entry)
    return router


def _about_own_cases(router: APIRouter, panels: Panels, entry: Entry) -> None:
    """What a panel says of a case that it leads."""

    @router.post(
        "/cases/{case}/decisions",
        status_code=201,
        summary="Decide about a case you lead: agreement, review-non-resident, process",
        openapi_extra=_takes(Decided, "decision"),
        responses=_taken("Taken", Decision) | {409: answers("Another decision has this id"), 422: _NOT_AS_IT_HAS_TO_BE},
    )
    async def decide(request: Request, code: Code, case: CaseId) -> Response:
        await _panel(entry, request, code)
        told = await _body(request, Decided)
        asked = Asked(told.id, told.kind, (case,), told.value, told.reason)
        return _json({"decision": told.id, "deliveries": await asyncio.to_thread(panels.decide, code, asked)}, 201)

    @router.post(
        "/cases/{case}/transfer",
        status_code=201,
        summary="Propose that another panel lead a case you lead",
        openapi_extra=_takes(Proposed, "transfer"),
        responses=_taken("Proposed", Transfer) | {422: _NOT_AS_IT_HAS_TO_BE},
    )
    async def propose(request: Request, code: Code, case: CaseId) -> Response:
        await _panel(entry, request, code)
        told = await _body(request, Proposed)
        return _json(_written(await asyncio.to_thread(panels.propose, code, case, told.to, told.reason)), 201)


def _between_panels(router: APIRouter, panels: Panels, entry: Entry) -> None:
    """What is proposed from panel to panel, and its answers."""

    @router.get(
        "/transfers",
        summary="Open proposals to and from this panel",
        responses={200: answers("The proposals") | {"model": Transfers}},
    )
    async def proposals(request: Request, code: Code) -> Response:
        await _panel(entry, request, code)
        return _json({"transfers": [_written(each) for each in await asyncio.to_thread(panels.proposals, code)]})

    @router.post(
        "/transfers/{proposal}/accept",
        summary="Take the case: an agreement in both panels' names",
        responses={
            200: answers("Taken") | {"model": Accepted},
            404: _NO_PROPOSAL,
            409: _NOT_NOW,
            422: _NOT_AS_IT_HAS_TO_BE,
        },
    )
    async def accept_transfer(request: Request, code: Code, proposal: ProposalId) -> Response:
        await _panel(entry, request, code)
        return _json({"deliveries": await asyncio.to_thread(panels.accept, code, proposal)})

    @router.post(
        "/transfers/{proposal}/decline",
        status_code=204,
        summary="Don't take the case, with the reason: it stays, and a person looks",
        openapi_extra=_takes(Declining, "transfer-declined"),
        responses={204: answers("Noted"), 404: _NO_PROPOSAL, 422: _NOT_AS_IT_HAS_TO_BE},
    )
    async def decline_transfer(request: Request, code: Code, proposal: ProposalId) -> Response:
        await _panel(entry, request, code)
        told = await _body(request, Declining)
        await asyncio.to_thread(panels.decline, code, proposal, told.reason)
        return Response(status_code=204)

    @router.post(
        "/transfers/{proposal}/take-back",
        status_code=204,
        summary="Take your own proposal back",
        responses={204: answers("Taken back"), 404: _NO_PROPOSAL},
    )
    async def take_back(request: Request, code: Code, proposal: ProposalId) -> Response:
        await _panel(entry, request, code)
        await asyncio.to_thread(panels.take_back, code, proposal)
        return Response(status_code=204)


async def _panel(entry: Entry, request: Request, code: str) -> None:
    require_inbox(await entry.bearer(request), "cdop", code)


async def _body(request: Request, model: type[Model]) -> Model:
    media_type(request, {"application/json"})
    try:
        return model.model_validate_json(await read_body(request, _LIMIT_BYTES))
    except ValidationError as error:
        places = sorted({".".join(str(part) for part in each["loc"]) or "the body" for each in error.errors()})
        raise Refusal(422, "body", f"Not as it has to be: {', '.join(places)}.") from None


def _takes(model: type[BaseModel], example: str) -> dict[str, Any]:
    return takes({"application/json": model.model_json_schema()}, examples={"application/json": example})


def _written(proposal: Proposal) -> Transfer:
    return {
        "transfer": proposal.id,
        "case": proposal.case,
        "from": proposal.proposer,
        "to": proposal.to,
        "reason": proposal.reason,
        "at": proposal.at.isoformat(),
    }


def _json(content: Mapping[str, Any], status: int = 200) -> Response:
    return Response(orjson.dumps(content), status, media_type="application/json")
