"""What the console says in words: alarms, fields, values."""

from integration_engine.console.wording import ALARMS, field_of, text_of
from integration_engine.mailroom import UNDELIVERED
from integration_engine.store import glass, inbox, retractions


def test_every_alarm_that_can_be_raised_says_what_to_do() -> None:
    assert set(ALARMS) == {UNDELIVERED, glass.CODE, inbox.SAME_ID_OTHER_BODY, *retractions._CODES}


def test_a_field_and_a_value_are_read_as_people_say_them() -> None:
    assert field_of("child.nhs_number") == "Child: NHS number"
    assert field_of("mother.nhs_number_status") == "Mother: NHS number status"
    assert text_of([{"lines": ["1 Quay Street"], "postcode": "RG1 1LZ", "source_rank": 1}]) == (
        "lines: 1 Quay Street, postcode: RG1 1LZ"
    )
