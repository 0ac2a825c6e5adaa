"""The state of every case is a pure function of what was received: not of its order, its repetition or its packing."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.adapter import Reading, Submission
from adapters.registry import read
from integration_engine.casebook import Casebook
from integration_engine.routing.reference import Reference, load_reference
from integration_engine.routing.route import Switches
from integration_engine.synthetic.person import invented_nhs_number
from tests.acceptance.stories.s01_collision import s1
from tests.acceptance.stories.s02_twins import twin
from tests.acceptance.stories.s03_newborn import s3
from tests.acceptance.stories.s05_wrong_patient import AVA_COLE, s5
from tests.acceptance.stories.s09_expected import s9

NOW = datetime(2026, 9, 1, 12, tzinfo=UTC)


@cache
def reference() -> Reference:
    return load_reference()


@cache
def messages() -> Mapping[str, bytes]:
    assert AVA_COLE.nhs_number
    told: dict[str, bytes] = {}
    for story in (s1(), s3(), s5(), s9()):
        told |= {f"{len(told)}-{name}": body for name, body in story.items()}
    told["t1.hl7"] = twin(1, invented_nhs_number(4114), "2026-06-01T05:40", "T1")
    told["t2.hl7"] = twin(2, None, "2026-06-04T22:15", "T2")
    return told


def read_file(name: str, body: bytes) -> list[Reading]:
    return list(read(Submission(body=body, received_at=NOW), name=name))


@cache
def readings() -> tuple[tuple[str, Reading], ...]:
    return tuple((name, reading) for name, body in messages().items() for reading in read_file(name, body))


def cases(told: Sequence[tuple[str, Reading]], renamed: Mapping[str, str] | None = None) -> bytes:
    book = Casebook()
    for name, reading in told:
        book.add(name, reading)
    outcome = book.decide((), reference(), NOW, Switches())
    answer: Any = book.to_json(outcome)["cases"]
    text = orjson.dumps(answer).decode()
    for ref, original in (renamed or {}).items():
        text = text.replace(f'"{ref}"', f'"{original}"')
    return text.encode()


@settings(max_examples=40, deadline=None)
@given(st.permutations(range(len(messages()))), st.lists(st.integers(0, len(messages()) - 1), max_size=8))
def test_any_order_and_any_repetition_gives_the_same_cases(order: list[int], again: list[int]) -> None:
    told = readings()
    assert len(told) == len(messages())
    shuffled = [told[n] for n in order] + [told[n] for n in again]
    assert cases(shuffled) == cases(told)


@settings(max_examples=25, deadline=None)
@given(st.permutations([name for name in messages() if name.endswith(".hl7")]), st.integers(1, 4))
def test_any_batching_of_the_same_messages_gives_the_same_cases(names: list[str], files: int) -> None:
    told = [pair for pair in readings() if not pair[0].endswith(".hl7")]
    renamed: dict[str, str] = {}
    for number in range(files):
        members = names[number::files]
        head, tail = b"BHS|^~\\&|PAS|X\r", f"BTS|{len(members)}\r".encode()
        batch = f"batch-{number}.hl7"
        body = head + b"".join(messages()[name] for name in members) + tail
        told += [(batch, reading) for reading in read_file(batch, body)]
        renamed |= {f"{batch}#{n}": f"{name}#0" for n, name in enumerate(members)}
    assert cases(told, renamed) == cases(readings())
