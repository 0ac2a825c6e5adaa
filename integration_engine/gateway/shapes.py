"""What the doors answer as JSON, each shape once: for the code that writes it and for the OpenAPI document that promises it.

Nothing in any of them is about a child but a delivery's body, which goes to the case's own recipient. Times are ISO 8601.
"""

from typing import Annotated, Any, Literal, NotRequired

from pydantic import WithJsonSchema
from typing_extensions import TypedDict

from adapters.adapter import Verdict
from integration_engine.gateway.described import published

DeliveryState = Literal["waiting", "acknowledged", "declined"]
TokenError = Literal["invalid_request", "invalid_client", "unsupported_grant_type"]
Result = Literal["accepted", "accepted-with-warnings", "passed-over", "refused"]


class ToldProblem(TypedDict):
    """Something about a message. ``path`` is a place in it by its own path language (JSONPath, a column); never a value."""

    path: NotRequired[str]
    code: str
    text: str


class ProblemDetails(TypedDict):
    """RFC 9457. ``code`` is for machines, ``detail`` for people; ``request`` is what to quote when you ask."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    request: str
    problems: NotRequired[list[ToldProblem]]


class ToldItem(TypedDict):
    """What becomes of one person in a message."""

    index: int
    verdict: Verdict
    reason: str
    problems: list[ToldProblem]


class ReportAnswer(TypedDict):
    """What becomes of a report, person by person. ``id`` is what to quote when you ask."""

    id: str
    accepted: bool
    items: list[ToldItem]
    problems: list[ToldProblem]
    hint: NotRequired[str]


class RowProblem(TypedDict):
    """What is wrong with a row, in an office's words. ``column`` is the file's own heading, empty for the row as a whole."""

    column: str
    code: str
    text: str


class ToldRow(TypedDict):
    """What becomes of one row. ``row`` is the number that a spreadsheet shows; ``why`` the same as sentences."""

    row: int
    result: Result
    reason: str
    why: list[str]
    problems: list[RowProblem]


class RowCounts(TypedDict):
    """How many rows ended how; ``accepted`` includes those with warnings."""

    accepted: int
    warnings: int
    passed_over: int
    refused: int


class UploadAnswer(TypedDict):
    """What becomes of a file, row by row. ``repeated``: the same file came before, and ``receipt`` is that one's;
    ``to_correct``: the refused rows as CSV."""

    receipt: str
    accepted: bool
    repeated: bool
    reason: str
    text: str
    counts: RowCounts
    problems: list[ToldProblem]
    rows: list[ToldRow]
    to_correct: NotRequired[str]


Became = Literal["waiting", "sent-again", "discarded"]


class AsideFile(TypedDict):
    """A file that we could not deal with by a fault of ours; ``id`` is ours, to quote. ``became``: people look at it
    (``waiting``), it is being worked at once more (``sent-again``), or nothing came of it (``discarded``)."""

    id: str
    at: str
    became: Became
    became_at: str | None


class Receipt(TypedDict):
    """An upload that was answered. ``put_aside`` is null where no fault of ours came between."""

    receipt: str
    at: str
    accepted: bool
    counts: RowCounts
    put_aside: AsideFile | None


class Receipts(TypedDict):
    """Your last uploads, newest first."""

    receipts: list[Receipt]


class OpenedReceipt(Receipt):
    """An upload with the rows that weren't plainly accepted; null where they can't be opened any more."""

    rows: list[ToldRow] | None


class ToldDelivery(TypedDict):
    """One delivery. ``number`` rises by arrival, ``version`` is the case's, ``kind`` is new, update, withdraw, transfer,
    merge, split, copy or jar."""

    number: int
    delivery: str
    case: str
    version: int
    kind: str
    at: str
    state: DeliveryState
    body: Annotated[dict[str, Any], WithJsonSchema(published("case-delivery-1"))]


class Deliveries(TypedDict):
    """What was delivered, oldest first. Ask with ``after`` = ``next``; ``more``: there may be more at once."""

    deliveries: list[ToldDelivery]
    next: int
    more: bool


class Decision(TypedDict):
    """A decision that was taken. ``deliveries``: how many follow; 0 where it was taken before."""

    decision: str
    deliveries: int


class Accepted(TypedDict):
    """A case that was taken over. ``deliveries``: how many follow."""

    deliveries: int


# ``from`` is a word of Python's own.
Transfer = TypedDict("Transfer", {"transfer": str, "case": str, "from": str, "to": str, "reason": str, "at": str})
Transfer.__doc__ = "One panel's open proposal that another lead a case."


class Transfers(TypedDict):
    """Open proposals to and from a panel."""

    transfers: list[Transfer]


class AccessToken(TypedDict):
    """RFC 6749 5.1. ``expires_in`` is seconds."""

    access_token: str
    token_type: Literal["Bearer"]
    expires_in: int


class NoAccessToken(TypedDict):
    """RFC 6749 5.2."""

    error: TokenError
    error_description: str


class AuthorizationServer(TypedDict):
    """RFC 8414."""

    issuer: str
    token_endpoint: str
    grant_types_supported: list[str]
    response_types_supported: list[str]
    token_endpoint_auth_methods_supported: list[str]
    token_endpoint_auth_signing_alg_values_supported: list[str]


class PublishedSchema(TypedDict):
    """A JSON Schema and where it is."""

    name: str
    title: str
    at: str


class PublishedSchemas(TypedDict):
    """The JSON Schemas there are."""

    schemas: list[PublishedSchema]


class Liveness(TypedDict):
    """Whether the process does what it is for."""

    status: Literal["ok", "stuck"]


class Readiness(TypedDict):
    """Whether it can do its work. ``parts``: ``ok``, or the kind of failure, by what was asked."""

    status: Literal["ok", "away"]
    parts: dict[str, str]
