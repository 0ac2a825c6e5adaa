"""The gate between sandbox and live: which kinds of message a person has opened for a partner, and why."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from integration_engine.security.identity import NotAllowed
from integration_engine.store.audit import Entry, append
from integration_engine.store.database import Store
from integration_engine.store.partners import PartnerRow

OPENED, SHUT = "partner.opened", "partner.shut"


def set_gate(
    store: Store,
    partner: str,
    kind: str,
    *,
    live: bool,
    reason: str,
    by: str,
    now: datetime,
    seen: Mapping[str, Any] = {},
) -> bool:
    """Open the live doors for a partner's messages of one kind, or send them back to the sandbox; False where they stand so.

    ``reason``, and what the person had ``seen`` (the conformance score), go to the audit log with who it was: no patient
    data belongs in them. Raises NotAllowed ``no-partner``, ``kind`` or ``no-reason``.
    """
    if not reason.strip():
        raise NotAllowed("no-reason", "say why")
    with store.transaction() as transaction, Session(transaction.connection) as session:
        row = session.get(PartnerRow, partner)
        if row is None or row.role != "partner":
            raise NotAllowed("no-partner", "no partner is registered under that code")
        if kind not in json.loads(row.kinds):
            raise NotAllowed("kind", f"this partner is not registered to send {kind}")
        opened = set(json.loads(row.open_kinds))
        if (kind in opened) == live:
            return False
        row.open_kinds = json.dumps(sorted(opened | {kind} if live else opened - {kind}))
        session.add(row)
        session.flush()
        said = {"kind": kind, "reason": reason.strip(), **seen}
        append(transaction, now, [Entry(OPENED if live else SHUT, partner, said, by)])
    return True
