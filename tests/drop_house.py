"""A drop folder for tests: watched by one process after another, with a clock that tests put forward.

Everything laid into it is invented.
"""

import asyncio
import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jsonschema

from integration_engine.dropfolder.watch import Round, Watch
from integration_engine.mapping.files import mappings
from integration_engine.monitoring.counters import Counters
from integration_engine.settings import Settings
from integration_engine.settings.folders import FolderSettings
from integration_engine.store.database import Store, upgrade_schema
from integration_engine.store.identities import Identities
from integration_engine.ways_in import make_watch, way_in
from tests.gateway_house import FAMILY_NAME, NHS_NUMBER, keys, settings
from tests.worker_samples import taken

FORCE, OTHER_FORCE = "E23000038", "E23000029"
POLICE = f"{FORCE}/police"
SCHEMA = json.loads((mappings() / "schema" / "submission-answer-1.json").read_text(encoding="utf-8"))
SETTLE_S = 5.0


@dataclass
class Drop:
    """A folder, and one look after another through it. ``now`` is what its clock says."""

    folder: Path
    settings: Settings
    store: Store
    changes: dict[str, Any] = field(default_factory=dict)
    now: float = 0.0
    watch: Watch | None = None

    def look(self, *, seconds: float = 0.0, times: int = 1) -> Round:
        """Looks, ``seconds`` after the last one each; what the last found."""

        async def looks() -> Round:
            async with way_in(self.settings, self.store, "cdr watch") as way:
                if self.watch is None:
                    chosen = FolderSettings(folder=self.folder, settle_seconds=SETTLE_S, **self.changes)
                    self.watch = make_watch(
                        self.settings, chosen, self.store, way, counters=Counters(), ticking=lambda: self.now
                    )
                self.watch._reception = way.reception
                for _ in range(times):
                    self.now += seconds
                    found = await self.watch.round()
                return found

        return asyncio.run(looks())

    def settled(self) -> Round:
        """As long as it takes to take what lies there."""
        self.look()
        return self.look(seconds=SETTLE_S)

    def again(self) -> None:
        """The process has died: another begins, and remembers nothing."""
        self.watch = None

    def lay(self, place: str, body: bytes) -> Path:
        path = self.folder / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
        return path

    def files(self) -> list[str]:
        """Everything in the folder but its lock, by path."""
        found = (path for path in self.folder.rglob("*") if not path.is_dir() and path.name != ".cdr-watch")
        return sorted(str(path.relative_to(self.folder)) for path in found)

    def queued(self, kind: str = "police") -> list[bytes]:
        return [body for _, body in taken(self.settings.amqp_url.get_secret_value(), f"intake.{kind}")]

    def answer(self, place: str) -> dict[str, Any]:
        text = (self.folder / f"{place}.result.json").read_text(encoding="utf-8")
        said: dict[str, Any] = json.loads(text)
        jsonschema.validate(said, SCHEMA)
        for told in (FAMILY_NAME, NHS_NUMBER, "2014-05-09"):
            assert told not in text
        return said


@contextlib.contextmanager
def drop_folder(amqp_url: str, database_url: str, folder: Path) -> Iterator[Drop]:
    """An empty folder, and two forces, a hospital and a coroner's office that may lay files into it."""
    upgrade_schema(database_url)
    store = Store(database_url, keys())
    identities = Identities(store)
    kinds = {FORCE: "police", OTHER_FORCE: "police", "RTH": "hospital-hl7", "oxfordshire": "coroner"}
    for partner, kind in kinds.items():
        identities.add(partner, "partner", kinds=[kind])
    identities.add_feed("rth-pas", "RTH", "hospital-hl7", {"profile": "nhs-adt"})
    watched = folder / "in"
    watched.mkdir()
    made = Drop(watched, settings(amqp_url, database_url, folder), store)
    for kind in ("police", "hospital-hl7", "coroner"):
        made.queued(kind)
    yield made
    store.close()
