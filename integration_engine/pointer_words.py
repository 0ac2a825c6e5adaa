"""Why an event that points to a record still waits, in an operator's words; and after how long somebody should look."""

from datetime import datetime, timedelta

LATE = timedelta(hours=4)

WHY = {
    "not-asked": "not asked yet",
    "away": "the service doesn't answer",
    "too-slow": "the service took too long",
    "certificate": "the service's certificate is not trusted",
    "token": "our token can't be read",
    "not-allowed": "the service doesn't let us in",
    "not-found": "the service has no such record",
    "busy": "the service asks us to wait",
    "service-error": "the service failed",
    "redirected": "the service sent us elsewhere; we don't go",
    "too-large": "the answer is too large",
    "not-fhir": "the answer is not FHIR",
    "broken-answer": "the answer broke off",
    "unexpected": "an answer we don't know",
    "another-number": "the record is under another NHS number",
    "no-death-in-record": "the record tells of no death",
    "failed": "the engine failed on it: see the worker's log",
    "not-queued": "fetched, and the broker didn't take it",
}
_REFUSED = "refused."


def in_words(why: str) -> str:
    """A reason as the store has it, in words. One the record was refused for keeps its code."""
    if why.startswith(_REFUSED):
        return f"the record can't be read: {why.removeprefix(_REFUSED)}"
    return WHY.get(why, why)


def is_late(received_at: datetime, now: datetime) -> bool:
    """Whether it has waited longer than a service usually takes to come back."""
    return now - received_at > LATE
