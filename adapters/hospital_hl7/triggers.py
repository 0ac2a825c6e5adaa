"""Which HL7 v2 events are what: cancels, identity changes, messages about no patient. HL7 v2 tables 0003 and 0076.

The screen and the reader share these lists, so that what one passes over the other never wanted.
"""

from typing import Final

ADT: Final = "ADT"

REKEYS: Final = {
    "A18": "merged",
    "A30": "merged",
    "A34": "merged",
    "A36": "merged",
    "A39": "merged",
    "A40": "merged",
    "A46": "changed",
    "A47": "changed",
}
"""Identity events, with the kind of rekey each is. Merges of accounts and visits (A35, A41 ...) are no one's identity."""

ALWAYS_CANCEL: Final = frozenset(("A13", "A23", "A29"))
"""Cancel discharge, delete patient record, delete person information: a person looks at each that may touch a child."""

CANCEL_IF_DEAD: Final = frozenset(("A11", "A12", "A27"))
"""Cancels of a visit that matter only where the message still carries a death."""

NEVER_BEGUN: Final = "A11"
"""Cancel admit: without a death in it, a word on the death that the very visit told of, if one did."""

MOVED: Final = frozenset(("A44", "A45"))
"""A visit, or the account it stands under, is another patient's: a word on the death that it told of the one in MRG."""

ACKNOWLEDGEMENTS: Final = frozenset(("ACK", "MCF", "NAK"))
"""Answers to us: never read, never answered."""

ABOUT_NO_PATIENT: Final = frozenset(
    (
        "ADR",
        "EAC",
        "EAN",
        "EAR",
        "EHC",
        "ESR",
        "ESU",
        "INR",
        "INU",
        "LSR",
        "LSU",
        "MFD",
        "MFK",
        "MFN",
        "MFQ",
        "MFR",
        "NMD",
        "NMQ",
        "NMR",
        "NST",
        "PMU",
        "QBP",
        "QCK",
        "QCN",
        "QRY",
        "QSB",
        "QSX",
        "QVR",
        "SRM",
        "SSR",
        "SSU",
        "STC",
        "TCR",
        "TCU",
        "UDM",
        "VXQ",
        "OSQ",
        "SPQ",
        "EQQ",
        "VQQ",
        "RQQ",
        "RCI",
        "RDY",
        "ERP",
        "TBR",
    )
)
"""Master files, queries, equipment, staff: no PID is owed, so its absence says nothing about anybody."""

NEVER_DEAD: Final = frozenset(("1", "2", "3", "01", "02", "03"))
"""PV1-36 codes that are a living discharge in every table: no profile may call one a death, so the screen can rely on it."""
