"""Who sent a message: the organisation and system its header names, and ODS codes however they are written."""

from adapters.hospital_fhir.message import Message, Placed
from adapters.hospital_fhir.shape import Tree, children, text


def organisation_code(organisation: Tree) -> str | None:
    """The ODS code of an Organization (or of a logical reference to one)."""
    identifiers = children(organisation, "identifier")
    for identifier in identifiers:
        system = (text(identifier, "system") or "").lower()
        if "ods" in system and (value := text(identifier, "value")):
            return value.upper()
    return None


def sender_of(message: Message) -> tuple[str | None, str | None]:
    """(organisation's ODS code, system) the message names as its sender."""
    header = message.header
    if header is None:
        return None, None
    for name in ("sender", "responsible"):
        for reference in children(header.resource, name):
            if code := _code_of_reference(message, reference, header):
                return code, _system(header.resource)
    return None, _system(header.resource)


def _code_of_reference(message: Message, reference: Tree, holder: Placed) -> str | None:
    placed = message.resolve(reference, holder)
    if placed is not None:
        return organisation_code(placed.resource)
    said = text(reference, "reference") or ""
    if "directory.spineservices" in said and "/Organization/" in said:
        # The national directory's address of an organisation ends in its ODS code.
        return said.rsplit("/", 1)[-1].upper() or None
    return organisation_code(reference)


def _system(header: Tree) -> str | None:
    sources = children(header, "source")
    return (text(sources[0], "name") or text(sources[0], "endpoint")) if sources else None
