"""Every partner kind's adapter by name, and the one way to read a submission of any kind.

Adapters are imported when first asked for: a process that only sees coroners' tables never loads the FHIR classes.
"""

import importlib
import typing
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from adapters.adapter import Adapter, Feed, Item, Reading, Submission, content_hash
from integration_engine.mapping.profile import Profile, load_profile
from integration_engine.record.codes import PartnerKind
from integration_engine.record.notice import Problem

_MODULES: Mapping[PartnerKind, str] = MappingProxyType(
    {
        "hospital-hl7": "adapters.hospital_hl7.adapter",
        "hospital-fhir": "adapters.hospital_fhir.adapter",
        "police": "adapters.police.adapter",
        "coroner": "adapters.coroner.adapter",
    }
)


class _Adapters(Mapping[str, Adapter]):
    """The adapters by kind, each imported on first use. The order is the order of detection: strictest signature first."""

    def __init__(self) -> None:
        self._loaded: dict[str, Adapter] = {}

    def __getitem__(self, kind: str) -> Adapter:
        if kind not in self._loaded:
            module = importlib.import_module(_MODULES[typing.cast(PartnerKind, kind)])
            self._loaded[kind] = module.ADAPTER
        return self._loaded[kind]

    def __iter__(self) -> Iterator[str]:
        return iter(_MODULES)

    def __len__(self) -> int:
        return len(_MODULES)


ADAPTERS: Mapping[str, Adapter] = _Adapters()
"""``ADAPTERS["police"]``: an Adapter. KeyError for no such kind."""


def detect(body: bytes, name: str | None = None) -> PartnerKind | None:
    """The partner kind these bytes look like (file name as a hint), or None."""
    return next((kind for kind in _MODULES if ADAPTERS[kind].recognises(body, name)), None)


def feed_of(body: bytes, kind: str, feeds: Sequence[Feed]) -> Feed | None:
    """The registered feed of the sender that the message itself names: of that organisation, and of that system where the
    organisation has several."""
    own = [feed for feed in feeds if feed.kind == kind]
    if not own:
        return None
    organisation, system = ADAPTERS[kind].sender(body)
    if not organisation:
        return None
    of_partner = [feed for feed in own if feed.partner.casefold() == organisation.casefold()]
    named = [feed for feed in of_partner if system and feed.name.casefold() == system.casefold()]
    return next(iter(named or of_partner), None)


def screen_of(kind: str, feeds: Sequence[Feed]) -> Callable[[bytes], bool]:
    """The screen for messages of a partner with these feeds of that kind. Whoever has one feed is read by its profile; else
    the message may be any feed's, or nobody's, which the kind's default profile reads. Raises ProfileError."""
    adapter = ADAPTERS[kind]
    ways: list[tuple[Profile, Feed | None]] = [(load_profile(feed.profile), feed) for feed in feeds]
    if len(ways) != 1:
        ways.append((load_profile(adapter.default_profile), None))
    return adapter.screen_for(ways)


def read(
    submission: Submission,
    kind: str | None = None,
    profile: Profile | str | Path | None = None,
    *,
    name: str | None = None,
    feeds: Sequence[Feed] = (),
) -> Iterator[Reading]:
    """Everything a submission says, whatever its kind.

    The kind is the given one, else the feed's, else what the content looks like (``name`` is the file's, a hint), else
    the given profile's: a force's own export looks like nothing known. The profile is the given one, else that of the
    submission's feed, else that of the feed registered for the sender the message names, else the kind's default. What
    looks like nothing known is one refused reading, ``unknown-format``. Raises ProfileError for a profile that can't be
    used; never for bad input.
    """
    feed = submission.feed
    chosen = profile if isinstance(profile, Profile) or profile is None else load_profile(profile)
    found = kind or (feed.kind if feed else None) or detect(submission.body, name) or (chosen.kind if chosen else None)
    if found is None:
        yield _unknown(submission.body)
        return
    adapter = ADAPTERS[found]
    if feed is None:
        feed = feed_of(submission.body, found, feeds)
        if feed is not None:
            submission = _with_feed(submission, feed)
    if chosen is None or chosen.kind != found:
        # One profile given for a folder of many kinds is meant for the messages of its own kind.
        chosen = load_profile(feed.profile if feed else adapter.default_profile)
    yield from adapter.read(submission, chosen)


def _with_feed(submission: Submission, feed: Feed) -> Submission:
    import dataclasses

    return dataclasses.replace(submission, feed=feed)


def _unknown(body: bytes) -> Reading:
    """A refusal of what nobody recognises, filed under the kind its first character is nearest to."""
    start = body.lstrip(b"\xef\xbb\xbf \t\r\n\x0b\x00")[:1]
    kind: PartnerKind = "hospital-fhir" if start in (b"{", b"[", b"<") else "hospital-hl7"
    problem = Problem(code="unknown-format", text="this looks like none of the formats that partners send")
    item = Item(0, "refused", "unknown-format", problems=(problem,))
    return Reading(0, kind, "", (item,), content_hash=content_hash(body))
