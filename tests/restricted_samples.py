"""Invented restricted children: each form in which one is told, and every identifier of who they were, to be looked for."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.native_messages import adt, js, message, patient, person, report, row, segment, upload

OLD, NEW = "9991009590", "9991010963"
FORMER = ("hart", "liam", OLD, "999 100 9590", "ls1 1ur", "ls11ur", "e08000035", "leeds", "former lane", "8812345")
"""What would tell who the child was: name, number in two spellings, postcode, district, panel, street, hospital number."""
CURRENT = ("marsh", "leo", NEW, "ba1 5aw")
HERE = "3 NEWHOME CLOSE^^BATH^^BA1 5AW^GBR^H"
THERE = "14 FORMER LANE^^OLDTOWN^^LS1 1UR^GBR^H"
STAY = {"f3": "PICU^BAY1^BED2^RA7"}


def now_called(control: str = "CUR1", *segments: str, **pid: Any) -> bytes:
    """A hospital tells of the death under the current identity."""
    own = {"f3": f"{NEW}^^^NHS^NH~1001^^^RA7^PI", "f5": "MARSH^LEO^^^^^L", "f8": "M", "f11": HERE}
    return adt("A03", control, *segments, sender="RA7", visit=STAY, **(own | pid))


def once_called(control: str = "OLD1", **pid: Any) -> bytes:
    """Another system tells of it under the former one."""
    own = {"f3": f"{OLD}^^^NHS^NH~8812345^^^RR8^PI", "f5": "HART^LIAM^^^^^L", "f8": "M", "f11": THERE}
    return adt("A31", control, sender="RR8", sent="20260309090000", has_visit=False, **(own | pid))


def renumbered() -> bytes:
    """The national record: the number is replaced by another."""
    data = {"fullUrl": f"https://pds.example/Patient/{NEW}", "versionId": 'W/"3"', "nhsNumberStatus": "R"}
    subject = {"nhsNumber": OLD, "familyName": "HART", "dob": "2014-05-09"}
    return js({
        "id": "s-1", "type": "nhs-number-change-1", "subject": subject, "source": {"name": "national"},
        "time": "2026-03-10T09:00:00.000Z", "data": data,
    })  # fmt: skip


def merged() -> bytes:
    """One hospital says that two of its own numbers are one child's, under another name."""
    body = adt("A40", "MRG1", sender="RA7", has_visit=False, f3="1001^^^RA7^PI", f5="MARSH^LEO^^^^^L", f8="M", f11=HERE,
               f29=None, f30=None, f32=None, sent="20260310090000")  # fmt: skip
    return body + (segment("MRG", f1="8812345^^^RA7^PI", f7="HART^LIAM") + "\r").encode()


def police(name: tuple[str, str], home: Mapping[str, Any], **also: Any) -> bytes:
    told = person(family_name=name[0], given_names=name[1], sex="M", address=dict(home), **also)
    return json.dumps(report(told, event={"place": {"lad_code": "E06000023"}})).encode()


_BATH = {"lines": ["3 Newhome Close"], "postcode": "BA1 5AW", "use": "home"}
_LEEDS = {"lines": ["14 Former Lane"], "postcode": "LS1 1UR", "lad_code": "E08000035", "use": "home"}


@dataclass(frozen=True)
class Form:
    """One form. ``about`` are the references a person's release names; ``link`` those that are one child's, where a person
    must say so; ``restrict``: a person restricts the case."""

    messages: Mapping[str, bytes]
    about: str
    link: tuple[str, ...] = ()
    restrict: bool = False


FORMS: Mapping[str, Form] = {
    "adoption by a replaced number": Form(
        {"r.json": renumbered(), "cur.hl7": now_called(), "old.hl7": once_called()}, "cur.hl7#0", ("cur.hl7#0", "old.hl7#0")
    ),
    "adoption, and police who know the former name only": Form(
        {
            "r.json": renumbered(), "cur.hl7": now_called(), "old.hl7": once_called(),
            "p.json": police(("Hart", "Liam"), _LEEDS, known_as="Liam Leeds", nhs_number=None),
        },
        "cur.hl7#0", ("cur.hl7#0", "old.hl7#0"),
    ),
    "adoption by a hospital's own merge": Form(
        {
            "m.hl7": merged(), "cur.hl7": now_called(f3="1001^^^RA7^PI", f32=None),
            "old.hl7": adt("A08", "OLD2", sender="RA7", has_visit=False, f3="8812345^^^RA7^PI", f5="HART^LIAM^^^^^L", f8="M",
                           f11=THERE, f32=None),
        },
        "cur.hl7#0", ("cur.hl7#0", "old.hl7#0"),
    ),
    "a protected flag, and aliases": Form(
        {
            "cur.hl7": now_called(
                "CUR2", segment("PD1", f12="Y"), f5="MARSH^LEO^^^^^L~HART^LIAM^^^^^B~LEODIS^LIAM^^^^^A", f9="HART^LIAM",
                f3=f"{NEW}^^^NHS^NH~1001^^^RA7^PI~8812345^^^RR8^PI",
                f11=f"{HERE}~14 FORMER LANE^^LEEDS^^LS1 1UR^GBR^L",
            )
        },
        "cur.hl7#0",
    ),
    "security labels, and a former name and home": Form(
        {
            "cur.json": js(message(patient(
                meta={"security": [{"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "R"}]},
                identifier=[{"system": "https://fhir.nhs.uk/Id/nhs-number", "value": NEW}], gender="male",
                name=[{"use": "official", "family": "MARSH", "given": ["LEO"]},
                      {"use": "old", "family": "HART", "given": ["LIAM"]}],
                address=[{"use": "home", "line": ["3 NEWHOME CLOSE"], "postalCode": "BA1 5AW"},
                         {"use": "old", "line": ["14 FORMER LANE"], "postalCode": "LS1 1UR",
                          "period": {"end": "2020-01-01"}}],
            ), sender="RA7"))
        },
        "cur.json#0",
    ),
    "police who mark an adoption, and tell of before": Form(
        {
            "cur.json": json.dumps(report(
                person(family_name="Marsh", given_names="Leo", sex="M", nhs_number=NEW, address=_BATH,
                       known_as="Liam Hart", restricted="adoption"),
                event={"place": {"lad_code": "E06000023"}, "circumstances": "Liam Hart until 2020, of Former Lane, Leeds."},
            )).encode()
        },
        "cur.json#0",
    ),
    "a coroner's mark, and a hospital that knows the former identity only": Form(
        {
            "c.csv": upload(row(
                family_name="Marsh", given_names="Leo", sex="M", nhs_number=NEW, restricted="protected-identity",
                address="3 Newhome Close, Bath", postcode="BA1 5AW", place_of_death_postcode="BS2 8BJ",
            )),
            "old.hl7": once_called(f3=f"{NEW}^^^NHS^NH~8812345^^^RR8^PI"),
        },
        "c.csv#0", ("c.csv#0", "old.hl7#0"),
    ),
    "a coroner's mark, and a hospital with the former home": Form(
        {
            "c.csv": upload(row(
                family_name="Marsh", given_names="Leo", sex="M", nhs_number=NEW, restricted="protected-identity",
                address="3 Newhome Close, Bath", postcode="BA1 5AW", place_of_death_postcode="BS2 8BJ",
            )),
            "old.hl7": once_called(f3=f"{NEW}^^^NHS^NH~8812345^^^RR8^PI", f5="MARSH^LEO^^^^^L", f9="HART^LIAM"),
        },
        "c.csv#0",
    ),
    "a person's decision": Form(
        {"cur.hl7": now_called(f5="MARSH^LEO^^^^^L~HART^LIAM^^^^^M", f9="HART^LIAM", f3=f"{NEW}^^^NHS^NH~8812345^^^RR8^PI")},
        "cur.hl7#0", restrict=True,
    ),
}  # fmt: skip


def told(text: str | bytes) -> list[str]:
    """The identifiers of the former identity that stand in a text."""
    plain = (text.decode("utf-8", "replace") if isinstance(text, bytes) else text).casefold()
    return [secret for secret in FORMER if secret in plain]
