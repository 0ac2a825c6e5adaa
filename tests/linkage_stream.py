"""A small invented stream with its truth: what a set for measuring linkage looks like."""

import json
from itertools import cycle
from pathlib import Path
from random import Random
from typing import Any

from integration_engine.synthetic.person import invented_nhs_number as number

_GIVEN = ("Rowan", "Jack", "Amelia", "Muhammad", "Zofia", "Ibrahim", "Grace", "Oliver", "Aisha", "Leo")
_FAMILY = ("Fairclough", "Khan", "Nowak", "Ashdown", "Hussain", "Okafor", "Pryce", "Ali", "Wren", "Kowalska")
_SOURCES = (("hospital_hl7", "RXA"), ("hospital_fhir", "RXB"), ("police", "E23000009"), ("coroner", "leeds"))


def stream(children: int = 60, seed: int = 1) -> list[dict[str, Any]]:
    """Two or three notices a child, some without number, name or home; every tenth child has a twin."""
    chance, rows = Random(seed), []
    groups = cycle(("english", "english", "polish", "pakistani"))
    for child in range(children):
        twin = child % 10 == 1
        family = rows[-1]["family"] if twin else chance.choice(_FAMILY)
        born = f"20{chance.randint(10, 24)}-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}"
        base = {
            "truth": f"E{child}",
            "group": f"F{child - twin}",
            "kind": "multiple" if twin or child % 10 == 0 else "single",
            "name_group": next(groups),
            "given": chance.choice(_GIVEN),
            "family": family,
            "sex": chance.choice("MF"),
            "nhs_number": number(child + 1),
            "birth_date": rows[-1]["birth_date"] if twin else born,
            "death_datetime": f"2026-02-{1 + child % 28:02}",
            "postcode": rows[-1]["postcode"] if twin else f"LS{1 + child % 20} {child % 9 + 1}AB",
            "address_line": f"{child - twin + 1} Elder Road",
        }
        for copy in range(chance.choice((2, 3))):
            source, sender = _SOURCES[(child + copy) % 4]
            noise = [name for name in ("nhs_missing", "unnamed", "pc_missing") if chance.random() < 0.3]
            row = base | {"id": f"N{child}-{copy}", "source": source, "sender": sender, "noise": noise}
            row["notified_at"] = f"2026-03-{1 + child % 28:02}T{9 + copy:02}:00:00"
            row |= {"nhs_number": None} if "nhs_missing" in noise else {}
            row |= {"given": "Baby"} if "unnamed" in noise else {}
            row |= {"postcode": None, "address_line": None} if "pc_missing" in noise else {}
            rows.append(row)
    return rows


def written(path: Path, rows: list[dict[str, Any]]) -> Path:
    """The rows as JSON lines."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path
