"""The topology file says what has to be there, and nothing in it leads nowhere."""

import csv
from pathlib import Path

import pytest
import yaml

from integration_engine.broker.declare import definitions_text
from integration_engine.broker.topology import TopologyError, load_topology, milliseconds, topology_file
from integration_engine.in_force import topology_in_force
from integration_engine.settings import load_settings

_PROJECT = Path(__file__).resolve().parents[2]


def test_the_committed_definitions_are_those_of_the_topology() -> None:
    committed = (_PROJECT / "queue_config" / "definitions.json").read_text(encoding="utf-8")
    assert committed == definitions_text(load_topology()), "run: cdr broker definitions --write"


def test_every_queue_names_its_type_and_a_limit_of_redeliveries_or_a_time() -> None:
    for queue in load_topology().queues:
        assert queue.arguments["x-queue-type"] == "quorum", queue.name
        assert "x-delivery-limit" in queue.arguments or "x-message-ttl" in queue.arguments, queue.name


def test_every_way_to_a_dead_letter_queue_is_at_least_once() -> None:
    ways = [queue.arguments for queue in load_topology().queues if "x-dead-letter-exchange" in queue.arguments]
    assert ways
    assert all(way["x-dead-letter-strategy"] == "at-least-once" for way in ways)
    assert all(way["x-overflow"] == "reject-publish" for way in ways)


def test_every_open_panel_and_team_has_a_queue_and_a_long_closed_one_has_none() -> None:
    names = {queue.name for queue in load_topology().queues}
    with (_PROJECT / "mappings" / "reference" / "cdops.csv").open(encoding="utf-8") as file:
        panels = list(csv.DictReader(file))
    assert {f"cdop.{panel['code']}" for panel in panels if not panel["valid_to"]} <= names
    assert "cdop.PDOR-OLD" not in names
    assert "jar.JAR-BERKS" in names
    assert {"national.ncmd", "intake.coroner", "refused.coroner", "dead.coroner", "dead.deliveries"} <= names


def test_a_partner_may_write_under_its_own_name_only_and_read_nothing() -> None:
    role = load_topology().roles["partner"]
    assert (role.write, role.read) == (("cdr.intake",), ())
    assert role.topics == {"cdr.intake": r"^({kinds})\.{partner}$"}


def test_a_panel_may_read_its_own_queue_only_and_write_nothing() -> None:
    role = load_topology().roles["cdop"]
    assert (role.write, role.read) == ((), ("cdop.{cdop}",))


@pytest.mark.parametrize(("text", "expected"), [("250ms", 250), ("5s", 5_000), ("10m", 600_000), ("2h", 7_200_000)])
def test_delays_are_written_with_their_unit(text: str, expected: int) -> None:
    assert milliseconds(text) == expected


@pytest.mark.parametrize("text", ["", "5", "s", "-5s", "5 s"])
def test_a_delay_without_number_or_unit_is_refused(text: str) -> None:
    with pytest.raises(TopologyError):
        milliseconds(text)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"schema": "topology/2"}, "is not a topology/1 file"),
        ({"queues": [{"name": "q", "bound_to": {"exchange": "nowhere"}}]}, "isn't there"),
        (
            {"queues": [{"name": "q", "bound_to": {"exchange": "e"}, "gives_up": {"after": 1, "to": "e", "key": "k"}}]},
            "would go nowhere",
        ),
        ({"queues": [{"name": "q", "bound_to": {"exchange": "e"}}] * 2}, "there twice"),
        ({"queues": [{"name": "q"}]}, "bound_to"),
    ],
)
def test_a_topology_that_would_lose_messages_is_refused(tmp_path: Path, change: dict[str, object], said: str) -> None:
    content = {"schema": "topology/1", "exchanges": [{"name": "e", "type": "topic"}], "queues": [], **change}
    place = tmp_path / "topology.yaml"
    place.write_text(yaml.safe_dump(content))
    with pytest.raises(TopologyError, match=said):
        load_topology(place)


def test_the_shipped_topology_is_found_from_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert topology_file().is_file()
    assert load_topology().delays == ("5s", "1m", "10m")


def test_a_merged_panel_and_team_have_queues_before_their_first_case(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = tmp_path / "east.yaml"
    plan.write_text(
        "from: 2027-04-01\ncdops:\n- {code: EAST, replaces: [NORFOLK, SUFFOLK]}\n"
        "jar_teams:\n- {code: JAR-EAST, replaces: [JAR-NORFOLK, JAR-SUFFOLK]}\n",
        encoding="utf-8",
    )
    monkeypatch.setenv("CDR_FOOTPRINT", str(plan))
    shipped = {queue.name for queue in load_topology().queues}
    local = {queue.name for queue in topology_in_force(load_settings()).queues}
    assert local - shipped == {"cdop.EAST", "jar.JAR-EAST"}
    assert shipped <= local, "a closed panel still has what was delivered to it"
