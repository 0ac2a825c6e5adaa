"""coroner-case/1 uploads as CSV."""

import csv
import io
from collections.abc import Iterable, Mapping

from integration_engine.synthetic.person import Child


def row(area: str, reference: str, event: str, event_at: str, child: Child, **also: str) -> dict[str, str]:
    """One event in one case. Coroners seldom have the NHS number; ``also`` are further columns by name."""
    return {
        "area": area,
        "reference": reference,
        "event": event,
        "event_at": event_at,
        "family_name": child.family,
        "given_names": child.given,
        "sex": {"male": "M", "female": "F"}.get(child.sex, ""),
        "date_of_birth": child.birth_date,
        "address": ", ".join(child.lines),
        "postcode": child.postcode or "",
    } | also


def upload(rows: Iterable[Mapping[str, str]]) -> bytes:
    """The rows as one CSV file."""
    told = list(rows)
    columns = list(dict.fromkeys(name for each in told for name in each))
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(told)
    return out.getvalue().encode()
