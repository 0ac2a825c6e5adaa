"""The alert rules and the dashboard that operators are given name only numbers that exist, with labels they carry."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

import integration_engine.backlog
import integration_engine.clockwork
import integration_engine.console.glass
import integration_engine.courier
import integration_engine.fetching
import integration_engine.gateway.mllp
import integration_engine.gateway.sandbox
import integration_engine.lookout
import integration_engine.mailroom
import integration_engine.monitoring.timing
import integration_engine.postroom
import integration_engine.retraction_watch
import integration_engine.revisit
import integration_engine.worker  # noqa: F401  # each describes its own metrics
from integration_engine.monitoring.counters import COUNTERS, METRICS
from integration_engine.services.promtool import promtool

DOCS = Path(__file__).parents[2] / "docs"
FILES = DOCS / "monitoring"
RULES = [rule for group in yaml.safe_load((FILES / "alerts.yml").read_text())["groups"] for rule in group["rules"]]
DASHBOARD = json.loads((FILES / "dashboard.json").read_text())
# What Prometheus itself writes on everything it scrapes, and what its client tells of a process.
SCRAPED = {"job", "instance"}
PROCESS = set(re.findall(r"^# TYPE (process_\w+)", COUNTERS.text(), re.MULTILINE))

_PARTS = re.compile(r"\b(cdr_[a-z_]+|process_[a-z_]+|up)\b(?:\{([^}]*)\})?")


def expressions() -> Iterator[tuple[str, str]]:
    for rule in RULES:
        yield rule["alert"], rule["expr"]
    for panel in DASHBOARD["panels"]:
        for target in panel.get("targets", ()):
            yield panel["title"], target["expr"]


def labels_of(name: str) -> set[str] | None:
    """The labels of a number as a query names it; None where there is no such number."""
    histogram, _, part = name.rpartition("_")
    if part in ("bucket", "sum", "count") and histogram in METRICS and METRICS[histogram].kind == "histogram":
        return {*METRICS[histogram].labels, *SCRAPED, *(["le"] if part == "bucket" else [])}
    if name in METRICS and METRICS[name].kind != "histogram":
        return {*METRICS[name].labels, *SCRAPED}
    return SCRAPED if name == "up" or name in PROCESS else None


@pytest.mark.parametrize(("where", "expression"), list(expressions()), ids=lambda value: value[:60])
def test_what_is_asked_for_exists_with_the_labels_it_is_asked_by(where: str, expression: str) -> None:
    used: set[str] = set()
    asked = _PARTS.findall(expression)
    assert asked, where
    for name, matchers in asked:
        labels = labels_of(name)
        assert labels is not None, f"{where}: there is no {name}"
        chosen = set(re.findall(r'(\w+)\s*(?:=~|!~|!=|=)\s*"', matchers))
        assert chosen <= labels, f"{where}: {name} has no {chosen - labels}"
        used |= labels
    by = {
        each.strip() for found in re.findall(r"\b(?:by|without)\s*\(([^)]*)\)", expression) for each in found.split(",")
    }
    assert by <= used, f"{where}: nothing carries {by - used}"


def test_every_number_is_shown_on_the_dashboard_or_watched_by_an_alert() -> None:
    asked = {name for _, expression in expressions() for name, _ in _PARTS.findall(expression)}
    asked |= {re.sub(r"_(bucket|sum|count)$", "", name) for name in asked}
    assert METRICS.keys() - asked == set()


@pytest.mark.parametrize("panel", DASHBOARD["panels"], ids=lambda panel: panel["title"])
def test_a_panels_legend_and_a_rules_text_name_labels_that_are_left(panel: dict[str, object]) -> None:
    for target in panel.get("targets", ()):  # type: ignore[attr-defined]
        named = set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
        kept = {each.strip() for by in re.findall(r"by \(([^)]*)\)", target["expr"]) for each in by.split(",")}
        assert named <= (kept or SCRAPED)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_a_rules_text_names_labels_that_its_alert_has(rule: dict[str, object]) -> None:
    named = set(re.findall(r"\$labels\.(\w+)", str(rule["annotations"])))
    kept = {each.strip() for by in re.findall(r"by \(([^)]*)\)", str(rule["expr"])) for each in by.split(",")}
    assert named <= (kept or SCRAPED)


def test_every_alert_says_in_the_documentation_what_to_do_and_no_other_is_there() -> None:
    told = re.findall(r"^\| `(Cdr\w+)` \|", (DOCS / "monitoring.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(told) == sorted(rule["alert"] for rule in RULES)


@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "rules", "alerts.yml"),
        ("check", "config", "--syntax-only", "prometheus.yml"),
        ("test", "rules", "alerts.test.yml"),
    ],
    ids=lambda arguments: " ".join(arguments[:2]),
)
def test_prometheus_reads_the_rules_and_they_fire_when_they_should(arguments: tuple[str, ...]) -> None:
    done = subprocess.run([promtool(), *arguments], cwd=FILES, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
