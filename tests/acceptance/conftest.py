"""Native messages in, cases out: what ``cdr try`` answers, as an integrator sees it; and the same through a real engine."""

import itertools
import json
import random
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from integration_engine.broker.management import Management
from integration_engine.cli import _build
from integration_engine.services import Broker, Database
from tests.acceptance.answers import NOW
from tests.acceptance.real_engine import Played, played_by_engine
from tests.acceptance.stories.playlist import stories
from tests.acceptance.story import Decided, Story
from tests.acceptance.trial import try_files
from tests.conftest import _database, _virtual_host

Try = Callable[..., dict[str, Any]]
Read = Callable[..., list[dict[str, Any]]]
FEW = 3


@pytest.fixture
def cdr_try(tmp_path: Path) -> Try:
    """Run ``cdr try --json`` over messages by file name; ``decisions`` and further options as the command takes them."""

    def run(
        messages: Mapping[str, bytes], *options: str, decisions: list[dict[str, Any]] | None = None
    ) -> dict[str, Any]:
        return try_files(tmp_path, messages, *options, decisions=decisions)

    return run


@pytest.fixture
def cdr(tmp_path: Path) -> Callable[..., Result]:
    """Run one command over files by name."""

    def call(command: str, files: Mapping[str, bytes], *options: str) -> Result:
        paths = []
        for name, body in files.items():
            (tmp_path / name).write_bytes(body)
            paths.append(str(tmp_path / name))
        return CliRunner().invoke(_build([command]), [command, *options, *paths])

    return call


@pytest.fixture
def cdr_read(cdr: Callable[..., Result], tmp_path: Path) -> Read:
    """``cdr read --json``: its lines."""

    def call(files: Mapping[str, bytes], *options: str) -> list[dict[str, Any]]:
        result = cdr("read", files, "--json", *NOW, *options)
        assert result.exit_code == 0, result.output
        return [json.loads(line) for line in result.stdout.replace(f"{tmp_path}/", "").splitlines()]

    return call


@pytest.fixture
def play(tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """``cdr try`` over a story up to and with one of its acts (all by default), at the story's instant."""

    def run(story: Story, act: int | None = None, *options: str) -> dict[str, Any]:
        messages, decisions = story.until(len(story.acts) if act is None else act)
        return try_files(tmp_path, messages, "--at", story.at, *options, decisions=decisions)

    return run


@pytest.fixture
def in_any_order(tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """The one answer that ``cdr try`` gives to messages in several orders, and told twice over. Few messages come in every
    order, more in a dozen that are the same in every run. Fails where the cases, reviews or what waits differ."""

    def run(messages: Mapping[str, bytes], *options: str) -> dict[str, Any]:
        answer = try_files(tmp_path, messages, *options)
        kept = {part: answer[part] for part in ("cases", "reviews", "waiting")}
        names = list(messages)
        orders = list(itertools.permutations(names))
        if len(names) > FEW:
            orders = [tuple(random.Random(seed).sample(names, len(names))) for seed in range(12)]
        for order in (*orders, (*names, *names)):
            told = try_files(tmp_path, {name: messages[name] for name in order}, *options, again=order)
            assert {part: told[part] for part in kept} == kept, order
        return answer

    return run


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def played(
    request: pytest.FixtureRequest, broker: Broker, management: Management, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Played]:
    """Every story of the playlist through the real doors, broker and store: one engine for all of them, on either
    database."""
    folder = tmp_path_factory.mktemp("played")
    vhosts = _virtual_host(broker, management)
    databases = iter([f"sqlite:///{folder / 'engine.db'}"])
    if request.param == "postgresql":
        server: Database = request.getfixturevalue("postgres_server")
        databases = _database(server)
    with played_by_engine(stories(), broker.on(next(vhosts)), next(databases), folder) as played:
        yield played
    for ending in (databases, vhosts):
        next(ending, None)


__all__ = ["Decided", "Try", "cdr_try", "play", "played"]
