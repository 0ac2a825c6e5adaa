"""Paths into XML: XPath 1.0, by the library lxml. An element's value is its text, white space at its ends taken off.

Within a part found by ``each`` relative paths start at that element. Prefixes of namespaces are those the source is given.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from lxml import etree

from integration_engine.mapping.found import Found, PathError


def check(path: str) -> None:
    """Raises PathError for what isn't an XPath."""
    try:
        etree.XPath(path)
    except etree.XPathSyntaxError as error:
        raise PathError(0, "this isn't an XPath") from error


@lru_cache(maxsize=4096)
def _compiled(path: str, namespaces: tuple[tuple[str, str], ...]) -> etree.XPath:
    return etree.XPath(path, namespaces=dict(namespaces))


@dataclass(frozen=True, slots=True)
class XmlSource:
    """An element. ``namespaces`` gives the prefixes that a profile's paths may use."""

    element: etree._Element
    namespaces: Mapping[str, str] = field(default_factory=dict)

    def _results(self, path: str) -> list[Any]:
        try:
            answer = _compiled(path, tuple(sorted(self.namespaces.items())))(self.element)
        except etree.XPathError:
            return []
        return answer if isinstance(answer, list) else [answer]

    def _place(self, result: Any) -> str:
        if isinstance(result, etree._Element):
            return result.getroottree().getpath(result)
        parent = result.getparent() if hasattr(result, "getparent") else None
        if parent is None:
            return self.element.getroottree().getpath(self.element)
        above = str(parent.getroottree().getpath(parent))
        return f"{above}/@{result.attrname}" if result.is_attribute else above

    def find(self, path: str) -> Sequence[Found]:
        found = []
        for result in self._results(path):
            value = "".join(str(text) for text in result.itertext()) if isinstance(result, etree._Element) else result
            if isinstance(value, str):
                value = str(value).strip()
            if value != "":
                found.append(Found(value, self._place(result)))
        return found

    def parts(self, path: str) -> Sequence[tuple[str, "XmlSource"]]:
        return [
            (self._place(result), XmlSource(result, self.namespaces))
            for result in self._results(path)
            if isinstance(result, etree._Element)
        ]
