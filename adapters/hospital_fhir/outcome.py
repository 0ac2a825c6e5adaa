"""What is answered in FHIR: OperationOutcome and the response to a message, built with fhir.resources.

The codes and the HTTP status of each refusal are one table (``refusals``). No answer repeats a value of the message.
"""

import re
from collections.abc import Iterable
from datetime import datetime

from adapters.adapter import Reading, passed_over_because
from adapters.hospital_fhir.answer_shapes import Issues, ResponseCode, answer, outcome
from adapters.hospital_fhir.capability import capability_statement
from adapters.hospital_fhir.content import JSON, XML
from adapters.hospital_fhir.refusals import REFUSALS, status_of
from adapters.hospital_fhir.versions import Version
from integration_engine.record.notice import Problem

__all__ = [
    "JSON",
    "XML",
    "ResponseCode",
    "capability_statement",
    "http_status",
    "operation_outcome",
    "problem_issues",
    "process_message_response",
    "response_code",
    "transient_outcome",
]

_ACCEPTED, _PASSED_OVER = 202, 200
MOST_ISSUES = 200
"""Whoever is told so many things is told enough."""
_TRANSIENT: Issues = [
    {
        "severity": "error",
        "code": "transient",
        "details": {"text": "The message could not be stored just now. Send it again."},
    }
]


def http_status(reading: Reading) -> int:
    """202 for what is kept (answered only once durably queued), 200 for what is passed over, else the refusal's own."""
    match reading.verdict:
        case "passed-over":
            return _PASSED_OVER
        case "refused":
            return status_of(reading.reason)
        case _:
            return _ACCEPTED


def response_code(reading: Reading) -> ResponseCode:
    """What MessageHeader.response says of a reading: a refused message will be refused again."""
    return "fatal-error" if reading.verdict == "refused" else "ok"


def operation_outcome(told: Reading | Iterable[Problem], form: str = JSON) -> bytes:
    """An OperationOutcome that says what became of a message, as JSON or XML.

    Of a Reading: one informational issue with its verdict, then an issue for each problem (an error where it made the
    message or a person of it refused, else a warning) with the FHIRPath where it stands. Of problems alone: errors.
    """
    return outcome(_issues(told), form)


def transient_outcome(form: str = JSON) -> bytes:
    """What to answer where a message can't be made durable now: the sender should try again."""
    return outcome(_TRANSIENT, form)


def _issues(told: Reading | Iterable[Problem]) -> Issues:
    issues = _issues_of(told) if isinstance(told, Reading) else [_issue(problem, "error") for problem in told]
    return issues[:MOST_ISSUES] or [_fine()]


def _fine() -> dict[str, object]:
    return {"severity": "information", "code": "informational", "details": {"text": "Nothing to report."}}


def _issues_of(reading: Reading) -> list[dict[str, object]]:
    issues: list[dict[str, object]] = []
    if reading.verdict != "refused":
        said = passed_over_because(reading.reason)
        sentence = said if reading.verdict == "passed-over" else "The message was taken."
        issues.append({"severity": "information", "code": "informational", "details": {"text": sentence}})
    if reading.hint:
        issues.append({"severity": "information", "code": "informational", "details": {"text": reading.hint}})
    return issues + problem_issues(reading)


def problem_issues(reading: Reading) -> list[dict[str, object]]:
    """An issue for each problem of a reading: an error where it made a person of it refused, else a warning."""
    issues = [_issue(problem, "warning") for problem in reading.problems]
    for item in reading.items:
        severity = "error" if item.verdict == "refused" else "warning"
        issues += [_issue(problem, severity) for problem in item.problems]
    return issues


def _issue(problem: Problem, severity: str) -> dict[str, object]:
    known = REFUSALS.get(problem.code)
    coding = {"system": "urn:child-death-review-engine:problem", "code": problem.code}
    issue: dict[str, object] = {
        "severity": severity,
        "code": known.issue if known else "informational" if severity == "information" else "value",
        "details": {"coding": [coding], "text": problem.text},
    }
    if problem.path:
        issue["expression"] = [part for part in problem.path.split(", ") if part][:20]
    return issue


def process_message_response(
    request_header_id: str | None,
    code: ResponseCode,
    told: Reading | Iterable[Problem] = (),
    *,
    response_id: str,
    endpoint: str,
    at: datetime,
    version: Version = "R4",
    form: str = JSON,
) -> bytes:
    """The answer to ``$process-message``: a message Bundle with MessageHeader.response and the OperationOutcome behind it.

    ``request_header_id`` is the id of the request's MessageHeader, ``response_id`` a new one of ours (a UUID), ``endpoint``
    our own address, ``at`` the time of answering, ``version`` the release the request spoke: it is answered in the same one
    (DSTU2, which there are no classes for, in R4).
    """
    issues = _TRANSIENT if code == "transient-error" else _issues(told)
    return answer(
        code,
        issues,
        endpoint,
        form,
        version="R4" if version == "DSTU2" else version,
        answer_id=response_id,
        request_id=_safe_id(request_header_id),
        at=at,
    )


def _safe_id(stated: str | None) -> str:
    """The request's id where it is one; FHIR wants one here even where the request had none."""
    return stated if stated and re.fullmatch(r"[A-Za-z0-9.-]{1,64}", stated) else "unknown"
