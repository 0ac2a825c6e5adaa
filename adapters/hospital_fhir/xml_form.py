"""FHIR XML to FHIR's JSON form, driven by the classes of the release: what repeats, what is a number, what a boolean.

Nothing outside the message is ever read: no document type, no entity, no network, no inclusion.
"""

import re
import typing
from functools import lru_cache
from typing import Any

from lxml import etree

from adapters.hospital_fhir.refusals import Refused
from adapters.hospital_fhir.versions import Version, declared, of_xml, resource_class

FHIR = "http://hl7.org/fhir"
_XHTML = "http://www.w3.org/1999/xhtml"
_DECLARATION = re.compile(r"^\s*<\?xml[^>]*?encoding\s*=\s*[\"']([A-Za-z0-9._-]+)[\"'][^>]*\?>")
_ANY_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
_ENCODINGS = {
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "us-ascii": "ascii",
    "iso-8859-1": "latin-1",
    "windows-1252": "cp1252",
    "utf-16": "utf-16",
    "utf-16le": "utf-16",
    "utf-16be": "utf-16",
}
_XML_SPACE = "http://www.w3.org/XML/1998/namespace"
_SCHEMA_INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"


def _text(body: bytes, charset: str | None) -> str:
    """The document as text. A byte order mark decides; a declaration that the bytes contradict is refused."""
    try:
        if body.startswith((b"\xff\xfe", b"\xfe\xff")):
            source = body.decode("utf-16")
            said = _DECLARATION.match(source)
            if said and not said[1].lower().startswith("utf-16"):
                raise Refused("encoding")
            return source
        said = _DECLARATION.match(body[:200].removeprefix(b"\xef\xbb\xbf").decode("latin-1"))
        name = _ENCODINGS.get((said[1] if said else charset or "utf-8").lower())
        if name is None or name == "utf-16":
            raise Refused("encoding")
        return body.decode(name).removeprefix("\ufeff")
    except UnicodeDecodeError:
        raise Refused("encoding") from None


def tree_of_xml(body: bytes, charset: str | None, number: str | None) -> dict[str, Any]:
    """One FHIR XML document as a tree in the JSON form. ``number`` is the declared ``fhirVersion``. Raises Refused."""
    source = _text(body, charset)
    if re.search(r"<!(?:DOCTYPE|ENTITY)", source):
        raise Refused("doctype")
    bare = _ANY_DECLARATION.sub("", source, count=1)
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
        encoding="utf-8",
    )
    try:
        root = etree.fromstring(bare.strip().encode("utf-8"), parser)
    except etree.XMLSyntaxError as error:
        line, column = error.position
        raise Refused("not-xml", detail=f"At line {line}, column {column}.") from None
    except (ValueError, UnicodeEncodeError):
        raise Refused("not-xml") from None
    name = etree.QName(root)
    version = declared(number) or of_xml(source)
    if name.namespace != FHIR:
        known = resource_class(name.localname, version) is not None
        raise Refused("wrong-namespace", name.localname) if known else Refused("not-fhir")
    return _resource(root, "STU3" if version == "DSTU2" else version)


@lru_cache(maxsize=4096)
def _elements(model: Any) -> dict[str, tuple[bool, Any]]:
    """The elements of one class: name -> (repeats, class of its children, or the Python type of a primitive)."""
    found = {}
    for name, field in model.model_fields.items():
        alias = field.alias or name
        if alias.startswith("_") or alias == "fhir_comments":
            continue
        kind, repeats = _inner(field.annotation)
        found[alias] = (repeats, kind)
    return found


def _inner(annotation: Any) -> tuple[Any, bool]:
    repeats = False
    while True:
        origin = typing.get_origin(annotation)
        rest = [arg for arg in typing.get_args(annotation) if arg is not type(None)]
        if origin is typing.Annotated:
            annotation = rest[0]
        elif origin is list:
            repeats, annotation = True, rest[0]
        elif rest:
            annotation = rest[0]
        else:
            return annotation, repeats


def _resource(node: Any, version: Version) -> dict[str, Any]:
    name = etree.QName(node)
    if name.namespace != FHIR:
        raise Refused("wrong-namespace", _place(node))
    model = resource_class(name.localname, version)
    if model is None and node.getparent() is None:
        raise Refused("unknown-resource")
    # Within a message a resource that this release doesn't have is somebody else's business; it is kept as it stands.
    return {"resourceType": name.localname, **_complex(node, model, version)}


def _place(node: Any) -> str:
    """The FHIRPath of what holds an element. The element itself is none of FHIR's, so its name could say anything."""
    parts: list[str] = []
    holder = node.getparent()
    while holder is not None:
        outer = holder.getparent()
        # Below ``resource`` or ``contained`` stands the type, which a path doesn't have.
        if outer is None or etree.QName(outer).localname not in ("resource", "contained"):
            before = sum(1 for _ in holder.itersiblings(holder.tag, preceding=True))
            after = next(holder.itersiblings(holder.tag), None)
            repeats = outer is not None and (before or after is not None)
            parts.append(etree.QName(holder).localname + (f"[{before}]" if repeats else ""))
        holder = outer
    return ".".join(reversed(parts))


def _complex(node: Any, model: Any, version: Version) -> dict[str, Any]:
    """The children of one element. An element its class doesn't know stays, so that the check can name it."""
    tree: dict[str, Any] = {}
    known = _elements(model) if model is not None else {}
    for key, value in node.attrib.items():
        attribute = etree.QName(key)
        if attribute.namespace is None and attribute.localname in ("id", "url"):
            tree[attribute.localname] = value
        elif attribute.namespace not in (_XML_SPACE, _SCHEMA_INSTANCE):
            tree.setdefault(attribute.localname, value)
    for inner in node:
        name = etree.QName(inner)
        if name.namespace == _XHTML:
            continue
        if name.namespace != FHIR:
            raise Refused("wrong-namespace", _place(inner))
        repeats, kind = known.get(name.localname, (False, None))
        _put(tree, name.localname, repeats, _value(inner, kind, version))
    return tree


def _value(node: Any, kind: Any, version: Version) -> tuple[Any, dict[str, Any] | None]:
    """(value, what a primitive carries besides: its id and extensions)."""
    if hasattr(kind, "get_model_klass"):
        model = kind.get_model_klass()
        if _holds_resource(model):
            return (_resource(node[0], version), None) if len(node) else (None, None)
        return _complex(node, model, version), None
    if kind is None and node.get("value") is None:
        return _complex(node, None, version), None
    beside = {"id": node.get("id")} if node.get("id") is not None else {}
    extensions = [inner for inner in node if etree.QName(inner).localname == "extension"]
    if extensions:
        model = _extension_class(version)
        beside["extension"] = [_complex(inner, model, version) for inner in extensions]
    return _primitive(node.get("value"), kind), beside or None


def _holds_resource(model: Any) -> bool:
    return bool(model.__name__ == "Resource")


@lru_cache(maxsize=8)
def _extension_class(version: Version) -> Any:
    return resource_class("Extension", version)


def _primitive(value: str | None, kind: Any) -> Any:
    """A value in the type JSON gives it; one that isn't of that type stays text, so that the check can say so."""
    if value is None:
        return None
    if kind is bool and value in ("true", "false"):
        return value == "true"
    if kind is int and re.fullmatch(r"-?\d{1,18}", value):
        return int(value)
    if getattr(kind, "__name__", "") == "Decimal" and re.fullmatch(r"-?\d{1,18}(\.\d{1,18})?", value):
        return float(value)
    return value


def _put(tree: dict[str, Any], name: str, repeats: bool, found: tuple[Any, dict[str, Any] | None]) -> None:
    value, beside = found
    if not repeats and name in tree:
        # Twice what may stand once: kept as a list, which the check then refuses.
        tree[name] = [*tree[name], value] if isinstance(tree[name], list) else [tree[name], value]
        return
    if not repeats:
        if value is not None:
            tree[name] = value
        if beside:
            tree["_" + name] = beside
        return
    tree.setdefault(name, []).append(value)
    if beside or "_" + name in tree:
        row = tree.setdefault("_" + name, [])
        row.extend([None] * (len(tree[name]) - 1 - len(row)))
        row.append(beside)
