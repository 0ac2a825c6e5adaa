"""How often a response team is called twice at once, and how many have to be on call. Textbook queueing, as it came and as
chance would have it.

Calls are taken to come at random at an even rate (a Poisson process), each keeping a team busy for ``hours``. The offered
load is ``a = rate * hours`` erlangs.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

HOURS_A_WEEK = 168.0


@dataclass(frozen=True, slots=True)
class Load:
    """One team's demand. ``erlangs`` is how many responses run at once on average; ``overlap`` the chance that a new one
    begins while another runs (``1 - exp(-a)``); ``cover`` how many must be on call so that the chance of nobody free is
    under the limit (Erlang B), ``unmet`` that chance; ``busy`` the share of their time that those on call are called out."""

    erlangs: float
    overlap: float
    cover: int
    unmet: float
    busy: float


def overlap(erlangs: float) -> float:
    """The chance that a response which begins finds another still running: ``1 - exp(-a)`` (arrivals see time averages; the
    number running is Poisson with mean ``a``)."""
    return -math.expm1(-erlangs)


def erlang_b(servers: int, erlangs: float) -> float:
    """The chance that a call finds all of ``servers`` busy (Erlang B), by the recursion
    ``B(0) = 1, B(n) = a B(n-1) / (n + a B(n-1))``."""
    blocked = 1.0
    for number in range(1, servers + 1):
        blocked = erlangs * blocked / (number + erlangs * blocked)
    return blocked


def cover(erlangs: float, limit: float = 0.01) -> int:
    """How many have to be on call so that the chance of nobody free is under ``limit``. At least one, wherever there is a
    team."""
    servers = 1
    while erlang_b(servers, erlangs) >= limit:
        servers += 1
    return servers


def load(calls: int, weeks: float, hours: float, limit: float = 0.01) -> Load:
    """The load of a team that was called ``calls`` times in ``weeks``."""
    erlangs = calls / weeks * hours / HOURS_A_WEEK if weeks > 0 else 0.0
    needed = cover(erlangs, limit)
    unmet = erlang_b(needed, erlangs)
    return Load(erlangs, overlap(erlangs), needed, unmet, erlangs * (1 - unmet) / needed)


def observed_overlaps(starts: Sequence[datetime], hours: float) -> tuple[int, int]:
    """Of calls as they came: how many began while an earlier one still ran, and the most that ever ran at once."""
    length = timedelta(hours=hours)
    running: list[datetime] = []
    overlapping = most = 0
    for start in sorted(starts):
        running = [began for began in running if start - began < length]
        overlapping += bool(running)
        running.append(start)
        most = max(most, len(running))
    return overlapping, most


def fewer_than(number: int, mean: float) -> float:
    """The chance that a Poisson count with this mean is below ``number``."""
    if mean <= 0:
        return 1.0 if number > 0 else 0.0
    logs = (count * math.log(mean) - mean - math.lgamma(count + 1) for count in range(number))
    return min(1.0, math.fsum(math.exp(term) for term in logs))
