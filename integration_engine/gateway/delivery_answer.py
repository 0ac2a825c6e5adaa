"""A recipient's word on a delivery as a document of its own, wherever it comes from: a MESH message, a webhook's answer."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from integration_engine.gateway.ports import Inbox


class DeliveryAnswer(BaseModel):
    """``delivery-answer/1``. ``acknowledge``: we have it; ``decline``: it isn't ours, with a reason for a person to read."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, populate_by_name=True)

    format: Literal["delivery-answer/1"] = Field(alias="schema")
    delivery: str = Field(pattern=r"^d-[0-9a-f]{24}$")
    answer: Literal["acknowledge", "decline"]
    reason: str | None = Field(default=None, min_length=3, max_length=2000)

    @model_validator(mode="after")
    def _declined_for_a_reason(self) -> "DeliveryAnswer":
        if (self.answer == "decline") != (self.reason is not None):
            raise ValueError("a reason belongs to what is declined, and only to that")
        return self


def note(inbox: Inbox, recipient: str, answer: DeliveryAnswer, by: str) -> bool:
    """Enter it as the recipient's word, given by way of ``by``. False where it was sent no such delivery. May raise
    StoreAway."""
    if answer.reason is None:
        return inbox.acknowledge(recipient, answer.delivery, by)
    return inbox.decline(recipient, answer.delivery, answer.reason, by)
