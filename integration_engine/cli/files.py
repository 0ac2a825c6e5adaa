"""Partners' files as the command line takes them: which files, which profile, and what each message in them says."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import get_args

import typer

from adapters.adapter import Feed, Reading, Submission
from adapters.registry import read
from integration_engine.cli.when import instant
from integration_engine.mapping.profile import Profile, ProfileError, load_profile
from integration_engine.record.age import AgeRules
from integration_engine.record.codes import PartnerKind
from integration_engine.settings import Settings, SettingsError, load_settings


@dataclass(frozen=True, slots=True)
class FileReading:
    """One message of one file. An item's reference is ``file#index``."""

    file: str
    reading: Reading

    def ref(self, index: int) -> str:
        return f"{self.file}#{index}"


@dataclass(frozen=True, slots=True)
class ReadingChoice:
    """How files are to be read: what the caller said on the command line, over what the settings say."""

    at: datetime
    kind: str | None = None
    profile: Profile | None = None
    feed: Feed | None = None
    feeds: tuple[Feed, ...] = ()
    age_rules: AgeRules = AgeRules()


def choose(kind: str | None, profile: str | None, feed: str | None, at: str | None) -> ReadingChoice:
    """Check the command line's options. Exits with status 2 and a sentence where one is wrong."""
    try:
        settings = load_settings()
    except SettingsError as problem:
        raise typer.BadParameter(str(problem), param_hint="cdr.toml") from problem
    if kind and kind not in get_args(PartnerKind):
        raise typer.BadParameter(f"not one of {', '.join(get_args(PartnerKind))}", param_hint="--kind")
    feeds = settings.feed_list
    found = next((f for f in feeds if f.name == feed), None)
    if feed and found is None:
        found = next((f for f in _registered(settings) if f.name == feed), None)
    if feed and found is None:
        raise typer.BadParameter(f"no feed of that name is registered: {feed}", param_hint="--feed")
    try:
        chosen = load_profile(profile) if profile else None
    except ProfileError as problem:
        raise typer.BadParameter(str(problem), param_hint="--profile") from problem
    return ReadingChoice(instant(at), kind, chosen, found, feeds, settings.age_rules)


def _registered(settings: Settings) -> list[Feed]:
    """The feeds of the engine's register, looked at only for a feed that is asked for by name and that cdr.toml doesn't
    have: reading files needs no store."""
    url = settings.database_url.get_secret_value()
    if url.startswith("sqlite") and not Path(url.partition("///")[2]).exists():
        return []
    from integration_engine.register import registered_feeds
    from integration_engine.security.keys import KeyMissing, KeyUnreadable
    from integration_engine.store.database import StoreError, open_store
    from integration_engine.store.identities import Identities

    try:
        store = open_store(settings)
    except (StoreError, KeyMissing, KeyUnreadable) as problem:
        typer.echo(f"The register of feeds can't be read ({problem.code}).", err=True)
        return []
    try:
        return registered_feeds(Identities(store))
    finally:
        store.close()


def every_file(paths: Sequence[Path]) -> Iterator[Path]:
    """The files named, and those in the folders named, in their order; a folder's by name, hidden ones left out."""
    for path in paths:
        if path.is_dir():
            yield from sorted(p for p in path.rglob("*") if p.is_file() and not p.name.startswith("."))
        elif path.is_file():
            yield path
        else:
            raise typer.BadParameter(f"no such file: {path}")


def readings(paths: Sequence[Path], choice: ReadingChoice) -> Iterator[FileReading]:
    """What every message of the files says, in order."""
    for path in every_file(paths):
        submission = Submission(
            body=path.read_bytes(), received_at=choice.at, feed=choice.feed, age_rules=choice.age_rules
        )
        for reading in read(submission, kind=choice.kind, profile=choice.profile, name=path.name, feeds=choice.feeds):
            yield FileReading(str(path), reading)
