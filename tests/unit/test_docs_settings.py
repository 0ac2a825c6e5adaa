"""What the operators' page says about settings, switches and metrics is what the program has."""

import dataclasses
import os
import re
from pathlib import Path

import pytest

import integration_engine.backlog
import integration_engine.clockwork
import integration_engine.console.glass
import integration_engine.courier
import integration_engine.fetching
import integration_engine.gateway.mllp
import integration_engine.lookout
import integration_engine.mailroom
import integration_engine.monitoring.timing
import integration_engine.postroom
import integration_engine.retraction_watch
import integration_engine.revisit
import integration_engine.worker  # noqa: F401  # each describes its own metrics
from integration_engine.monitoring.counters import METRICS
from integration_engine.monitoring.logs import FIELDS
from integration_engine.routing.switches import Switches
from integration_engine.settings import Settings, load_settings
from integration_engine.settings.folders import FolderSettings
from integration_engine.settings.mesh import MeshSettings
from integration_engine.settings.part import Part
from integration_engine.settings.webhooks import WebhookSettings
from integration_engine.store.retention import KEEPSAKES

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "operators.md").read_text(encoding="utf-8")
WATCHING = (DOCS / "monitoring.md").read_text(encoding="utf-8")


def rows(begins: str, page: str = PAGE) -> list[list[str]]:
    """The cells of the page's table rows whose first cell is code that begins so."""
    lines = re.findall(rf"^\|( `{begins}.*)\|$", page, re.MULTILINE)
    return [[cell.strip() for cell in line.split("|")] for line in lines]


def shown(value: object) -> str:
    """A setting's default as the page writes it."""
    if hasattr(value, "get_secret_value"):
        value = value.get_secret_value()
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "{}"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def test_every_setting_stands_in_the_table_and_no_other() -> None:
    told = [row[0].strip("`") for row in rows("CDR_")]
    assert sorted(told) == sorted(f"CDR_{name.upper()}" for name in Settings.model_fields)


@pytest.mark.parametrize("row", rows("CDR_"), ids=lambda row: row[0])
def test_a_default_is_the_programs(row: list[str]) -> None:
    name = row[0].strip("`").removeprefix("CDR_").lower()
    default = Settings.model_fields[name].default
    if name == "mllp":
        (listener,) = default
        assert row[1] == f"one on `{listener.host}:{listener.port}`"
    elif name == "feeds":
        assert default == ()
    else:
        assert row[1].strip("`") == shown(default)


def test_every_switch_stands_in_the_table_with_its_default() -> None:
    table = PAGE.partition("| switch | default | varies |")[2].partition("\n\n")[0]
    told = {
        name: cells[1].strip(" `")
        for line in table.splitlines()[2:]
        for cells in [line.strip("|").split("|")]
        for name in re.findall(r"`(\w+)`", cells[0])
    }
    for field in dataclasses.fields(Switches):
        if field.name != "cdop_due_of":  # beside cdop_due, whose default it shares
            assert told[field.name] == shown(field.default)
    assert told.keys() == {field.name for field in dataclasses.fields(Switches)}


def test_the_example_of_a_settings_file_is_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import os

    for name in [name for name in os.environ if name.startswith("CDR_")]:
        monkeypatch.delenv(name)
    example = re.search(r"```toml cdr.toml\n(.*?)```", PAGE, re.DOTALL)
    assert example
    path = tmp_path / "cdr.toml"
    path.write_text(example[1], encoding="utf-8")
    settings = load_settings(path)
    assert [listener.partner for listener in settings.mllp] == [None, "RTH", None]
    assert [client.partner for client in settings.mllp[2].clients] == ["RTH", "RXH"]
    assert settings.feed_list[0].name == settings.mllp[1].feed


def test_the_example_of_what_is_kept_for_how_long_is_one_and_names_all_there_is(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("CDR_CONFIG", raising=False)
    monkeypatch.delenv("CDR_KEEP_DAYS", raising=False)
    example = re.search(r"```toml keep_days.toml\n(.*?)```", PAGE, re.DOTALL)
    assert example
    path = tmp_path / "cdr.toml"
    path.write_text(example[1], encoding="utf-8")
    assert load_settings(path).keep_days.keys() == KEEPSAKES.keys()


def test_every_metric_stands_in_the_table_with_its_kind_and_labels() -> None:
    described = {name: (metric.kind, set(metric.labels)) for name, metric in METRICS.items()}
    table = rows("cdr_", WATCHING)
    assert {row[0].strip("`"): (row[1], set(re.findall(r"`(\w+)`", row[2]))) for row in table} == described


def test_every_field_of_a_log_line_stands_in_the_table() -> None:
    table = WATCHING.partition("| field | says |")[2].partition("\n\n")[0]
    told = {name for line in table.splitlines()[2:] for name in re.findall(r"`(\w+)`", line.split("|")[1])}
    written = {"at", "level", "logger", "text", "correlation", "request", "messages", "error", "raised"}
    assert told == FIELDS | written


@pytest.mark.parametrize(
    ("name", "page", "model", "many"),
    [
        ("mesh", "mesh", MeshSettings, None),
        ("folders", "folders", FolderSettings, 2),
        ("webhooks", "cdops", WebhookSettings, 2),
    ],
)
def test_the_example_of_a_way_in_is_one_and_its_settings_stand_in_the_table(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, page: str, model: type[Part], many: int | None
) -> None:
    for set_here in [each for each in os.environ if each.startswith("CDR_")]:
        monkeypatch.delenv(set_here)
    text = (DOCS / f"{page}.md").read_text(encoding="utf-8")
    example = re.search(rf"```toml {name}.toml\n(.*?)```", text, re.DOTALL)
    assert example
    path = tmp_path / "cdr.toml"
    path.write_text(example[1], encoding="utf-8")
    settings = getattr(load_settings(path), name)
    assert settings if many is None else len(settings) == many
    table = text.partition("| setting | default | means |")[2].partition("\n\n")[0]
    told = {
        each: cells[1].strip(" `")
        for line in table.splitlines()[2:]
        for cells in [line.strip("|").split("|")]
        for each in re.findall(r"`(\w+)`", cells[0])
    }
    assert told.keys() == model.model_fields.keys()
    for each, field in model.model_fields.items():
        if told[each] and each != "send_from":
            assert told[each] == shown(field.default)
