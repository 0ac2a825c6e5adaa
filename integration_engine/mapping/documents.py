"""Reading a profile's YAML: plain and strict. A key given twice is an error; ``no``, ``2026-03-09`` and ``007`` are text."""

import re
from pathlib import Path
from typing import Any

import yaml


class ProfileError(ValueError):
    """A profile that can't be used: the file, the place in it (``fields.child.sex.code``) and why."""

    def __init__(self, file: str, place: str, why: str) -> None:
        super().__init__(f"{file}: {place}: {why}" if place else f"{file}: {why}")
        self.file = file
        self.place = place
        self.why = why


class _Reader(yaml.SafeLoader):
    """YAML 1.2's reading of plain scalars, which is what people expect of them."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key, _ in node.value:
            if key.tag != "tag:yaml.org,2002:merge" and key.value in seen:
                raise yaml.constructor.ConstructorError(None, None, "a key given twice", key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


for _tag, _pattern, _first in (
    ("bool", r"true|false", "tf"),
    ("null", r"null|~|", "n~\0"),
    ("int", r"[-+]?(?:0|[1-9][0-9]*)", "-+0123456789"),
    ("float", r"[-+]?(?:0|[1-9][0-9]*)\.[0-9]+", "-+0123456789"),
    ("merge", r"<<", "<"),
):
    _Reader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_tag}", re.compile(f"^(?:{_pattern})$"), list(_first) + ([""] if _tag == "null" else [])
    )


def read_yaml(path: Path) -> Any:
    """What a YAML file says. Raises ProfileError with the line for what isn't YAML or can't be read."""
    try:
        text = path.read_text(encoding="utf-8")
        return yaml.load(text, Loader=_Reader)  # noqa: S506 - a SafeLoader
    except FileNotFoundError as error:
        raise ProfileError(path.name, "", "there is no such file") from error
    except (OSError, UnicodeDecodeError) as error:
        raise ProfileError(path.name, "", "the file can't be read as UTF-8 text") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        why = getattr(error, "problem", None) or "this isn't YAML"
        raise ProfileError(path.name, f"line {mark.line + 1}" if mark else "", str(why)) from error
