"""Who may come in, as the doors ask it, on both databases: what is remembered of it, for how long, and what never is."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event

from integration_engine.register import Register, Remembered
from integration_engine.security.claims import BY_PROVIDER
from integration_engine.security.identity import NotAllowed, Principal, Role
from integration_engine.store.access_tokens import AccessTokens
from integration_engine.store.database import Store, upgrade_schema
from integration_engine.store.identities import Identities
from tests.gateway_house import keys
from tests.signing import Machine

FORCE, TRUST = "E23000038", "RTH"


@pytest.fixture
def store_of(database_url: str) -> Iterator[Store]:
    upgrade_schema(database_url)
    store = Store(database_url, keys())
    yield store
    store.close()


@pytest.fixture
def identities(store_of: Store) -> Identities:
    return Identities(store_of)


class Time:
    """A clock that stands still until it is told."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    def pass_on(self, seconds: float) -> None:
        self.now += seconds


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


def test_a_certificate_is_its_partners_a_second_long_after_it_is_revoked_and_then_known_as_ended(
    identities: Identities, store_of: Store
) -> None:
    identities.add(TRUST, "partner", kinds=["hospital-hl7"])
    tokens, time = AccessTokens(store_of), Time()
    tokens.add_key(TRUST, "a" * 64, "certificate", "")
    register = Register(identities, time)

    async def state(name: str = "a" * 64) -> tuple[str | None, bool]:
        found = await register.by_certificate(name)
        return (found.name if found else None), await register.has_ended(name)

    async def story() -> list[tuple[str | None, bool]]:
        found = [await state(), await state("b" * 64)]
        tokens.add_key(TRUST, "b" * 64, "certificate", "")
        identities.revoke(TRUST, "a" * 64)
        found += [await state(), await state("b" * 64)]
        time.now += 1
        return [*found, await state(), await state("b" * 64)]

    before, unknown, within, new, after, other = asyncio.run(story())
    assert before == within == (TRUST, False)
    assert unknown == (None, False)
    assert new == other == (TRUST, False), "a new one opens its doors at once"
    assert after == (None, True)


def test_a_message_costs_no_question_of_the_store_by_whatever_it_is_proved(
    identities: Identities, store_of: Store
) -> None:
    """Token, certificate, sender and feeds of each message; at the doors, and where a worker hears a partner's own user."""
    token = identities.add(TRUST, "partner", kinds=["hospital-hl7"])
    AccessTokens(store_of).add_key(TRUST, "a" * 64, "certificate", "")
    time = Time()
    register, remembered = Register(identities, time), Remembered(identities, time)
    asked: list[str] = []
    event.listen(store_of.engine, "before_cursor_execute", lambda *what: asked.append(what[2]))

    async def message() -> None:
        assert await register.authenticate(token.text)
        assert await register.by_certificate("a" * 64)
        assert not await register.has_ended("a" * 64)
        assert await register.find("RTH08")
        assert await register.feeds(TRUST, "hospital-hl7") == []
        assert remembered.registered(TRUST)

    async def messages(number: int) -> int:
        before = len(asked)
        for _ in range(number):
            await message()
        return len(asked) - before

    async def story() -> list[int]:
        first, then = await messages(1), await messages(200)
        time.pass_on(1.0)
        return [first, then, await messages(200)]

    once, many, next_second = asyncio.run(story())
    assert (once > 0, many, next_second) == (True, 0, once)


def test_who_was_revoked_as_a_whole_comes_back_with_nothing_from_before(identities: Identities) -> None:
    identities.add("jane", "coordinator", organisations=["BERKS"])
    identities.revoke("jane")
    token = identities.add("jane", "coordinator", organisations=["OXON"])
    found = identities.authenticate(token.text)
    assert found is not None
    assert found.areas == {"OXON"}
    identities.add(TRUST, "partner", kinds=["hospital-hl7", "hospital-fhir"], organisations=["GWH"])
    identities.revoke(TRUST)
    identities.add("RN3", "partner", kinds=["hospital-hl7"], organisations=["GWH"])
    identities.add(TRUST, "partner", kinds=["hospital-fhir", "police"], live=False)
    (held,) = [each for each in identities.registered() if each.code == TRUST]
    assert (held.kinds, held.open_kinds, held.organisations) == (
        ("hospital-fhir", "police"),
        (),
        (),
    )


def test_a_new_key_brings_nobody_back_of_whom_everything_was_revoked(store_of: Store, identities: Identities) -> None:
    """Else it would speak again for what another was registered for meanwhile, and live without anybody's leave."""
    identities.add(TRUST, "partner", kinds=["hospital-hl7"], organisations=["GWH"])
    identities.revoke(TRUST)
    identities.add("RN3", "partner", kinds=["hospital-hl7"], organisations=["GWH"])
    tokens = AccessTokens(store_of)
    for give in (
        lambda: tokens.add_key(TRUST, "a" * 64, "certificate", ""),
        lambda: tokens.add_public_key(TRUST, Machine(TRUST).public),
    ):
        with pytest.raises(NotAllowed) as refused:
            give()
        assert refused.value.code == "revoked"
    assert [each.name for each in identities.partners()] == ["RN3"]
    identities.add(TRUST, "partner", kinds=["hospital-hl7"], live=False)
    tokens.add_key(TRUST, "a" * 64, "certificate", "")
    found = identities.by_certificate("a" * 64)
    assert found is not None
    assert (found.organisations, found.trying) == (frozenset(), {"hospital-hl7"})


@pytest.mark.parametrize("name", ["engine", "Engine", "cli"])
def test_nobody_bears_the_engines_own_name_in_the_log(identities: Identities, name: str) -> None:
    for give in (
        lambda: identities.add(name, "operator"),
        lambda: identities.people.add(name, "operator", "correct horse battery"),
    ):
        with pytest.raises(NotAllowed) as refused:
            give()
        assert refused.value.code == "bad-code"


def test_nobody_decides_under_the_name_of_a_panel_or_partner(identities: Identities) -> None:
    """Over its own door a panel decides as a coordinator under its code: a person of that name would look the same."""
    identities.add("BERKS", "cdop")
    identities.add(FORCE, "partner", kinds=["police"])
    identities.add("night-desk", "operator")
    people = identities.people
    for name in ("BERKS", "berks", FORCE):
        proved = Principal(name, "coordinator", organisations=frozenset({"OXON"}), credential=BY_PROVIDER)
        for give in (
            lambda who=proved: people.open_session(who, 60),
            lambda who=proved: people.add(who.name, "operator", "correct horse battery"),
        ):
            with pytest.raises(NotAllowed) as refused:
                give()
            assert refused.value.code == "taken-name"
    people.add("night-desk", "operator", "correct horse battery")
    jane = Principal("jane", "coordinator", organisations=frozenset({"OXON"}), credential=BY_PROVIDER)
    assert people.session(people.open_session(jane, 60)) == jane


def test_who_only_changes_tokens_keeps_what_they_were_registered_for(identities: Identities) -> None:
    token = identities.add(TRUST, "partner", kinds=["hospital-hl7"], organisations=["GWH"])
    identities.add(TRUST, "partner", expires_at=datetime.now(UTC) - timedelta(days=1))
    identities.revoke(TRUST, token.lookup)
    identities.add(TRUST, "partner")
    (held,) = identities.registered()
    assert (held.kinds, held.organisations) == (("hospital-hl7",), ("GWH",))


def test_a_site_that_is_registered_itself_is_itself_and_not_its_trust(identities: Identities) -> None:
    """Whoever is bound to the site - a mailbox, a folder, a port, a certificate, a broker user - is the site or nobody."""
    identities.add(TRUST, "partner", kinds=["hospital-hl7"], organisations=["GWH"])
    identities.add("RTH08", "partner", kinds=["hospital-fhir"], live=False)
    time = Time()
    register, remembered = Register(identities, time), Remembered(identities, time)

    async def story() -> list[str | None]:
        time.pass_on(1.0)
        found = [await register.registered(code) for code in ("RTH08", TRUST, "gwh", "RTH09", "GWH01")]
        found += [await register.find("RTH08"), remembered.registered("RTH08"), remembered.registered("RTH09")]
        return [each and each.name for each in found]

    assert asyncio.run(story()) == ["RTH08", TRUST, TRUST, None, None, "RTH08", "RTH08", None]
    held = remembered.registered("RTH08")
    assert held is not None
    assert (held.kinds, held.trying, held.may_speak_as(TRUST)) == ({"hospital-fhir"}, {"hospital-fhir"}, False)
    identities.revoke("RTH08")
    assert asyncio.run(story()) == [None, TRUST, TRUST, None, None, TRUST, None, None]


def test_a_worker_knows_a_revoked_partner_no_more_a_second_later(identities: Identities) -> None:
    identities.add(FORCE, "partner", kinds=["police"])
    time = Time()
    remembered = Remembered(identities, time)
    before = remembered.registered(FORCE)
    identities.revoke(FORCE)
    time.pass_on(1.0)
    assert (before is not None, remembered.registered(FORCE)) == (True, None)
