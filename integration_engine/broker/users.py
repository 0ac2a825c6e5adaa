"""Users and what they may do: who publishes is proved by the broker, and everybody sees only what is theirs.

RabbitMQ keeps users by its management API alone. Passwords are given when a user is made and kept nowhere by us.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from integration_engine.broker.declare import Drift
from integration_engine.broker.management import Management
from integration_engine.broker.topology import Role, Topology, fill

NOTHING = "^$"
_ESCAPED_BRACES = re.compile(r"\\\{(\w+)\\\}")


@dataclass(frozen=True)
class Rights:
    """What one user may do on one virtual host, as RabbitMQ's regular expressions. ``topics`` are the routing keys it may
    write, by exchange; one that only its registration knows is None."""

    write: str
    read: str
    topics: Mapping[str, str | None]

    def permission(self) -> dict[str, str]:
        return {"configure": NOTHING, "write": self.write, "read": self.read}


def rights(role: Role, values: Mapping[str, str]) -> Rights:
    """A role's rights for one user. ``values`` fill the role's ``{names}``: ``partner``, ``cdop``, ``team``, and ``kinds``
    (separated by ``|``)."""
    quoted = {name: value if name == "kinds" else re.escape(value) for name, value in values.items()}

    def topic(pattern: str) -> str | None:
        return fill(pattern, quoted) if "{kinds}" not in pattern or "kinds" in values else None

    return Rights(
        _any_of(role.write, quoted),
        _any_of(role.read, quoted),
        {exchange: topic(pattern) for exchange, pattern in role.topics.items()},
    )


def put_user(management: Management, vhost: str, role: Role, password: str, values: Mapping[str, str]) -> str:
    """Make a user of this role, or give it a new password, and return its name."""
    user = fill(role.user, values)
    management.put("users", user, body={"password": password, "tags": ""})
    _put_rights(management, vhost, user, rights(role, values))
    return user


def remove_user(management: Management, role: Role, values: Mapping[str, str]) -> None:
    """A user that may not come any more. One that isn't there is gone already."""
    user = fill(role.user, values)
    if management.get("users", user) is not None:
        management.delete("users", user)


def repair_users(topology: Topology, management: Management, vhost: str) -> list[str]:
    """Put every known user's rights right again; returns whose were wrong. No user is made."""
    wrong = sorted({drift.name for drift in user_drifts(topology, management, vhost)})
    known = dict(_known(topology, management))
    for user in wrong:
        _put_rights(management, vhost, user, known[user])
    return wrong


def user_drifts(topology: Topology, management: Management, vhost: str) -> Iterator[Drift]:
    """Users of our roles whose rights aren't those of the topology."""
    for user, right in _known(topology, management):
        there = _on(management.get("users", user, "permissions"), vhost)
        if not there or any(there[0].get(name) != wanted for name, wanted in right.permission().items()):
            yield Drift("user", user, "different", "permissions")
        topics = {row["exchange"]: row for row in _on(management.get("users", user, "topic-permissions"), vhost)}
        for exchange, pattern in right.topics.items():
            row = topics.get(exchange)
            if row is None or row["read"] != NOTHING or pattern not in (None, row["write"]):
                yield Drift("user", user, "different", f"topics of {exchange}")


def _known(topology: Topology, management: Management) -> Iterator[tuple[str, Rights]]:
    for row in management.get("users") or ():
        for role in topology.roles.values():
            values = _values(role.user, row["name"])
            if values is not None:
                yield row["name"], rights(role, values)


def _values(pattern: str, user: str) -> dict[str, str] | None:
    """What fills a role's user name to make this one; None where nothing does."""
    found = re.fullmatch(_ESCAPED_BRACES.sub(r"(?P<\1>.+)", re.escape(pattern)), user)
    return None if found is None else found.groupdict()


def _put_rights(management: Management, vhost: str, user: str, right: Rights) -> None:
    management.put("permissions", vhost, user, body=right.permission())
    for exchange, pattern in right.topics.items():
        if pattern is not None:
            body = {"exchange": exchange, "write": pattern, "read": NOTHING}
            management.put("topic-permissions", vhost, user, body=body)


def _on(rows: Any, vhost: str) -> list[dict[str, Any]]:
    return [row for row in rows or () if row["vhost"] == vhost]


def _any_of(names: Sequence[str], quoted: Mapping[str, str]) -> str:
    if not names:
        return NOTHING
    return "^(" + "|".join(fill(name.replace(".", r"\."), quoted) for name in names) + ")$"
