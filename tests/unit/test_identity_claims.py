"""What a provider says of a person is believed where it is signed, ours, in time and asked for; and makes them what rules
say."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from integration_engine.security.claims import Mapped, NotProved, RoleRule, checked, person
from integration_engine.security.identity import NotAllowed

NOW = datetime(2026, 3, 9, 9, 0, tzinfo=UTC)
ISSUER, CLIENT = "https://login.example.org/realms/staff", "cdr"
KEY, OLDER = ECKey.generate_key("P-256", auto_kid=True), RSAKey.generate_key(2048, auto_kid=True)
PUBLISHED = [key.as_dict(private=False) for key in (OLDER, KEY)]


def seconds(after: int) -> int:
    return int((NOW + timedelta(seconds=after)).timestamp())


def token(key: ECKey | RSAKey = KEY, algorithm: str = "ES256", **claims: Any) -> str:
    said = {
        "iss": ISSUER,
        "aud": CLIENT,
        "sub": "p-1",
        "nonce": "n",
        "iat": seconds(0),
        "exp": seconds(300),
        "acr": "aal2",
    }
    said = {name: value for name, value in (said | claims).items() if value is not None}
    return jwt.encode({"alg": algorithm}, said, key, algorithms=[algorithm])


def believed(text: str, **asked: Any) -> Any:
    return checked(text, PUBLISHED, **({"issuer": ISSUER, "client": CLIENT, "nonce": "n", "now": NOW} | asked))


def test_a_right_token_is_believed_whichever_of_the_providers_keys_signed_it() -> None:
    assert believed(token())["sub"] == "p-1"
    assert believed(token(OLDER, "RS256"))["sub"] == "p-1"
    assert believed(token(aud=[CLIENT, "other"], azp=CLIENT))["sub"] == "p-1"
    assert believed(token(exp=253_402_300_799))["sub"] == "p-1"
    assert believed(token(), strengths=("aal3", "aal2"))["acr"] == "aal2"


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({"iss": ISSUER + "/"}, "issuer"),
        ({"iss": None}, "issuer"),
        ({"aud": "other"}, "audience"),
        ({"aud": None}, "audience"),
        ({"aud": [CLIENT, "other"]}, "audience"),
        ({"azp": "other"}, "audience"),
        ({"exp": seconds(-61)}, "expired"),
        ({"exp": None}, "expired"),
        ({"exp": "never"}, "expired"),
        ({"exp": [1]}, "expired"),
        ({"exp": 253_402_300_800}, "expired"),
        ({"iat": seconds(120)}, "expired"),
        ({"nbf": seconds(120)}, "expired"),
        ({"nonce": "m"}, "nonce"),
        ({"nonce": None}, "nonce"),
        ({"nonce": 1}, "nonce"),
        ({"acr": "aal1"}, "too-weak"),
        ({"acr": None}, "too-weak"),
    ],
)
def test_a_token_that_is_anothers_late_or_too_weak_is_not(claims: dict[str, Any], code: str) -> None:
    with pytest.raises(NotProved) as refused:
        believed(token(**claims), strengths=("aal2",))
    assert refused.value.code == code


def test_a_key_of_a_kind_nobody_here_knows_keeps_nobody_out() -> None:
    strange = [{"kty": "EC", "crv": "BP-256", "x": "AA", "y": "AA"}, {"kty": "RSA", "n": 5, "e": "AQAB"}]
    asked: dict[str, Any] = {"issuer": ISSUER, "client": CLIENT, "nonce": "n", "now": NOW}
    assert checked(token(), [*strange, *PUBLISHED], **asked)["sub"] == "p-1"
    with pytest.raises(NotProved):
        checked(token(), strange, **asked)


def test_a_token_that_the_provider_did_not_sign_is_not() -> None:
    head, body, mark = token().split(".")
    for text in (
        token(ECKey.generate_key("P-256")),
        f"{head}.{body}.",
        f"eyJhbGciOiJub25lIn0.{body}.",
        "x",
        f"{head}.e30.{mark}",
    ):
        with pytest.raises(NotProved) as refused:
            believed(text)
        assert refused.value.code == "signature"
    with pytest.raises(NotProved):
        checked(token(), [{"kty": "oct", "k": "AAAA"}, {}], issuer=ISSUER, client=CLIENT, nonce="n", now=NOW)


MAPPED = Mapped(
    rules=(
        RoleRule(("realm", "roles"), "restricted", "restricted"),
        RoleRule(("realm", "roles"), "coordinator", "coordinator"),
        RoleRule(("job",), "doctor", "designated-doctor", ("OXON",)),
        RoleRule(("https://example.org/role",), "desk", "operator"),
    ),
    areas=("boards",),
    panels={"E1": "BERKS", "E2": "OXON", "E3": "bad code"},
)


def test_the_first_rule_that_fits_makes_the_role_and_only_known_boards_the_panels() -> None:
    jane = {
        "sub": "p-1",
        "preferred_username": "jane",
        "realm": {"roles": ["coordinator"]},
        "boards": ["E1", "E9", "E3", 7],
    }
    found = person(jane, MAPPED)
    assert (found.name, found.role, found.areas) == ("jane", "coordinator", frozenset({"BERKS"}))
    assert person(jane | {"boards": "E2"}, MAPPED).areas == {"OXON"}
    both = person(jane | {"realm": {"roles": ["coordinator", "restricted"]}}, MAPPED)
    assert (both.role, both.areas, both.organisations) == ("restricted", None, frozenset())
    assert person({"sub": "p-2", "job": "doctor", "boards": ["E1"]}, MAPPED).areas == {"OXON"}, (
        "a rule's own panels stand"
    )
    assert person({"sub": "p-3", "https://example.org/role": ["desk"]}, MAPPED).role == "operator"


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({"sub": "p-1"}, "no-role"),
        ({"sub": "p-1", "realm": {"roles": "Coordinator"}}, "no-role"),
        ({"sub": "p-1", "realm": ["coordinator"]}, "no-role"),
        ({"sub": "p-1", "realm": {"roles": {"coordinator": True}}}, "no-role"),
        ({"sub": "p-1", "realm": {"roles": ["coordinator"]}}, "no-area"),
        ({"sub": "p-1", "realm": {"roles": ["coordinator"]}, "boards": ["BERKS", "E3"]}, "no-area"),
        ({"sub": "a b", "job": "doctor"}, "no-name"),
        ({"job": "doctor"}, "no-name"),
        ({"sub": "x\nsigned-in", "job": "doctor"}, "no-name"),
        ({"sub": "x" * 129, "job": "doctor"}, "no-name"),
        ({"sub": "Engine", "job": "doctor"}, "no-name"),
    ],
)
def test_whom_no_rule_fits_is_nobody(claims: dict[str, Any], code: str) -> None:
    with pytest.raises(NotAllowed) as refused:
        person(claims, MAPPED)
    assert refused.value.code == code


def test_a_name_that_cannot_stand_in_the_audit_log_gives_way_to_sub() -> None:
    assert person({"sub": "p-4", "preferred_username": "Jane Doe <x>", "job": "doctor"}, MAPPED).name == "p-4"
