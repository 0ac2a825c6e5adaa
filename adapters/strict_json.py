"""Strict JSON from partners: what different readers would read differently, or only an attacker would send, is refused by
code and JSONPath. Never by value."""

import json
import re
from typing import Any

from adapters.adapter import MOST_BYTES_OF_OFFICES
from integration_engine.record.notice import Problem

MOST_NESTING = 32
# Beyond 2**53 a JSON number means different things to different readers.
_MOST_DIGITS = 15


class NotReadable(ValueError):
    """Bytes that can't be read: why, each by code, sentence and JSONPath."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__(problems[0].code)
        self.problems = problems


def refusal(code: str, text: str, path: str = "$") -> NotReadable:
    """The refusal for one reason."""
    return NotReadable(Problem(code=code, text=text, path=path))


def parse(body: bytes) -> Any:
    """Strict JSON: UTF-8, no member twice, no NaN, no NUL, no lone surrogates, no numbers or nesting that only attackers
    need. Raises NotReadable."""
    if len(body) > MOST_BYTES_OF_OFFICES:
        raise refusal("too-large", f"more than {MOST_BYTES_OF_OFFICES // 1_000_000} million bytes")
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise refusal("bad-encoding", f"JSON is UTF-8; byte {error.start} is not") from error
    if _nesting(text) > MOST_NESTING:
        raise refusal("too-deep", f"nested more than {MOST_NESTING} deep")
    try:
        document = json.loads(text, object_pairs_hook=_object, parse_constant=_constant, parse_int=_integer)
    except json.JSONDecodeError as error:
        raise refusal("bad-json", f"not JSON at line {error.lineno} column {error.colno}") from error
    _texts(document, "$")
    return document


def _nesting(text: str) -> int:
    """The deepest nesting of brackets outside strings."""
    # A string that nobody closes ends with the text: looked for anew at each quote in it, it would take for ever.
    bare = re.sub(r'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)', "", text, flags=re.DOTALL)
    depth = deepest = 0
    for one in re.findall(r"[\[\]{}]", bare):
        depth += 1 if one in "[{" else -1
        deepest = max(deepest, depth)
    return deepest


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise refusal("duplicate-key", "an object names a member twice")
    return members


def _constant(_: str) -> Any:
    raise refusal("not-a-number", "NaN and Infinity are not JSON")


def _integer(digits: str) -> int:
    if len(digits) > _MOST_DIGITS:
        raise refusal("number-too-large", f"a number of more than {_MOST_DIGITS} digits")
    return int(digits)


def _texts(value: Any, path: str) -> None:
    if isinstance(value, str):
        if "\x00" in value:
            raise refusal("nul-character", "a text with a NUL character", path)
        if any("\ud800" <= one <= "\udfff" for one in value):
            raise refusal("lone-surrogate", "half of a surrogate pair, which is no character", path)
    elif isinstance(value, dict):
        for name, inner in value.items():
            # A member's name may itself be a person's data: only a plain one is repeated.
            plain = re.fullmatch(r"[A-Za-z_]{1,40}", name, re.ASCII)
            if not plain:
                _texts(name, path)
            _texts(inner, f"{path}.{name}" if plain else f"{path}.*")
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            _texts(inner, f"{path}[{number}]")
