"""A profile's own tests: messages with what must be read from them, in ``<name>.test.yaml`` beside the profile.

    tests:
      - name: a girl who died on the ward
        message: |                         # or file: a path beside the test file
          MSH|^~\\&|...                     # HL7: one segment a line
        received_at: 2026-03-10T09:00:00Z  # optional
        item: 0                            # which person or row of the message; the deciding one if left out
        expect:
          verdict: notice
          reason: death
          child.family_name: SMITH         # canonical paths; child.addresses.0.postcode goes into lists
          problems: [unknown-code]         # each of these codes must be among the problems
        absent: [child.nhs_number]         # paths that must have no value

Running one takes the kind's adapter. The mapping language knows no adapter, so the caller gives a ``Reader``.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from integration_engine.mapping.documents import ProfileError, read_yaml
from integration_engine.mapping.files import mappings
from integration_engine.mapping.profile import Profile, load_profile

RECEIVED = datetime(2026, 12, 31, 12, 0, tzinfo=UTC)
"""When a test's message was received, unless it says: after everything it can tell of."""

_KEYS = {"name", "message", "file", "received_at", "item", "expect", "absent"}
_SPECIAL = ("verdict", "reason", "problems", "intent", "items")


@dataclass(frozen=True, slots=True)
class Seen:
    """What an adapter made of one person of a test's message: ``notice`` in plain JSON terms, None where there is none."""

    index: int
    verdict: str
    reason: str
    problems: tuple[str, ...]
    notice: Mapping[str, Any] | None


class Reader(Protocol):
    """Reads a message by a profile: every person of it, the deciding one first where the test doesn't choose."""

    def __call__(self, body: bytes, profile: Profile, received_at: datetime) -> Sequence[Seen]: ...


@dataclass(frozen=True, slots=True)
class Result:
    """One test's outcome; no ``failures`` means it passed. A failure shows the expected and the found value: the values of a
    test message are invented."""

    profile: str
    name: str
    failures: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        return not self.failures


def tests_of(profile: Path) -> Path:
    """Where a profile's tests lie."""
    return profile.with_name(f"{profile.stem}.test.yaml")


def message_of(kind: str, profile: str, name: str) -> str:
    """The message of one test of a shipped profile, as it stands there: an example of what the profile reads. Raises
    ProfileError where there is no such test."""
    path = tests_of(mappings() / kind / f"{profile}.yaml")
    found = next((test["message"] for test in read_yaml(path)["tests"] if test["name"] == name), None)
    if found is None:
        raise ProfileError(path.name, name, "there is no such test")
    return str(found)


def run_tests(profile_path: Path, reader: Reader) -> Iterator[Result]:
    """Run a profile's tests. A profile without tests fails: nobody knows what it does."""
    profile = load_profile(profile_path)
    path = tests_of(profile_path)
    if not path.is_file():
        yield Result(profile.name, "(tests)", (f"there is no {path.name} beside the profile",))
        return
    try:
        document = read_yaml(path)
    except ProfileError as error:
        yield Result(profile.name, "(tests)", (str(error),))
        return
    tests = document.get("tests") if isinstance(document, dict) else None
    if not isinstance(tests, list) or not tests:
        yield Result(profile.name, "(tests)", ("expected a list: tests:",))
        return
    for number, test in enumerate(tests):
        yield _run(profile, path, test, number, reader)


def _run(profile: Profile, path: Path, test: Any, number: int, reader: Reader) -> Result:
    if not isinstance(test, dict) or not test.get("name"):
        return Result(profile.name, f"test {number + 1}", ("a test has a name, a message or a file, and expect",))
    name = str(test["name"])
    if unknown := set(test) - _KEYS:
        return Result(profile.name, name, (f"unknown keys: {', '.join(sorted(map(str, unknown)))}",))
    try:
        body = _body(profile, path, test)
        received = datetime.fromisoformat(str(test.get("received_at") or RECEIVED.isoformat()))
    except (OSError, ValueError) as error:
        return Result(profile.name, name, (f"the test's message can't be used: {error}",))
    seen = reader(body, profile, received if received.tzinfo else received.replace(tzinfo=UTC))
    wanted = test.get("item")
    chosen = next((one for one in seen if wanted is None or one.index == wanted), None)
    if chosen is None:
        return Result(profile.name, name, ("the message has no such item",))
    return Result(profile.name, name, tuple(_failures(test, chosen, len(seen))))


def _body(profile: Profile, path: Path, test: Mapping[str, Any]) -> bytes:
    if "file" in test:
        return (path.parent / str(test["file"])).read_bytes()
    text = str(test.get("message") or "")
    if not text:
        raise ValueError("message is text, or file names one")
    if profile.kind == "hospital-hl7":
        return ("\r".join(line for line in text.splitlines() if line.strip()) + "\r").encode()
    return text.encode()


def _failures(test: Mapping[str, Any], seen: Seen, items: int) -> Iterator[str]:
    expect = test.get("expect") or {}
    absent = test.get("absent") or []
    if not isinstance(expect, dict) or not isinstance(absent, list) or not (expect or absent):
        yield "expect is a map of canonical paths and values; absent a list of paths"
        return
    for path, wanted in expect.items():
        if path == "problems":
            missing = [code for code in _listed(wanted) if code not in seen.problems]
            if missing:
                yield f"problems: expected {', '.join(missing)}; found {', '.join(seen.problems) or 'none'}"
            continue
        found = _special(path, seen, items) if path in _SPECIAL else at(seen.notice, path)
        if not _same(found, wanted):
            yield f"{path}: expected {wanted!r}, found {found!r}"
    for path in absent:
        found = at(seen.notice, str(path))
        if found not in (None, [], {}):
            yield f"{path}: expected nothing, found {found!r}"


def _listed(value: Any) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list) else [str(value)]


def _special(path: str, seen: Seen, items: int) -> Any:
    if path == "intent":
        return at(seen.notice, "intent")
    return {"verdict": seen.verdict, "reason": seen.reason, "items": items}[path]


def _same(found: Any, wanted: Any) -> bool:
    """Equal, where a structure need only hold what is expected of it."""
    if isinstance(wanted, dict) and isinstance(found, dict):
        return all(_same(found.get(key), value) for key, value in wanted.items())
    if isinstance(wanted, list) and isinstance(found, list):
        return len(wanted) == len(found) and all(map(_same, found, wanted))
    return bool(found == wanted) and isinstance(found, bool) == isinstance(wanted, bool)


def at(notice: Mapping[str, Any] | None, path: str) -> Any:
    """The value at a dotted path of a notice in plain terms; a number goes into a list; None where there is nothing."""
    here: Any = notice
    for step in path.split("."):
        if isinstance(here, Mapping):
            here = here.get(step)
        elif isinstance(here, list) and step.isdigit() and int(step) < len(here):
            here = here[int(step)]
        else:
            return None
    return here
