"""Tokens, and the rule that nobody speaks as another."""

from datetime import UTC, datetime, timedelta

import pytest

from integration_engine.security import identity
from integration_engine.security.identity import Credential, NotAllowed, Principal, WrongSender

NOW = datetime(2026, 3, 9, 9, 0, tzinfo=UTC)
TRUST = Principal("RTH", "partner", frozenset({"hospital-hl7"}), frozenset({"GREAT WESTERN"}))
FORCE = Principal("E23000038", "partner", frozenset({"police"}))


def credential(token: identity.Token, **changes: datetime) -> Credential:
    kept = Credential(token.lookup, token.hashed, "partner", "RTH", NOW - timedelta(days=1))
    return Credential(**{name: getattr(kept, name) for name in kept.__slots__} | changes)


def test_a_token_is_found_by_its_lookup_and_proved_by_its_secret() -> None:
    token = identity.new_token()
    parts = identity.split(token.text)
    assert parts is not None
    assert parts[0] == token.lookup
    assert identity.proves(parts[1], credential(token), NOW)


def test_what_is_kept_of_a_token_does_not_open_anything() -> None:
    token = identity.new_token()
    kept = credential(token)
    assert token.text not in repr(token) + repr(kept)
    assert not identity.proves(kept.hashed, kept, NOW)


def test_another_tokens_secret_proves_nothing() -> None:
    mine, other = identity.new_token(), identity.new_token()
    secret = identity.split(other.text)
    assert secret is not None
    assert not identity.proves(secret[1], credential(mine), NOW)
    assert not identity.proves(secret[1], None, NOW)


def test_a_revoked_or_expired_token_proves_nothing() -> None:
    token = identity.new_token()
    secret = token.text.removeprefix(f"cdr_{token.lookup}_")
    assert not identity.proves(secret, credential(token, revoked_at=NOW - timedelta(seconds=1)), NOW)
    assert not identity.proves(secret, credential(token, expires_at=NOW), NOW)
    assert identity.proves(secret, credential(token, expires_at=NOW + timedelta(seconds=1)), NOW)


@pytest.mark.parametrize(
    "text", ["", "cdr_", "Bearer x", "cdr_short_x", "cdr_aaaaaaaaaaaaaaaa_" + "x" * 44, "a" * 9999]
)
def test_what_is_no_token_is_told_apart_without_looking_it_up(text: str) -> None:
    assert identity.split(text) is None


def test_two_tokens_are_never_alike() -> None:
    assert len({identity.new_token().text for _ in range(50)}) == 50


@pytest.mark.parametrize("sender", ["RTH", "rth", " RTH ", "great western", "RTH08", None, ""])
def test_a_partner_speaks_as_itself_its_registered_names_and_a_trust_for_its_sites(sender: str | None) -> None:
    assert TRUST.may_speak_as(sender)


@pytest.mark.parametrize("sender", ["RTX", "RT", "RTH0", "RTH089", "WESTERN", "RXH08", "*", "RTH-1", "RTHÉ1", "RTH 1"])
def test_a_partner_does_not_speak_as_another(sender: str) -> None:
    assert not TRUST.may_speak_as(sender)


def test_a_force_does_not_speak_for_codes_that_start_like_its_own() -> None:
    assert not Principal("E23", "partner", frozenset({"police"})).may_speak_as("E2300")


def test_only_partners_speak() -> None:
    assert not Principal("RTH", "operator").may_speak_as("RTH")


def test_a_wrong_sender_is_told_where_and_not_who() -> None:
    with pytest.raises(WrongSender) as error:
        identity.require_sender(FORCE, [("$.force", "E23000038"), ("$.force", "E23000020")])
    assert error.value.code == "wrong-sender"
    assert error.value.path == "$.force"
    assert "E23000020" not in str(error.value)


def test_a_partner_comes_in_by_its_own_kind_of_door() -> None:
    identity.require_kind(FORCE, "police")
    with pytest.raises(NotAllowed) as error:
        identity.require_kind(FORCE, "coroner")
    assert error.value.code == "kind"


def test_a_panel_reads_its_own_inbox_only() -> None:
    panel = Principal("BERKS", "cdop")
    identity.require_inbox(panel, "cdop", "BERKS")
    with pytest.raises(NotAllowed):
        identity.require_inbox(panel, "cdop", "OXON")
    with pytest.raises(NotAllowed):
        identity.require_inbox(Principal("BERKS", "operator"), "cdop", "BERKS")


@pytest.mark.parametrize("code", ["", "a.b", "a b", "#", "*", "a/b", "é", "x" * 65, "-a"])
def test_a_code_that_could_change_a_routing_key_is_no_code(code: str) -> None:
    assert not identity.is_code(code)


def test_what_nobody_has_opened_yet_goes_no_further_than_the_sandbox() -> None:
    trying = Principal(
        "RTH", "partner", frozenset({"hospital-hl7", "hospital-fhir"}), trying=frozenset({"hospital-fhir"})
    )
    identity.require_live(trying, "hospital-hl7")
    with pytest.raises(NotAllowed) as refused:
        identity.require_live(trying, "hospital-fhir")
    assert refused.value.code == "not-live"


@pytest.mark.parametrize("role", ["operator", "cdop", "coordinator", "restricted"])
def test_nobody_but_a_partner_comes_in_by_a_partners_door(role: identity.Role) -> None:
    with pytest.raises(NotAllowed) as refused:
        identity.require_kind(Principal("x", role, frozenset({"police"})), "police")
    assert refused.value.code == "role"


def test_a_recipients_deliveries_have_its_own_key_and_nobody_else_has_any() -> None:
    receivers = [Principal("BERKS", "cdop"), Principal("JAR-OXON", "jar"), Principal("ncmd", "national")]
    assert [identity.recipient_of(who) for who in receivers] == ["cdop.BERKS", "jar.JAR-OXON", "national.ncmd"]
    with pytest.raises(NotAllowed):
        identity.recipient_of(TRUST)
