"""The shapes of answers: OperationOutcome, and the message Bundle around it, as fhir.resources builds and validates them.

Building one takes milliseconds, and an answer is on every sender's critical path. Nearly all messages are told one of a few
things, so each of those is built once, with tokens where two answers that say the same differ, and filled in from then on.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Literal

import orjson
from fhir.resources.R4B.bundle import Bundle
from fhir.resources.R4B.operationoutcome import OperationOutcome

from adapters.hospital_fhir.content import XML
from adapters.hospital_fhir.shape import Tree
from adapters.hospital_fhir.versions import Version, resource_class

ResponseCode = Literal["ok", "transient-error", "fatal-error"]
Issues = Sequence[Mapping[str, object]]

_SYSTEM, _CODE = "urn:child-death-review-engine", "message-response"
# Valid where they stand, so that fhir.resources takes them, and written through unchanged in JSON and XML alike. The moment
# has no zone: the two forms write UTC differently.
_ANSWER, _HEADER, _REQUEST = "QZ-ANSWER-1", "QZ-ANSWER-0", "QZ-REQUEST"
_MOMENT = datetime(1801, 2, 3, 4, 5, 6, tzinfo=UTC)
_SECONDS = "%Y-%m-%dT%H:%M:%S"
_TOKEN = re.compile("|".join((_ANSWER, _HEADER, _REQUEST, _MOMENT.strftime(_SECONDS))))
_ID = re.compile(r"[A-Za-z0-9.-]{1,64}")
_SHAPES = 256
# Who is told more than this is told it once; it isn't kept for the next.
_LONGEST_KEPT = 4096


def outcome(issues: Issues, form: str) -> bytes:
    """An OperationOutcome of these issues, as JSON or XML."""
    said = orjson.dumps(issues)
    return (_kept_outcome if len(said) <= _LONGEST_KEPT else _outcome)(said, form)


def answer(
    code: ResponseCode,
    issues: Issues,
    endpoint: str,
    form: str,
    *,
    version: Version,
    answer_id: str,
    request_id: str,
    at: datetime,
) -> bytes:
    """A message Bundle of this release with MessageHeader.response and the OperationOutcome behind it.

    ``answer_id`` and ``request_id`` are FHIR ids (else ValueError).
    """
    if not (_ID.fullmatch(answer_id) and _ID.fullmatch(request_id)):
        raise ValueError("not an id as FHIR has them")
    said = orjson.dumps(issues)
    if len(said) + len(endpoint) > _LONGEST_KEPT or _TOKEN.search(endpoint) or _TOKEN.search(said.decode()):
        return _bundle(code, said, endpoint, form, version, (answer_id, _sibling(answer_id), request_id), at).encode()
    values = {
        _ANSWER: answer_id,
        _HEADER: _sibling(answer_id),
        _REQUEST: request_id,
        _MOMENT.strftime(_SECONDS): at.astimezone(UTC).strftime(_SECONDS),
    }
    return _TOKEN.sub(lambda found: values[found[0]], _shape(code, said, endpoint, form, version)).encode()


@lru_cache(_SHAPES)
def _shape(code: ResponseCode, issues: bytes, endpoint: str, form: str, version: Version) -> str:
    return _bundle(code, issues, endpoint, form, version, (_ANSWER, _HEADER, _REQUEST), _MOMENT)


def _bundle(
    code: ResponseCode,
    issues: bytes,
    endpoint: str,
    form: str,
    version: Version,
    ids: tuple[str, str, str],
    at: datetime,
) -> str:
    """``ids`` are the answer's, its header's and the request's."""
    answer_id, header_id, request_id = ids
    outcome_url, header_url = f"urn:uuid:{answer_id}", f"urn:uuid:{header_id}"
    response: dict[str, object] = {"identifier": request_id, "code": code}
    if code != "ok":
        response["details"] = {"reference": outcome_url}
    said_at = at.astimezone(UTC).isoformat(timespec="seconds")
    header, moment = _header(version, endpoint, response, said_at)
    bundle = {
        "resourceType": "Bundle",
        "id": answer_id,
        "type": "message",
        **moment,
        "entry": [
            {"fullUrl": header_url, "resource": {"resourceType": "MessageHeader", "id": header_id, **header}},
            {"fullUrl": outcome_url, "resource": _resource(issues).model_dump(mode="json")},
        ],
    }
    model: Any = Bundle if version == "R4" else resource_class("Bundle", version)
    return _written(model.model_validate(bundle), form).decode()


def _header(version: Version, endpoint: str, response: Tree, at: str) -> tuple[Tree, Tree]:
    """(the header's own elements, what the Bundle says of the time), as each release has them."""
    match version:
        case "STU3":
            return {
                "event": {"system": _SYSTEM, "code": _CODE},
                "timestamp": at,
                "source": {"endpoint": endpoint},
                "response": response,
            }, {}
        case "R5":
            return {
                "eventCoding": {"system": _SYSTEM, "code": _CODE},
                "source": {"endpointUrl": endpoint},
                "response": {**response, "identifier": {"value": response["identifier"]}},
            }, {"timestamp": at}
        case _:
            return {
                "eventUri": f"{_SYSTEM}:{_CODE}",
                "source": {"endpoint": endpoint},
                "response": response,
            }, {"timestamp": at}


def _outcome(issues: bytes, form: str) -> bytes:
    return _written(_resource(issues), form)


_kept_outcome = lru_cache(_SHAPES)(_outcome)


def _resource(issues: bytes) -> Any:
    return OperationOutcome.model_validate({"resourceType": "OperationOutcome", "issue": orjson.loads(issues)})


def _sibling(identifier: str) -> str:
    """A second id made from the first, so that an answer is a function of what it is told."""
    return identifier[:-1] + ("0" if identifier[-1:] != "0" else "1")


def _written(resource: Any, form: str) -> bytes:
    if form == XML:
        xml = resource.model_dump_xml()
        return xml if isinstance(xml, bytes) else str(xml).encode()
    return str(resource.model_dump_json()).encode()
