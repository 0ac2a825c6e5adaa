"""From a partner's bytes to a tree in FHIR's JSON form: JSON read strictly, XML read safely, the raw bytes left alone."""

import json
import re
from collections import deque
from dataclasses import dataclass
from typing import Any

import orjson

from adapters.hospital_fhir.refusals import Refused
from adapters.hospital_fhir.shape import Tree
from adapters.hospital_fhir.xml_form import tree_of_xml

# As much as the broker takes: partners that publish there themselves come past the doors' own limits.
MOST_BYTES = 16 * 1024 * 1024
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
_PATH = re.compile(r"[A-Za-z_][A-Za-z0-9]{0,40}(\[\d+\]|\._?[A-Za-z][A-Za-z0-9]{0,40})*")
_WEIGHT = re.compile(r"[01](?:\.\d{0,3})?")
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


def preferred(accept: str) -> str | None:
    """json or xml: which of them weighs more in an Accept header or a ``_format``. None where neither does, or what is wanted
    is a page."""
    weights = {"json": 0.0, "xml": 0.0}
    for one in accept.lower().split(","):
        name, *parameters = (part.strip() for part in one.split(";"))
        form = "json" if "json" in name else "xml" if "xml" in name and "html" not in name else None
        if form:
            said = next((part[2:] for part in parameters if part.startswith("q=")), "1")
            weights[form] = max(weights[form], float(said) if _WEIGHT.fullmatch(said) else 1.0)
    if weights["json"] == weights["xml"] or (weights["xml"] > weights["json"] and "html" in accept.lower()):
        return None
    return max(weights, key=lambda form: weights[form])


def tree_of(body: bytes, said: Media) -> tuple[Tree, str]:
    """The message as a tree in FHIR's JSON form, and the form (json or xml) it came in. Raises Refused."""
    if len(body) > MOST_BYTES:
        raise Refused("too-large")
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
            names = [name for name, _ in found]
            twice = next(name for place, name in enumerate(names) if name in names[:place])
            raise Refused("duplicate-key", _path_of(body, names, twice))
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


def _path_of(body: bytes, names: list[str], name: str) -> str | None:
    """The FHIRPath of a property: that of the first object which has just these names. None where a part of it is no name
    that FHIR could have, and so might be anything."""
    tree = orjson.loads(body.removeprefix(_BOM).strip(b" \t\r\n"))
    start = tree.get("resourceType") if isinstance(tree, dict) else None
    left: deque[tuple[Any, str]] = deque([(tree, start if isinstance(start, str) else "")])
    while left:
        here, at = left.popleft()
        if isinstance(here, dict):
            if here.keys() == set(names):
                path = f"{at}.{name}".removeprefix(".")
                return path if _PATH.fullmatch(path) else None
            left += ((inner, f"{at}.{key}") for key, inner in here.items() if isinstance(inner, dict | list))
        else:
            left += ((inner, f"{at}[{place}]") for place, inner in enumerate(here) if isinstance(inner, dict | list))
    return None


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
