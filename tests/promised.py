"""Holds every answer of the doors to what their OpenAPI document promises: its status, content type, headers and shape.

``tests.gateway_house`` asks it about each answer that any test gets, so that what only a test with a case of its own can
reach (a delivery, a decision, an access token) is held to the document too.
"""

import re
from collections.abc import Mapping
from functools import cached_property
from typing import Any

import httpx
import jsonschema

_PLACE = re.compile(r"\\\{[^}]*\\\}")
_NOTHING_IN_IT = (204, 304)
# What the engine says must all be told; FHIR resources and quoted schemas say themselves what may be besides.
_FREE = ("OperationOutcome", "MessageResponse", "CapabilityStatement", "FhirResource")


class Promises:
    """One served document. ``at`` is the path that its application is mounted at."""

    def __init__(self, document: Mapping[str, Any], at: str = "") -> None:
        self.document = document
        self._at = at
        self._addresses = {path: re.compile(_PLACE.sub("[^/]+", re.escape(at + path))) for path in document["paths"]}

    def operations(self, path: str) -> Mapping[str, Any] | None:
        """What is promised at an address, by method; None where the document doesn't know it."""
        if path.startswith(self._at) and (known := self.document["paths"].get(path.removeprefix(self._at))):
            return dict(known)
        found = [each for each, address in self._addresses.items() if address.fullmatch(path)]
        return dict(self.document["paths"][found[0]]) if found else None

    def check(self, answer: httpx.Response) -> None:
        """Raises AssertionError where an answer to a described address isn't as it is described."""
        request = answer.request
        operations = self.operations(request.url.path)
        if operations is None:
            return
        where = f"{request.method} {request.url.path}: {answer.status_code}"
        operation = operations.get(request.method.lower())
        if operation is None:
            assert answer.status_code == 405, f"{where}, where the document knows no such method"
            return
        said = operation["responses"].get(str(answer.status_code))
        assert said is not None, f"{where} is not described"
        self._check_headers(where, said, answer)
        self._check_content(where, said, answer)

    def _check_headers(self, where: str, said: Mapping[str, Any], answer: httpx.Response) -> None:
        for name, written in said.get("headers", {}).items():
            header = self._resolved(written)
            value = answer.headers.get(name)
            assert value is not None or not header.get("required"), f"{where} comes without {name}"
            if value is not None:
                number = header["schema"].get("type") == "integer"
                self._hold(f"{where}, {name}", header["schema"], int(value) if number else value)

    def _check_content(self, where: str, said: Mapping[str, Any], answer: httpx.Response) -> None:
        content = said.get("content")
        if not content:
            assert answer.status_code in _NOTHING_IN_IT, f"{where} has no content described"
            assert answer.content == b"", f"{where} should say nothing"
            return
        kind = answer.headers.get("content-type", "").partition(";")[0]
        assert kind in content, f"{where} comes as {kind}"
        if kind.endswith("json"):
            self._hold(where, content[kind]["schema"], answer.json())

    def _hold(self, where: str, schema: Mapping[str, Any], value: Any) -> None:
        validator = jsonschema.Draft202012Validator({**schema, "components": self._strict})
        wrong = next(validator.iter_errors(value), None)
        # Of a wrong answer the place and the rule are shown, not what it says.
        assert wrong is None, f"{where}: {wrong.json_path} breaks {wrong.validator} at {list(wrong.schema_path)}"

    @cached_property
    def _strict(self) -> dict[str, Any]:
        """The components, in which a shape of ours says everything: what is answered besides was forgotten here."""
        schemas = {
            name: {"additionalProperties": False, **schema} if _closed(name, schema) else schema
            for name, schema in self.document["components"]["schemas"].items()
        }
        return {**self.document["components"], "schemas": schemas}

    def _resolved(self, value: Mapping[str, Any]) -> Mapping[str, Any]:
        name = value.get("$ref", "").rpartition("/")[2]
        return dict(self.document["components"]["headers"][name]) if name else value


def _closed(name: str, schema: Mapping[str, Any]) -> bool:
    return name not in _FREE and "-" not in name and schema.get("type") == "object"
