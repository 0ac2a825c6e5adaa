"""Joins the register to the broker: which users the broker has to have because the register says so, and which no more."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from integration_engine.broker.management import Management, ManagementError
from integration_engine.broker.topology import Topology
from integration_engine.broker.users import Account, Applied, account_name, apply_accounts, owners
from integration_engine.security.broker_password import BrokerPassword, new_password
from integration_engine.security.identity import NotAllowed, Role
from integration_engine.store.accounts import Accounts, Kept
from integration_engine.store.database import Store
from integration_engine.store.identities import Identities

# What each role's name in the topology's braces is called.
_NAMED = {"partner": "partner", "cdop": "cdop", "jar": "team", "national": "national"}
NUMBERS = range(1, 10)
"""Somebody's accounts are numbered: two or more live side by side while a password is changed."""


@dataclass(frozen=True, slots=True)
class Issued:
    """A new account or a new password. ``on_the_broker``: it works already; else ``cdr broker apply`` makes it work."""

    name: str
    password: str = field(repr=False)
    on_the_broker: bool


def wanted(topology: Topology, kept: Sequence[Kept]) -> tuple[list[Account], list[str]]:
    """The users that the broker has to have, and the names of those it may not have any more."""
    live = [each for each in kept if each.live and each.role in _NAMED and each.role in topology.roles]
    accounts = [Account(each.name, topology.roles[each.role], _values(each), each.hashed) for each in live]
    return accounts, [each.name for each in kept if not each.live]


def issue(
    store: Store,
    topology: Topology,
    role: Role,
    code: str,
    number: int,
    management: Management | None,
    vhost: str,
    by: str,
) -> Issued:
    """Give somebody in the register an account, or a new password for it. Raises NotAllowed, ManagementError."""
    if role not in _NAMED:
        raise NotAllowed("role", "this role has no account of somebody's own")
    password: BrokerPassword = new_password()
    name = account_name(topology.roles[role], {_NAMED[role]: code}, number)
    kept = Accounts(store).put(name, code, role, password.hashed, by)
    if management is not None:
        apply_accounts(management, vhost, *wanted(topology, [kept]))
    return Issued(name, password.text, management is not None)


def revoke(
    store: Store, code: str, name: str | None, management: Management | None, by: str
) -> tuple[list[str], list[str]]:
    """Revoke somebody's account, or all: the names revoked, and of those the ones that the broker may still have, because its
    management could not be asked. The worker takes nothing from a partner without a live token, whatever the broker has."""
    ended = Accounts(store).revoke(code, name, by)
    if management is None:
        return ended, ended
    try:
        apply_accounts(management, "", [], ended)
    except ManagementError:
        return ended, ended
    return ended, []


def apply(store: Store, topology: Topology, management: Management, vhost: str, by: str) -> tuple[list[str], Applied]:
    """Make the broker's users those of the register. First those that were made before there was a register of accounts, for
    somebody who is registered, are written into it as they are: nobody needs a new password. Returns their names, and what
    was changed."""
    accounts, adopted = Accounts(store), []
    known = {each.name for each in accounts.all()}
    registered = {(each.role, each.code) for each in Identities(store).registered()}
    for name, role, code in owners(topology, management, vhost):
        there = management.get("users", name) or {}
        hashed = there.get("password_hash") if name not in known else None
        if hashed and role in _NAMED and (role, code) in registered:
            accounts.put(name, code, role, hashed, by)  # type: ignore[arg-type]  # one of _NAMED
            adopted.append(name)
    return adopted, follow(topology, management, vhost, accounts.all())


def follow(topology: Topology, management: Management, vhost: str, kept: Sequence[Kept]) -> Applied:
    """Make the broker's users those of the register."""
    return apply_accounts(management, vhost, *wanted(topology, kept))


def _values(each: Kept) -> dict[str, str]:
    values = {_NAMED[each.role]: each.owner}
    return {**values, "kinds": "|".join(each.kinds)} if each.role == "partner" else values
