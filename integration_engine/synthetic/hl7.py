"""HL7 v2 messages as NHS patient administration systems send them, built with hl7apy."""

from dataclasses import dataclass
from datetime import datetime

from hl7apy.core import Field, Message, Segment

from integration_engine.synthetic.person import Child

_SEX = {"male": "1", "female": "2", "unknown": "0", "indeterminate": "9"}


@dataclass(frozen=True, slots=True)
class Hospital:
    """A hospital that sends: its ODS code (MSH-4) and the name of its system (MSH-3)."""

    ods_code: str
    system: str = "PAS"


def _stamp(iso: str) -> str:
    """ISO date or time as HL7 writes it, with as much precision as it has."""
    return iso.replace("-", "").replace(":", "").replace("T", "")


def adt(
    trigger: str,
    child: Child,
    hospital: Hospital,
    control_id: str,
    at: datetime,
    *,
    died_at: str | None = None,
    indicator: str | None = None,
    discharge: str | None = None,
    ward: str | None = None,
    local_id: str | None = None,
    visit: str | None = None,
    merged: str | None = None,
    diagnoses: tuple[str, ...] = (),
    observations: tuple[tuple[str, str], ...] = (),
    version: str = "2.4",
) -> bytes:
    """One ADT message. ``indicator`` is PID-30, ``died_at`` PID-29, ``discharge`` PV1-36; ``merged`` is MRG-1's old
    hospital number. ``observations`` are (code, value) pairs of OBX segments, ``diagnoses`` ICD-10 codes."""
    message = Message(f"ADT_{trigger}" if trigger in ("A01", "A03") else "ADT_A01", version=version)
    stamp = at.strftime("%Y%m%d%H%M%S")
    head = message.msh
    head.msh_3, head.msh_4, head.msh_5, head.msh_6 = hospital.system, hospital.ods_code, "CDR", "CDR"
    head.msh_7, head.msh_9, head.msh_10, head.msh_11 = stamp, f"ADT^{trigger}", control_id, "P"
    head.msh_12, head.msh_15, head.msh_16 = version, "AL", "NE"
    message.evn.evn_1, message.evn.evn_2 = trigger, stamp

    pid = Segment("PID", version=version)
    pid.pid_1 = "1"
    identifiers = [f"{child.nhs_number}^^^NHS^NH"] if child.nhs_number else []
    if local_id:
        identifiers.append(f"{local_id}^^^{hospital.ods_code}^MR")
    for identifier in identifiers:
        field = Field("PID_3", version=version)
        field.value = identifier
        pid.add(field)
    pid.pid_5 = f"{child.family}^{child.given}^^^^^L"
    pid.pid_7, pid.pid_8 = _stamp(child.birth_date), _SEX[child.sex]
    if child.postcode or child.lines:
        pid.pid_11 = f"{'^'.join((*child.lines, '', '', '', '')[:4])}^{child.postcode or ''}^^H"
    if child.ethnic_category:
        pid.pid_22 = child.ethnic_category
    if child.birth_order:
        pid.pid_24, pid.pid_25 = "Y", str(child.birth_order)
    if died_at is not None:
        pid.pid_29 = _stamp(died_at)
    if indicator is not None:
        pid.pid_30 = indicator
    lines = [message.msh.to_er7(), message.evn.to_er7(), _with_status(pid.to_er7(), child)]
    if child.gp_practice:
        lines.append(f"PD1|||^^{child.gp_practice}")
    if child.mother:
        lines.append(_mother(child))
    if merged:
        lines.append(f"MRG|{merged}^^^{hospital.ods_code}^MR")
    if visit or ward or discharge:
        lines.append(_visit(ward or f"WARD^^^{hospital.ods_code}", visit or "", discharge or "", died_at or stamp))
    lines += [f"DG1|{n}||{code}^^I10" for n, code in enumerate(diagnoses, 1)]
    lines += [f"OBX|{n}|ST|{code}||{value}" for n, (code, value) in enumerate(observations, 1)]
    return ("\r".join(lines) + "\r").encode()


def _with_status(pid: str, child: Child) -> str:
    """PID-32, which the older versions' structures don't have but NHS systems send: 01 says that there is a number."""
    if not child.nhs_number and child.nhs_status == "01":
        return pid
    return pid + "|" * (32 - pid.count("|")) + child.nhs_status


def _mother(child: Child) -> str:
    given, _, family = (child.mother or "").partition(" ")
    fields = ["1", f"{family}^{given}", "MTH"]
    if child.mother_nhs_number:
        fields += [""] * 29 + [f"{child.mother_nhs_number}^^^NHS^NH"]  # NK1-33, the associated party's identifiers
    return "NK1|" + "|".join(fields)


def _visit(ward: str, visit: str, discharge: str, discharged_at: str) -> str:
    fields = [""] * 46
    fields[2], fields[3], fields[19], fields[36], fields[45] = "I", ward, visit, discharge, _stamp(discharged_at)
    return "PV1|1|" + "|".join(fields[2:])
