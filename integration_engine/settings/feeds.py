"""What an operator sets of a partner's feed, as ``[[feeds]]`` in ``cdr.toml`` or ``cdr partner feed add``."""

import re
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from integration_engine.record.codes import PartnerKind
from integration_engine.settings.part import Part

if TYPE_CHECKING:
    from adapters.adapter import Feed


class FeedSettings(Part):
    """One feed of a partner, as ``[[feeds]]`` in ``cdr.toml``: the fields of ``adapters.adapter.Feed``."""

    name: str = Field(min_length=1)
    partner: str = Field(min_length=1)
    kind: PartnerKind
    profile: str = Field(min_length=1)
    acknowledgement: Literal["auto", "original", "enhanced"] = "auto"
    n_is_reliable: bool | None = None
    midnight_is_unknown: bool | None = None
    charset: str | None = None
    version: str | None = None
    production: bool = True

    def feed(self) -> "Feed":
        # Commands that read no message load no adapter.
        from adapters.adapter import Feed

        return Feed(**self.model_dump())


def check_feed(feed: FeedSettings) -> None:
    """Raises ValueError for an HL7 v2 feed whose character set or version nobody knows: it would go unheeded."""
    if feed.kind != "hospital-hl7":
        return
    from adapters.hospital_hl7.charsets import codec_of

    if feed.charset and codec_of(feed.charset) is None:
        raise ValueError("charset is none that HL7 v2 messages are read in (HL7 table 0211)")
    if feed.version and not re.fullmatch(r"2(?:\.\d{1,2}){1,2}", feed.version):
        raise ValueError("version is none of HL7 v2")
