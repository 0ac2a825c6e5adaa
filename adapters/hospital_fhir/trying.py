"""``$validate``: what would become of a message if it were sent, told by places and codes and never by a value.

The answer is an OperationOutcome as everywhere here: one issue for the whole, one for each person, one for each value that
would be read (its name in ``notice/1`` and the FHIRPath it comes from), and the problems as live. FHIR's operation takes the
resource bare or within Parameters.
"""

from collections.abc import Iterator

import orjson

from adapters.adapter import Item, Reading, passed_over_because
from adapters.hospital_fhir.answer_shapes import outcome
from adapters.hospital_fhir.content import JSON, check_strictly, media, tree_of
from adapters.hospital_fhir.outcome import MOST_ISSUES, http_status, problem_issues
from adapters.hospital_fhir.refusals import Refused
from adapters.hospital_fhir.shape import child, children, kind_of, text

VERDICT = "urn:child-death-review-engine:verdict"
REASON = "urn:child-death-review-engine:reason"
FIELD = "urn:child-death-review-engine:field"
# What can't be read at all can't be judged; everything else has been, however it came out.
_UNREADABLE = (400, 413, 415)
_NOT_OURS = ("update", "delete")


def taken_out(body: bytes, content_type: str) -> tuple[bytes, str]:
    """The resource that is to be tried and its content type, taken out of the Parameters that FHIR's operation may have it
    in. Whatever else it is stays as it is. Raises Refused for a mode that nothing here does."""
    said = media(content_type)
    try:
        tree, form = tree_of(body, said)
    except (Refused, RecursionError):
        return body, content_type
    if kind_of(tree) != "Parameters":
        return body, content_type
    given = {text(one, "name"): one for one in children(tree, "parameter")}
    resource = child(given.get("resource"), "resource")
    if not resource:
        return body, content_type
    if form == "json":
        check_strictly(body)
    mode = text(given.get("mode"), "valueCode")
    if mode in _NOT_OURS:
        raise Refused("mode-not-supported", "Parameters.parameter.where(name='mode')")
    return orjson.dumps(resource), JSON + (f"; fhirVersion={said.version}" if said.version else "")


def trial_status(reading: Reading) -> int:
    """200 where the message could be judged, however it came out (FHIR's rule for the operation); else as live."""
    status = http_status(reading)
    return status if status in _UNREADABLE else 200


def trial_outcome(reading: Reading, form: str = JSON) -> bytes:
    """What would become of it, as JSON or XML."""
    return outcome([*_issues(reading)][:MOST_ISSUES], form)


def _issues(reading: Reading) -> Iterator[dict[str, object]]:
    taken = any(item.notice for item in reading.items)
    sentence = "It would be taken." if taken else f"It would be answered with {http_status(reading)}, and nothing kept."
    yield {
        "severity": "information",
        "code": "informational",
        "details": {"coding": [{"system": VERDICT, "code": reading.verdict}], "text": sentence},
        "diagnostics": f"HTTP {http_status(reading)}; profile {reading.profile or 'none'}",
    }
    if reading.hint:
        yield {"severity": "information", "code": "informational", "details": {"text": reading.hint}}
    yield from problem_issues(reading)
    for place, item in enumerate(reading.items):
        yield _of_person(place, item)
        if item.notice:
            for field, found in sorted(item.notice.provenance.items()):
                yield _of_field(field, found.path)


def _of_person(place: int, item: Item) -> dict[str, object]:
    said = {
        "notice": "A notice would be made.",
        "retraction": "What was said before would be taken back.",
        "rekey": "Identifiers would be changed.",
        "refused": "Refused: see the errors.",
    }
    sentence = said.get(item.verdict) or passed_over_because(item.reason)
    coding = [{"system": VERDICT, "code": item.verdict}, {"system": REASON, "code": item.reason}]
    return {
        "severity": "information",
        "code": "informational",
        "details": {"coding": coding, "text": f"Person {place + 1}: {sentence}"},
    }


def _of_field(field: str, path: str) -> dict[str, object]:
    return {
        "severity": "information",
        "code": "informational",
        "details": {"coding": [{"system": FIELD, "code": field}], "text": f"Read as {field}."},
        "expression": [part for part in path.split(", ") if part][:20],
    }
