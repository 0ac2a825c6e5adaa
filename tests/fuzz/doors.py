"""Schemathesis at the HTTP doors: what their OpenAPI documents promise, held against what they answer to whatever comes.

    python -m tests.fuzz.doors --minutes 60

A run is one token (or none) at one document. Schemathesis is a process in a virtual environment of its own: its plugin would
load into every test run of ours, and it has its own wishes about our libraries' versions.
"""

import argparse
import io
import itertools
import json
import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openpyxl

from integration_engine.broker.management import Management
from integration_engine.pipeline import process
from integration_engine.services import Broker, rabbitmq
from integration_engine.services.environment import python_with
from tests import fhir_samples
from tests.fuzz import offices
from tests.gateway_house import House, house, own_vhost
from tests.native_messages import row, upload
from tests.signing import PUBLIC_URL
from tests.store_samples import NOW, read, report, rules

HERE = Path(__file__).parent
NOBODY = "nobody"
WHO = (
    NOBODY, "RTH", "E23000038", "oxfordshire", "RYY", "BERKS", "OXON", "JAR-OXON", "ncmd", "op", "guardian", "jane", "doc",
)  # fmt: skip
"""Everybody there is: none, a hospital, a force, a coroner's office, one that isn't live, two panels, a team, the national
record, an operator, restricted, a coordinator, a designated doctor."""
RECEIVES = {"BERKS": "cdop", "OXON": "cdop", "JAR-OXON": "jar", "ncmd": "national"}
LIVE, SANDBOX = "", "/sandbox"
SHORT = {
    (NOBODY, LIVE): "^/(openapi|asyncapi|schemas|health|oauth|.well-known|fhir/metadata|coroner/templates)",
    ("RTH", LIVE): "^/fhir",
    ("E23000038", LIVE): "^/(police|partner)",
    ("oxfordshire", LIVE): "^/coroner/(cases|receipts)",
    ("BERKS", LIVE): "^/cdop",
    ("OXON", LIVE): "^/cdop/.*/transfers",
    ("JAR-OXON", LIVE): "^/jar",
    ("ncmd", LIVE): "^/national",
    ("RYY", SANDBOX): "^/(fhir|coroner|openapi)",
}
"""The short form: who knocks at which document, and at which of its doors. Elsewhere all ends at 401 or 403."""


@dataclass(frozen=True)
class Run:
    """What one run came to. ``cases`` were sent; ``told`` is what schemathesis says of what it found."""

    who: str
    at: str
    cases: int
    operations: int
    failed: bool
    told: str


@contextmanager
def doors(broker: Broker, folder: Path) -> Iterator[House]:
    """A gateway with a case that is delivered to a panel, a team and nationally, and somebody of each role."""
    assert broker.management_url is not None
    database = f"sqlite:///{folder / 'e.db'}"
    with (
        own_vhost(broker, Management(broker.management_url)) as url,
        house(url, database, folder, public_url=PUBLIC_URL) as opened,
    ):
        add = opened.identities.add
        opened.tokens["RYY"] = add("RYY", "partner", kinds=("hospital-fhir", "police", "coroner"), live=False).text
        opened.tokens["JAR-OXON"] = add("JAR-OXON", "jar").text
        opened.tokens["ncmd"] = add("ncmd", "national").text
        opened.tokens["jane"] = add("jane", "coordinator", organisations=("BERKS",)).text
        opened.tokens["doc"] = add("doc", "designated-doctor", organisations=("OXON",)).text
        collision: dict[str, Any] = {"death": {"event": {"type": "road-traffic-collision"}}}
        told = [report(), report(5, kind="police", partner="E23000038", **collision)]
        process(opened.store, told, read=read, now=NOW, **rules())
        (led,) = opened.get("BERKS", "/cdop/BERKS/deliveries").json()["deliveries"]
        asked = b'{"to": "OXON", "reason": "the child lived there until last month"}'
        opened.send("BERKS", f"/cdop/BERKS/cases/{led['case']}/transfer", asked, "application/json")
        yield opened


def lay_samples(folder: Path) -> None:
    """Bodies that no JSON Schema describes, as partners send them."""
    fhir = [fhir_samples.dead(), fhir_samples.bundle(fhir_samples.header(), fhir_samples.dead(), type_="message")]
    bodies = {
        "csv": [upload(row()), upload(row(), row(area="")), offices.EXPORT],
        "xml": [b"<cases><case>" + b"".join(_element(*each) for each in row().items()) + b"</case></cases>"],
        "xlsx": [_workbook(row())],
        "fhir-json": [json.dumps(each).encode() for each in fhir],
        "fhir-xml": [fhir_samples.as_xml(each) for each in fhir],
    }
    for kind, samples in bodies.items():
        for number, body in enumerate(samples):
            (folder / f"{number}.{kind}").write_bytes(body)


def _workbook(case: Mapping[str, str]) -> bytes:
    book, out = openpyxl.Workbook(), io.BytesIO()
    sheet: Any = book.active
    sheet.append(list(case))
    sheet.append(list(case.values()))
    book.save(out)
    return out.getvalue()


def _element(name: str, value: str) -> bytes:
    return f"<{name}>{value}</{name}>".encode()


def known(opened: House, who: str) -> dict[str, list[str]]:
    """What somebody's addresses and bodies may name, so that not every case ends at "there is no such"."""
    found: dict[str, list[str]] = {"code": [who], "sender": [who]}
    if who in RECEIVES:
        told = opened.get(who, f"/{RECEIVES[who]}/{who}/deliveries").json()["deliveries"]
        found["delivery"] = [each["delivery"] for each in told]
        found["case"] = [each["case"] for each in told]
    if RECEIVES.get(who) == "cdop":
        proposals = opened.get(who, f"/cdop/{who}/transfers").json()["transfers"]
        found["proposal"] = [each["transfer"] for each in proposals]
    if who == "oxfordshire":
        opened.send(who, "/coroner/cases", upload(row()), "text/csv")
        found["receipt"] = [each["receipt"] for each in opened.get(who, "/coroner/receipts").json()["receipts"]]
    return found


def run(opened: House, who: str, at: str, *, examples: int, seed: int | None = None, paths: str = "^/") -> Run:
    """Schemathesis with one token at the operations of one document whose ``paths`` match. ``examples``: so many random cases
    an operation, over those that the document's own bounds make. Without a ``seed`` the cases are the same each time."""
    with tempfile.TemporaryDirectory(prefix="cdr-doors-") as name:
        folder = Path(name)
        lay_samples(folder)
        settings = (HERE / "doors.toml").read_text(encoding="utf-8")
        if who != NOBODY:
            settings += f'\n[auth.openapi.token]\nbearer = "{opened.tokens[who]}"\n'
        (folder / "doors.toml").write_text(settings, encoding="utf-8")
        base = str(opened.client.base_url).rstrip("/") + at
        command = [
            str(python_with("schemathesis")), "-m", "schemathesis.cli", "--config-file", str(folder / "doors.toml"),
            "run", f"{base}/openapi.json", "--url", base, "--max-examples", str(examples),
            "--report-json-path", str(folder / "report.json"), "--no-color", "--include-path-regex", paths,
            *(("--generation-deterministic",) if seed is None else ("--seed", str(seed))),
        ]  # fmt: skip
        environment = {
            "PATH": os.environ.get("PATH", os.defpath),
            "SCHEMATHESIS_HOOKS": str(HERE / "doors_hooks.py"),
            "DOORS_SAMPLES": name,
            "DOORS_KNOWN": json.dumps(known(opened, who)),
        }
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
        told = done.stdout + done.stderr
        told = told.replace(opened.tokens.get(who, NOBODY), "TOKEN")
        kept = folder / "report.json"
        said = json.loads(kept.read_text(encoding="utf-8")) if kept.exists() else _NO_REPORT
        return Run(who, at, said["test_cases"]["generated"], said["operations"]["tested"], done.returncode != 0, told)


_NO_REPORT: dict[str, dict[str, int]] = {"test_cases": {"generated": 0}, "operations": {"tested": 0}}


def go_on(minutes: float, who: Sequence[str]) -> int:
    """New seeds for so long, one token after another at one document after the other. What is found is printed. Returns the
    exit status."""
    until, sent, faults = time.monotonic() + minutes * 60, 0, 0
    with (
        rabbitmq() as broker,
        tempfile.TemporaryDirectory(prefix="cdr-doors-") as name,
        doors(broker, Path(name)) as opened,
    ):
        for at, each in itertools.cycle(itertools.product((LIVE, SANDBOX), who)):
            seed = secrets.randbits(32)
            done = run(opened, each, at, seed=seed, examples=50)
            sent += done.cases
            print(f"{each} at {at or '/'}: {done.cases} cases, seed {seed}", flush=True)
            if done.failed:
                faults += 1
                print(done.told, flush=True)
            if time.monotonic() > until:
                break
    print(f"{sent} cases, {faults or 'no'} runs with a fault")
    return 1 if faults else 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--who", choices=WHO, action="append", help="this token alone; may be said again")
    asked = parser.parse_args()
    sys.exit(go_on(asked.minutes, asked.who or WHO))


if __name__ == "__main__":
    main()
