"""How many files this process may have open, because each connection is one: looked at before the doors open.

A process without a descriptor left can't reach its broker or its database either, so doors take fewer connections rather
than all there are.
"""

import logging
import resource

log = logging.getLogger(__name__)

RESERVED = 256
"""Descriptors that are for everything but the doors: the broker, the database, logs, libraries."""


def connections_allowed(asked: int, others: int = 0) -> int:
    """How many connections MLLP may have in all: ``asked`` where the limit of open files allows that many beside the
    ``others`` of HTTP, else fewer.

    The soft limit is raised as far as the hard one lets it. What is missing then is for the operator, and logged.
    """
    reserved = RESERVED + others
    allowed = max(1, _raised(asked + reserved) - reserved)
    if allowed >= asked:
        return asked
    log.warning(
        "the limit of open files allows fewer MLLP connections than the settings do: raise it (LimitNOFILE, ulimit -n)",
        extra={"door": "mllp", "count": allowed},
    )
    return allowed


def _raised(wanted: int) -> int:
    """The limit of open files after it was raised towards ``wanted``."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return wanted
    reachable = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if reachable > soft:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (reachable, hard))
        except (OSError, ValueError):
            # The system may allow less than its own hard limit says.
            return soft
    return max(soft, reachable)
