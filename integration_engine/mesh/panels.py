"""What a recipient says of a delivery by MESH: that it has it, or that it isn't theirs. As at its inbox over HTTPS."""

import asyncio
from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from integration_engine.gateway.handed_in import Handed, NotNow, turned_away
from integration_engine.gateway.ports import Inbox, StoreAway
from integration_engine.mesh.mailbox import Letter
from integration_engine.settings.mesh import MeshSettings


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


class PanelAnswers:
    """Hears them. A mailbox answers for the recipients whose deliveries go to it, and for nobody else's."""

    def __init__(self, inbox: Inbox, settings: MeshSettings) -> None:
        self._inbox = inbox
        recipients: dict[str, list[str]] = {}
        for each in settings.recipients:
            recipients.setdefault(each.mailbox, []).append(each.recipient)
        self._recipients: Mapping[str, list[str]] = recipients

    async def hear(self, letter: Letter, receipt: str) -> Handed:
        """``taken`` once it is noted, else ``refused`` and why. Raises NotNow where the store is away."""
        own = self._recipients.get(letter.sender, [])
        if not own:
            return turned_away("unknown-sender", "No recipient's deliveries go to your mailbox.", receipt)
        if letter.wrong:
            return turned_away(letter.wrong, "The message can't be read.", receipt)
        try:
            answer = DeliveryAnswer.model_validate_json(letter.body)
        except ValidationError:
            return turned_away("bad-answer", "Send one delivery-answer/1 as JSON.", receipt)
        try:
            noted = [await asyncio.to_thread(self._noted, recipient, answer, letter.sender) for recipient in own]
        except StoreAway:
            raise NotNow("store-away") from None
        if not any(noted):
            return turned_away("no-delivery", "No such delivery was sent to you.", receipt)
        return Handed("taken", "noted", receipt)

    def _noted(self, recipient: str, answer: DeliveryAnswer, mailbox: str) -> bool:
        by = f"mesh:{mailbox}"
        if answer.reason is None:
            return self._inbox.acknowledge(recipient, answer.delivery, by)
        return self._inbox.decline(recipient, answer.delivery, answer.reason, by)
