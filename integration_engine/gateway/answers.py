"""What a door says when it can't say yes: one refusal type, written as FHIR, as problem JSON or as a page by the door.

Nothing of the request's content is ever put into an answer; only codes, our own sentences and places in the message.
"""

from collections.abc import Iterable, Mapping

import orjson
from starlette.responses import Response

from adapters.adapter import Item
from integration_engine.gateway.ports import NotDurable
from integration_engine.gateway.shapes import ProblemDetails, ToldItem, ToldProblem
from integration_engine.record.notice import Problem

PROBLEM_JSON = "application/problem+json"

_TITLES = {
    400: "The message can't be read",
    401: "Show a token",
    403: "Not allowed",
    404: "There is nothing here",
    405: "This door doesn't do that",
    409: "That can't be done now",
    411: "The length is missing",
    413: "The message is too large",
    415: "This kind of content isn't taken here",
    422: "The message says something that can't be taken",
    429: "Too many requests",
    500: "Something went wrong here",
    503: "The message could not be made safe just now; send it again",
}


class Refusal(Exception):
    """Ends a request with ``status``. ``code`` is for machines, ``text`` for people, ``problems`` say where and why."""

    def __init__(
        self,
        status: int,
        code: str,
        text: str,
        *,
        problems: Iterable[Problem] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.status = status
        self.code = code
        self.text = text
        self.problems = tuple(problems)
        self.headers = dict(headers or {})
        super().__init__(code)


def not_durable(failure: NotDurable | str, retry_seconds: int) -> Refusal:
    """503: the broker doesn't have it, so neither do we."""
    code = failure if isinstance(failure, str) else failure.code
    return Refusal(
        503,
        code,
        "The message was not queued and nothing of it was kept. Send it again.",
        headers={"Retry-After": str(retry_seconds)},
    )


def title(status: int) -> str:
    return _TITLES.get(status, "Refused")


def problem_json(refusal: Refusal, request_id: str) -> Response:
    """RFC 9457 problem details. ``problems`` name the place in the message by its own path language (JSONPath, column)."""
    body: ProblemDetails = {
        "type": "about:blank",
        "title": title(refusal.status),
        "status": refusal.status,
        "code": refusal.code,
        "detail": refusal.text,
        "request": request_id,
    }
    if refusal.problems:
        body["problems"] = [written(problem) for problem in refusal.problems]
    return Response(orjson.dumps(body), refusal.status, refusal.headers, PROBLEM_JSON)


def written(problem: Problem) -> ToldProblem:
    """One problem as JSON."""
    told: ToldProblem = {"code": problem.code, "text": problem.text}
    return {"path": problem.path, **told} if problem.path else told


def written_item(item: Item) -> ToldItem:
    """One person's or row's verdict as JSON."""
    return {
        "index": item.index,
        "verdict": item.verdict,
        "reason": item.reason,
        "problems": [written(problem) for problem in item.problems],
    }
