"""What an operator sets of a drop folder, as ``[[folders]]`` in ``cdr.toml``."""

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from integration_engine.record.codes import PartnerKind
from integration_engine.settings.part import Part


class FolderSettings(Part):
    """A folder that is watched. What isn't set of ``partner``, ``kind`` and ``feed`` is the name of a subfolder, in this
    order: ``DIR/E23000038/police/report.json``; a feed's subfolder may be left out.

    ``after``: what becomes of a file that was answered: it is moved to ``done`` or ``refused``, or left where it lies.
    ``settle_seconds`` is how long a file must have been the same before it counts as whole.
    """

    folder: Path
    partner: str | None = Field(default=None, min_length=1)
    kind: PartnerKind | None = None
    feed: str | None = Field(default=None, min_length=1)
    after: Literal["move", "leave"] = "move"
    every_seconds: float = Field(default=5.0, gt=0)
    settle_seconds: float = Field(default=5.0, ge=0)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.feed and not self.kind:
            raise ValueError("a feed is of one kind: set kind too")
        if self.kind and not self.partner:
            raise ValueError("set partner too: subfolders name first the partner, then the kind, then the feed")
        return self
