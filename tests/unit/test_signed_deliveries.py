"""The signature of a delivery by webhook: the published scheme's own example, and everything that is not signed."""

import json

import pytest

from integration_engine.receiving.signed import NotASecret, NotSigned, key_of, new_secret, require_signed, signed

# The worked example of the scheme's published libraries.
EXAMPLE = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
NOW = 1_772_000_000


def test_it_is_the_published_scheme() -> None:
    made = signed([EXAMPLE], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert made == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_one_secret_follows_another_without_a_gap() -> None:
    old, new, another = new_secret(), new_secret(), new_secret()
    body = json.dumps({"delivery": "d-1"}).encode()
    both = signed([new, old], "d-1", NOW, body)
    assert [require_signed([known], both, body, NOW + 5) for known in (old, new)] == ["d-1", "d-1"]
    assert require_signed([another, new], signed([new], "d-1", NOW, body), body, NOW) == "d-1"


@pytest.mark.parametrize(
    ("changes", "body", "now", "code"),
    [
        ({}, b"{} ", NOW, "signature"),
        ({"webhook-id": "d-2"}, b"{}", NOW, "signature"),
        ({"webhook-timestamp": str(NOW + 1)}, b"{}", NOW, "signature"),
        ({"webhook-signature": "v1,"}, b"{}", NOW, "signature"),
        ({"webhook-signature": "v1a,AAAA"}, b"{}", NOW, "signature"),
        ({"webhook-signature": ""}, b"{}", NOW, "headers"),
        ({"webhook-id": ""}, b"{}", NOW, "headers"),
        ({"webhook-timestamp": "soon"}, b"{}", NOW, "headers"),
        ({"webhook-timestamp": "²"}, b"{}", NOW, "headers"),
        ({"webhook-timestamp": "9" * 400}, b"{}", NOW, "headers"),
        ({}, b"{}", NOW + 301, "time"),
        ({}, b"{}", NOW - 301, "time"),
    ],
)
def test_what_was_changed_on_its_way_or_is_played_again_is_none(
    changes: dict[str, str], body: bytes, now: float, code: str
) -> None:
    headers = signed([EXAMPLE], "d-1", NOW, b"{}") | changes
    with pytest.raises(NotSigned) as refused:
        require_signed([EXAMPLE], headers, body, now)
    assert refused.value.code == code


def test_another_secret_signs_nothing() -> None:
    with pytest.raises(NotSigned) as refused:
        require_signed([new_secret()], signed([EXAMPLE], "d-1", NOW, b"{}"), b"{}", NOW)
    assert refused.value.code == "signature"


@pytest.mark.parametrize("secret", ["", "sesame", "whsec_", "whsec_AAAA", "whsec_?", EXAMPLE.removeprefix("whsec_")])
def test_what_is_no_secret_is_refused_without_being_shown(secret: str) -> None:
    with pytest.raises(NotASecret) as refused:
        key_of(secret)
    assert len(secret) < 7 or secret not in str(refused.value)
    assert len(key_of(new_secret())) == 32
