"""What schemathesis is told besides the document: bodies that no JSON Schema describes, and what our doors do on purpose.

Loaded by schemathesis in its own virtual environment (``SCHEMATHESIS_HOOKS``): nothing of the engine's is there. The
samples are files in the folder ``DOORS_SAMPLES``, one a body, named ``NUMBER.KIND``; ``DOORS_KNOWN`` has, as JSON by
parameter or member, what there is.
"""

import itertools
import json
import os
import zlib
from pathlib import Path
from typing import Any

import schemathesis
from hypothesis import strategies as st
from schemathesis.core.parameters import ParameterLocation

SAMPLES = Path(os.environ["DOORS_SAMPLES"])
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
KNOWN: dict[str, list[str]] = json.loads(os.environ["DOORS_KNOWN"])
KINDS = {
    "fhir-json": ["application/fhir+json", "application/json+fhir"],
    "fhir-xml": ["application/fhir+xml", "application/xml+fhir"],
    "csv": ["text/csv"],
    "xml": ["application/xml", "text/xml"],
    "xlsx": [XLSX],
}
# What the door's description says besides the schema.
_OF_JSON_ITSELF = ("nul-character", "number-too-large", "too-deep")
_CALLS = itertools.count(1)


@st.composite
def spoilt(draw: st.DrawFn, samples: list[bytes]) -> bytes:
    """A body as partners send it, or one with bytes changed, doubled or left out."""
    body = draw(st.sampled_from(samples))
    if not draw(st.booleans()):
        return body
    at = draw(st.integers(0, len(body)))
    end = draw(st.integers(at, min(len(body), at + 40)))
    put = draw(st.one_of(st.just(b""), st.binary(max_size=8), st.just(body[at:end] * 2)))
    return body[:at] + put + body[end:]


for ending, kinds in KINDS.items():
    found = [path.read_bytes() for path in sorted(SAMPLES.glob(f"*.{ending}"))]
    schemathesis.openapi.media_type(kinds[0], spoilt(found), aliases=kinds[1:])


@schemathesis.hook
def before_call(ctx: Any, case: Any, kwargs: Any) -> None:
    """Each request from an address of its own: who guesses from one address alone is held up, and that has its own tests.
    A report is of the sender's own force, and rows of its own area, two of three times: else all end at "not yours"."""
    number = next(_CALLS)
    case.headers["X-Forwarded-For"] = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
    body = case.body
    if isinstance(body, dict) and _is_force(body.get("force")):
        case.body = {**body, "force": _instead("sender", body["force"])}
    elif isinstance(body, list) and case.path.endswith("/coroner/cases"):
        case.body = [_of_own_area(each) for each in body]


@schemathesis.hook
def map_path_parameters(ctx: Any, path_parameters: Any) -> Any:
    """What there is, two of three times, where something well formed was drawn."""
    for name, value in (path_parameters or {}).items():
        path_parameters[name] = _instead(name, value)
    return path_parameters


def _of_own_area(row: Any) -> Any:
    if isinstance(row, dict) and isinstance(row.get("area"), str):
        return {**row, "area": _instead("sender", row["area"])}
    return row


def _is_force(value: Any) -> bool:
    return isinstance(value, str) and len(value) == 9 and value[:1].isalpha() and value[1:].isdecimal()


def _instead(name: str, value: Any) -> Any:
    choice = KNOWN.get(name, [])
    mark = zlib.crc32(str(value).encode("utf-8", "replace"))
    return choice[mark % len(choice)] if choice and isinstance(value, str) and mark % 3 else value


@schemathesis.check
def what_is_described_is_taken(ctx: Any, response: Any, case: Any) -> None:
    """A body that a published JSON Schema describes is never unreadable, but for what the schema can't say of JSON itself."""
    if _tried(case) and case.media_type == "application/json" and not _broken(case) and response.status_code == 400:
        assert json.loads(response.content)["code"] in _OF_JSON_ITSELF, "described as it is, it can't be read"


@schemathesis.check
def what_is_left_out_is_told(ctx: Any, response: Any, case: Any) -> None:
    """A body that breaks its published JSON Schema is refused, passed over, or taken, and its sender told what is wrong."""
    described = case.media_type == "application/json" and not case.path.startswith("/fhir")
    if not (_tried(case) and described and _broken(case) and response.status_code == 202):
        return
    said = json.loads(response.content)
    wrong = [*said["problems"], *(each for part in said.get("items", said.get("rows")) for each in part["problems"])]
    assert wrong, "it was taken although it breaks the schema, and nothing was said of that"


def _tried(case: Any) -> bool:
    return case.meta is not None and case.path in ("/police/reports", "/coroner/cases")


def _broken(case: Any) -> bool:
    body = case.meta.components.get(ParameterLocation.BODY)
    return body is not None and body.mode.is_negative
