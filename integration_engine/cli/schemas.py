"""The JSON Schemas we publish in mappings/schema, made from the models that the code itself holds data to."""

import json
from typing import Any

from pydantic import TypeAdapter

from adapters.coroner.schema import coroner_case_schema
from adapters.police.report import Report
from integration_engine.gateway.delivery_answer import DeliveryAnswer
from integration_engine.gateway.handed_in import SubmissionAnswer
from integration_engine.linkage.question import Question
from integration_engine.mapping.files import mappings
from integration_engine.record.decision import Decision
from integration_engine.record.notice import NOTICE_SCHEMA, DeathNotice
from integration_engine.record.record import RECORD_SCHEMA, ChildDeathRecord

DRAFT = "https://json-schema.org/draft/2020-12/schema"


def schemas() -> dict[str, dict[str, Any]]:
    """Every published schema by its file's name."""
    return {
        "notice-1.json": _of(DeathNotice, NOTICE_SCHEMA, "What one submission says about one child's death"),
        "record-1.json": _of(ChildDeathRecord, RECORD_SCHEMA, "What is held true about one child's death"),
        "police-sudden-death-1.json": _of(Report, "police-sudden-death/1", "A police force's sudden-death report"),
        "decisions-1.json": _of(tuple[Decision, ...], "decisions/1", "What people decided, as a file"),
        "review-1.json": _of(Question, "review/1", "A question for a person: are these two one child?"),
        "submission-answer-1.json": _of(
            SubmissionAnswer,
            "submission-answer/1",
            "What became of a message sent by MESH, or of a file in a drop folder",
        ),
        "delivery-answer-1.json": _of(
            DeliveryAnswer, "delivery-answer/1", "A recipient's word on a delivery, by MESH or in a webhook's answer"
        ),
        "coroner-case-1.json": {"$schema": DRAFT, "$id": "coroner-case/1", **coroner_case_schema()},
    }


def _of(model: Any, name: str, title: str) -> dict[str, Any]:
    # As it is written on the wire: by alias, with what a reader must accept.
    made = TypeAdapter(model).json_schema(by_alias=True, mode="validation")
    return {"$schema": DRAFT, "$id": name, **made, "title": title}


def _text(schema: dict[str, Any]) -> str:
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def stale() -> list[str]:
    """The shipped files that are missing or differ from what the models say now."""
    folder = mappings() / "schema"
    return [
        name
        for name, schema in schemas().items()
        if not (folder / name).is_file() or (folder / name).read_text(encoding="utf-8") != _text(schema)
    ]


def write_all() -> None:
    """Write every schema."""
    folder = mappings() / "schema"
    folder.mkdir(parents=True, exist_ok=True)
    for name, schema in schemas().items():
        (folder / name).write_text(_text(schema), encoding="utf-8")
