"""Which files of a drop folder are to be taken, and what the folders they lie in say of them: partner, kind, feed."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, get_args

from integration_engine.dropfolder.directory import Directory, Entry
from integration_engine.record.codes import PartnerKind
from integration_engine.settings.folders import FolderSettings

DONE, REFUSED = "done", "refused"
RESULT, TO_CORRECT, PART = ".result.json", ".to-correct.csv", ".cdr-part"

# Ours; what programs call a file that they are still writing; what shares are littered with.
_NOT_FILES = (
    RESULT,
    TO_CORRECT,
    PART,
    ".part",
    ".partial",
    ".tmp",
    ".temp",
    ".filepart",
    ".crdownload",
    ".download",
    "~",
)
_LITTER = frozenset({"thumbs.db", "desktop.ini"})
_HIDDEN = (".", "~$")
_KINDS: tuple[PartnerKind, ...] = get_args(PartnerKind)

Wrong = Literal["", "not-a-file", "unknown-place"]


@dataclass(frozen=True, slots=True)
class Found:
    """One file, by the ``names`` of the folders that lead to it. ``wrong``: why it can't be taken whatever it holds."""

    names: tuple[str, ...]
    entry: Entry
    partner: str = ""
    kind: PartnerKind | None = None
    feed: str | None = None
    wrong: Wrong = ""

    @property
    def key(self) -> tuple[str, ...]:
        return (*self.names, self.entry.name)


def found_in(root: Directory, settings: FolderSettings) -> Iterator[Found]:
    """Everything that lies there for us, folder by folder, by name. Links to folders are not entered. Raises OSError where
    the folder itself can't be read; one below that can't is passed by."""
    unset = [name for name in ("partner", "kind", "feed") if getattr(settings, name) is None]
    given = {name: getattr(settings, name) for name in ("partner", "kind", "feed") if getattr(settings, name)}
    yield from _walk(root, list(root.entries()), unset, given)


def _walk(here: Directory, entries: list[Entry], unset: list[str], given: dict[str, str]) -> Iterator[Found]:
    for entry in entries:
        name = entry.name.casefold()
        if name.startswith(_HIDDEN):
            continue
        if entry.what == "folder":
            if unset and name not in (DONE, REFUSED):
                yield from _below(here, entry.name, unset, given)
        elif not name.endswith(_NOT_FILES) and name not in _LITTER:
            yield _found(here.names, entry, given)


def _below(here: Directory, name: str, unset: list[str], given: dict[str, str]) -> Iterator[Found]:
    try:
        below = here.down([name])
    except OSError:
        # gone, a link by now, or not ours to enter
        return
    with below:
        try:
            entries = list(below.entries())
        except OSError:
            return
        yield from _walk(below, entries, unset[1:], given | {unset[0]: name})


def _found(names: tuple[str, ...], entry: Entry, given: dict[str, str]) -> Found:
    if entry.what != "file":
        return Found(names, entry, wrong="not-a-file")
    kind = next((each for each in _KINDS if each == given.get("kind", "").casefold()), None)
    if kind is None or "partner" not in given:
        return Found(names, entry, wrong="unknown-place")
    return Found(names, entry, given["partner"], kind, given.get("feed"))
