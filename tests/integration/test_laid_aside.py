"""``cdr dead`` and ``cdr refused``: an operator looks through what lies there, sends it again, or lets it go and says why."""

import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from typer.testing import CliRunner

from integration_engine.broker.laid_aside import NotYours, looked_through
from integration_engine.broker.management import Management
from integration_engine.broker.message import DIRECT, Message
from integration_engine.broker.publisher import Publisher
from integration_engine.cli import _build
from integration_engine.settings import load_settings
from integration_engine.store import audit, overview
from integration_engine.store.database import Store, open_store
from tests.worker_samples import FORCE, death, eventually, prepared, ready, taken, working

DEAD = "dead.police"


@pytest.fixture
def store(amqp_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """The store of an engine whose broker and settings are an operator's."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CDR_AMQP_URL", amqp_url)
    monkeypatch.setenv("CDR_DATABASE_URL", f"sqlite:///{tmp_path / 'cdr.db'}")
    monkeypatch.setenv("CDR_KEYS_FILE", str(tmp_path / "keys.json"))
    with closing(open_store(load_settings(), upgrade=True)) as opened:
        yield opened


def ask(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(_build(words[:1]), list(words))
    return result.exit_code, result.output


def lay(url: str, bodies: list[bytes], why: str, key: str = DEAD, **headers: Any) -> None:
    said = {"cdr-partner": FORCE, "cdr-error": why, "cdr-attempt": 4, **headers}
    messages = [
        Message("cdr.refused", key, body, "application/json", f"{why}-{n}", headers=said)
        for n, body in enumerate(bodies)
    ]
    with Publisher(url, "t") as publisher:
        assert publisher.wait_ready(10)
        assert publisher.publish_all(messages) == [None] * len(messages)


def written(store: Store, action: str) -> list[Any]:
    return [line for line in audit.lines(store, limit=1000) if line.action == action]


def test_of_three_hundred_dead_messages_those_chosen_go_for_good_and_the_audit_log_says_why(
    store: Store, amqp_url: str, tmp_path: Path
) -> None:
    prepared(amqp_url, tmp_path)
    lay(amqp_url, [b"%d" % n for n in range(100)], "Overcrowded")
    lay(amqp_url, [b"%d" % n for n in range(200)], "KeyError")
    assert ask("dead", "discard", "--all", "--why", "KeyError")[0] == 2
    assert ask("dead", "discard", "--why", "KeyError", "--reason", "a test")[0] == 2
    assert ready(amqp_url, DEAD) == 300
    chosen = ("dead", "discard", "--all", "--why", "KeyError", "--reason", "a test on the live door", "--json")
    status, said = ask(*chosen)
    assert (status, json.loads(said)) == (0, {"done": 200, "left": 0})
    eventually(lambda: ready(amqp_url, DEAD) == 100)
    status, said = ask("dead", "--json")
    lines = [json.loads(line) for line in said.splitlines()]
    assert (status, len(lines), {line["why"] for line in lines}) == (0, 100, {"Overcrowded"})
    kept = written(store, "message.discarded")
    assert len(kept) == 200
    assert {line.detail["reason"] for line in kept} == {"a test on the live door"}
    assert ask(*chosen)[0] == 1


def test_a_dead_message_that_is_sent_again_becomes_the_case_it_should_have_been(
    store: Store, amqp_url: str, tmp_path: Path
) -> None:
    topology = prepared(amqp_url, tmp_path)
    lay(amqp_url, [death(1)], "KeyError")
    with working(amqp_url, store, topology):
        status, said = ask("dead", "replay", "--all", "--json")
        assert (status, json.loads(said)) == (0, {"done": 1, "left": 0})
        eventually(lambda: [case.state for case in overview.recent_cases(store)] == ["open"])
    assert ready(amqp_url, DEAD) == 0
    (line,) = written(store, "message.sent-again")
    assert line.detail["partner"] == FORCE


def test_two_operators_who_send_the_same_again_at_once_send_each_once(
    store: Store, amqp_url: str, tmp_path: Path
) -> None:
    prepared(amqp_url, tmp_path)
    lay(amqp_url, [b"%d" % n for n in range(60)], "KeyError")
    together = Barrier(2)

    def send_again(_: int) -> None:
        together.wait(30)
        with looked_through(amqp_url, [DEAD]) as aside:
            for each in aside.found:
                aside.send_again(each, FORCE)

    with ThreadPoolExecutor(2) as both:
        list(both.map(send_again, range(2)))
    assert sorted(int(body) for _, body in taken(amqp_url, "intake.police")) == list(range(60))
    assert ready(amqp_url, DEAD) == 0


def test_what_nobody_chose_keeps_its_place_and_a_name_that_is_gone_stops_everything(
    store: Store, amqp_url: str, tmp_path: Path
) -> None:
    prepared(amqp_url, tmp_path)
    lay(amqp_url, [b"1", b"2", b"3"], "KeyError")
    names = [json.loads(line)["name"] for line in ask("dead", "--json")[1].splitlines()]
    assert ask("dead", "discard", names[0], "m-gone", "--reason", "a test")[0] == 1
    assert ready(amqp_url, DEAD) == 3
    assert ask("dead", "discard", names[1], "--reason", "a test")[0] == 0
    eventually(lambda: ready(amqp_url, DEAD) == 2)
    assert [json.loads(line)["name"] for line in ask("dead", "--json")[1].splitlines()] == [names[0], names[2]]
    assert [body for _, body in taken(amqp_url, DEAD)] == [b"1", b"3"]


def test_a_message_is_shown_without_its_body_unless_somebody_asks_and_is_named_for_it(
    store: Store, amqp_url: str, tmp_path: Path
) -> None:
    prepared(amqp_url, tmp_path)
    lay(amqp_url, [b"what was sent"], "KeyError")
    (line,) = ask("dead", "--json")[1].splitlines()
    name = json.loads(line)["name"]
    assert "body" not in json.loads(ask("dead", "show", name, "--json")[1])
    assert written(store, "message.looked-at") == []
    assert json.loads(ask("dead", "show", name, "--body", "--json")[1])["body"] == "what was sent"
    assert [each.subject for each in written(store, "message.looked-at")] == [name]
    assert ready(amqp_url, DEAD) == 1


def test_what_is_shown_gives_the_operators_terminal_nothing_to_obey(
    store: Store, amqp_url: str, tmp_path: Path
) -> None:
    prepared(amqp_url, tmp_path)
    lay(amqp_url, [b"one\r\ntwo\x1b]0;gone\x07\x9b2J"], "KeyError", **{"cdr-raised": "\x1b[2J"})
    (line,) = ask("dead", "--each")[1].splitlines()
    _, shown = ask("dead", "show", line.split()[0], "--body")
    assert "one\ntwo" in shown
    assert [sign for sign in line + shown if not (sign.isprintable() or sign == "\n")] == []


def test_who_says_that_another_decided_it_stands_in_the_audit_log_beside_them(
    store: Store, amqp_url: str, tmp_path: Path
) -> None:
    prepared(amqp_url, tmp_path)
    lay(amqp_url, [b"1"], "KeyError")
    assert ask("dead", "discard", "--all", "--reason", "a test", "--by", "jane")[0] == 0
    (line,) = written(store, "message.discarded")
    assert re.fullmatch(r"jane \(cli(:.+)?\)", line.actor)


def test_a_partner_that_nothing_tells_has_to_be_named(store: Store, amqp_url: str, tmp_path: Path) -> None:
    prepared(amqp_url, tmp_path)
    lay(amqp_url, [b"1"], "KeyError", **{"cdr-partner": ""})
    assert ask("dead", "replay", "--all", "--json") == (1, '{"done": 0, "left": 1}\n')
    assert ask("dead", "replay", "--all", "--as", FORCE, "--json") == (0, '{"done": 1, "left": 0}\n')
    assert [body for _, body in taken(amqp_url, "intake.police")] == [b"1"]


def test_a_delivery_that_died_in_its_recipients_queue_goes_out_again_from_the_store(
    store: Store, amqp_url: str, tmp_path: Path
) -> None:
    topology = prepared(amqp_url, tmp_path)
    lay(amqp_url, [death(1)], "KeyError")
    with working(amqp_url, store, topology):
        ask("dead", "replay", "--all")
        eventually(lambda: ready(amqp_url, "cdop.BERKS") == 1)
    ((envelope, body),) = taken(amqp_url, "cdop.BERKS")
    died = {"x-death": [{"routing-keys": ["cdop.BERKS"], "queue": "cdop.BERKS"}]}
    with Publisher(amqp_url, "t") as publisher:
        assert publisher.wait_ready(10)
        gone = [Message("cdr.refused", "dead.deliveries", body, message_id=envelope.message_id, headers=died)]  # type: ignore[dict-item]
        assert publisher.publish_all(gone) == [None]
    assert json.loads(ask("dead", "--json")[1])["recipient"] == "cdop.BERKS"
    assert ask("dead", "replay", "--all", "--json") == (0, '{"done": 1, "left": 0}\n')
    with working(amqp_url, store, topology):
        eventually(lambda: ready(amqp_url, "cdop.BERKS") == 1)
    ((again, _),) = taken(amqp_url, "cdop.BERKS")
    assert again.message_id == envelope.message_id


def test_a_broker_user_that_may_not_look_is_told_which_may_and_still_sees_how_much_lies_there(
    store: Store, amqp_url: str, tmp_path: Path, management: Management, vhost: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared(amqp_url, tmp_path)
    lay(amqp_url, [b"1"], "KeyError")
    user = f"looker-{vhost}"
    management.put("users", user, body={"password": "secret", "tags": ""})
    management.put("permissions", vhost, user, body={"configure": "", "write": "", "read": "^intake[.]police$"})
    monkeypatch.setenv("CDR_AMQP_URL", re.sub(r"(?<=//)[^@]+", f"{user}:secret", amqp_url))
    try:
        with pytest.raises(NotYours), looked_through(str(load_settings().amqp_url.get_secret_value()), [DEAD]):
            pass
        status, said = ask("dead", "--json")
        assert (status, json.loads(said)["error"]) == (1, "broker-user")
        status, said = ask("queues", DEAD, "--json")
        assert status == 0
        assert (json.loads(said)["ready"], json.loads(said)["oldest"]) == (1, None)
    finally:
        management.delete("users", user)


def test_what_a_partner_published_itself_is_held_to_who_it_is_after_it_was_put_off_too(
    store: Store, amqp_url: str, tmp_path: Path
) -> None:
    topology = prepared(amqp_url, tmp_path)
    lay(amqp_url, [death(1)], "KeyError", **{DIRECT: "yes"})
    with working(amqp_url, store, topology):
        assert ask("dead", "replay", "--all")[0] == 0
        eventually(lambda: ready(amqp_url, "refused.police") == 1)
    assert [json.loads(line)["why"] for line in ask("refused", "--json")[1].splitlines()] == ["wrong-sender"]
    assert list(overview.recent_cases(store)) == []
