"""A refusal as a person in a browser reads it: what it is about and what to do, without the words of programs."""

from starlette.requests import Request
from starlette.responses import Response

from integration_engine.gateway.answers import Refusal
from integration_engine.gateway.page import page

_HEADINGS = {
    400: "That could not be read",
    403: "That is not yours to open",
    404: "There is nothing here",
    405: "There is nothing here",
    413: "That is too large",
    415: "That kind of content is not taken here",
    422: "That is not as it has to be",
    429: "Too many attempts",
    500: "Something went wrong here",
    503: "Not just now",
}
_OUT_OF_DATE = "The page is out of date"
_NO_PAGE = "There is no page at this address. Go back to the start, and find it from there."
# Where the sentence for programs would puzzle a person.
_SENTENCES = {
    "role": "Your role doesn’t open this page.",
    "kind": "Your organisation isn’t registered for this page. If it should be, ask the operators.",
    "not-live": "Your organisation still tries its files: this page is opened for it by an operator.",
    "no-such-door": _NO_PAGE,
    "method": _NO_PAGE,
    "parameter": "Something in this address isn’t as it has to be. Go back to the start, and find the page from there.",
    "too-large": "The file is larger than is taken here. Send it in two halves, or ask the operators.",
    "content-encoding": "The file could not be read as it came. Choose it again on the upload page.",
    "content-type": "What came is no form of ours. Open the page again.",
    "too-many": "Too many wrong attempts came from your network just now. Wait a minute, then try again. "
    "If none of them was yours, tell the operators.",
    "store-away": "We can’t look it up just now. Wait a minute, then try again.",
    "error": "Something failed here. Try again; if it fails again, tell the operators.",
}


def refusal_page(refusal: Refusal, request: Request) -> Response:
    """The page. Its status and headers are the refusal's."""
    shown = page(
        "refusal.html",
        None,
        status=refusal.status,
        heading=_OUT_OF_DATE
        if (refusal.status, refusal.code) == (403, "form")
        else _HEADINGS.get(refusal.status, "That was refused"),
        text=_SENTENCES.get(refusal.code) or _sentence(refusal.text),
        request_id=request.state.request_id,
    )
    shown.headers.update(refusal.headers)
    return shown


def _sentence(text: str) -> str:
    whole = text[:1].upper() + text[1:]
    return whole if whole.endswith((".", "!", "?")) else whole + "."
