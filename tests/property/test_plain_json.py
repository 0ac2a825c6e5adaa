"""What is written a thousand times a second is written as the models themselves would write it."""

from datetime import UTC, datetime, timedelta, timezone

import orjson
import pytest
from hypothesis import given

from integration_engine.record.account import Child, Coroner, Death, Family, Process
from integration_engine.record.notice import DeathNotice, Provenance, Source
from integration_engine.record.plain import plain_json
from integration_engine.record.record import ChildDeathRecord, Conflict
from integration_engine.record.survivorship import fold
from tests.property.test_fold_order import notices

_AT = datetime(2026, 3, 9, 4, 10, 30, 250_000, tzinfo=UTC)


def _notice(**stated: object) -> DeathNotice:
    return DeathNotice.model_validate(
        {
            "id": "n-1",
            "submission": "s-1",
            "source": Source(kind="police"),
            "received_at": _AT,
            "profile": "p",
            **stated,
        }
    )


@given(notices())
def test_any_notice_and_the_record_of_several_are_written_as_their_models_write_them(told: list[DeathNotice]) -> None:
    record = fold(told)
    for part in (*told, record):
        assert plain_json(part) == part.model_dump(mode="json")


@pytest.mark.parametrize(
    "notice",
    [
        _notice(),
        _notice(child=Child(), coroner=Coroner(), family=Family(), process=Process(), death=Death(signs_of_life=False)),
        _notice(
            child={
                "looked_after": {"is": False},
                "gestation_days": 0,
                "addresses": [{"from": "2020", "lines": ["1 Quay"]}],
            }
        ),
        _notice(process={"pauses": [{"cause": "inquest", "from": "2026-03-09T04:10", "to": "2026-04"}]}),
        _notice(provenance={"child.sex": Provenance(path="PID-8", profile="p")}),
        _notice(received_at=_AT.astimezone(timezone(timedelta(hours=1)))),
    ],
    ids=["bare", "empty parts", "false and none", "aliases", "provenance", "another zone"],
)
def test_a_notice_is_written_in_the_order_and_the_words_of_its_model(notice: DeathNotice) -> None:
    assert orjson.dumps(plain_json(notice)) == notice.model_dump_json().encode()


def test_a_conflict_is_written_whatever_its_value_is() -> None:
    values = ("Harow", ("Ava", "Grace"), {"postcode": "RG1 1LZ", "lines": ("1 Quay",), "country": None}, False, 0)
    record = ChildDeathRecord(conflicts=tuple(Conflict(field="f", value=value, notice="n-1") for value in values))
    assert plain_json(record) == record.model_dump(mode="json")
    assert "conflicts" not in plain_json(record, without=frozenset({"conflicts"}))
