"""A partner that publishes past the gateway speaks for itself in each message of a batch, and gateway messages are proved."""

from adapters import registry
from adapters.adapter import Submission
from integration_engine.authors import AuthorsReader
from integration_engine.broker.origin import Origin
from integration_engine.security.identity import Principal
from tests.hl7_samples import RECEIVED, death

RTH = Principal("RTH", "partner", frozenset({"hospital-hl7"}))
OWN, ANOTHERS, SITES = death(), death().replace(b"|RTH|", b"|RXH|"), death().replace(b"|RTH|", b"|RTH02|")


def verdicts(*bodies: bytes, direct: bool = True) -> list[tuple[str, str]]:
    body = b"BHS|^~\\&|PAS|RTH\r" + b"".join(bodies) + b"BTS|%d\r" % len(bodies)
    submission = Submission(body, RECEIVED, partner="RTH")
    origins = {id(submission): Origin("hospital-hl7", "RTH", direct=direct)}
    reader = AuthorsReader(registry.read, (), lambda name: RTH if name == "RTH" else None, origins)
    return [(reading.verdict, reading.reason) for reading in reader.read(submission, "hospital-hl7")]


def test_a_batch_of_ones_own_and_ones_sites_is_taken() -> None:
    assert verdicts(OWN, SITES) == [("notice", "death")] * 2


def test_a_batch_with_anothers_message_anywhere_in_it_is_refused_whole() -> None:
    assert verdicts(OWN, ANOTHERS, OWN) == [("refused", "wrong-sender")]


def test_what_the_gateway_has_held_against_its_sender_is_not_asked_again() -> None:
    assert verdicts(OWN, ANOTHERS, direct=False) == [("notice", "death")] * 2
