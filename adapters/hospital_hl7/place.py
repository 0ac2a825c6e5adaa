"""Where the patient died: the site of a visit that ended in death. A message without a visit doesn't say."""

import re
from typing import Any

from adapters.hospital_hl7.er7 import Message
from adapters.hospital_hl7.header import Header
from adapters.hospital_hl7.settings import ReadingSettings
from integration_engine.record.notice import Provenance

_CODE = re.compile(r"[A-Z0-9]{3,9}")
# A point of care is mostly a ward's name (PICU, ED1): only what looks like an NHS trust's, health board's or site's code.
_SITE = re.compile(r"(?:R[A-Z0-9]{2}|7A\d)(?:[A-Z0-9]{2})?")


def place_of_death(
    message: Message,
    header: Header,
    settings: ReadingSettings,
    mapped: dict[str, Any],
    provenance: dict[str, Provenance],
) -> None:
    """Complete or take away ``death.place`` among the mapped values.

    The profile maps what PV1-3 says. Where its facility is no organisation's code the point of care may be one, else the
    sender (MSH-4) is the place. Events that say nothing about where (A08, A31) lose what was mapped from the visit.
    """
    where = provenance.get("death.place")
    if where and not where.path.startswith("PV1-"):
        return
    stated = dict(mapped.pop("death.place", {}))
    provenance.pop("death.place", None)
    visit = message.first("PV1")
    if not visit or not header.is_adt or header.event not in settings.died_here:
        return
    code = str(stated.pop("ods_code", "")).strip().upper()
    path = where.path if where else "PV1-3.4"
    if not _CODE.fullmatch(code):
        code, path = message.value(visit.field(3)).upper(), "PV1-3.1"
        if not _SITE.fullmatch(code):
            code, path = header.facility.upper(), "MSH-4"
    if _CODE.fullmatch(code):
        stated["ods_code"] = code
    if stated:
        mapped["death.place"] = stated
        profile = where.profile if where else ""
        provenance["death.place"] = Provenance(path=path, profile=profile or "(none)", rule="death.place")
