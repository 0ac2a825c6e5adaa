"""Who may come in, as the doors ask it, on both databases: what is remembered of it, for how long, and what never is."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from integration_engine.register import Register
from integration_engine.security.identity import Role
from integration_engine.store.database import Store, upgrade_schema
from integration_engine.store.identities import Identities
from tests.gateway_house import keys

FORCE, TRUST = "E23000038", "RTH"


@pytest.fixture
def identities(database_url: str) -> Iterator[Identities]:
    upgrade_schema(database_url)
    store = Store(database_url, keys())
    yield Identities(store)
    store.close()


class Time:
    """A clock that stands still until it is told."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_partners_token_brings_nothing_in_a_second_after_it_is_revoked(identities: Identities) -> None:
    token, time = identities.add(FORCE, "partner", kinds=["police"]), Time()
    register = Register(identities, time)

    async def shown() -> bool:
        return await register.authenticate(token.text) is not None

    async def story() -> list[bool]:
        before = await shown()
        identities.revoke(FORCE)
        time.now += 0.999
        within = await shown()
        time.now += 0.001
        return [before, within, await shown(), await shown()]

    assert asyncio.run(story()) == [True, True, False, False]


@pytest.mark.parametrize("role", ["cdop", "jar", "national", "operator", "restricted"])
def test_whose_token_takes_something_out_is_looked_up_each_time(identities: Identities, role: Role) -> None:
    token, register = identities.add("SOMEBODY", role), Register(identities, Time())

    async def story() -> tuple[bool, bool]:
        before = await register.authenticate(token.text)
        identities.revoke("SOMEBODY")
        return before is not None, await register.authenticate(token.text) is not None

    assert asyncio.run(story()) == (True, False)


def test_a_remembered_token_is_known_by_its_secret_alone(identities: Identities) -> None:
    token, register = identities.add(FORCE, "partner", kinds=["police"]), Register(identities, Time())
    guessed = f"cdr_{token.lookup}_{'x' * 43}"

    async def story() -> list[bool]:
        return [await register.authenticate(each) is not None for each in (token.text, guessed, token.text, "cdr_", "")]

    assert asyncio.run(story()) == [True, False, True, False, False]


def test_a_hospital_is_known_by_its_codes_while_any_of_its_tokens_lives(identities: Identities) -> None:
    yesterday = datetime.now(UTC) - timedelta(days=1)
    first = identities.add(TRUST, "partner", kinds=["hospital-hl7"], organisations=["GWH"])
    identities.add(TRUST, "partner", expires_at=yesterday)
    identities.add("RN3", "partner", kinds=["hospital-hl7"], expires_at=yesterday)
    identities.add("BERKS", "cdop")
    time = Time()
    register = Register(identities, time)

    async def known() -> list[str]:
        time.now += 1
        names = ("rth", "RTH08", " gwh ", "GWH08", "RN3", "BERKS", "")
        return [name for name in names if await register.find(name) is not None]

    async def story() -> tuple[list[str], list[str]]:
        return await known(), (identities.revoke(TRUST, first.lookup), await known())[1]

    assert asyncio.run(story()) == (["rth", "RTH08", " gwh ", "GWH08"], [])


def test_a_feed_is_there_a_second_after_it_is_registered_for_all_who_ask_together(identities: Identities) -> None:
    identities.add(TRUST, "partner", kinds=["hospital-hl7"])
    time = Time()
    register = Register(identities, time)

    async def story() -> list[list[int]]:
        counts = []
        for passed in (0.0, 0.5, 0.5):
            time.now += passed
            found = await asyncio.gather(*(register.feeds(TRUST, "hospital-hl7") for _ in range(3)))
            counts.append([len(feeds) for feeds in found])
            identities.add_feed("wards", TRUST, "hospital-hl7", {"profile": "nhs-default"})
        return counts

    assert asyncio.run(story()) == [[0, 0, 0], [0, 0, 0], [1, 1, 1]]
