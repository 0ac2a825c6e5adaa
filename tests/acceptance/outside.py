"""Messages written out by hand, and what ``cdr try`` and ``cdr route`` say of them: the rules as an outsider would try them.

Everything goes through the command line. No builder of ours makes a message here, so a mistake of theirs can't hide one.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from integration_engine.cli import _build

NHS = "9991000003"
HOME = "1 Low St^^Reading^^RG1 2LU^^H"
NOW = ("--at", "2026-03-10T09:00:00Z")
VISIT = "PV1|1|I|RHU03^^^RHU03"
DIED_IN_HOSPITAL = VISIT + "|" * 33 + "4"
Answer = dict[str, Any]


def adt(
    trigger: str = "A03",
    control: str = "1",
    *,
    sent: str = "20260309050000",
    nhs: str = NHS,
    name: str = "Hatherly^Rosa",
    born: str = "20140509",
    address: str = HOME,
    died: str = "20260309041000",
    dead: str = "Y",
    visit: str | None = DIED_IN_HOSPITAL,
    more: str = "",
    message: str = "ADT",
) -> str:
    """An HL7 v2.4 message of a hospital in Portsmouth, as its characters."""
    identifier = f"{nhs}^^^NHS^NH" if nhs else f"X{control}^^^RHU^MR"
    segments = [
        f"MSH|^~\\&|EPR|RHU|CDR|CDR|{sent}||{message}^{trigger}|{control}|P|2.4",
        f"EVN|{trigger}|{sent}",
        f"PID|1||{identifier}||{name}||{born}|F|||{address}||||||||||||||||||{died}|{dead}",
        visit or "",
        more,
    ]
    return "\r".join(segment for segment in segments if segment) + "\r"


def police(person: Mapping[str, Any] | None = None, event: Mapping[str, Any] | None = None, **top: Any) -> str:
    """A Wiltshire report of a child from Reading who died in Oxford after something in Swindon; None leaves a member out."""
    child = {
        "person_id": "P1",
        "role": "deceased",
        "family_name": "Hatherly",
        "given_names": "Rosa",
        "date_of_birth": "2014-05-09",
        "sex": "F",
        "address": {"lines": ["1 Low St"], "lad_code": "E06000038", "country": "GBR", "use": "home"},
        "life_extinct_at": "2026-03-09T04:10:00Z",
        "place_of_death": {"type": "hospital", "lad_code": "E07000178", "country": "GBR"},
    } | dict(person or {})
    happened = {
        "event_id": "EV1",
        "type": "other",
        "at": "2026-03-07T18:20:00Z",
        "place": {"lad_code": "E06000030", "country": "GBR"},
        "suspicious": "no",
    } | dict(event or {})
    report = {
        "schema": "police-sudden-death/1",
        "force": "E23000038",
        "report_id": "54-2026-000123",
        "version": 1,
        "status": "current",
        "reported_at": "2026-03-09T06:00:00Z",
        "event": {key: value for key, value in happened.items() if value is not None},
        "persons": [{key: value for key, value in child.items() if value is not None}],
    }
    return json.dumps(report | top)


_HEADER = (
    "area,reference,event,event_at,family_name,given_names,sex,date_of_birth,age,age_unit,postcode,date_of_death,"
    "time_of_death,lad_of_death,nhs_number,inquest_opened_at,conclusion,conclusion_at,post_mortem,restricted"
)


def coroner(*rows: Mapping[str, str]) -> str:
    """Rows of Oxfordshire's coroner about a child from Reading."""
    lines = [_HEADER]
    for row in rows or ({},):
        cells = {
            "area": "oxfordshire",
            "reference": "01234-2026",
            "event": "REFERRED",
            "event_at": "2026-03-09T10:00",
            "family_name": "Hatherly",
            "given_names": "Rosa",
            "sex": "F",
            "date_of_birth": "2014-05-09",
            "postcode": "RG1 2LU",
            "date_of_death": "2026-03-09",
            "time_of_death": "04:10",
            "lad_of_death": "E07000178",
        } | dict(row)
        lines.append(",".join(f'"{cells.get(column, "")}"' for column in _HEADER.split(",")))
    return "\n".join(lines) + "\n"


_STATUS = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-DeathNotificationStatus"
_CODES = "https://fhir.hl7.org.uk/CodeSystem/UKCore-DeathNotificationStatus"


def national(status: str | None, at: str, died: str | None = "2026-03-09T04:10:00+00:00", **patient: Any) -> str:
    """A national death notification of a status (1, 2, U; None for none) as an R4 message."""
    child: Answer = {
        "resourceType": "Patient",
        "id": NHS,
        "identifier": [{"system": "https://fhir.nhs.uk/Id/nhs-number", "value": NHS}],
        "name": [{"use": "usual", "family": "Hatherly", "given": ["Rosa"]}],
        "birthDate": "2014-05-09",
        "gender": "female",
        "address": [{"use": "home", "line": ["1 Low St"], "postalCode": "RG1 2LU"}],
        **patient,
    }
    if died:
        child["deceasedDateTime"] = died
    if status:
        code = {
            "url": "deathNotificationStatus",
            "valueCodeableConcept": {"coding": [{"system": _CODES, "code": status}]},
        }
        child["extension"] = [
            {"url": _STATUS, "extension": [code, {"url": "systemEffectiveDate", "valueDateTime": at}]}
        ]
    header = {
        "resourceType": "MessageHeader",
        "id": f"h-{status}-{at}",
        "meta": {"lastUpdated": at},
        "eventUri": "urn:nhs:names:event",
        "source": {"name": "PDS", "endpoint": "urn:x"},
        "focus": [{"reference": f"Patient/{NHS}"}],
    }
    entries = [{"resource": header}, {"fullUrl": f"Patient/{NHS}", "resource": child}]
    return json.dumps({"resourceType": "Bundle", "type": "message", "timestamp": at, "entry": entries})


def decision(
    kind: str,
    value: Mapping[str, Any] | None = None,
    *about: str,
    at: str = "2026-03-09T12:00:00Z",
    role: str = "coordinator",
) -> Answer:
    """A decision about the first message, unless it says otherwise: ``m0#0`` is the first message's first child."""
    return {
        "id": f"{kind}-{at}",
        "at": at,
        "by": "A. Person",
        "role": role,
        "kind": kind,
        "about": list(about or ("m0#0",)),
        "value": dict(value or {}),
        "reason": "Because it is so.",
    }


def tried(folder: Path, messages: Sequence[str], *options: str, decisions: Sequence[Answer] = ()) -> Answer:
    """What ``cdr try --json`` prints of messages in this order, named m0, m1 ..."""
    for index, message in enumerate(messages):
        (folder / f"m{index}").write_text(message, newline="")
    if decisions:
        placed = [each | {"about": [f"{folder}/{one}" for one in each["about"]]} for each in decisions]
        (folder / "decisions.json").write_text(json.dumps(placed))
        options = (*options, "--decisions", str(folder / "decisions.json"))
    files = [str(folder / f"m{index}") for index in range(len(messages))]
    done = CliRunner().invoke(_build(["try"]), ["try", "--json", *NOW, *options, *files], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    answer: Answer = json.loads(done.stdout.replace(f"{folder}/", ""))
    return answer


def case_of(answer: Answer) -> Answer:
    """The one case of an answer."""
    [case] = answer["cases"]
    found: Answer = case
    return found


def routed(folder: Path, rows: Sequence[Mapping[str, Any]], *options: str) -> dict[str, Answer]:
    """What ``cdr route --json`` prints of tabular rows, by id; a row's None is left out."""
    plain = [{key: value for key, value in row.items() if value is not None} for row in rows]
    (folder / "rows.jsonl").write_text("\n".join(json.dumps(row) for row in plain))
    command = ["route", "--json", *(options if "--at" in options else (*NOW, *options)), str(folder / "rows.jsonl")]
    done = CliRunner().invoke(_build(["route"]), command, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return {line["id"]: line for line in map(json.loads, done.stdout.splitlines())}


def lead(case: Answer) -> tuple[str, str] | None:
    """The lead panel and its rule."""
    return (case["lead"]["cdop"], case["lead"]["rule"]) if case["lead"] else None


def copies(case: Answer) -> set[tuple[str, str]]:
    """The panels that get a copy, each with its rule."""
    return {(one["cdop"], one["rule"]) for one in case["copies"]}
