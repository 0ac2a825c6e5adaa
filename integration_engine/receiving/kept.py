"""What a recipient has: every delivery as a file, each case as last told, and a small register of what came before.

    FOLDER/deliveries/d-....json    one delivery as it was sent; there is one file a delivery, however often it comes
    FOLDER/cases/c-....json         the newest version of one case: the body of the delivery that told it
    FOLDER/received.sqlite3         which deliveries were taken, which version of a case is held, where reading goes on

A delivery is written to the disk whole before it is entered, and entered before anybody is told that it is here: killed in
between, the same delivery comes again and is written again, byte for byte. A version that is not newer than the one held
changes no case. A withdrawal takes away what was told of its case before.
"""

import json
import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

Took = Literal["new", "older", "again"]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS delivery (
    id TEXT PRIMARY KEY, case_id TEXT NOT NULL, version INTEGER NOT NULL, kind TEXT NOT NULL,
    received_at TEXT NOT NULL, told INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS held (case_id TEXT PRIMARY KEY, version INTEGER NOT NULL, kind TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS place (recipient TEXT PRIMARY KEY, number INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS delivery_case ON delivery (case_id);
"""
_WITHDRAW = "withdraw"
_MAY_NAME = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")


class NotADelivery(ValueError):
    """Something came that is no ``case-delivery/1``. The text says what is missing, never what it holds."""


class Kept:
    """The folder of one recipient. Only its owner may read it: it holds what is told of children.

    Use it from one process at a time; as a context manager or with ``close``.
    """

    def __init__(self, folder: Path) -> None:
        self._deliveries, self._cases = folder / "deliveries", folder / "cases"
        for each in (folder, self._deliveries, self._cases):
            each.mkdir(parents=True, exist_ok=True, mode=0o700)
        register = folder / "received.sqlite3"
        register.touch(mode=0o600)
        self._register = sqlite3.connect(register, isolation_level=None, check_same_thread=False)
        for setting in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=10000"):
            self._register.execute(f"PRAGMA {setting}")
        self._register.executescript(_SCHEMA)

    def __enter__(self) -> "Kept":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._register.close()

    def take(self, body: bytes | Mapping[str, Any]) -> Took:
        """Take a delivery: ``new`` where its case is now as it says, ``older`` where a newer version is held, ``again`` where
        it came before. When this returns it is on the disk. Raises NotADelivery, OSError where the disk is full."""
        told = _read(body)
        delivery, case, version, kind = told["delivery"], told["case"], told["version"], told["kind"]
        if self._one("SELECT 1 FROM delivery WHERE id = ?", delivery):
            return "again"
        held = self._one("SELECT version, kind FROM held WHERE case_id = ?", case)
        newer = held is None or version > held[0]
        text = json.dumps(told, ensure_ascii=False, indent=1, sort_keys=True).encode()
        if newer or held is None or held[1] != _WITHDRAW:
            _write(self._deliveries / f"{delivery}.json", text)
        if newer:
            _write(self._cases / f"{case}.json", text)
        if newer and kind == _WITHDRAW:
            self._forget(case)
        self._enter(delivery, case, version, kind, newer)
        return "new" if newer else "older"

    def untold(self) -> Iterator[tuple[str, str]]:
        """Deliveries that are here, with their kind, of which their sender has not been told yet."""
        yield from self._register.execute("SELECT id, kind FROM delivery WHERE NOT told ORDER BY rowid").fetchall()

    def told(self, delivery: str) -> None:
        """Its sender knows that it is here."""
        self._register.execute("UPDATE delivery SET told = 1 WHERE id = ?", (delivery,))

    def place(self, recipient: str) -> int:
        """The number of the last delivery of an inbox that was taken, 0 at the beginning."""
        found = self._one("SELECT number FROM place WHERE recipient = ?", recipient)
        return int(found[0]) if found else 0

    def go_on(self, recipient: str, number: int) -> None:
        """Everything of an inbox up to this number is here."""
        self._register.execute(
            "INSERT INTO place VALUES (?, ?) ON CONFLICT (recipient) DO UPDATE SET number = excluded.number",
            (recipient, number),
        )

    def _enter(self, delivery: str, case: str, version: int, kind: str, newer: bool) -> None:
        with closing(self._register.cursor()) as run:
            run.execute("BEGIN IMMEDIATE")
            run.execute(
                "INSERT INTO delivery (id, case_id, version, kind, received_at) VALUES (?, ?, ?, ?, ?)",
                (delivery, case, version, kind, datetime.now(UTC).isoformat(timespec="seconds")),
            )
            if newer:
                run.execute(
                    "INSERT INTO held VALUES (?, ?, ?) "
                    "ON CONFLICT (case_id) DO UPDATE SET version = excluded.version, kind = excluded.kind",
                    (case, version, kind),
                )
            run.execute("COMMIT")

    def _forget(self, case: str) -> None:
        """What was told of a case that is taken back goes; that it was told stays in the register."""
        for (delivery,) in self._register.execute("SELECT id FROM delivery WHERE case_id = ?", (case,)).fetchall():
            (self._deliveries / f"{delivery}.json").unlink(missing_ok=True)
        _settle(self._deliveries)

    def _one(self, query: str, *values: Any) -> Any:
        return self._register.execute(query, values).fetchone()


def _read(body: bytes | Mapping[str, Any]) -> Mapping[str, Any]:
    try:
        told = json.loads(body) if isinstance(body, bytes) else body
    except ValueError:
        raise NotADelivery("what came is no JSON") from None
    if not isinstance(told, Mapping) or told.get("schema") != "case-delivery/1":
        raise NotADelivery("what came is no case-delivery/1")
    for name in ("delivery", "case", "kind"):
        # they become the names of files
        if not isinstance(told.get(name), str) or not told[name] or not _MAY_NAME.issuperset(told[name]):
            raise NotADelivery(f"its {name} is none")
    if not isinstance(told.get("version"), int):
        raise NotADelivery("its version is none")
    return told


def _write(place: Path, text: bytes) -> None:
    """The file is there whole, or not at all, and stays there when the power goes."""
    draft = place.with_suffix(".part")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(place)
    _settle(place.parent)


def _settle(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
