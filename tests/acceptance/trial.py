"""``cdr`` commands over messages by file name."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from integration_engine.cli import _build


def try_files(
    folder: Path,
    messages: Mapping[str, bytes],
    *options: str,
    decisions: list[dict[str, Any]] | None = None,
    again: Iterable[str] = (),
) -> dict[str, Any]:
    """What ``cdr try --json`` prints; references are file names without their folder. ``{dir}`` in decisions is the folder;
    so is what is missing before a message's name. ``again`` is the order of the files where they come otherwise or twice."""
    _written(folder, messages)
    if decisions is not None:
        named = [{**each, "about": [_placed(folder, about, messages) for about in each["about"]]} for each in decisions]
        (folder / "decisions").write_text(json.dumps(named).replace("{dir}", str(folder)))
        options = (*options, "--decisions", str(folder / "decisions"))
    result = CliRunner().invoke(
        _build(["try"]),
        ["try", "--json", *options, *(str(folder / name) for name in again or messages)],
        catch_exceptions=False,
    )
    assert result.exit_code == 0, result.output
    answer: dict[str, Any] = json.loads(result.stdout.replace(f"{folder}/", ""))
    return answer


def joined(answer: Mapping[str, Any], *refs: str) -> bool:
    """Whether these references are of one case."""
    return any(set(refs) <= set(case["from"]) for case in answer["cases"])


def asked(answer: Mapping[str, Any], a: str, b: str) -> list[str]:
    """Why a person is asked whether these two are one child; empty where nobody is."""
    return next((review["why"] for review in answer["reviews"] if {review["a"], review["b"]} == {a, b}), [])


def notice_ids(folder: Path, messages: Mapping[str, bytes]) -> dict[str, str]:
    """The id of each notice by its reference, as ``cdr read --json`` prints them."""
    result = CliRunner().invoke(_build(["read"]), ["read", "--json", *_written(folder, messages)])
    assert result.exit_code == 0, result.output
    lines = [json.loads(line) for line in result.stdout.replace(f"{folder}/", "").splitlines()]
    return {
        f"{line['file']}#{line['index'] + n}": notice["id"]
        for line in lines
        for n, notice in enumerate(line["notices"])
    }


def _written(folder: Path, messages: Mapping[str, bytes]) -> list[str]:
    for name, body in messages.items():
        (folder / name).write_bytes(body)
    return [str(folder / name) for name in messages]


def _placed(folder: Path, about: str, messages: Mapping[str, bytes]) -> str:
    return str(folder / about) if about.partition("#")[0] in messages else about
