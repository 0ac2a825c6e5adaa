"""The page of a question on both databases: two sides first, what would settle it, two readers who don't see one another's
word, and the weight only to whoever asks."""

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from integration_engine.store import audit, overview
from integration_engine.store.decisions import every_decision
from tests.gateway_house import House, declare, house
from tests.integration.test_console_deciding import form, said
from tests.integration.test_decisions_everywhere import TWO, take
from tests.native_messages import AVA_OTHER, adt
from tests.restricted_samples import FORMS

BABY = {"f5": "HARROW^BABY", "f7": "20260308", "f29": "20260309041000", "f24": "Y"}
TWINS = {
    "one.hl7": adt("A03", "T1", f3="4512345^^^RTH^PI", **BABY, f25="1"),
    "copy.hl7": adt("A03", "T2", f3="777^^^RXH^PI", sender="RXH", **BABY),
}


@pytest.fixture
def doors(amqp_url: str, database_url: str, tmp_path: Path) -> Iterator[House]:
    declare(amqp_url)
    with house(amqp_url, database_url, tmp_path) as opened:
        for name in ("jane", "joan", "judy"):
            opened.tokens[name] = opened.identities.add(name, "coordinator", organisations=("BERKS",)).text
        yield opened


def only_question(browser: httpx.Client) -> str:
    (found,) = set(re.findall(r"/console/questions/r-[0-9a-f]+", browser.get("/console/work").text))
    return str(found)


def answer(browser: httpx.Client, question: str, kind: str, reason: str) -> httpx.Response:
    page = browser.get(question).text
    return browser.post(f"{question}/decide", data=form(page, kind) | {"reason": reason}, follow_redirects=True)


def test_the_sides_come_first_and_a_difference_is_told_in_words(doors: House) -> None:
    take(doors.store, TWO)
    with doors.sign_in("jane") as browser:
        page = browser.get(only_question(browser)).text
    assert page.index("The two sides") < page.index("Why you are asked") < page.index("What would settle it")
    (number,) = re.findall(r'<tr class="differ"><th scope="row">NHS number</th>(.*?)</tr>', page)
    assert "≠</span> differs" in number
    assert "demographics trace" in page
    assert not re.search(r"\d bits", page)


def test_the_weight_is_shown_to_whoever_asks_and_the_look_is_audited(doors: House) -> None:
    take(doors.store, TWO)
    with doors.sign_in("jane") as browser:
        question = only_question(browser)
        page = browser.get(f"{question}/weight").text
    assert re.search(r"[+-]\d+\.\d bits", page)
    assert "<script" not in page
    looks = [line.actor for line in audit.lines(doors.store) if line.action == "review.weight-read"]
    assert looks == ["jane"]


def test_two_people_join_twins_and_the_second_reads_without_the_firsts_word(doors: House) -> None:
    take(doors.store, TWINS)
    with doors.sign_in("jane") as jane, doors.sign_in("joan") as joan:
        question = only_question(jane)
        untouched = joan.get(question).text
        first = answer(jane, question, "link", "the ward sent it twice")
        assert "until another person has decided too" in first.text
        assert "the same child" in first.text
        assert len(overview.recent_cases(doors.store)) == 2
        assert 'id="kind-link"' not in jane.get(question).text
        cases = re.findall(r"/console/cases/c-[0-9a-f]+", untouched)
        pages = [joan.get(path).text for path in ("/console/work", question, *cases)]
        assert not [
            page for page in pages if "jane" in page or "the ward sent it twice" in page or "one-of-two" in page
        ]
        hidden = (r'value="[0-9a-f]{32,64}"', "")
        assert re.sub(*hidden, pages[1]) == re.sub(*hidden, untouched)
        assert answer(joan, question, "link", "same cot, same hour").status_code == 200
        assert len(overview.recent_cases(doors.store)) == 1
        assert joan.get(question).status_code == 404
    assert [kept.decision.by for kept in every_decision(doors.store)] == ["jane", "joan"]


def test_two_who_disagree_are_shown_to_a_third_with_their_reasons(doors: House) -> None:
    take(doors.store, TWINS)
    with doors.sign_in("jane") as jane, doors.sign_in("joan") as joan, doors.sign_in("judy") as judy:
        question = only_question(jane)
        answer(jane, question, "link", "the ward sent it twice")
        answer(joan, question, "unlink", "two cots in the register")
        page = judy.get(question).text
        assert "readers-disagree" in page
        assert "the ward sent it twice" in page
        assert "two cots in the register" in page
        answer(judy, question, "unlink", "the maternity unit has both")
        assert judy.get(question).status_code == 404
    assert len(overview.recent_cases(doors.store)) == 2


def test_a_join_is_taken_back_where_it_is_listed_and_the_question_is_there_again(doors: House) -> None:
    take(doors.store, TWO)
    with doors.sign_in("jane") as browser:
        question = only_question(browser)
        answer(browser, question, "link", "the ward says so")
        (case,) = overview.recent_cases(doors.store)
        page = browser.get(f"/console/cases/{case.id}").text
        (shown,) = re.findall(r'<form[^>]*take-back".*?</form>', page, re.DOTALL)
        fields = dict(re.findall(r'name="(form|once|decision)" value="([^"]*)"', shown)) | {"reason": "two cots"}
        assert browser.post(f"/console/cases/{case.id}/take-back", data=fields | {"decision": "d-0"}).status_code == 400
        assert browser.post(f"/console/cases/{case.id}/take-back", data=fields).status_code == 303
        assert len(overview.recent_cases(doors.store)) == 2
        assert only_question(browser) == question
        assert "take-back" not in browser.get(f"/console/cases/{case.id}").text
    assert [kept.decision.withdraws for kept in every_decision(doors.store)] == [False, True]


def test_whoever_cant_tell_yet_notes_what_they_asked_and_it_stays_open(doors: House) -> None:
    take(doors.store, TWO)
    with doors.sign_in("jane") as browser, doors.sign_in("op") as operator:
        question = only_question(browser)
        fields = {"form": re.findall(r'name="form" value="(\w+)"', browser.get(question).text)[-1]}
        assert browser.post(f"{question}/ask", data=fields | {"text": " "}).status_code == 422
        told = fields | {"text": "the ward for the mother's number"}
        assert browser.post(f"{question}/ask", data=told, follow_redirects=True).status_code == 200
        assert "the ward for the mother" in browser.get(question).text
        assert "asked elsewhere" in browser.get("/console/work").text
        assert "the ward for the mother" not in operator.get(question).text
        assert browser.post(f"{question}/ask", data=told | {"form": "0" * 64}).status_code == 403
    assert not list(every_decision(doors.store))
    (asked,) = [line for line in audit.lines(doors.store) if line.action == "review.asked"]
    assert (asked.actor, asked.detail) == ("jane", {})


def test_what_was_asked_goes_on_where_another_notice_of_the_two_cases_tells_more(doors: House) -> None:
    elsewhere = {"f3": f"{AVA_OTHER}^^^NHS^NH~777^^^RXH^PI", "sender": "RXH"}
    take(doors.store, {"m.hl7": adt(), "n.hl7": adt("A03", "LOR0009", **elsewhere, f11=None)})
    with doors.sign_in("op") as browser:
        question = only_question(browser)
        fields = {"form": re.findall(r'name="form" value="(\w+)"', browser.get(question).text)[-1]}
        browser.post(f"{question}/ask", data=fields | {"text": "the ward for the address"})
        take(doors.store, {"more.hl7": adt("A08", "LOR0010", **elsewhere, sent="20260312040000")})
        moved = only_question(browser)
        assert moved != question
        assert "Asked so far" in browser.get(moved).text


def test_a_question_about_a_restricted_child_is_the_restricted_roles_alone(doors: House) -> None:
    held = FORMS["a protected flag, and aliases"]
    take(doors.store, held.messages)
    asked = [review for review in overview.open_reviews(doors.store) if review.kind == "linkage"]
    for name in ("op", "jane"):
        with doors.sign_in(name) as browser:
            assert "/console/questions/" not in browser.get("/console/work").text
            assert {browser.get(f"/console/questions/{review.id}").status_code for review in asked} <= {404}


def test_every_input_has_its_label_and_no_address_or_title_names_a_child(doors: House) -> None:
    take(doors.store, TWO)
    with doors.sign_in("jane") as browser:
        question = only_question(browser)
        for page in (browser.get(question), browser.get(f"{question}/weight")):
            assert page.headers["content-security-policy"].startswith("default-src 'none'")
            assert "style=" not in page.text
            (title,) = re.findall(r"<title>(.*?)</title>", page.text)
            addresses = " ".join(re.findall(r'(?:href|action)="([^"]*)', page.text))
            assert "HARROW" not in (title + addresses).upper()
            labels = set(re.findall(r'<label for="([^"]+)"', page.text))
            inputs = re.findall(r'<(?:input type="text"|select|textarea)[^>]* id="([^"]+)"', page.text)
            assert labels == set(inputs)
            assert len(inputs) == len(set(inputs))
        assert "9990000026" in said(browser.get(question))
