"""Messages as broken systems make them: a tree in which some values are something else, gone, or stand elsewhere too, and
bytes of which a few are others."""

import json
from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st


def odd(words: Sequence[str], names: Sequence[str]) -> st.SearchStrategy[Any]:
    """A value that doesn't belong where it stands; ``words`` and ``names`` are some that mean something to the reader."""
    return st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(10**20), 10**20),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(max_size=12),
        st.sampled_from(words),
        st.lists(st.text(max_size=5), max_size=3),
        st.dictionaries(st.sampled_from(names), st.text(max_size=5), max_size=3),
    )


def places(tree: Any) -> list[tuple[Any, Any]]:
    """Every (holder, key) of a tree."""
    found = []
    for key, value in tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ():
        found.append((tree, key))
        found += places(value)
    return found


@st.composite
def broken(draw: st.DrawFn, trees: Sequence[Any], values: st.SearchStrategy[Any]) -> Any:
    """One of the trees with up to four changes."""
    tree = json.loads(json.dumps(draw(st.sampled_from(trees))))
    for _ in range(draw(st.integers(1, 4))):
        holders = places(tree)
        if not holders:
            break
        holder, key = draw(st.sampled_from(holders))
        match draw(st.sampled_from(["value", "gone", "list", "object", "rename", "copy"])):
            case "value":
                holder[key] = draw(values)
            case "gone":
                del holder[key]
            case "list":
                holder[key] = [holder[key], holder[key]]
            case "object":
                holder[key] = {"extension": holder[key]}
            case "rename" if isinstance(holder, dict):
                holder[draw(st.text(max_size=8))] = holder.pop(key)
            case "copy":
                other, at = draw(st.sampled_from(holders))
                other[at] = json.loads(json.dumps(holder[key]))
    return tree


@st.composite
def damaged(draw: st.DrawFn, body: bytes, pieces: st.SearchStrategy[bytes] = st.binary(max_size=4)) -> bytes:
    """The bytes with up to five places in which a few are others, more or fewer."""
    found = bytearray(body)
    for _ in range(draw(st.integers(1, 5))):
        at = draw(st.integers(0, max(0, len(found) - 1)))
        found[at : at + draw(st.integers(0, 6))] = draw(pieces)
    return bytes(found)
