"""What a message has to be as a whole before anything of it is kept: its bytes, its header, and who it says it is about."""

import re

from adapters.hospital_fhir.content import check_depth, check_strictly
from adapters.hospital_fhir.message import Message
from adapters.hospital_fhir.modifiers import check_entries
from adapters.hospital_fhir.person import agrees, named_in_header
from adapters.hospital_fhir.refusals import Refused
from adapters.hospital_fhir.shape import Tree, kind_of, text
from adapters.hospital_fhir.validity import check_meaning, check_text
from integration_engine.record.notice import Problem

_ABOUT_DEATH = re.compile("death-?notification", re.IGNORECASE)


def check_bytes(body: bytes, form: str, tree: Tree) -> None:
    """What no kept message may have, whatever it says. ``form`` is json or xml. Raises Refused."""
    if form == "json":
        check_strictly(body)
    check_depth(tree)
    # In JSON an escape is the only way to write it, in XML there is none.
    if b"\\u0000" in body:
        check_text(tree, kind_of(tree))


def check_whole(message: Message, body: bytes, form: str) -> tuple[Problem, ...]:
    """What is only worth looking at in a message that will be kept; problems are the message's own. Raises Refused."""
    check_bytes(body, form, message.root)
    problems: list[Problem] = []
    if text(message.root, "implicitRules"):
        raise Refused("implicit-rules", f"{kind_of(message.root)}.implicitRules")
    check_entries(message)
    if message.header is not None:
        check_meaning(message.header.resource, message.header.path)
    elif message.bundle_type == "message":
        why = "A message Bundle should begin with a MessageHeader."
        problems.append(Problem(code="no-header", text=why, path="Bundle.entry[0]"))
    check_focus(message, always=True)
    named = named_in_header(message)
    if named and not any(agrees(named, one) for one in message.of_type("Patient")):
        raise Refused("identity-disagrees", message.header.path if message.header else None)
    return tuple(problems)


def check_requests(message: Message) -> None:
    """What a transaction or batch may not ask for, because it can't be done to what isn't held. Raises Refused."""
    if message.bundle_type in ("transaction", "batch"):
        for method, _, path in message.requests:
            if method in ("DELETE", "PATCH"):
                raise Refused(f"{method.lower()}-requested", f"{path}.method")


def check_focus(message: Message, *, always: bool) -> None:
    """A focus that isn't there is refused where something is kept, or where the event itself is about a death. Raises
    Refused."""
    if (always or _ABOUT_DEATH.search(message.event or "")) and (missing := message.focus_missing):
        raise Refused("bad-focus", missing)
