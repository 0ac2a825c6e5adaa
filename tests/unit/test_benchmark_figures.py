"""What benchmarks say: figures beside floors, targets held or not, the same in table and JSON."""

import json
from itertools import islice
from pathlib import Path

import pytest

from adapters.adapter import Submission
from adapters.registry import read, screen_of
from benchmarks import __main__ as benchmarks
from benchmarks.deaths import TOLD, Deaths
from benchmarks.figures import Figure, Report, Target
from benchmarks.latency import nhs_number, percentile
from benchmarks.memory import line
from benchmarks.wards import firehose, ordinary_bundles, ordinary_messages


def test_a_rate_is_held_against_its_share_of_the_floor_and_against_itself() -> None:
    both = [Target(0.6), Target(2000, of="measured")]
    assert Figure("deaths", 2100, "deaths/s", 3000, both).holds
    assert not Figure("deaths", 1900, "deaths/s", 3000, both).holds, "too few"
    assert not Figure("deaths", 2100, "deaths/s", 9000, both).holds, "too small a share"


def test_a_time_may_take_so_many_times_its_floor() -> None:
    target = [Target(3, "at most")]
    assert Figure("acknowledged", 5.9, "ms", 2, target).holds
    assert not Figure("acknowledged", 6.1, "ms", 2, target).holds


def test_a_share_of_no_floor_holds_nothing_and_no_target_says_nothing() -> None:
    assert Figure("deaths", 2100, "deaths/s", None, [Target(0.6)]).holds is False
    assert Figure("deaths", 2100, "deaths/s", 3000).holds is None


def test_the_json_says_what_was_measured_and_on_which_machine(tmp_path: Path) -> None:
    report = Report()
    report.servers(rabbitmq="3.10.8")
    report.add("durable", [Figure("deaths", 500, "deaths/s", 1000, [Target(0.6)])])
    report.write(tmp_path / "figures.json")
    said = json.loads((tmp_path / "figures.json").read_text())
    assert said["figures"] == [
        {
            "benchmark": "durable",
            "what": "deaths",
            "measured": 500,
            "unit": "deaths/s",
            "floor": 1000,
            "ratio": 0.5,
            "target": ">= 0.6 x",
            "holds": False,
        }
    ]
    assert said["machine"]["rabbitmq"] == "3.10.8"
    assert {"cores", "load_before", "load_after", "python", "psycopg", "pika"} <= said["machine"].keys()


def test_an_option_that_no_benchmark_knows_ends_the_program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["benchmarks", "pipeline", "--mesages", "10"])
    with pytest.raises(SystemExit, match="--mesages"):
        benchmarks.main()


def test_every_death_message_is_a_death_of_another_child_and_the_same_each_time() -> None:
    bodies = list(Deaths().hl7(200))
    assert bodies == list(Deaths().hl7(200))
    assert bodies != list(Deaths(seed=2).hl7(200))
    said = [(item.verdict, item.notice) for body in bodies for item in _items(body, "hospital-hl7")]
    assert {verdict for verdict, _ in said} == {"notice"}
    assert len({notice.child.nhs_number for _, notice in said}) == 200
    for body in Deaths().fhir(20):
        assert [item.verdict for item in _items(body, "hospital-fhir")] == ["notice"]


def test_of_a_whole_feed_one_message_in_a_thousand_is_a_childs_death_and_few_others_have_to_be_read() -> None:
    bodies = list(firehose(3000))
    assert bodies == list(firehose(3000))
    kept = [body for body in bodies if screen_of("hospital-hl7", ())(body)]
    assert len(kept) == 3 * 7
    verdicts = [item.verdict for body in kept for item in _items(body, "hospital-hl7")]
    assert verdicts.count("notice") == 3
    assert verdicts.count("passed-over") >= 3 * 2, "grown-ups who died"
    assert {body.split(b"|")[8] for body in islice(bodies, 500)} >= {b"ADT^A08", b"ADT^A31", b"ADT^A02", b"ADT^A01"}


def test_ordinary_messages_are_what_the_screen_passes_over() -> None:
    assert not any(map(screen_of("hospital-hl7", ()), ordinary_messages(300)))
    assert not any(map(screen_of("hospital-fhir", ()), ordinary_bundles(300)))
    for body in ordinary_messages(100):
        assert all(item.verdict == "passed-over" for item in _items(body, "hospital-hl7"))


def test_a_line_is_laid_through_samples_and_its_ends_are_compared() -> None:
    assert line([100, 100, 100, 100]) == pytest.approx((100, 100))
    assert line([100, 104, 98, 102] * 25) == pytest.approx((101, 101), abs=1), "up and down is flat"
    assert line([100, 101, 102, 103]) == pytest.approx((100, 103))


def test_a_percentile_is_a_value_that_was_measured() -> None:
    assert percentile([3, 1, 2], 0.5) == 2
    assert percentile([1.0], 0.99) == 1.0
    assert percentile(list(range(100)), 0.99) == 99


def test_a_delivery_is_known_by_its_childs_number_in_either_format() -> None:
    numbers = [child.nhs_number for (child, _), _ in zip(Deaths().children(), range(50), strict=False)]
    assert [nhs_number(body) for body in Deaths().hl7(50)] == numbers
    assert [nhs_number(body) for body in Deaths().fhir(50)] == numbers


def _items(body: bytes, kind: str):  # type: ignore[no-untyped-def]
    readings = read(Submission(body, TOLD, partner="RTH"), kind=kind)  # type: ignore[arg-type]
    return [item for reading in readings for item in reading.items]
