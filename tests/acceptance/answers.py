"""What an answer of ``cdr try`` comes to, in few words, and what a person decided."""

from typing import Any

NOW = ("--at", "2026-12-01T09:00:00Z")


def decided(kind: str, about: str = "{dir}/m.hl7#0", **value: Any) -> dict[str, Any]:
    return {
        "id": f"d-{kind}", "at": "2026-03-11T09:00:00Z", "by": "A Person", "role": "operator", "kind": kind,
        "about": [about], "value": value, "reason": "asked the ward",
    }  # fmt: skip


def only(answer: dict[str, Any]) -> dict[str, Any]:
    assert len(answer["cases"]) == 1, answer
    case: dict[str, Any] = answer["cases"][0]
    return case


def stands(answer: dict[str, Any]) -> list[tuple[str, str]]:
    return [(case["state"], case["rule"]) for case in answer["cases"]]


def lead(case: dict[str, Any]) -> tuple[str, str] | None:
    return (case["lead"]["cdop"], case["lead"]["rule"]) if case["lead"] else None


def copies(case: dict[str, Any]) -> list[tuple[str, str]]:
    return [(copy["cdop"], copy["rule"]) for copy in case["copies"]]


OPEN, WITHDRAWN = [("open", "scope.child")], [("withdrawn", "scope.retracted")]
CANCELLED, DISPUTED = [("held", "held.cancelled-visit")], [("held", "held.disputed")]
