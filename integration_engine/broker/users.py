"""Users and what they may do: who publishes is proved by the broker, and everybody sees only what is theirs.

RabbitMQ keeps users by its management API alone. A password is given when a user is made. Of partners' and recipients'
accounts the register keeps the salted hash, and the broker is made to have just those: see ``Account``.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from integration_engine.broker.declare import Drift
from integration_engine.broker.management import Management
from integration_engine.broker.topology import Role, Topology, fill

ALGORITHM = "rabbit_password_hashing_sha256"

NOTHING = "^$"
_ESCAPED_BRACES = re.compile(r"\\\{(\w+)\\\}")
# A code holds no dot, so what stands behind one is which of somebody's accounts it is: partner.RTH.2 beside partner.RTH.
_NUMBER = r"(?:\.[2-9])?"


@dataclass(frozen=True)
class Rights:
    """What one user may do on one virtual host, as RabbitMQ's regular expressions. ``topics`` are the routing keys it may
    write, by exchange; one that only its registration knows is None. ``limits``: how many connections and channels it may
    have open at once; any number where nothing is said."""

    write: str
    read: str
    topics: Mapping[str, str | None]
    limits: Mapping[str, int] = field(default_factory=dict)

    def permission(self) -> dict[str, str]:
        return {"configure": NOTHING, "write": self.write, "read": self.read}


@dataclass(frozen=True)
class Account:
    """A user as the register wants it. ``values`` fill the role's ``{names}``; ``hashed`` is RabbitMQ's own salted hash of
    its password (SHA-256)."""

    name: str
    role: Role
    values: Mapping[str, str]
    hashed: str = field(repr=False)


@dataclass(frozen=True)
class Applied:
    """What was changed of the broker's users, by name."""

    made: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    repaired: tuple[str, ...] = ()


def rights(role: Role, values: Mapping[str, str]) -> Rights:
    """A role's rights for one user. ``values`` fill the role's ``{names}``: ``partner``, ``cdop``, ``team``, and ``kinds``
    (separated by ``|``)."""
    quoted = {name: value if name == "kinds" else re.escape(value) for name, value in values.items()}

    def topic(pattern: str) -> str | None:
        if "{kinds}" in pattern and not values.get("kinds"):
            return NOTHING if "kinds" in values else None
        return fill(pattern, quoted)

    return Rights(
        _any_of(role.write, quoted),
        _any_of(role.read, quoted),
        {exchange: topic(pattern) for exchange, pattern in role.topics.items()},
        {f"max-{what}": most for what, most in role.limits.items()},
    )


def put_user(management: Management, vhost: str, role: Role, password: str, values: Mapping[str, str]) -> str:
    """Make a user of this role, or give it a new password, and return its name."""
    user = fill(role.user, values)
    management.put("users", user, body={"password": password, "tags": ""})
    _put_rights(management, vhost, user, rights(role, values))
    return user


def account_name(role: Role, values: Mapping[str, str], number: int = 1) -> str:
    """The user name of somebody's account; a second one beside the first is for changing passwords without a gap."""
    return fill(role.user, values) + ("" if number == 1 else f".{number}")


def apply_accounts(management: Management, vhost: str, accounts: Sequence[Account], ended: Collection[str]) -> Applied:
    """Make the broker have these users with just their rights, and none of those that ``ended``: RabbitMQ closes what a
    removed user has open. Users of other people are left alone."""
    made, repaired = [], []
    for account in accounts:
        right, there = rights(account.role, account.values), management.get("users", account.name)
        if there is None or there.get("password_hash") != account.hashed:
            body = {"password_hash": account.hashed, "hashing_algorithm": ALGORITHM, "tags": ""}
            management.put("users", account.name, body=body)
            made.append(account.name)
        elif not list(_wrong(management, vhost, account.name, right)):
            continue
        else:
            repaired.append(account.name)
        _put_rights(management, vhost, account.name, right)
    removed = [name for name in sorted(ended) if management.get("users", name) is not None]
    for name in removed:
        management.delete("users", name)
    return Applied(tuple(made), tuple(removed), tuple(repaired))


def account_drifts(
    topology: Topology, management: Management, vhost: str, accounts: Sequence[Account], ended: Collection[str]
) -> Iterator[Drift]:
    """Where the broker's users aren't those of the register: missing, with other rights or another password, still there, or
    (of this virtual host) in no register."""
    for account in accounts:
        there = management.get("users", account.name)
        if there is None:
            yield Drift("user", account.name, "missing")
            continue
        if there.get("password_hash") != account.hashed:
            yield Drift("user", account.name, "different", "password")
        yield from _wrong(management, vhost, account.name, rights(account.role, account.values))
    wanted = {account.name for account in accounts}
    for name, _, _ in owners(topology, management, vhost):
        if name in ended:
            yield Drift("user", name, "extra", "revoked")
        elif name not in wanted:
            yield Drift("user", name, "extra", "in no register")


def owners(topology: Topology, management: Management, vhost: str) -> Iterator[tuple[str, str, str]]:
    """(user, role, code) of every user that is somebody's own and may do something on this virtual host."""
    here = {row["user"] for row in management.get("permissions") or () if row["vhost"] == vhost}
    for row in management.get("users") or ():
        for name, role in topology.roles.items():
            values = _values(role.user, row["name"])
            if values and row["name"] in here:
                yield row["name"], name, next(iter(values.values()))


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
        yield from _wrong(management, vhost, user, right)


def _wrong(management: Management, vhost: str, user: str, right: Rights) -> Iterator[Drift]:
    there = _on(management.get("users", user, "permissions"), vhost)
    if not there or any(there[0].get(name) != wanted for name, wanted in right.permission().items()):
        yield Drift("user", user, "different", "permissions")
    topics = {row["exchange"]: row for row in _on(management.get("users", user, "topic-permissions"), vhost)}
    for exchange, pattern in right.topics.items():
        row = topics.get(exchange)
        if row is None or row["read"] != NOTHING or pattern not in (None, row["write"]):
            yield Drift("user", user, "different", f"topics of {exchange}")
    limited = {name: most for row in management.get("user-limits", user) or () for name, most in row["value"].items()}
    if any(limited.get(name) != most for name, most in right.limits.items()):
        yield Drift("user", user, "different", "limits")


def _known(topology: Topology, management: Management) -> Iterator[tuple[str, Rights]]:
    for row in management.get("users") or ():
        for role in topology.roles.values():
            values = _values(role.user, row["name"])
            if values is not None:
                yield row["name"], rights(role, values)


def _values(pattern: str, user: str) -> dict[str, str] | None:
    """What fills a role's user name to make this one; None where nothing does."""
    found = re.fullmatch(_ESCAPED_BRACES.sub(r"(?P<\1>[^.]+)", re.escape(pattern)) + _NUMBER, user)
    return None if found is None else found.groupdict()


def _put_rights(management: Management, vhost: str, user: str, right: Rights) -> None:
    management.put("permissions", vhost, user, body=right.permission())
    for exchange, pattern in right.topics.items():
        if pattern is not None:
            body = {"exchange": exchange, "write": pattern, "read": NOTHING}
            management.put("topic-permissions", vhost, user, body=body)
    for name, most in right.limits.items():
        management.put("user-limits", user, name, body={"value": most})


def _on(rows: Any, vhost: str) -> list[dict[str, Any]]:
    return [row for row in rows or () if row["vhost"] == vhost]


def _any_of(names: Sequence[str], quoted: Mapping[str, str]) -> str:
    if not names:
        return NOTHING
    return "^(" + "|".join(fill(name.replace(".", r"\."), quoted) for name in names) + ")$"
