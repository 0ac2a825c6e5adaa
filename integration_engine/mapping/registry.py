"""How a transform is declared: its name, what it is given, its documentation and the examples that are run as tests."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


class Refused(ValueError):
    """A value a transform can't read: a stable ``code`` and a sentence that describes the value's shape, never the value.

    ``identifier`` is set by ``nhs_number`` alone: the digits that are worth keeping as an identifier that is no key.
    """

    def __init__(self, code: str, why: str, identifier: str | None = None) -> None:
        super().__init__(why)
        self.code = code
        self.why = why
        self.identifier = identifier


@dataclass(frozen=True, slots=True)
class Example:
    """What a transform makes of one value; ``refused`` is the problem's code where it makes nothing of it."""

    given: Any
    gives: Any = None
    argument: Any = None
    refused: str | None = None


@dataclass(frozen=True, slots=True)
class Transform:
    """One transform. ``whole_list`` is given all matched values at once, any other each value as text."""

    name: str
    run: Callable[..., Any]
    meaning: str
    examples: tuple[Example, ...]
    whole_list: bool = False

    def bind(self, argument: Any = None) -> Callable[[Any], Any]:
        """The transform with its argument from a profile: a scalar, a list (one argument) or named arguments.

        Raises TypeError or ValueError for an argument it doesn't take.
        """
        named = argument if isinstance(argument, dict) else {}
        given = () if argument is None or isinstance(argument, dict) else (argument,)
        inspect.signature(self.run).bind("", *given, **named)
        run, whole = self.run, self.whole_list
        if not given and not named:
            return run if whole else lambda value: run(value if type(value) is str else text_of(value))
        if whole:
            return lambda value: run(value, *given, **named)
        return lambda value: run(value if type(value) is str else text_of(value), *given, **named)


TRANSFORMS: dict[str, Transform] = {}


def transform(*examples: Example, whole_list: bool = False) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Declare a function as a transform of the language; its docstring is its documentation."""

    def declare(run: Callable[..., Any]) -> Callable[..., Any]:
        name = run.__name__.rstrip("_")
        TRANSFORMS[name] = Transform(name, run, inspect.getdoc(run) or "", examples, whole_list)
        return run

    return declare


def text_of(value: Any) -> str:
    """A scalar as text: numbers and booleans of JSON as JSON writes them. Raises Refused for a structure."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        # Python itself refuses to write out enormous integers; so do we, with a reason.
        if value.bit_length() > 256:
            raise Refused("wrong-type", "a number too large to be read")
        return str(value)
    if isinstance(value, float):
        return format(value, ".15g")
    raise Refused("wrong-type", f"expected text, found {shape(value)}")


_SHAPES = ((str.isdigit, "digit"), (str.isalpha, "letter"), (str.isspace, "space"))


def shape(value: Any) -> str:
    """What a value looks like, without saying what it is: ``9 letters``, ``an object``, ``12 characters: digits, others``."""
    if isinstance(value, str):
        if not value:
            return "nothing"
        for is_kind, word in _SHAPES:
            if is_kind(value):
                return f"{len(value)} {word}{'s' if len(value) > 1 else ''}"
        kinds = [word + "s" for is_kind, word in _SHAPES if any(map(is_kind, value))]
        if not all(any(is_kind(one) for is_kind, _ in _SHAPES) for one in value):
            kinds.append("others")
        return f"{len(value)} characters: {', '.join(kinds)}"
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, dict):
        return "an object"
    return f"a list of {len(value)}" if isinstance(value, list | tuple) else "something else"
