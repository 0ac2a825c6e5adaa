"""The answer beside a file: how it is named, found again and put there, so that none is answered twice or loses its answer.

An answer is written whole under another name before the message is handed to the broker, and only then given its own: whether
there is room for it, and leave to write, is known before anything is done that couldn't be undone.
"""

import hashlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from integration_engine.dropfolder.directory import Directory, State
from integration_engine.dropfolder.places import DONE, PART, REFUSED, RESULT, TO_CORRECT
from integration_engine.monitoring.logs import new_id

_LONGEST_NAME, _KEPT_OF_IT = 255, 180
_LARGEST_ANSWER = 16 * 1024 * 1024
_MARK = 12


Marks = Callable[[str], tuple[str, ...]]
"""What only this engine can make of a text, the first by the key it makes new ones with. An answer carries one, so that
nobody's word but ours lets a file pass as taken: none laid down beside it, none copied over from an engine for trying out."""


@dataclass(frozen=True, slots=True)
class Content:
    """Which content an answer is of. ``sha256`` is empty for a file that wasn't read: too large, or no file at all."""

    size: int
    sha256: str
    marks: tuple[str, ...]

    @classmethod
    def of(cls, marks: Marks, whose: str, size: int, body: bytes | None) -> "Content":
        """``whose``: the partner and kind that the file was taken for."""
        sha256 = "" if body is None else hashlib.sha256(body).hexdigest()
        return cls(size, sha256, marks(f"{whose}\x1f{size}\x1f{sha256}"))

    def written(self) -> dict[str, Any]:
        return {"bytes": self.size} | ({"sha256": self.sha256} if self.sha256 else {}) | {"mark": self.marks[0]}

    def marked(self, name: str) -> str:
        """A name that only this content has."""
        return marked(self.sha256[:_MARK] or str(self.size), name)

    def is_of(self, answer: Mapping[str, Any]) -> bool:
        return answer.get("mark") in self.marks


def beside(name: str, ending: str) -> str:
    """What lies beside a file: its name and an ending; of a name too long for that its beginning and a fingerprint."""
    raw = os.fsencode(name)
    if len(raw) + len(ending) <= _LONGEST_NAME:
        return name + ending
    return _text(raw[:_KEPT_OF_IT]) + "~" + hashlib.sha256(raw).hexdigest()[:16] + ending


def marked(mark: str, name: str) -> str:
    """A file's name with something before it, of a name too long for that its end."""
    raw = os.fsencode(name)
    return f"{mark}~{name if len(mark) + 1 + len(raw) <= _LONGEST_NAME else _text(raw[-_KEPT_OF_IT:])}"


def _text(cut: bytes) -> str:
    """Part of a name. A letter that was cut in two is left out: not every file system keeps half of one."""
    return cut.decode("utf-8", "ignore")


class Answered:
    """The answers to the files of one directory. ``move``: a file goes to ``done`` or ``refused`` below it, its answer too;
    else both stay. Every call may raise OSError."""

    def __init__(self, here: Directory, *, move: bool) -> None:
        self._here = here
        self._move = move

    def tidy(self) -> None:
        """Remove what a process that died had begun to write: while we are here, nobody else is."""
        for folder in ("", DONE, REFUSED):
            if not folder or self._here.has(folder):
                with self._here.folder(folder) if folder else self._here.down([]) as there:
                    for entry in there.entries():
                        if entry.name.endswith(PART):
                            there.remove(entry.name)

    def finished(self, name: str, content: Content, state: State) -> bool:
        """Whether this very content was answered before: then what is left to do of it is done now."""
        if not self._move:
            return content.is_of(_answer(self._here, name))
        for folder in (DONE, REFUSED):
            if not self._here.has(folder):
                continue
            with self._here.folder(folder) as there:
                for own in (name, content.marked(name)):
                    if content.is_of(_answer(there, own)) and not there.has(own):
                        self.put_away(name, state, there, own)
                        return True
        return False

    def prepare(
        self, name: str, content: Content, answer: Mapping[str, Any], receipt: str, to_correct: str | None
    ) -> "Prepared":
        """Write the answer down, not yet under its own name."""
        if not self._move:
            there, own = self._here.down([]), name
        else:
            there = self._here.folder(REFUSED if answer["outcome"] == "refused" else DONE)
            own = _free(there, name, content, receipt)
        prepared = Prepared(self, there, name, own, receipt)
        try:
            if to_correct is not None:
                prepared.write(TO_CORRECT, to_correct.encode("utf-8-sig"), rows=True)
            prepared.write(RESULT, orjson.dumps(answer, option=orjson.OPT_INDENT_2))
        except BaseException:
            prepared.take_back()
            prepared.close()
            raise
        return prepared

    def put_away(self, name: str, state: State, there: Directory, own: str) -> None:
        """Move a file that has its answer. Another that took its name meanwhile, or what was still written into it, has none:
        that goes back, to be taken for itself."""
        if not self._move or not self._here.has(name):
            return
        self._here.rename(name, there, own)
        if there.entry(own).state != state:
            back = name if not self._here.has(name) else marked(new_id(), name)
            there.rename(own, self._here, back)


class Prepared:
    """An answer that waits for its message to be safe, in ``there``, for a file that will have the name ``own`` there."""

    def __init__(self, answered: Answered, there: Directory, name: str, own: str, receipt: str) -> None:
        self._answered = answered
        self._there = there
        self._name = name
        self._own = own
        self._receipt = receipt
        self._written: dict[str, str] = {}

    def write(self, ending: str, content: bytes, *, rows: bool = False) -> None:
        part = f".{self._receipt}{ending}{PART}"
        self._written[part] = beside(self._own, ending)
        self._there.write(part, content, rows=rows)

    def give(self) -> None:
        """Put it beside the file, under its own name."""
        for part, name in self._written.items():
            self._there.rename(part, self._there, name)

    def put_away(self, state: State) -> None:
        """Move the file to its answer, where files are moved."""
        self._answered.put_away(self._name, state, self._there, self._own)

    def take_back(self) -> None:
        """The message isn't safe: there is no answer."""
        for part in self._written:
            self._there.remove(part)

    def close(self) -> None:
        self._there.close()


def _answer(there: Directory, name: str) -> Mapping[str, Any]:
    """The answer beside a file, empty where there is none that can be read."""
    written = there.small(beside(name, RESULT), _LARGEST_ANSWER)
    try:
        found = orjson.loads(written) if written else {}
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def _free(there: Directory, name: str, content: Content, receipt: str) -> str:
    """A name like this one that neither a file nor an answer has there: its own, else with a mark of its content before it,
    by which it is found again, else one that nobody has."""
    for each in (name, content.marked(name)):
        if not there.has(each) and not there.has(beside(each, RESULT)):
            return each
    return marked(receipt, name)
