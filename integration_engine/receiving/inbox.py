"""The inbox of one recipient over HTTPS: read on from where we were, and say what we have."""

import http.client
import json
import re
from collections import Counter
from typing import Any
from urllib.parse import urlsplit

from integration_engine.receiving.kept import Kept

_LIMIT_S = 30
_PAGE = 100
_WITHDRAW = "withdraw"


class InboxAway(Exception):
    """The inbox can't be had just now; ask again later."""


class InboxRefused(Exception):
    """The inbox won't have us: the token or the address is wrong. ``status`` is HTTP's."""

    def __init__(self, status: int) -> None:
        super().__init__(f"the inbox answered {status}: is it the right token, and the right recipient?")
        self.status = status


class Inbox:
    """``address``: where the engine is (``https://HOST``); ``recipient``: ``cdop.BERKS``, ``jar.JAR-OXON`` or
    ``national.ncmd``; ``token``: what the operator gave. ``leave_withdrawals``: a person acknowledges those."""

    def __init__(self, address: str, recipient: str, token: str, *, leave_withdrawals: bool = False) -> None:
        parts = urlsplit(address)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("the inbox's address is https://HOST")
        if not re.fullmatch(r"(cdop|jar|national)\.[A-Za-z0-9-]+", recipient):
            raise ValueError("a recipient is written cdop.CODE, jar.TEAM or national.RECORD")
        self.recipient = recipient
        self._kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._place = (parts.hostname, parts.port)
        self._path = f"{parts.path.rstrip('/')}/{recipient.replace('.', '/', 1)}/deliveries"
        self._headers = {"Authorization": f"Bearer {token}"}
        self._leave_withdrawals = leave_withdrawals

    def read(self, kept: Kept) -> Counter[str]:
        """Take everything that has come since, page by page, and acknowledge it. How many were ``new``, ``older``, ``again``.

        Raises InboxAway, InboxRefused; what was taken until then stays taken."""
        took: Counter[str] = Counter()
        while True:
            page = self._ask("GET", f"?after={kept.place(self.recipient)}&limit={_PAGE}")
            for delivery in page["deliveries"]:
                took[kept.take(delivery["body"])] += 1
            self.acknowledge(kept)
            if page["deliveries"]:
                kept.go_on(self.recipient, page["next"])
            if not page["more"]:
                return took

    def acknowledge(self, kept: Kept) -> None:
        """Say of everything that is here, and of which it hasn't been said, that it is."""
        for delivery, kind in kept.untold():
            if self._leave_withdrawals and kind == _WITHDRAW:
                continue
            self._ask("POST", f"/{delivery}/acknowledge")
            kept.told(delivery)

    def _ask(self, method: str, rest: str) -> Any:
        connection = self._kind(*self._place, timeout=_LIMIT_S)
        try:
            connection.request(method, self._path + rest, headers=self._headers)
            answer = connection.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException) as problem:
            raise InboxAway("the inbox doesn't answer") from problem
        finally:
            connection.close()
        if answer.status >= http.client.INTERNAL_SERVER_ERROR or answer.status == http.client.TOO_MANY_REQUESTS:
            raise InboxAway(f"the inbox answered {answer.status}")
        if answer.status >= http.client.BAD_REQUEST:
            raise InboxRefused(answer.status)
        return json.loads(text) if text else None
