"""Why a FHIR message is refused: one table of codes with the HTTP status and the OperationOutcome issue each answers with.

400: not readable as FHIR at all. 413, 415: too large, another format. 422: readable, and its content is wrong.
"""

from dataclasses import dataclass

from integration_engine.record.notice import Problem


@dataclass(frozen=True, slots=True)
class Refusal:
    """One reason. ``issue`` is a code of the FHIR value set issue-type; ``sentence`` never holds a value of the message."""

    status: int
    issue: str
    sentence: str


REFUSALS: dict[str, Refusal] = {
    "empty": Refusal(400, "structure", "The body is empty."),
    "not-json": Refusal(400, "structure", "The body is not well-formed JSON."),
    "duplicate-key": Refusal(
        400, "structure", "A JSON object has the same property twice; nobody can tell which is meant."
    ),
    "not-an-object": Refusal(400, "structure", "A FHIR message is one JSON object."),
    "number-too-large": Refusal(400, "structure", "A number in the message is too large to be read."),
    "too-deep": Refusal(400, "too-costly", "The message is nested too deeply."),
    "encoding": Refusal(
        400, "structure", "The bytes are not in the character encoding that is declared or required (UTF-8)."
    ),
    "nul-character": Refusal(422, "invalid", "A text holds the character NUL, which no FHIR string may hold."),
    "not-xml": Refusal(400, "structure", "The body is not well-formed XML."),
    "doctype": Refusal(400, "structure", "FHIR XML must not hold a document type definition or an entity."),
    "wrong-namespace": Refusal(422, "structure", "An XML element is not in the namespace http://hl7.org/fhir."),
    "content-type-mismatch": Refusal(400, "structure", "The body is not what its content type says."),
    "too-large": Refusal(413, "too-long", "The message is larger than this engine takes."),
    "not-fhir": Refusal(415, "not-supported", "The body is not a FHIR resource in JSON or XML."),
    "unknown-resource": Refusal(422, "structure", "The resource type is not one of FHIR's."),
    "wrong-version": Refusal(
        422, "not-supported", "The resource has elements of another FHIR version than the one declared."
    ),
    "empty-bundle": Refusal(422, "required", "The Bundle holds no resource."),
    "delete-requested": Refusal(
        422, "not-supported", "The Bundle asks for a DELETE, or tells of one; a retraction is a message that says so."
    ),
    "patch-requested": Refusal(
        422, "not-supported", "The Bundle asks for a PATCH of what isn't held here; send the whole resource."
    ),
    "mode-not-supported": Refusal(
        422, "not-supported", "Nothing is updated or deleted here; a message can be tried as it would be sent."
    ),
    "bad-focus": Refusal(422, "not-found", "MessageHeader.focus refers to a resource that is not in the message."),
    "no-header": Refusal(422, "required", "The first entry of a message Bundle must be its MessageHeader."),
    "no-subject": Refusal(422, "required", "The message tells of a death, and the person it is about is not in it."),
    "no-number": Refusal(
        422,
        "required",
        "The event only points to a record, and names nobody by a valid NHS number: nothing can be asked for.",
    ),
    "identity-disagrees": Refusal(422, "business-rule", "The message header and the Patient name different people."),
    "implicit-rules": Refusal(
        422, "not-supported", "The resource was made under implicitRules that are not known here."
    ),
    "unknown-modifier": Refusal(
        422, "not-supported", "A modifierExtension that is not known here may change what is meant."
    ),
    "unknown-element": Refusal(422, "structure", "FHIR does not define this element."),
    "wrong-type": Refusal(422, "structure", "The element does not have the shape FHIR defines for it."),
    "both-deceased": Refusal(422, "invariant", "Only one of deceasedBoolean and deceasedDateTime may be given."),
    "bad-date": Refusal(422, "value", "This is no date or time, or names a day that does not exist."),
    "date-in-future": Refusal(422, "business-rule", "The date of death lies in the future."),
    "unknown-status": Refusal(422, "code-invalid", "The death notification status is none of 1, 2 and U."),
    "unknown-rekey": Refusal(422, "code-invalid", "The NHS number status is none of R and I, or a number is missing."),
    "unreadable": Refusal(422, "processing", "The message could not be read."),
}


def refusal(code: str, path: str | None = None, detail: str | None = None) -> Problem:
    """The problem a refusal is told with. ``detail`` is a further sentence about the place, never about the value."""
    sentence = REFUSALS[code].sentence
    return Problem(code=code, text=f"{sentence} {detail}" if detail else sentence, path=path)


def status_of(code: str) -> int:
    """The HTTP status of a refusal; 422 for a code this table doesn't know."""
    known = REFUSALS.get(code)
    return known.status if known else 422


class Refused(Exception):
    """Raised inside this package where reading can't go on. Carries the problem to tell; never leaves the adapter."""

    def __init__(self, code: str, path: str | None = None, detail: str | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.problem = refusal(code, path, detail)
