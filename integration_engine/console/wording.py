"""What the console says in words: values, fields, decisions, what happened to a case, alarms."""

import re
from collections.abc import Mapping
from typing import Any

from integration_engine.record.authority import kinds
from integration_engine.record.dates import in_words
from integration_engine.record.decision import Decision
from integration_engine.store.audit import Line

ALARMS: Mapping[str, str] = {
    "same-id-other-body": "One message id was used for two messages. Both are taken; ask the partner.",
    "told-too-often": "Hundreds of notices came about one child. All are taken; ask the partner why it goes on sending.",
    "asked-too-often": "More is asked than anybody can answer. Ask the partner: tests, or one number for many children?",
    "mesh-undelivered": "MESH could not deliver this. Telephone the recipient, put the mailbox right, then cdr resend.",
    "retraction-not-published": "A retraction has not left yet. Telephone the recipient.",
    "retraction-not-acknowledged": "Nobody has said that they know of a retraction. Telephone the recipient.",
    "audit-changed": "The audit log was changed by somebody without this engine's keys. cdr audit verify says where.",
    "break-glass": "Somebody opened a case in an emergency. Ask them why, within a day.",
}
"""What an alarm means and what to do, by its code."""

DELIVERIES: Mapping[str, str] = {
    "new": "A new case",
    "update": "News of a case",
    "withdraw": "A case taken back",
    "transfer": "A case handed over",
    "merge": "Two cases made one",
    "split": "One case made two",
    "copy": "A copy, to know of it",
    "jar": "A joint agency response",
}
"""What a delivery is, by its kind."""

LABELS: Mapping[str, str] = {
    "cdop": "Panel that leads",
    "lad_code": "Authority of the child’s home",
    "review": "Is it to be reviewed?",
    "local_authority": "Authority that looks after the child",
    "under_18": "Under 18 on the day of death?",
    "live_birth": "Born alive?",
    "termination": "A lawful termination?",
    "professional_attending": "A professional attending the birth?",
    "jar_started_at": "Joint agency response started",
    "cdrm_held_at": "Review meeting held",
    "cdrm_report_at": "Report of the review meeting",
    "cdop_reviewed_at": "Reviewed by the panel",
    "pm_pause": "Waiting for a post-mortem?",
    "cdop_told_at": "Panel told",
    "ncmd_told_at": "National database told",
    "registrar_told_at": "Registrar’s particulars received",
    "s16c_told_at": "Serious incident notice sent",
    "coroner_transferred_at": "Coroner’s evidence handed over",
    "inquest_pause": "Waiting for an inquest?",
    "adoption": "Under two names: which is who the child is now?",
}
"""What each field of a decision is called, in its form and where the decision is read."""

INTENTS: Mapping[str, str] = {
    "report": "A death, told by",
    "retract": "A death, taken back by",
    "rekey": "A changed number, told by",
}
"""What a notice does, before whose it is."""

SOURCES: Mapping[str, str] = {
    "hospital-hl7": "hospital, HL7",
    "hospital-fhir": "hospital, FHIR",
    "police": "police",
    "coroner": "coroner",
    "national": "national record",
    "cdop": "panel",
}
"""Who says something, by the kind of source."""

# What a code stands for, by field: NHS Data Dictionary, NHS NUMBER STATUS INDICATOR CODE and ETHNIC CATEGORY CODE 2001.
_CODES: Mapping[str, Mapping[str, str]] = {
    "child.nhs_number_status": {
        "01": "verified",
        "02": "not traced",
        "03": "to be traced",
        "04": "traced, and nobody or several found",
        "05": "traced, and to be resolved",
        "06": "being traced",
        "07": "no number, no trace needed",
        "08": "trace postponed, a baby",
    },
    "child.ethnic_category": {
        "A": "White British",
        "B": "White Irish",
        "C": "any other White background",
        "D": "White and Black Caribbean",
        "E": "White and Black African",
        "F": "White and Asian",
        "G": "any other mixed background",
        "H": "Indian",
        "J": "Pakistani",
        "K": "Bangladeshi",
        "L": "any other Asian background",
        "M": "Caribbean",
        "N": "African",
        "P": "any other Black background",
        "R": "Chinese",
        "S": "any other",
        "Z": "not stated",
        "99": "not known",
    },
}

LOOKS = frozenset({"case.read", "case.history-read"})
"""What the audit log calls looks at a case, which change nothing."""

# How far a source is believed: for the fold, not for people.
_OURS = frozenset({"source_rank"})
_INITIALS = re.compile(r"\b(?:gp|lad|nhs|ods)\b")


def field_of(path: str) -> str:
    """A field of the record as a person reads it: ``child.nhs_number`` is *Child: NHS number*."""
    part, _, name = path.partition(".")
    words = _words(name).replace(".", ", ")
    return f"{part.capitalize()}: {words}" if name else part.replace("_", " ").capitalize()


def decided_text(decision: Decision) -> str:
    """What a decision decided."""
    if decision.withdraws:
        return "taken back"
    fields = kinds()[decision.kind].value
    told = ((LABELS[name], text_of(value)) for name, value in decision.value.items() if name in fields)
    return "; ".join(f"{label} {value}" if label.endswith("?") else f"{label}: {value}" for label, value in told)


def happened(line: Line) -> str:
    """What a line of the audit log says of a case, as a person reads it: of what the engine did without by whom."""
    detail = line.detail
    by = "" if line.actor == "engine" else f" by {line.actor}"
    match line.action:
        case "case.opened" | "case.changed":
            began = "Opened" if line.action == "case.opened" else "Changed"
            told = ", ".join(
                f"{to} ({DELIVERIES.get(kind, kind).lower()})" for _, to, kind in detail.get("deliveries", ())
            )
            leads = f"{detail['lead']} leads" if detail.get("lead") else "nobody leads"
            state = f"{str(detail.get('state')).replace('-', ' ')} ({detail.get('rule')}), {leads}"
            return f"{began}, version {detail.get('version')}: {state}. {f'Sent to {told}.' if told else 'Sent to nobody.'}"
        case "case.merged":
            return f"Became one with case {detail.get('into')}: they are about the same child."
        case "case.ended":
            return "Ended: nothing that was told makes it a case any more."
        case "case.glass-broken":
            return f"Opened in an emergency{by}."
        case "case.read":
            how = "in full" if detail.get("details") else "codes only"
            return f"Looked at{by}, {how}{', in an emergency' if detail.get('glass') else ''}."
        case "case.history-read":
            return f"Sealed history looked at{by}."
    return f"{line.action}{by}"


def value_of(field: str, value: Any) -> str:
    """A value of this field as a person reads it, and where it is a code what that stands for."""
    text = text_of(value)
    words = _CODES.get(field, {}).get(text)
    return f"{text} ({words})" if words else text


def text_of(value: Any) -> str:
    """A plain value as a person reads it: an address as on an envelope, an identifier with whose it is."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping) and value.keys() & {"lines", "postcode"}:
        home = ", ".join([*value.get("lines", ()), *([value["postcode"]] if value.get("postcode") else [])])
        return home + (f" ({value['use']})" if value.get("use") not in (None, "home") else "")
    if isinstance(value, Mapping) and "value" in value:
        much = " ".join(str(value[name]) for name in ("value", "unit") if value.get(name) is not None)
        whose = " ".join(str(value[name]) for name in ("system", "type") if value.get(name))
        return f"{much} ({whose})" if whose else much
    if isinstance(value, Mapping):
        return ", ".join(
            f"{_words(key)}: {text_of(part)}" for key, part in value.items() if part is not None and key not in _OURS
        )
    if isinstance(value, list | tuple):
        return (
            "; ".join(text_of(part) for part in value)
            if any(isinstance(p, Mapping) for p in value)
            else " ".join(text_of(part) for part in value)
        )
    return _as_said(value) if isinstance(value, str) else str(value)


def _words(name: str) -> str:
    return _INITIALS.sub(lambda found: found[0].upper(), name.replace("_", " "))


_DAY_OR_TIME = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d.*)?")


def _as_said(text: str) -> str:
    """A day or time in words; any other text as it is, a year or month too, since a reference may look like those."""
    try:
        return in_words(text) if _DAY_OR_TIME.fullmatch(text) else text
    except ValueError:
        return text
