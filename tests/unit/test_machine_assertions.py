"""What a machine signs proves who it is only where everything about it is right."""

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey

from integration_engine.security import assertion
from integration_engine.security.assertion import AssertionRefused, check, named, public_key
from integration_engine.security.identity import NotAllowed
from tests.signing import PUBLIC_URL, TOKEN_URL, Machine, signed_with_the_public_key

NOW = datetime(2026, 3, 9, 9, 0, tzinfo=UTC)
FORCE = Machine("E23000038")
KEYS = [public_key(FORCE.public)]
OURS = {TOKEN_URL, PUBLIC_URL}
STRANGER = Machine("E23000038")


def seconds(after: int) -> int:
    return int((NOW + timedelta(seconds=after)).timestamp())


def why(text: str, client: str = "E23000038") -> str:
    with pytest.raises(AssertionRefused) as refused:
        check(text, client, KEYS, OURS, NOW)
    assert client not in str(refused.value)
    return refused.value.code


def test_a_statement_signed_for_this_token_endpoint_proves_its_client() -> None:
    text = FORCE.assertion(NOW, jti="once")
    assert named(text) == "E23000038"
    proved = check(text, "E23000038", KEYS, OURS, NOW)
    assert (proved.client, proved.key, proved.jti) == ("E23000038", KEYS[0].id, "once")
    assert check(FORCE.assertion(NOW, aud=[PUBLIC_URL, TOKEN_URL]), "E23000038", KEYS, OURS, NOW)


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({"aud": "https://elsewhere.example/oauth/token"}, "audience"),
        ({"aud": None}, "audience"),
        ({"aud": [["x"], 3]}, "audience"),
        ({"aud": TOKEN_URL + "/"}, "audience"),
        ({"aud": ["https://elsewhere.example", TOKEN_URL]}, "audience"),
        ({"aud": []}, "audience"),
        ({"exp": seconds(-61)}, "expired"),
        ({"exp": None}, "expired"),
        ({"exp": "soon"}, "expired"),
        ({"exp": True}, "expired"),
        ({"exp": 10**30}, "expired"),
        ({"exp": seconds(3600)}, "lasts-too-long"),
        ({"exp": 253_402_300_799}, "lasts-too-long"),
        ({"nbf": seconds(300)}, "not-yet"),
        ({"iat": seconds(300)}, "not-yet"),
        ({"jti": None}, "no-id"),
        ({"jti": ""}, "no-id"),
        ({"jti": 7}, "no-id"),
        ({"jti": "x" * 256}, "no-id"),
        ({"sub": "E23000029"}, "signature"),
        ({"iss": "E23000029"}, "signature"),
        ({"sub": None}, "signature"),
    ],
)
def test_a_statement_that_is_not_as_it_has_to_be_proves_nothing(claims: dict[str, Any], code: str) -> None:
    assert why(FORCE.assertion(NOW, **claims)) == code


@pytest.mark.parametrize(
    "claims",
    [
        pytest.param({"exp": seconds(1)}, id="ends in a moment"),
        pytest.param({"exp": seconds(-59)}, id="ended by a clock a minute ahead"),
        pytest.param({"exp": seconds(360)}, id="lasts five minutes by a clock a minute ahead"),
        pytest.param({"nbf": seconds(60), "iat": seconds(60)}, id="begins by a clock a minute ahead"),
        pytest.param({"nbf": None, "iat": None}, id="doesn't say when it begins"),
        pytest.param({"jti": "x" * 255}, id="has a long id"),
    ],
)
def test_a_clock_that_is_a_minute_out_is_forgiven(claims: dict[str, Any]) -> None:
    assert check(FORCE.assertion(NOW, **claims), "E23000038", KEYS, OURS, NOW).client == "E23000038"


@pytest.mark.parametrize("algorithm", ["ES256", "RS256", "ES384", "HS256", "none", ""])
def test_a_client_that_is_known_and_one_that_is_not_take_the_same_steps(
    monkeypatch: pytest.MonkeyPatch, algorithm: str
) -> None:
    """Not timed: what is counted is how often, and against which kind of key, a signature is checked."""
    tried: list[tuple[str, str | None]] = []
    real = jwt.decode

    def noted(text: str, key: Any, *args: Any, **named: Any) -> Any:
        kept = key.as_dict(private=False)
        tried.append((kept["kty"], kept.get("crv")))
        return real(text, key, *args, **named)

    monkeypatch.setattr(assertion.jwt, "decode", noted)
    head = base64.urlsafe_b64encode(json.dumps({"alg": algorithm}).encode()).rstrip(b"=").decode()
    _, body, mark = STRANGER.assertion(NOW).split(".")
    steps = []
    for known in (KEYS, []):
        tried.clear()
        with pytest.raises(AssertionRefused):
            check(f"{head}.{body}.{mark}", "E23000038", known, OURS, NOW)
        steps.append(list(tried))
    assert steps[0] == steps[1]
    assert len(steps[0]) == 1


def test_another_machines_signature_and_an_unknown_clients_are_told_alike() -> None:
    stranger = Machine("E23000038")
    assert why(stranger.assertion(NOW)) == "signature"
    with pytest.raises(AssertionRefused) as unknown:
        check(FORCE.assertion(NOW), "E23000038", [], OURS, NOW)
    with pytest.raises(AssertionRefused) as known:
        check(stranger.assertion(NOW), "E23000038", KEYS, OURS, NOW)
    assert (unknown.value.code, str(unknown.value)) == (known.value.code, str(known.value))


def test_nobody_makes_a_statement_with_what_everybody_may_have() -> None:
    assert why(signed_with_the_public_key(FORCE)) == "signature"
    head, body, _ = FORCE.assertion(NOW).split(".")
    none = "eyJhbGciOiJub25lIn0"  # {"alg":"none"}
    assert why(f"{none}.{body}.") == "signature"
    assert why(f"{head}.{body}.") == "signature"


@pytest.mark.parametrize(
    "text", ["", "x", "a.b.c", "..", "e30.e30.e30", "e30.W10.e30", "e30." + "W1" * 3000 + ".", "é.é.é"]
)
def test_what_is_no_statement_says_so(text: str) -> None:
    with pytest.raises(AssertionRefused) as refused:
        named(text)
    assert refused.value.code == "malformed"


@pytest.mark.parametrize("algorithm", ["RS256", "RS512", "PS256"])
def test_rsa_keys_sign_too_as_national_services_have_them(algorithm: str) -> None:
    trust = Machine("RTH", RSAKey.generate_key(2048))
    keys = [public_key(FORCE.public), public_key(trust.public)]
    assert check(trust.assertion(NOW, algorithm), "RTH", keys, OURS, NOW).key == keys[1].id


def test_a_key_is_taken_only_where_it_is_public_and_strong() -> None:
    as_jwk = public_key(json.dumps(FORCE.key.as_dict(private=False)))
    assert as_jwk.id == KEYS[0].id
    weak = [
        FORCE.key.as_pem(private=True).decode(),
        json.dumps(FORCE.key.as_dict(private=True)),
        RSAKey.generate_key(1024).as_pem(private=False).decode(),
        ECKey.generate_key("secp256k1").as_pem(private=False).decode(),
        json.dumps(OctKey.generate_key(256).as_dict()),
        "",
        "{",
        "[]",
        "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
    ]
    for text in weak:
        with pytest.raises(NotAllowed) as refused:
            public_key(text)
        assert refused.value.code == "bad-key"


@pytest.mark.parametrize(
    "header",
    [
        {"kid": "../../../../dev/null"},
        {"kid": "' OR 1=1 --"},
        {"jku": "https://elsewhere.example/keys"},
        {"x5u": "https://elsewhere.example/certificate"},
        {"jwk": STRANGER.key.as_dict(private=False)},
        {"jwk": STRANGER.key.as_dict(private=False), "kid": KEYS[0].id},
    ],
)
def test_a_key_or_the_name_of_one_in_a_statement_is_never_looked_at(header: dict[str, Any]) -> None:
    """Whoever else signed it stays a stranger whatever the heading says; and ours is known without it."""
    claims = {"iss": FORCE.code, "sub": FORCE.code, "aud": TOKEN_URL, "exp": seconds(60), "jti": "x"}
    forged = jwt.encode({"alg": "ES256"} | header, claims, STRANGER.key, algorithms=["ES256"])
    assert why(forged) == "signature"


def test_what_has_to_be_understood_and_is_not_proves_nothing() -> None:
    """RFC 7515 4.1.11: an extension that is called critical and that we don't know, rightly signed."""
    claims = {"iss": FORCE.code, "sub": FORCE.code, "aud": TOKEN_URL, "exp": seconds(60), "jti": "x"}
    head, body = (
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()
        for part in ({"alg": "ES256", "crit": ["b65"], "b65": True}, claims)
    )
    private = FORCE.key.private_key
    assert isinstance(private, ec.EllipticCurvePrivateKey)
    r, s = decode_dss_signature(private.sign(f"{head}.{body}".encode(), ec.ECDSA(SHA256())))
    mark = base64.urlsafe_b64encode(r.to_bytes(32) + s.to_bytes(32)).rstrip(b"=").decode()
    assert why(f"{head}.{body}.{mark}") == "signature"
