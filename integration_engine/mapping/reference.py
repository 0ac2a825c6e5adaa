"""The reference of the mapping language, written from the code: docs/mapping-language.md."""

import inspect
import json
from pathlib import Path
from typing import Any

from integration_engine.mapping import columns, er7_syntax, fhir_paths, json_paths, paths, testing, xml_paths
from integration_engine.mapping.files import mappings
from integration_engine.mapping.registry import Example
from integration_engine.mapping.shapes import fields
from integration_engine.mapping.transforms import TRANSFORMS

_INTRODUCTION = Path(__file__).with_name("language.md")


def document_path() -> Path:
    """Where the reference lies."""
    return mappings().parent / "docs" / "mapping-language.md"


def document() -> str:
    """The whole reference as Markdown."""
    parts = [_INTRODUCTION.read_text(encoding="utf-8"), "## Paths\n", _doc(paths)]
    for title, module in (
        ("HL7 v2", er7_syntax),
        ("FHIR", fhir_paths),
        ("JSON", json_paths),
        ("XML", xml_paths),
        ("Tables", columns),
    ):
        parts += [f"### {title}\n", _doc(module)]
    parts += ["## Transforms\n", *(_transform(name) for name in sorted(TRANSFORMS))]
    parts += ["## Tests of a profile\n", _doc(testing)]
    parts += ["## Canonical fields\n", _fields()]
    return "\n".join(parts).rstrip() + "\n"


def _doc(module: Any) -> str:
    text = inspect.getdoc(module) or ""
    return text.replace("``", "`") + "\n"


def _transform(name: str) -> str:
    one = TRANSFORMS[name]
    lines = [
        f"### `{name}`\n",
        " ".join(one.meaning.replace("``", "`").split()) + "\n",
        "| written | given | gives |",
        "|---|---|---|",
    ]
    lines += [_example(name, example) for example in one.examples]
    return "\n".join(lines) + "\n"


def _example(name: str, example: Example) -> str:
    written = name if example.argument is None else f"{{{name}: {_shown(example.argument)}}}"
    gives = (
        f"problem `{example.refused}`"
        if example.refused
        else "nothing"
        if example.gives is None
        else f"`{_shown(example.gives)}`"
    )
    cells = (f"`{written}`", f"`{_shown(example.given)}`", gives)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _shown(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _fields() -> str:
    lines = ["| field | takes |", "|---|---|"]
    for path, shape in fields().items():
        takes = shape.words
        if shape.codes:
            takes += ": " + ", ".join(f"`{code}`" for code in shape.codes)
        elif shape.parts:
            takes += " of " + ", ".join(f"`{part}`" for part in shape.parts)
        lines.append(f"| `{path}` | {takes} |")
    return "\n".join(lines) + "\n"
