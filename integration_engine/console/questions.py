"""A question's page: two notices side by side of which a person says whether they are one child's, with what the model makes
of them; or a case that a panel sent back. And the forms to answer by."""

import asyncio
from typing import Annotated, cast

from fastapi import APIRouter, Path, Request, Response
from starlette.responses import RedirectResponse

from integration_engine.console import sight
from integration_engine.console.asking import Asked
from integration_engine.console.at_desk import AtDesk, no_case
from integration_engine.console.cases import Done
from integration_engine.console.forms import Form, forms
from integration_engine.console.stored import stored
from integration_engine.console.wording import SOURCES, value_of
from integration_engine.gateway.ports import DeskRefusal
from integration_engine.linkage import wording
from integration_engine.record.codes import Role
from integration_engine.security.identity import Principal
from integration_engine.store.reviews import LINKAGE
from integration_engine.store.waiting import Question, questions

ReviewId = Annotated[str, Path(pattern=r"^r-[0-9a-f]{4,40}$")]
MOST_TEXT = 2000


def question_pages(at: AtDesk) -> APIRouter:
    """The routes of one question."""
    router = APIRouter(include_in_schema=False)

    @router.get("/console/questions/{review}")
    async def question(request: Request, review: ReviewId, done: Done = None) -> Response:
        return await _page(at, request, await at.who(request), review, done=done is not None)

    @router.get("/console/questions/{review}/weight")
    async def weight(request: Request, review: ReviewId) -> Response:
        who = await at.who(request)
        question, asked_about = await _asked(at, who, review, weight=True)
        if asked_about is None:
            raise no_case()
        return at.page("weight.html", request, who, question=question, asked=asked_about, words=wording)

    @router.post("/console/questions/{review}/ask")
    async def ask(request: Request, review: ReviewId) -> Response:
        who = await at.who(request)
        await _asked(at, who, review)
        if wrong := await _asked_elsewhere(at, request, who, review):
            return await _page(at, request, who, review, wrong=wrong)
        return RedirectResponse(f"/console/questions/{review}", 303)

    @router.post("/console/questions/{review}/decide")
    async def answer(request: Request, review: ReviewId) -> Response:
        who = await at.who(request)
        question, _ = await _asked(at, who, review)
        about = (question.a, question.b) if question.kind == LINKAGE else (question.cases[0].id,)
        said = await at.decided(request, who, about)
        if isinstance(said, Form):
            return await _page(at, request, who, review, again=said)
        # Where two have to decide it may still be open: the page says so.
        still = await stored(lambda: questions(at.store, name=review))
        there = bool(still) and sight.may_answer(who, still[0])
        return RedirectResponse(f"/console/questions/{review}?done=0" if there else f"/console/work?done={said}", 303)

    return router


async def _page(
    at: AtDesk,
    request: Request,
    who: Principal,
    name: str,
    *,
    again: Form | None = None,
    wrong: str = "",
    done: bool = False,
) -> Response:
    question, asked_about = await _asked(at, who, name)
    protected = any(case.restricted for case in question.cases)
    # Whoever has said it needn't say it again: the other word is theirs to change their mind.
    said = (asked_about.mine.kind,) if asked_about and asked_about.mine and not asked_about.mine.withdraws else ()
    answering, _ = forms(cast(Role, who.role), protected=protected, asks={question.kind}, again=again, leave_out=said)
    return at.page(
        "question.html" if question.kind != LINKAGE else "two_sides.html",
        request,
        who,
        422 if again or wrong else 200,
        question=question,
        asked=asked_about,
        full=sight.sees_details(who),
        answering=answering,
        again=again,
        wrong=wrong,
        done=done,
        value_of=value_of,
        sources=SOURCES,
    )


async def _asked(at: AtDesk, who: Principal, name: str, *, weight: bool = False) -> tuple[Question, Asked | None]:
    found = await stored(lambda: sight.open_question(at.store, who, name, at.clock(), weight=weight))
    if found is None:
        raise no_case()
    return found


async def _asked_elsewhere(at: AtDesk, request: Request, who: Principal, name: str) -> str:
    """What is wrong with it, empty where it was noted."""
    fields = await at.fields(request)
    try:
        await asyncio.to_thread(at.desk.ask_elsewhere, who, name, fields.get("text", "").strip()[:MOST_TEXT])
    except DeskRefusal as refused:
        return str(refused)
    return ""
