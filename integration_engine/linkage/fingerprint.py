"""One short text for everything that decides the blocking keys of a notice: two programs with the same fingerprint make the
same keys, so that each finds what the other has kept.

It is taken of the programs themselves, not of a number that somebody has to remember to raise: of every module that
``blocking.keys`` and ``evidence_of`` reach by their imports, of the tables they read, and of the libraries that judge words
and numbers for them. What is said about a rule (comments, docstrings, empty lines) is none. How a key is blinded isn't part
of it either: that is the index key's, which carries a version of its own. Nor is Python's table of letters: Unicode doesn't
change how a letter that it has is taken apart.
"""

import ast
import hashlib
import io
import tokenize
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.metadata import version
from pathlib import Path

from integration_engine.linkage.coroners import AREAS
from integration_engine.linkage.letters import TABLES

_PACKAGE = "integration_engine"
_ROOT = f"{_PACKAGE}.linkage.blocking"
_ABOVE = Path(__file__).resolve().parents[2]
_LIBRARIES = ("nhs-number", "rapidfuzz")
_LENGTH = 24


@cache
def fingerprint() -> str:
    """The fingerprint of this program's rules of blocking."""
    return fingerprint_of(modules(), tables(), {name: version(name) for name in _LIBRARIES})


def fingerprint_of(programs: Mapping[str, str], read: Mapping[str, bytes], libraries: Mapping[str, str]) -> str:
    """The fingerprint of these programs (source text), the tables they ``read`` and versions of libraries, each by name."""
    pieces = [
        *(("program", name, without_comments(text).encode()) for name, text in programs.items()),
        *(("table", name, content) for name, content in read.items()),
        *(("library", name, text.encode()) for name, text in libraries.items()),
    ]
    found = hashlib.sha256()
    for kind, name, content in sorted(pieces):
        found.update(f"{kind}\x1f{name}\x1f{hashlib.sha256(content).hexdigest()}\x1e".encode())
    return found.hexdigest()[:_LENGTH]


def tables() -> dict[str, bytes]:
    """The tables of linkage and the coroners' areas, by file name. Words that people are asked with are no tables."""
    files = [path for path in sorted(TABLES.iterdir()) if path.suffix in (".csv", ".json")]
    return {path.name: path.read_bytes() for path in (*files, AREAS)}


def modules(root: str = _ROOT) -> dict[str, str]:
    """The source of a module of ours and of all that it imports, directly or not, by name."""
    found: dict[str, str] = {}
    wanted = [root]
    while wanted:
        name = wanted.pop()
        place = _file(name)
        if name not in found and place is not None:
            found[name] = place.read_text(encoding="utf-8")
            wanted += _imported(found[name])
    return found


def _file(name: str) -> Path | None:
    place = _ABOVE.joinpath(*name.split("."))
    return next((path for path in (place.with_suffix(".py"), place / "__init__.py") if path.is_file()), None)


def _imported(source: str) -> Iterator[str]:
    """What may be modules of ours among the imports: what is no module has no file."""
    for node in ast.walk(ast.parse(source)):
        named = []
        if isinstance(node, ast.Import):
            named = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            named = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        yield from (name for name in named if name.split(".")[0] == _PACKAGE)


def without_comments(source: str) -> str:
    """The lines of a program that do something, the same under every Python that runs it."""
    lines = source.splitlines()
    for row, column in _comments(source):
        lines[row - 1] = lines[row - 1][:column]
    for first, last in _docstrings(source):
        lines[first - 1 : last] = [""] * (last - first + 1)
    return "\n".join(line.rstrip() for line in lines if line.strip())


def _comments(source: str) -> Iterator[tuple[int, int]]:
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return (token.start for token in tokens if token.type == tokenize.COMMENT)


def _docstrings(source: str) -> Iterator[tuple[int, int]]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            told = node.body[0] if ast.get_docstring(node) is not None else None
            if told is not None and not source.splitlines()[told.lineno - 1][: told.col_offset].strip():
                yield told.lineno, told.end_lineno or told.lineno
