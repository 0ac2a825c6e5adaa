"""The pages where people decide: what waits, one case, one question, and the forms. They work without any script; every look
and every decision is audited, and no address or title says anything about a child."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Annotated, Any, cast

from fastapi import APIRouter, Path, Query, Request, Response
from starlette.responses import RedirectResponse

from integration_engine.console import sight
from integration_engine.console.asking import Asked
from integration_engine.console.clocks import clocks_of
from integration_engine.console.forms import Form, asked, forms, may_link, taken_back, to_take_back
from integration_engine.console.stored import stored
from integration_engine.console.wording import DELIVERIES, LOOKS, decided_text, field_of, happened, text_of
from integration_engine.desk import Desk
from integration_engine.gateway.answers import Refusal
from integration_engine.gateway.entry import Entry
from integration_engine.gateway.page import page
from integration_engine.gateway.ports import DeskRefusal
from integration_engine.gateway.sign_in import form_of, signed_in
from integration_engine.linkage import wording
from integration_engine.record.authority import kinds, settled_by, waits
from integration_engine.record.clock_event import ClockRule
from integration_engine.record.codes import Role
from integration_engine.security.identity import DECIDING, Principal, require_role
from integration_engine.store.database import Store
from integration_engine.store.reviews import LINKAGE
from integration_engine.store.waiting import Question, case_line, questions

CaseId = Annotated[str, Path(pattern=r"^c-[0-9a-f]{4,40}$")]
ReviewId = Annotated[str, Path(pattern=r"^r-[0-9a-f]{4,40}$")]
Done = Annotated[int | None, Query(ge=0, le=1_000_000)]
MOST_TEXT = 2000


@dataclass(frozen=True)
class _Pages:
    """The pages themselves, each for whoever is signed in."""

    entry: Entry
    store: Store
    desk: Desk
    rules: Mapping[str, ClockRule]
    clock: Callable[[], datetime]

    async def who(self, request: Request) -> Principal:
        principal = await signed_in(self.entry, request)
        require_role(principal, DECIDING)
        return principal

    def page(self, name: str, request: Request, who: Principal, status: int = 200, **values: Any) -> Response:
        return page(name, who, self.entry.form_value(request), status, asks=waits(), desk=self.desk, **values)

    async def case(
        self, request: Request, who: Principal, name: str, *, done: int | None = None, again: Form | None = None
    ) -> Response:
        now = self.clock()
        seen = await stored(lambda: sight.open_case(self.store, who, name, now))
        if seen is None:
            raise _no_case()
        clocks = await stored(lambda: clocks_of(seen.held, self.store, self.rules, now))
        role = cast(Role, who.role)
        # A question about two notices has a page of its own, where they stand side by side.
        answering, others = forms(
            role, protected=seen.held.restricted, asks=seen.asks - {"linkage"}, again=again, leave_out=("unlink",)
        )
        return self.page(
            "case.html",
            request,
            who,
            422 if again else 200,
            seen=seen,
            clocks=clocks,
            answering=answering,
            others=others,
            again=again,
            done=done,
            decided_text=decided_text,
            titles={kind.kind: kind.title for kind in kinds().values()},
            back=to_take_back(seen.decisions) if may_link(role, protected=seen.held.restricted) else {},
            looks=LOOKS,
            deliveries=DELIVERIES,
            happened=happened,
            text_of=text_of,
            field_of=field_of,
        )

    async def question(
        self,
        request: Request,
        who: Principal,
        name: str,
        *,
        again: Form | None = None,
        wrong: str = "",
        done: bool = False,
    ) -> Response:
        question, asked_about = await self.asked(who, name)
        protected = any(case.restricted for case in question.cases)
        # Whoever has said it needn't say it again: the other word is theirs to change their mind.
        said = (asked_about.mine.kind,) if asked_about and asked_about.mine and not asked_about.mine.withdraws else ()
        answering, _ = forms(
            cast(Role, who.role), protected=protected, asks={question.kind}, again=again, leave_out=said
        )
        return self.page(
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
            text_of=text_of,
        )

    async def asked(self, who: Principal, name: str, *, weight: bool = False) -> tuple[Question, Asked | None]:
        found = await stored(lambda: sight.open_question(self.store, who, name, self.clock(), weight=weight))
        if found is None:
            raise _no_case()
        return found

    async def asked_elsewhere(self, request: Request, who: Principal, name: str) -> str:
        """What is wrong with it, empty where it was noted."""
        fields = await form_of(request)
        self.entry.check_form(request, fields.get("form", ""))
        try:
            await asyncio.to_thread(self.desk.ask_elsewhere, who, name, fields.get("text", "").strip()[:MOST_TEXT])
        except DeskRefusal as refused:
            return str(refused)
        return ""

    async def taken_back(self, request: Request, who: Principal, case: str) -> int:
        """How many deliveries follow where what was decided about two notices is taken back."""
        fields = await form_of(request)
        self.entry.check_form(request, fields.get("form", ""))
        seen = await stored(lambda: sight.open_case(self.store, who, case, self.clock()))
        if seen is None:
            raise _no_case()
        return await asyncio.to_thread(self.desk.decide_as, who, taken_back(fields, seen.decisions))

    async def decided(self, request: Request, who: Principal, about: tuple[str, ...]) -> int | Form:
        """How many deliveries follow, or the form to be filled in again."""
        fields = await form_of(request)
        self.entry.check_form(request, fields.get("form", ""))
        form, what = asked(fields, about)
        try:
            return await asyncio.to_thread(self.desk.decide_as, who, what)
        except DeskRefusal as refused:
            return replace(form, wrong=str(refused))

    async def back_to(self, case: str, who: Principal, done: int) -> Response:
        """To the case's page; one that the decision took out of one's sight has none to go back to."""
        line = await stored(lambda: case_line(self.store, case))
        there = line is not None and sight.may_see(who, line)
        return RedirectResponse(f"/console/cases/{case}?done={done}" if there else f"/console/work?done={done}", 303)


def deciding_pages(
    entry: Entry,
    store: Store,
    desk: Desk,
    rules: Mapping[str, ClockRule],
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> APIRouter:
    """The routes of what people decide. ``rules`` say what each clock of a case is about."""
    router = APIRouter(include_in_schema=False)
    pages = _Pages(entry, store, desk, rules, clock)

    @router.get("/console/work")
    async def work(request: Request, done: Done = None) -> Response:
        who = await pages.who(request)
        found = await stored(lambda: sight.work(store, who))
        return pages.page(
            "work.html", request, who, work=found, settled_by=settled_by, reason=wording.reason, done=done
        )

    @router.get("/console/cases/{case}")
    async def case(request: Request, case: CaseId, done: Done = None) -> Response:
        return await pages.case(request, await pages.who(request), case, done=done)

    @router.post("/console/cases/{case}/decide")
    async def decide(request: Request, case: CaseId) -> Response:
        who = await pages.who(request)
        said = await pages.decided(request, who, (case,))
        if isinstance(said, Form):
            return await pages.case(request, who, case, again=said)
        return await pages.back_to(case, who, said)

    @router.post("/console/cases/{case}/take-back")
    async def take_back(request: Request, case: CaseId) -> Response:
        who = await pages.who(request)
        return await pages.back_to(case, who, await pages.taken_back(request, who, case))

    @router.get("/console/cases/{case}/history")
    async def history(request: Request, case: CaseId) -> Response:
        who = await pages.who(request)
        require_role(who, ("restricted",))
        notices = await stored(lambda: sight.open_history(store, who, case, clock()))
        if notices is None:
            raise _no_case()
        return pages.page("history.html", request, who, case=case, notices=notices, field_of=field_of)

    @router.get("/console/questions/{review}")
    async def question(request: Request, review: ReviewId, done: Done = None) -> Response:
        return await pages.question(request, await pages.who(request), review, done=done is not None)

    @router.get("/console/questions/{review}/weight")
    async def weight(request: Request, review: ReviewId) -> Response:
        who = await pages.who(request)
        question, asked_about = await pages.asked(who, review, weight=True)
        if asked_about is None:
            raise _no_case()
        return pages.page("weight.html", request, who, question=question, asked=asked_about, words=wording)

    @router.post("/console/questions/{review}/ask")
    async def ask(request: Request, review: ReviewId) -> Response:
        who = await pages.who(request)
        await pages.asked(who, review)
        if wrong := await pages.asked_elsewhere(request, who, review):
            return await pages.question(request, who, review, wrong=wrong)
        return RedirectResponse(f"/console/questions/{review}", 303)

    @router.post("/console/questions/{review}/decide")
    async def answer(request: Request, review: ReviewId) -> Response:
        who = await pages.who(request)
        question, _ = await pages.asked(who, review)
        about = (question.a, question.b) if question.kind == LINKAGE else (question.cases[0].id,)
        said = await pages.decided(request, who, about)
        if isinstance(said, Form):
            return await pages.question(request, who, review, again=said)
        # Where two have to decide it may still be open: the page says so.
        still = await stored(lambda: questions(store, name=review))
        there = bool(still) and sight.may_answer(who, still[0])
        return RedirectResponse(f"/console/questions/{review}?done=0" if there else f"/console/work?done={said}", 303)

    return router


def _no_case() -> Refusal:
    # Made anew each time: an exception that is raised again keeps every frame it ever passed through.
    return Refusal(404, "no-case", "There is no such case, or it isn’t yours to see.")
