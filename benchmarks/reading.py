"""How fast messages are screened and read, on one core.

    python -m benchmarks reading

Floors in the same run, over the same bytes: for the screen, looking through them once for one needle; for HL7 v2, splitting
the message into segments and fields; for FHIR, parsing its JSON. Processor seconds of one thread.
"""

import argparse
import itertools
import time
from collections.abc import Callable, Iterator, Sequence

import orjson

from adapters.adapter import Submission
from adapters.registry import read, screen_of
from benchmarks.deaths import HOSPITAL, TOLD, Deaths
from benchmarks.figures import Figure, Report, Target
from benchmarks.wards import ordinary_bundles, ordinary_messages
from integration_engine.record.codes import PartnerKind

SECONDS = 1.5
READ_A_SECOND = 5_000
SCREENED_A_SECOND, SCREENED_BYTES_A_SECOND = 300_000, 500e6
_MANY = 500


def rate(work: Callable[[bytes], object], bodies: Sequence[bytes]) -> float:
    """Messages a second, by processor time, over at least a second and a half."""
    for body in bodies[:50]:
        work(body)
    started = time.process_time()
    for times, body in enumerate(itertools.cycle(bodies), 1):
        work(body)
        if not times % 50 and (spent := time.process_time() - started) >= SECONDS:
            return times / spent
    raise ValueError("there is nothing to work on")


def measure(_said: argparse.Namespace, _: Report) -> Iterator[Figure]:
    deaths = Deaths()
    yield from _screened("ordinary ADT", "hospital-hl7", list(ordinary_messages(_MANY)), b"\rZZZ|")
    yield from _screened("ordinary bundles", "hospital-fhir", list(ordinary_bundles(_MANY)), b'"zzz"')
    seven, bundles = list(deaths.hl7(_MANY)), list(deaths.fhir(_MANY))
    yield from _read("HL7 v2 death", "hospital-hl7", seven, _split, [Target(READ_A_SECOND, of="measured")])
    yield from _read("FHIR death", "hospital-fhir", bundles, orjson.loads)


def _screened(what: str, kind: PartnerKind, bodies: list[bytes], needle: bytes) -> Iterator[Figure]:
    screen = screen_of(kind, ())
    assert not any(map(screen, bodies)), "what is screened here is ordinary"
    screened, found = rate(screen, bodies), rate(lambda body: body.find(needle), bodies)
    size = sum(map(len, bodies)) / len(bodies)
    # Either is enough: small messages are many, large ones are bytes.
    target = Target(min(SCREENED_A_SECOND, SCREENED_BYTES_A_SECOND / size), of="measured")
    what = f"screen, {what} of {size:,.0f} bytes"
    yield Figure(what, screened, "messages/s", found, [target])
    yield Figure(what, screened * size / 1e6, "MB/s", found * size / 1e6)


def _read(
    what: str, kind: PartnerKind, bodies: list[bytes], least: Callable[[bytes], object], targets: Sequence[Target] = ()
) -> Iterator[Figure]:
    def reading(body: bytes) -> object:
        return list(read(Submission(body, TOLD, partner=HOSPITAL.ods_code), kind=kind))

    size = sum(map(len, bodies)) / len(bodies)
    yield Figure(
        f"read, {what} of {size:,.0f} bytes", rate(reading, bodies), "messages/s", rate(least, bodies), targets
    )


def _split(body: bytes) -> object:
    return [segment.split("|") for segment in body.decode().split("\r")]
