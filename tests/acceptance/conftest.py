"""Native messages in, cases out: what ``cdr try`` answers, as an integrator sees it."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from integration_engine.cli import _build

Try = Callable[..., dict[str, Any]]


@pytest.fixture
def cdr_try(tmp_path: Path) -> Try:
    """Run ``cdr try --json`` over messages by file name; ``decisions`` and further options as the command takes them."""
    app = _build(["try"])

    def run(
        messages: Mapping[str, bytes], *options: str, decisions: list[dict[str, Any]] | None = None
    ) -> dict[str, Any]:
        paths = []
        for name, body in messages.items():
            path = tmp_path / name
            path.write_bytes(body)
            paths.append(str(path))
        if decisions is not None:
            named = json.dumps(decisions).replace("{dir}", str(tmp_path))
            (tmp_path / "decisions").write_text(named)
            options = (*options, "--decisions", str(tmp_path / "decisions"))
        result = CliRunner().invoke(app, ["try", "--json", *options, *paths], catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout.replace(str(tmp_path) + "/", ""))

    return run
