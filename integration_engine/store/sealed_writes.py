"""Notices which transactions write into sealed columns, whichever module does it and by whatever statement.

A rotation rests on it: from the moment that the store names another sealing key, nobody may commit what was sealed with the
one before, or a single walk over the tables would not find all there is. So it isn't left to each writer to ask. Every
statement passes here, and a transaction that has written anything sealed is looked at before it is committed
(``Store.transaction``).
"""

from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Engine, event

_WROTE = "cdr_wrote_sealed"
_WRITING = ("INSERT", "UPDATE", "WITH")
# By the names that sealed columns have: ``sealed``, ``..._sealed``.
_NAME = "sealed"


def watch(engine: Engine) -> None:
    """Notice what is written by this engine's connections."""
    event.listen(engine, "before_cursor_execute", _note)


def begin(connection: Connection) -> None:
    """Nothing was written yet: a transaction begins."""
    connection.info[_WROTE] = False


def wrote(connection: Connection) -> bool:
    """Whether anything sealed was written since."""
    return bool(connection.info.get(_WROTE))


def _note(connection: Connection, _cursor: Any, statement: str, *_: Any) -> None:
    if writes_sealed(statement):
        connection.info[_WROTE] = True


@lru_cache(maxsize=2000)
def writes_sealed(statement: str) -> bool:
    """Whether a statement may write a sealed column. One that only looks at it while it writes another counts too: that
    costs a question and hides nothing."""
    return statement.lstrip()[:6].upper().startswith(_WRITING) and _NAME in statement.lower()
