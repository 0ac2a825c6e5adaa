"""One FHIR message laid out flat: its resources, each with the place it stands, who refers to whom, and its header."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import unquote

from adapters.hospital_fhir.refusals import Refused
from adapters.hospital_fhir.shape import Tree, child, children, codings, kind_of, text

# A document Bundle within a message Bundle is one level; more than a few is nobody's message.
_DEEPEST_BUNDLE = 5
# Where a resource says whom it is about.
_SUBJECTS = ("subject", "patient", "individual")
# Message events of HL7 v2 carried over to FHIR that are no ADT: results, orders, documents, vaccinations.
_INDIRECT_EVENTS = ("R01", "R21", "R22", "O01", "O21", "T02", "T01", "V04", "M01")


@dataclass(frozen=True, slots=True, eq=False)
class Placed:
    """One resource and its place: ``path`` is its FHIRPath from the root, ``full_url`` what its Bundle entry calls it,
    ``modified`` when the entry of a history says that it was changed.

    It equals nothing but itself: two resources with the same words in two places are two.
    """

    resource: Tree
    path: str
    full_url: str | None = None
    container: "Placed | None" = None
    modified: str | None = None

    @property
    def kind(self) -> str:
        return kind_of(self.resource)


@dataclass(frozen=True)
class Message:
    """A whole message. ``root`` is the resource that was sent; ``resources`` are it (unless a Bundle) and all within it."""

    root: Tree
    resources: tuple[Placed, ...]
    _by_type: dict[str, list[Placed]] = field(default_factory=dict)

    def of_type(self, kind: str) -> list[Placed]:
        return self._by_type.get(kind, [])

    @property
    def bundle_type(self) -> str | None:
        return text(self.root, "type") if kind_of(self.root) == "Bundle" else None

    @cached_property
    def header(self) -> Placed | None:
        return next(iter(self.of_type("MessageHeader")), None)

    @cached_property
    def event(self) -> str | None:
        """What the message calls itself: an event code (``pds-death-notification-1``, ``A03``) or an event's address."""
        if self.header is None:
            return None
        header = self.header.resource
        named = codings(header.get("event")) or codings(header.get("eventCoding"))
        return named[0][1] if named else text(header, "eventUri")

    @cached_property
    def requests(self) -> list[tuple[str, str, str]]:
        """(method in capitals, address, FHIRPath) of what the entries of a Bundle ask for, or in a history tell of."""
        asked = ((child(entry, "request"), index) for index, entry in enumerate(children(self.root, "entry")))
        return [
            ((text(one, "method") or "").upper(), text(one, "url") or "", f"Bundle.entry[{index}].request")
            for one, index in asked
            if one
        ]

    @cached_property
    def indirect(self) -> bool:
        """A laboratory, document or vaccination message, which may speak of a death but isn't sent because of one."""
        if self.header is None:
            return False
        if (self.event or "").upper() in _INDIRECT_EVENTS:
            return True
        focus = {
            placed.kind for reference in children(self.header.resource, "focus") if (placed := self.resolve(reference))
        }
        return bool(focus) and focus <= {"DiagnosticReport", "DocumentReference", "Immunization", "ServiceRequest"}

    @cached_property
    def _by_reference(self) -> dict[str, Placed]:
        found: dict[str, Placed] = {}
        for placed in self.resources:
            if placed.container is None:
                for name in (
                    placed.full_url,
                    f"{placed.kind}/{text(placed.resource, 'id')}",
                    text(placed.resource, "id"),
                    "/".join((placed.full_url or "").split("/")[-2:]),
                ):
                    if name:
                        found.setdefault(name, placed)
        return found

    @cached_property
    def _contained(self) -> dict[tuple[Placed | None, str | None], Placed]:
        inner = [one for one in self.resources if one.container is not None]
        return {(one.container, text(one.resource, "id")): one for one in reversed(inner)}

    def resolve(self, reference: Tree, holder: Placed | None = None) -> Placed | None:
        """The resource a Reference means, if it is in this message."""
        said = text(reference, "reference")
        if not said:
            return None
        if said.startswith("#"):
            outer = holder.container or holder if holder else None
            return self._contained.get((outer, said[1:]))
        said = said.split("/_history/", 1)[0]
        found = self._by_reference.get(said)
        if found or said.startswith("urn:"):
            # urn:uuid:X where the entry's address was written without its prefix is still X.
            return found or self._by_reference.get(said.rsplit(":", 1)[-1])
        found = self._by_reference.get("/".join(said.split("/")[-2:])) if "/" in said else None
        return None if found and _of_another_server(said, found.full_url or "") else found

    def about(self, patient: Placed, kind: str) -> list[Placed]:
        """The resources of a type whose subject or patient is this one; in a message about one person all that say nobody."""
        return self._of_subject.get((patient, kind)) or self._of_stand_in(patient, kind)

    def subject_of(self, placed: Placed) -> Placed | None:
        """The Patient of this message that a resource is about, by its address or its identifier."""
        subject = next((found for name in _SUBJECTS if (found := child(placed.resource, name))), {})
        who = self.resolve(subject, placed)
        if who is not None:
            return who
        if text(subject, "reference") or child(subject, "identifier"):
            return self._by_identifier.get(text(identifier_of(subject), "value"))
        patients = self.of_type("Patient")
        return patients[0] if len(patients) == 1 else None

    @cached_property
    def _of_subject(self) -> dict[tuple[Placed, str], list[Placed]]:
        """Made once: a Bundle may hold thousands of patients with thousands of resources each."""
        found: dict[tuple[Placed, str], list[Placed]] = {}
        for placed in self.resources:
            if placed.kind != "Patient" and (who := self.subject_of(placed)) is not None:
                found.setdefault((who, placed.kind), []).append(placed)
        return found

    @cached_property
    def _by_identifier(self) -> dict[str | None, Placed]:
        found: dict[str | None, Placed] = {}
        for patient in self.of_type("Patient"):
            for identifier in children(patient.resource, "identifier"):
                if value := text(identifier, "value"):
                    found.setdefault(value, patient)
        return found

    @cached_property
    def linked_to(self) -> dict[Placed, Placed]:
        """For a resource that another Patient's ``link`` names: that Patient (a mother, by her baby's RelatedPerson)."""
        found: dict[Placed, Placed] = {}
        for patient in self.of_type("Patient"):
            for link in children(patient.resource, "link"):
                target = self.resolve(child(link, "other"), patient)
                if target is not None:
                    found.setdefault(target, patient)
        return found

    def _of_stand_in(self, patient: Placed, kind: str) -> list[Placed]:
        """The same for somebody whom no Patient of the message stands for, by the number that names them."""
        if self.of_type("Patient"):
            return []
        numbers = {text(one, "value") for one in children(patient.resource, "identifier")}
        return [placed for number in numbers for placed in self._by_named_number.get((number, kind), ())]

    @cached_property
    def _by_named_number(self) -> dict[tuple[str | None, str], list[Placed]]:
        found: dict[tuple[str | None, str], list[Placed]] = {}
        for placed in self.resources:
            subject = next((one for name in _SUBJECTS if (one := child(placed.resource, name))), {})
            if number := text(identifier_of(subject), "value"):
                found.setdefault((number, placed.kind), []).append(placed)
        return found

    @cached_property
    def focus_missing(self) -> str | None:
        """The path of a focus that isn't in the message, if any."""
        if self.header is None:
            return None
        for index, reference in enumerate(children(self.header.resource, "focus")):
            bundle = any(text(reference, "reference") in known for known in self._bundle_names)
            if text(reference, "reference") and not bundle and self.resolve(reference, self.header) is None:
                return f"{self.header.path}.focus[{index}]"
        return None

    @cached_property
    def _bundle_names(self) -> list[set[str]]:
        """What inner Bundles are called: they are laid flat here, so a focus on one finds its content instead."""
        found = []
        for entry in children(self.root, "entry"):
            inner = child(entry, "resource")
            if kind_of(inner) == "Bundle":
                names = {text(entry, "fullUrl"), text(inner, "id"), f"Bundle/{text(inner, 'id')}"}
                found.append({name for name in names if name} | {f"urn:uuid:{text(inner, 'id')}"})
        return found


_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def _of_another_server(reference: str, full_url: str) -> bool:
    """Whether both are addresses of a server's, not the same, and end alike by chance: every server has a Patient/1."""
    both = reference.startswith("http") and full_url.startswith("http")
    return both and reference != full_url and not _UUID.fullmatch(reference.rsplit("/", 1)[-1])


_CONDITION = re.compile(r"Patient\?(?:.*&)?identifier=([^&|]+)\|([^&|]+)")


def identifier_of(subject: Tree) -> Tree:
    """By which identifier a reference names somebody: its own, or a conditional reference's (``Patient?identifier=``)."""
    if own := child(subject, "identifier"):
        return own
    found = _CONDITION.fullmatch(unquote(text(subject, "reference") or ""))
    return {"system": found[1], "value": found[2]} if found else {}


def taken_out(tree: Tree) -> Tree:
    """The Bundle or Patient that is sent as the parameter of an operation (FHIR allows it to come bare or within Parameters);
    anything else as it is."""
    if kind_of(tree) != "Parameters":
        return tree
    if any(one.get("modifierExtension") for one in children(tree, "parameter")):
        raise Refused("unknown-modifier", "Parameters.parameter")
    inside = [child(one, "resource") for one in children(tree, "parameter") if child(one, "resource")]
    return inside[0] if len(inside) == 1 and kind_of(inside[0]) in ("Bundle", "Patient") else tree


def lay_out(tree: Tree) -> Message:
    """A message from its tree. Raises Refused for what is no message at all."""
    root = taken_out(tree)
    if not kind_of(root):
        raise Refused("unknown-resource", "resourceType")
    if kind_of(root) == "Bundle":
        if not any(child(entry, "resource") or entry.get("request") for entry in children(root, "entry")):
            raise Refused("empty-bundle", "Bundle.entry")
        found = list(_entries(root, "Bundle", 1))
    else:
        found = list(_with_contained(root, kind_of(root), None))
    by_type: dict[str, list[Placed]] = {}
    for placed in found:
        by_type.setdefault(placed.kind, []).append(placed)
    return Message(root, tuple(found), by_type)


def _entries(bundle: Tree, path: str, depth: int) -> Iterator[Placed]:
    if depth > _DEEPEST_BUNDLE:
        raise Refused("too-deep", path)
    for index, entry in enumerate(children(bundle, "entry")):
        inner, here = child(entry, "resource"), f"{path}.entry[{index}].resource"
        if kind_of(inner) == "Bundle":
            yield from _entries(inner, here, depth + 1)
        elif inner:
            yield from _with_contained(
                inner, here, text(entry, "fullUrl"), text(child(entry, "response"), "lastModified")
            )


def _with_contained(resource: Tree, path: str, full_url: str | None, modified: str | None = None) -> Iterator[Placed]:
    outer = Placed(resource, path, full_url, modified=modified)
    yield outer
    for index, inner in enumerate(children(resource, "contained")):
        yield Placed(inner, f"{path}.contained[{index}]", None, outer)
