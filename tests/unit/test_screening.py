"""What a worker passes over unread depends on how the partner's feeds are read, and on nothing that is out of date."""

from collections.abc import Sequence

import pytest

from adapters.adapter import Feed
from integration_engine.screening import Screening
from integration_engine.store.database import Transient
from tests.hl7_samples import message, msh, pid

ALIVE = message(msh("ADT^A08^ADT_A01"), pid(f30="N"))
OWN_SEGMENT = message(msh("ADT^A08^ADT_A01"), pid(), "ZPD|1|2|3|20260309")
DEAD = message(msh("ADT^A08^ADT_A01"), pid(f30="Y"))


def _feed(name: str, partner: str = "RTH", *, profile: str = "nhs-adt", reliable: bool | None = None) -> Feed:
    return Feed(name=name, partner=partner, kind="hospital-hl7", profile=profile, n_is_reliable=reliable)


def _lets_through(feeds: Sequence[Feed], body: bytes, partner: str = "RTH") -> bool:
    return Screening(lambda: feeds).lets_through("hospital-hl7", partner, body)


@pytest.mark.parametrize("body", [ALIVE, OWN_SEGMENT])
def test_what_says_nothing_in_this_partners_feeds_is_passed_over(body: bytes) -> None:
    assert not _lets_through([], body)
    assert not _lets_through([_feed("a"), _feed("b")], body)
    assert not _lets_through([_feed("a"), _feed("theirs", "RXH", reliable=True)], body)


def test_n_is_read_where_any_of_the_partners_feeds_means_it() -> None:
    assert _lets_through([_feed("a", reliable=True)], ALIVE)
    assert _lets_through([_feed("a"), _feed("b", reliable=True)], ALIVE)
    assert _lets_through([_feed("theirs", "RXH", reliable=True)], ALIVE, "RXH")


def test_a_death_is_read_whatever_the_feeds_are() -> None:
    for feeds in ([], [_feed("a")], [_feed("a", reliable=False), _feed("b", reliable=True)]):
        assert _lets_through(feeds, DEAD)


def test_a_feed_that_changes_its_meaning_is_heard_of_before_the_next_message_however_long_it_was_quiet() -> None:
    now, feeds = 100.0, [_feed("a")]
    screening = Screening(lambda: feeds, lambda: now)
    assert not screening.lets_through("hospital-hl7", "RTH", ALIVE)
    feeds = [_feed("a", reliable=True)]
    now += 1.0
    assert screening.lets_through("hospital-hl7", "RTH", ALIVE)


def test_where_the_register_or_a_profile_cannot_be_had_everything_doubtful_is_read() -> None:
    def away() -> Sequence[Feed]:
        raise Transient("away")

    assert Screening(away).lets_through("hospital-hl7", "RTH", ALIVE)
    assert _lets_through([_feed("a", profile="no-such-profile")], ALIVE)
