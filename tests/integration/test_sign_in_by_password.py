"""People sign in by password and code: what opens, what locks, and whom a stranger's guesses don't keep out."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from integration_engine.known_browsers import KnownBrowsers
from integration_engine.register import REFUSED_AFTER_S, Register
from integration_engine.security import passwords
from integration_engine.store import audit
from integration_engine.store.database import Store, upgrade_schema
from integration_engine.store.identities import Identities
from integration_engine.store.people import People
from tests.gateway_house import declare, house, keys

PASSWORD = "a long enough one"


def now_code(codes: passwords.CodeKey, steps: int = 0) -> str:
    return codes.code(int(datetime.now(UTC).timestamp()) // passwords.STEP_SECONDS + steps)


def test_password_and_code_open_the_console_and_the_same_code_not_twice(
    amqp_url: str, database_url: str, tmp_path: Path
) -> None:
    declare(amqp_url)
    with house(amqp_url, database_url, tmp_path, password_sign_in=True) as doors:
        codes = People(doors.store).add("jane", "coordinator", PASSWORD, ["BERKS"]).codes
        form = {"name": "jane", "password": PASSWORD, "code": now_code(codes)}
        with httpx.Client(base_url=doors.client.base_url, timeout=30) as browser:
            assert browser.post("/sign-in/password", data=form | {"password": "another one here"}).status_code == 403
            assert browser.post("/sign-in/password", data=form | {"code": "000000x"}).status_code == 403
            assert (
                browser.post("/sign-in/password", data=form, headers={"Sec-Fetch-Site": "cross-site"}).status_code
                == 403
            )
            entered = browser.post("/sign-in/password", data=form)
            assert (entered.status_code, entered.headers["location"]) == (303, "/console/work")
            assert browser.get("/console/work").status_code == 200
        with httpx.Client(base_url=doors.client.base_url, timeout=30) as shoulder:
            again = shoulder.post("/sign-in/password", data=form)
            assert (again.status_code, "set-cookie" in again.headers) == (403, False)
        said = str([line.detail for line in audit.lines(doors.store, limit=500)])
        assert PASSWORD not in said
        assert codes.text not in said


@dataclass
class Kept:
    """People on one database, at a time that the test sets."""

    people: People
    store: Store
    now: datetime = datetime(2026, 3, 9, 9, tzinfo=UTC)

    def code(self, codes: passwords.CodeKey) -> str:
        return codes.code(int(self.now.timestamp()) // passwords.STEP_SECONDS)


@pytest.fixture
def kept(database_url: str) -> Iterator[Kept]:
    upgrade_schema(database_url)
    store = Store(database_url, keys())
    made = Kept(People(store), store)
    made.people = People(store, lambda: made.now)
    yield made
    store.close()


def test_wrong_attempts_lock_an_account_for_longer_each_time(kept: Kept) -> None:
    codes = kept.people.add("jane", "operator", PASSWORD).codes
    for _ in range(5):
        assert kept.people.sign_in("jane", "not the password", kept.code(codes)) is None
    assert [each.state for each in kept.people.everybody()] == ["locked"]
    assert kept.people.sign_in("jane", PASSWORD, kept.code(codes)) is None, "right, but locked"
    kept.now += timedelta(seconds=61)
    assert kept.people.sign_in("jane", "not the password", kept.code(codes)) is None
    kept.now += timedelta(seconds=61)
    assert kept.people.sign_in("jane", PASSWORD, kept.code(codes)) is None, "the second lock lasts two minutes"
    kept.now += timedelta(seconds=60)
    assert kept.people.sign_in("jane", PASSWORD, kept.code(codes)) is not None
    refused = [line.detail["locked"] for line in audit.lines(kept.store) if line.action == "sign-in.refused"]
    assert refused == [False, False, False, False, True, True]
    assert audit.verify(kept.store).broken is None


def test_a_code_is_good_for_a_minute_and_a_half_and_never_after_a_later_one(kept: Kept) -> None:
    codes = kept.people.add("jane", "operator", PASSWORD).codes
    early, late = kept.code(codes), codes.code(int(kept.now.timestamp()) // 30 + 1)
    assert kept.people.sign_in("jane", PASSWORD, late) is not None
    assert kept.people.sign_in("jane", PASSWORD, early) is None, "an earlier one than was used"
    kept.now += timedelta(minutes=5)
    assert kept.people.sign_in("jane", PASSWORD, late) is None
    assert kept.people.sign_in("jane", PASSWORD, kept.code(codes)) is not None


def test_a_code_that_many_show_in_the_same_moment_opens_once(kept: Kept) -> None:
    codes = kept.people.add("jane", "operator", PASSWORD).codes
    code = kept.code(codes)
    with ThreadPoolExecutor(6) as all_at_once:
        found = list(all_at_once.map(lambda _: kept.people.sign_in("jane", PASSWORD, code), range(6)))
    assert len([each for each in found if each]) == 1


def test_no_wrong_attempt_is_lost_among_others_of_the_same_moment(kept: Kept) -> None:
    codes = kept.people.add("jane", "operator", PASSWORD).codes
    with ThreadPoolExecutor(5) as all_at_once:
        list(all_at_once.map(lambda _: kept.people.sign_in("jane", "not the password", "000000"), range(5)))
    assert [each.state for each in kept.people.everybody()] == ["locked"]
    assert kept.people.sign_in("jane", PASSWORD, kept.code(codes)) is None
    refused = [line for line in audit.lines(kept.store) if line.action == "sign-in.refused"]
    assert len(refused) == 5


def test_who_is_ended_or_never_was_opens_nothing(kept: Kept) -> None:
    codes = kept.people.add("jane", "restricted", PASSWORD).codes
    principal = kept.people.sign_in("jane", PASSWORD, kept.code(codes))
    assert principal is not None
    secret = kept.people.open_session(principal, 600)
    assert kept.people.session(secret) == principal
    assert kept.people.end("jane")
    assert kept.people.session(secret) is None
    kept.now += timedelta(minutes=1)
    assert kept.people.sign_in("jane", PASSWORD, kept.code(codes)) is None
    assert kept.people.sign_in("nobody", PASSWORD, "123456") is None


def test_who_is_registered_anew_in_the_moment_of_signing_in_has_no_session_under_the_old_password(kept: Kept) -> None:
    codes = kept.people.add("jane", "coordinator", PASSWORD, ["BERKS"]).codes
    proved = kept.people.sign_in("jane", PASSWORD, kept.code(codes))
    assert proved is not None
    anew = kept.people.add("jane", "coordinator", "another long one", ["BERKS"]).codes
    assert kept.people.session(kept.people.open_session(proved, 600)) is None
    assert not [line for line in audit.lines(kept.store) if line.action == "signed-in"]
    proved = kept.people.sign_in("jane", "another long one", kept.code(anew))
    assert proved is not None
    kept.people.add("jane", "coordinator", PASSWORD, ["OXON"])
    assert kept.people.session(kept.people.open_session(proved, 600)) is None, "of the panel she has left"


def test_what_is_no_name_opens_nothing_and_breaks_nothing(kept: Kept) -> None:
    codes = kept.people.add("jane", "operator", PASSWORD).codes
    for name in ("jane\0", "\0", "ja\x1fne", "", "j" * 65, "jane\n"):
        assert kept.people.sign_in(name, PASSWORD, kept.code(codes)) is None


def test_a_crowd_that_guesses_at_once_from_one_address_is_held_up_as_one_guesser_is(
    amqp_url: str, sqlite_url: str, tmp_path: Path
) -> None:
    declare(amqp_url)
    with house(amqp_url, sqlite_url, tmp_path, password_sign_in=True) as doors:
        for _ in range(55):
            assert doors.client.post("/sign-in", data={"token": "cdr_nobodys"}).status_code == 403

        async def crowd() -> list[int]:
            async with httpx.AsyncClient(base_url=doors.client.base_url, timeout=60) as strangers:
                form = {"password": PASSWORD, "code": "000000"}
                tries = [strangers.post("/sign-in/password", data=form | {"name": f"n{n}"}) for n in range(40)]
                return [answer.status_code for answer in await asyncio.gather(*tries)]

        answered = asyncio.run(crowd())
        assert set(answered) == {403, 429}
        # Those left, and what ran in meanwhile: one a second.
        assert answered.count(403) < 20


def test_a_session_ends_by_itself_and_when_it_is_closed(kept: Kept) -> None:
    codes = kept.people.add("jane", "operator", PASSWORD).codes
    principal = kept.people.sign_in("jane", PASSWORD, kept.code(codes))
    assert principal is not None
    closed, left = (kept.people.open_session(principal, 600) for _ in range(2))
    kept.people.close_session(closed)
    assert (kept.people.session(closed), kept.people.session(left)) == (None, principal)
    kept.now += timedelta(seconds=600)
    assert kept.people.session(left) is None


def test_a_password_is_long_is_not_the_name_and_is_never_kept(kept: Kept) -> None:
    for password in ("", "short", "x" * 129, "JANE-OF-BERKSHIRE"):
        with pytest.raises(passwords.NotAllowed):
            kept.people.add("jane-of-berkshire", "operator", password)
    with pytest.raises(passwords.NotAllowed):
        kept.people.add("jane", "coordinator", PASSWORD)
    with pytest.raises(passwords.NotAllowed):
        kept.people.add("jane", "operator", PASSWORD, ["BERKS"])
    assert kept.people.everybody() == []


def lock(kept: Kept, codes: passwords.CodeKey) -> None:
    """Somebody guesses until the account is locked."""
    for _ in range(5):
        assert kept.people.sign_in("jane", "not the password", kept.code(codes)) is None


def test_a_stranger_who_locks_an_account_does_not_lock_its_person_out_of_their_own_browser(kept: Kept) -> None:
    codes = kept.people.add("jane", "operator", PASSWORD).codes
    lock(kept, codes)
    assert kept.people.sign_in("jane", PASSWORD, kept.code(codes)) is None
    assert kept.people.sign_in("jane", PASSWORD, kept.code(codes), known=True) is not None
    lock(kept, codes)
    before = kept.people.everybody()
    for _ in range(9):
        assert kept.people.sign_in("jane", "mistyped here", kept.code(codes), known=True) is None
    assert kept.people.everybody() == before, "nor does what they mistype make it longer"
    assert audit.verify(kept.store).broken is None


def test_a_browser_is_known_for_its_own_person_by_any_of_our_keys_and_not_for_long_where_it_guesses(kept: Kept) -> None:
    time = [100.0]
    browsers = KnownBrowsers(kept.people, lambda: time[0])
    cookie = browsers.mark("jane")
    assert browsers.knows("jane", cookie)
    assert cookie != browsers.mark("jane")
    seed, _, mark = cookie.partition(".")
    for wrong in ("", ".", seed, f"{seed}.", f".{mark}", f"{seed}x.{mark}", f"{seed}.{mark[:-1]}", cookie + "x" * 300):
        assert not browsers.knows("jane", wrong)
    assert not browsers.knows("john", cookie)
    for _ in range(5):
        browsers.failed(cookie)
    assert not browsers.knows("jane", cookie)
    time[0] += 540
    assert not browsers.knows("jane", cookie), "a stolen one would guess codes all day"
    time[0] += 60
    assert browsers.knows("jane", cookie)


def test_a_refusal_tells_by_its_time_nothing_of_what_was_wrong(kept: Kept) -> None:
    """No clock is measured: each way of being refused is made to take a time of its own, and all end at the same moment."""
    codes = kept.people.add("jane", "operator", PASSWORD).codes
    ended = kept.people.add("gone", "operator", PASSWORD).codes
    kept.people.end("gone")
    now, takes = [0.0], iter((0.05, 0.07, 0.11, 0.02, 0.3))
    asked = kept.people.sign_in

    def slow(*what: Any, **how: Any) -> Any:
        now[0] += next(takes)
        return asked(*what, **how)

    async def sleep(seconds: float) -> None:
        now[0] += seconds

    identities = Identities(kept.store)
    identities.people = kept.people
    register = Register(identities, lambda: now[0], sleep)
    register._people.sign_in = slow  # type: ignore[method-assign]

    async def story() -> list[float]:
        took = []
        for name, password, code in (
            ("nobody", PASSWORD, "123456"),
            ("jane", "not the password", kept.code(codes)),
            ("jane", PASSWORD, "000000x"),
            ("gone", PASSWORD, kept.code(ended)),
            ("jane", "", ""),
        ):
            began = now[0]
            assert await register.sign_in(name, password, code) is None
            took.append(round(now[0] - began, 6))
        return took

    assert set(asyncio.run(story())) == {REFUSED_AFTER_S}


def test_who_is_ended_in_the_moment_of_signing_in_has_no_session(kept: Kept) -> None:
    codes = kept.people.add("jane", "operator", PASSWORD).codes
    principal = kept.people.sign_in("jane", PASSWORD, kept.code(codes))
    assert principal is not None
    kept.people.end("jane")
    assert kept.people.session(kept.people.open_session(principal, 600)) is None


def test_a_person_locked_out_by_a_stranger_signs_in_where_they_did_before(
    amqp_url: str, database_url: str, tmp_path: Path
) -> None:
    declare(amqp_url)
    with house(amqp_url, database_url, tmp_path, password_sign_in=True) as doors:
        codes = People(doors.store).add("jane", "coordinator", PASSWORD, ["BERKS"]).codes
        wrong = {"name": "jane", "password": "not the password", "code": "000000"}
        with (
            httpx.Client(base_url=doors.client.base_url, timeout=30) as own,
            httpx.Client(base_url=doors.client.base_url, timeout=30) as elsewhere,
        ):
            right = {"name": "jane", "password": PASSWORD, "code": now_code(codes, -1)}
            assert own.post("/sign-in/password", data=right).status_code == 303
            cookie = next(each for each in own.cookies.jar if each.name == "cdr-known")
            assert cookie.has_nonstandard_attr("HttpOnly")
            assert "jane" not in (cookie.value or "")
            for _ in range(5):
                assert elsewhere.post("/sign-in/password", data=wrong).status_code == 403
            right["code"] = now_code(codes)
            assert elsewhere.post("/sign-in/password", data=right).status_code == 403, "locked"
            right["code"] = now_code(codes, 1)
            assert own.post("/sign-in/password", data=right).status_code == 303
