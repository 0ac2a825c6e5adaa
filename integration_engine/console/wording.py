"""Plain values as people read them."""

from typing import Any


def text_of(value: Any) -> str:
    """A plain value as a person reads it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return ", ".join(f"{key.replace('_', ' ')}: {text_of(part)}" for key, part in value.items() if part is not None)
    if isinstance(value, list | tuple):
        return (
            "; ".join(text_of(part) for part in value)
            if any(isinstance(p, dict) for p in value)
            else " ".join(text_of(part) for part in value)
        )
    return str(value)
