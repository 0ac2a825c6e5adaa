"""What a recipient says of a delivery by MESH: that it has it, or that it isn't theirs. As at its inbox over HTTPS."""

import asyncio
from collections.abc import Mapping

from pydantic import ValidationError

from integration_engine.gateway.delivery_answer import DeliveryAnswer, note
from integration_engine.gateway.handed_in import Handed, NotNow, turned_away
from integration_engine.gateway.ports import Inbox, StoreAway
from integration_engine.mesh.mailbox import Letter
from integration_engine.settings.mesh import MeshSettings


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
        by = f"mesh:{letter.sender}"
        try:
            noted = [await asyncio.to_thread(note, self._inbox, recipient, answer, by) for recipient in own]
        except StoreAway:
            raise NotNow("store-away") from None
        if not any(noted):
            return turned_away("no-delivery", "No such delivery was sent to you.", receipt)
        return Handed("taken", "noted", receipt)
