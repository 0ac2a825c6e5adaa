"""What we post to recipients' own servers, as the OpenAPI document tells it: what they serve and we call."""

from typing import Any

from integration_engine.gateway.described import published

_ABOUT = (
    "To the address that the operator holds for you, as soon as there is a delivery (docs/cdops.md). Signed as Standard "
    "Webhooks 1.0 has it: believe nothing that isn't, or that was signed more than five minutes ago. It comes at least once, "
    "and not always in its order: keep webhook-id, and apply a version only if it is higher than the one you hold."
)
_TEXT, _WHOLE = {"type": "string"}, {"type": "integer", "minimum": 0}


def _header(name: str, text: str, schema: dict[str, Any] = _TEXT, *, always: bool = True) -> dict[str, Any]:
    return {"name": name, "in": "header", "required": always, "description": text, "schema": schema}


POSTED: dict[str, Any] = {
    "delivery": {
        "post": {
            "tags": ["webhooks"],
            "summary": "One delivery",
            "description": _ABOUT,
            "operationId": "webhooks-delivery",
            "security": [],
            "parameters": [
                _header("webhook-id", "The delivery's id, the same however often it comes"),
                _header("webhook-timestamp", "When this try was made, seconds since 1970", _WHOLE),
                _header(
                    "webhook-signature",
                    "v1, and base64 of HMAC-SHA256 with your secret over id.timestamp.body; several with blanks between",
                ),
                _header("cdr-correlation", "To quote when you ask about it", always=False),
                _header("traceparent", "W3C, where we trace", always=False),
            ],
            "requestBody": {
                "required": True,
                "content": {"application/json": {"schema": published("case-delivery-1")}},
            },
            "responses": {
                "200": {
                    "description": "It is safe with you; and, where you say so, your word on it, as at the inbox",
                    "content": {"application/json": {"schema": published("delivery-answer-1")}},
                },
                "204": {"description": "It is safe with you. So is any other 2xx"},
                "422": {
                    "description": "You won't have this one; so does any 4xx but those below. It is tried again by itself"
                },
                "503": {
                    "description": "You take none now; so do 401, 403, 404, 405, 407, 408, 410, 421, 425, 429, every 3xx and "
                    "5xx. All of yours wait",
                    "headers": {"Retry-After": {"description": "In how many seconds to come again", "schema": _WHOLE}},
                },
            },
        }
    }
}
