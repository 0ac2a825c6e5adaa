"""Watches a whole test run: whatever any test's messages said of a child must be in no log line and no metric of it.

What notices state is remembered as they are made, and every log record of every logger is written down. At the end of the
run each remembered identifier is looked for in everything that was logged or counted, by whichever process of the run.
"""

import io
import logging
import re
from collections.abc import Mapping
from typing import Any

from integration_engine.mapping import notices
from integration_engine.monitoring.counters import COUNTERS
from integration_engine.monitoring.logs import JsonLines
from integration_engine.record.notice import DeathNotice

_SHORTEST_NAME = 5
# Words that are a name in some test and an ordinary word of a log line as well.
_ORDINARY = {"other", "child", "infant", "unknown", "smith"}


class Told:
    """Everything that was said of a child, and everything that was logged, in one run."""

    def __init__(self) -> None:
        self.identifiers: set[str] = set()
        self.logged = io.StringIO()
        self._counted: list[str] = []
        self._handler = logging.StreamHandler(self.logged)
        self._handler.setFormatter(JsonLines())

    def watch(self) -> None:
        """Begin: from here on notices are remembered and logs written down."""
        logging.getLogger().addHandler(self._handler)
        for ours in ("integration_engine", "adapters", "uvicorn"):
            logging.getLogger(ours).setLevel(logging.DEBUG)
        made = notices.notice_from

        def remembering(*args: Any, **kwargs: Any) -> DeathNotice:
            notice = made(*args, **kwargs)
            self._remember(notice)
            return notice

        notices.notice_from = remembering

    def _remember(self, notice: DeathNotice) -> None:
        child = notice.child
        names = (child.family_name or "", *child.given_names)
        self.identifiers |= {name.casefold() for name in names if len(name) >= _SHORTEST_NAME} - _ORDINARY
        self.identifiers |= {found for found in (child.nhs_number, child.birth_date) if found and len(found) == 10}
        self.identifiers |= {a.postcode.casefold() for a in child.addresses if a.postcode}

    def handed_on(self) -> dict[str, Any]:
        """What one process of a run has to say to the one that looks for leaks."""
        return {"said": sorted(self.identifiers), "logged": self.logged.getvalue(), "counted": COUNTERS.text()}

    def take_in(self, other: Mapping[str, Any]) -> None:
        """What another process of this run handed on."""
        self.identifiers |= set(other["said"])
        self.logged.write(other["logged"])
        self._counted.append(other["counted"])

    def leaks(self) -> list[str]:
        """The kinds of place where an identifier stood that has no business there, never the identifier itself."""
        found = []
        metrics = "\n".join([COUNTERS.text(), *self._counted])
        for where, text in (("a log line", self.logged.getvalue()), ("a metric", metrics)):
            words = set(re.findall(r"[\w'-]+(?: \w{3}\b)?|\d{4}-\d\d-\d\d", text.casefold()))
            words |= set(re.findall(r"[\w-]+", text.casefold()))
            shared = words & self.identifiers
            if shared:
                lines = [line for line in text.casefold().splitlines() if any(word in line for word in shared)]
                found.append(f"{where}: {len(shared)} identifiers, first at: {_masked(lines[0], shared)}")
        return found


def _masked(line: str, words: set[str]) -> str:
    for word in words:
        line = line.replace(word, "*" * len(word))
    return line
