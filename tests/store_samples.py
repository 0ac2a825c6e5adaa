"""Invented messages and keys for the tests of store and pipeline. No such child, number or place of care exists.

Most tests here are about what becomes of a notice, not about how a format is read, so their messages are notices written
as JSON and ``read`` turns them into readings the way an adapter would.
"""

import base64
import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from adapters.adapter import Item, Reading, Submission, content_hash, notice_id
from integration_engine.record.codes import PartnerKind
from integration_engine.record.notice import DeathNotice
from integration_engine.routing.reference import Reference, bundled
from integration_engine.routing.route import Switches
from integration_engine.security.keys import IndexKey, Keyring
from integration_engine.store.database import Store
from tests.ready_made import made_ready

NOW = datetime(2026, 3, 10, 9, tzinfo=UTC)
READING, BRISTOL, OXFORD, SWINDON = "E06000038", "E06000023", "E07000178", "E06000030"


def keyring(*numbers: int, index: int = 1) -> Keyring:
    """Keys that are the same in every run; the first number's key seals."""
    secrets = [hashlib.sha256(f"sealing {number}".encode()).digest() for number in numbers or (1,)]
    index_keys = [IndexKey(n, hashlib.sha256(f"index {n}".encode()).digest()) for n in range(1, index + 1)]
    return Keyring([base64.urlsafe_b64encode(secret) for secret in secrets], index_keys)


def new_store(url: str) -> Store:
    """An empty store, its schema the newest."""
    made_ready(url)
    return Store(url, keyring())


def rules() -> dict[str, Any]:
    """The shipped reference data and switches, as keyword arguments."""
    reference: Reference = bundled()
    return {"reference": reference, "switches": Switches()}


def report(minutes: int = 0, *, partner: str = "RTH", kind: str = "hospital-hl7", **fields: Any) -> Submission:
    """A message that reports a child's death (or what ``intent`` says), received some minutes after NOW.

    ``fields``: ``message_id``, ``verdict``, ``reason`` and anything of a notice; ``child`` and ``death`` add to a boy of
    Reading who died in Oxford.
    """
    child: dict[str, Any] = {
        "nhs_number": "9991000003",
        "family_name": "Quillfeather",
        "given_names": ["Barnaby", "Lark"],
        "birth_date": "2014-05-09",
        "sex": "male",
        "addresses": [{"lines": ["7 Larkspur Row"], "lad_code": READING, "use": "home"}],
    }
    death: dict[str, Any] = {"died_at": "2026-03-09T04:10", "place": {"type": "acute-hospital", "lad_code": OXFORD}}
    content = {
        "source": {"kind": kind, "partner": partner},
        "intent": "report",
        **fields,
        "child": {**child, **fields.get("child", {})},
        "death": {**death, **fields.get("death", {})},
    }
    return Submission(orjson.dumps(content), NOW + timedelta(minutes=minutes), partner=partner)


def retraction(minutes: int = 0, form: str = "status-removed", **fields: Any) -> Submission:
    """A message that takes the death back."""
    return report(minutes, intent="retract", retraction={"form": form}, **fields)


def read(submission: Submission, kind: PartnerKind | None = None) -> Iterator[Reading]:
    """What a message of ``report`` says."""
    content = orjson.loads(submission.body)
    message_id, verdict = content.pop("message_id", None), content.pop("verdict", "notice")
    reason, content_id = content.pop("reason", "death"), content_hash(submission.body)
    source = content["source"]
    kind = kind or source["kind"]
    if verdict in ("passed-over", "refused"):
        item = Item(0, verdict, reason)
    else:
        content["child"] = {name: value for name, value in content["child"].items() if value is not None}
        notice = DeathNotice.model_validate(
            {
                "id": notice_id(kind, source["partner"], message_id, content_id, 0),
                "submission": content_id[:12],
                "received_at": submission.received_at,
                "stated_at": submission.received_at.isoformat(timespec="seconds"),
                "profile": "sample",
                **content,
                "provenance": {path: {"path": path, "profile": "sample"} for path in _paths(content)},
            }
        )
        item = Item(0, verdict, reason, notice)
    yield Reading(0, kind, "sample", (item,), (), message_id, source["partner"], content_id)


def _paths(content: dict[str, Any]) -> Iterator[str]:
    for root in ("child", "death", "coroner", "police"):
        for name in content.get(root) or {}:
            yield f"{root}.{name}"


_FIRST = ("Bar", "Cot", "Den", "Far", "Gil", "Hol")
_LAST = ("bridge", "combe", "field", "grave", "mouth", "stead", "worth")
# fmt: off
_GIVEN = (
    "Ash", "Briony", "Cuthbert", "Dorothea", "Edmund", "Felicity", "Gideon", "Hortense",
    "Isidore", "Jemima", "Kelvin", "Lavinia", "Magnus", "Nerys", "Osric", "Petronella",
    "Quentin", "Rosalind", "Silas", "Thora", "Ulric", "Verity", "Wilfred", "Xanthe",
    "Yorick", "Zinnia", "Barnaby", "Cordelia", "Digby", "Eudora",
)
# fmt: on


def nobodys_namesake(n: int) -> dict[str, Any]:
    """The names of one child of many, none of whom is called anything like another."""
    family = _FIRST[n % len(_FIRST)] + _LAST[n // len(_FIRST) % len(_LAST)]
    return {"family_name": family, "given_names": [_GIVEN[n % len(_GIVEN)]], "nhs_number": None}
