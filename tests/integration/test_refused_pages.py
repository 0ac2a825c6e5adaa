"""A person whom a page is refused reads why in words of theirs, and where to go; a program at the same address gets JSON."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.gateway_house import House, declare, house

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.fixture
def doors(amqp_url: str, sqlite_url: str, tmp_path: Path) -> Iterator[House]:
    declare(amqp_url)
    with house(amqp_url, sqlite_url, tmp_path) as opened:
        yield opened


@pytest.mark.parametrize(
    ("who", "path", "status", "said"),
    [
        ("BERKS", "/console/partners", 403, "Your role doesn’t open this page."),
        ("E23000038", "/coroner/upload", 403, "Your organisation isn’t registered for this page."),
        ("op", "/console/cases/c-0000", 404, "There is no such case, or it isn’t yours to see."),
        ("op", "/console/cases/none", 422, "Something in this address isn’t as it has to be."),
        ("op", "/console/nothing", 404, "There is no page at this address."),
        ("op", "/nothing", 404, "There is no page at this address."),
    ],
)
def test_a_refusal_is_a_page_with_a_sentence_for_people(
    doors: House, who: str, path: str, status: int, said: str
) -> None:
    with doors.sign_in(who) as browser:
        answer = browser.get(path, headers=BROWSER)
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("text/html")
    assert said in answer.text
    assert "Back to the start" in answer.text
    assert answer.headers["x-request-id"] in answer.text


def test_a_program_at_an_address_that_is_none_gets_a_problem(doors: House) -> None:
    answer = doors.get("E23000038", "/nothing")
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


def test_who_guesses_wrong_too_often_is_told_how_long_to_wait_and_whom_to_tell(doors: House) -> None:
    wrong = {"token": "cdr_aaaaaaaaaaaaaaaa_" + "b" * 52}
    for _ in range(70):
        answer = doors.client.post("/sign-in", data=wrong, headers=BROWSER)
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) >= 1
    assert "Wait a minute, then try again. If none of them was yours, tell the operators." in answer.text


def test_a_form_of_an_older_page_is_said_to_be_out_of_date(doors: House) -> None:
    with doors.sign_in("op") as browser:
        answer = browser.post("/console/break-glass", data={"form": "0" * 64}, headers=BROWSER)
    assert answer.status_code == 403
    assert "The page is out of date" in answer.text
