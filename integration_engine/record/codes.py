"""The code lists of the record, by the names NHS Data Dictionary, FHIR UK Core and the statutory forms give them."""

from typing import Literal

SourceKind = Literal["hospital-hl7", "hospital-fhir", "police", "coroner", "national", "cdop", "other"]
PartnerKind = Literal["hospital-hl7", "hospital-fhir", "police", "coroner"]
Intent = Literal["report", "retract", "rekey"]

NhsNumberStatus = Literal["01", "02", "03", "04", "05", "06", "07", "08"]
"""NHS NUMBER STATUS INDICATOR CODE: 01 is the only one that means present and verified."""
NhsNumberAbsentReason = Literal["NON_RESIDENT_ENGLAND", "NOT_CURRENTLY_AVAILABLE"]
"""Child death notification form, April 2022."""

Sex = Literal["male", "female", "indeterminate", "unknown"]
EthnicCategory = Literal["A", "B", "C", "D", "E", "F", "G", "H", "J", "K", "L", "M", "N", "P", "R", "S", "Z", "99"]
"""NHS ETHNIC CATEGORY; Z not stated, 99 not known."""
AddressUse = Literal["home", "temporary", "placement", "correspondence", "other"]
Residency = Literal[
    "england", "wales", "scotland", "northern-ireland", "isle-of-man", "channel-islands", "overseas", "unknown"
]
Custody = Literal["none", "prison-yoi", "secure-home", "police", "detained-mha", "immigration"]
Restriction = Literal["none", "adoption", "protected-identity"]

DiedAtBasis = Literal["known", "estimated", "found"]
DeathStatus = Literal["informal", "formal", "removed"]
"""National death notification status 1, 2 and U (removed: the patient is not dead)."""
YesNoUnknown = Literal["yes", "no", "unknown"]
Expected = Literal["expected", "unexpected", "unknown"]
AgeUnit = Literal["years", "months", "weeks", "days", "hours", "minutes"]

EventType = Literal[
    "sudden-death", "road-traffic-collision", "fire", "drowning", "suspected-suicide", "homicide", "other"
]
Suspicious = Literal["yes", "no", "unexplained"]
CoronerStage = Literal[
    "REFERRED",
    "ACCEPTED",
    "PM_ORDERED",
    "PM_INTERIM",
    "PM_FINAL",
    "INVESTIGATION_OPENED",
    "DISCONTINUED",
    "INQUEST_OPENED",
    "SUSPENDED",
    "RESUMED",
    "CONCLUDED",
    "PFD_ISSUED",
    "PFD_RESPONSE",
    "TRANSFERRED_OUT",
    "TRANSFERRED_IN",
    "BODY_RELEASED",
    "CORRECTED",
    "WITHDRAWN",
]
Conclusion = Literal[
    "accident",
    "misadventure",
    "alcohol-related",
    "drug-related",
    "industrial-disease",
    "lawful-killing",
    "unlawful-killing",
    "natural-causes",
    "open",
    "road-traffic-collision",
    "stillbirth",
    "suicide",
    "narrative",
    "neglect",
]
"""Short-form conclusions of the Record of Inquest; ``neglect`` only ever rides on another."""
PlaceType = Literal[
    "home",
    "other-private-residence",
    "acute-hospital",
    "mental-health-inpatient",
    "hospice",
    "school-nursery",
    "public-place",
    "residential-care",
    "custody-secure",
    "abroad",
    "other",
    "not-known",
]
SuspectedCategory = Literal[
    "abuse-or-neglect",
    "suicide-or-self-harm",
    "trauma-or-external",
    "malignancy",
    "acute-condition",
    "chronic-condition",
    "chromosomal-genetic-congenital",
    "perinatal-neonatal",
    "infection",
    "sudden-unexpected-unexplained",
]
"""The ten categories of the child death analysis form, in their order of precedence."""
PauseCause = Literal["post-mortem", "inquest"]
Role = Literal["operator", "coordinator", "designated-doctor", "restricted"]
