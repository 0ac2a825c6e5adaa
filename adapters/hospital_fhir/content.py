"""From a partner's bytes to a tree in FHIR's JSON form: JSON read strictly, XML read safely, the raw bytes left alone."""

import json
import re
from dataclasses import dataclass
from typing import Any

import orjson

from adapters.hospital_fhir.refusals import Refused
from adapters.hospital_fhir.shape import Tree
from adapters.hospital_fhir.xml_form import tree_of_xml

# FHIR itself nests a handful of levels, questionnaires and extensions within extensions a few dozen.
_DEEPEST = 100
_LONGEST_NUMBER = 400
_BOM = b"\xef\xbb\xbf"
JSON = "application/fhir+json"
XML = "application/fhir+xml"
_MEDIA_TYPES = {
    JSON: "json",
    "application/json": "json",
    "application/json+fhir": "json",
    "text/json": "json",
    "application/cloudevents+json": "json",
    XML: "xml",
    "application/xml": "xml",
    "application/xml+fhir": "xml",
    "text/xml": "xml",
}
_PARAMETER = re.compile(r";\s*([\w-]+)\s*=\s*\"?([^\";]+)\"?")


@dataclass(frozen=True, slots=True)
class Media:
    """What a content type says: ``form`` is json, xml, other or unstated; ``version`` the FHIR release of ``fhirVersion``."""

    form: str = "unstated"
    version: str | None = None
    charset: str | None = None


def media(content_type: str | None) -> Media:
    """A Content-Type header taken apart."""
    if not content_type or not content_type.strip():
        return Media()
    name = content_type.split(";", 1)[0].strip().lower()
    told = {key.lower(): value.strip() for key, value in _PARAMETER.findall(content_type)}
    return Media(_MEDIA_TYPES.get(name, "other"), told.get("fhirVersion".lower()), told.get("charset"))


def tree_of(body: bytes, said: Media) -> tuple[Tree, str]:
    """The message as a tree in FHIR's JSON form, and the form (json or xml) it came in. Raises Refused."""
    bare = body.removeprefix(_BOM).strip(b" \t\r\n")
    if not bare:
        raise Refused("empty")
    if said.form == "other":
        raise Refused("not-fhir")
    looks_xml = bare.startswith((b"<", b"\xff\xfe", b"\xfe\xff"))
    if (said.form == "json" and looks_xml) or (said.form == "xml" and bare.startswith((b"{", b"["))):
        raise Refused("content-type-mismatch")
    if looks_xml or said.form == "xml":
        return tree_of_xml(body, said.charset, said.version), "xml"
    return _json(bare, said.charset), "json"


def _json(bare: bytes, charset: str | None) -> Tree:
    if charset and charset.lower() not in ("utf-8", "utf8", "us-ascii"):
        raise Refused("encoding")
    if not bare.startswith((b"{", b"[", b'"')) and not re.match(rb"-?\d|null|true|false", bare):
        raise Refused("not-fhir")
    try:
        tree = orjson.loads(bare)
    except orjson.JSONDecodeError as error:
        raise Refused(_why_not_json(str(error)), detail=f"At character {error.pos}.") from None
    if not isinstance(tree, dict):
        raise Refused("not-an-object")
    return tree


def _why_not_json(said: str) -> str:
    if "infinity" in said:
        return "number-too-large"
    if "depth" in said:
        return "too-deep"
    return "encoding" if "UTF-8" in said or "utf-8" in said else "not-json"


def check_strictly(body: bytes) -> None:
    """What orjson lets pass and a kept message may not have: the same key twice, NaN, numbers nobody can hold.

    Reads the whole message a second time, so it is for messages that are kept. Raises Refused.
    """

    def pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
        tree = dict(found)
        if len(tree) != len(found):
            raise Refused("duplicate-key")
        return tree

    def number(digits: str) -> float:
        if len(digits) > _LONGEST_NUMBER:
            raise Refused("number-too-large")
        return 0.0

    def constant(_name: str) -> float:
        raise Refused("not-json")

    try:
        json.loads(
            body.removeprefix(_BOM),
            object_pairs_hook=pairs,
            parse_int=number,
            parse_float=number,
            parse_constant=constant,
        )
    except RecursionError:
        raise Refused("too-deep") from None
    except ValueError:
        raise Refused("not-json") from None


def check_depth(tree: Any) -> None:
    """Refuses what is nested deeper than anything FHIR means, without recursion of our own."""
    level, depth = [tree], 0
    while level:
        depth += 1
        if depth > _DEEPEST:
            raise Refused("too-deep")
        level = [
            inner
            for here in level
            for inner in (here.values() if isinstance(here, dict) else here)
            if isinstance(inner, dict | list)
        ]
