"""Who is at the keyboard, for the audit log."""

import getpass


def at_the_keyboard() -> str:
    """``cli:`` and the name of the system's user, or ``cli`` where the system knows none (a container's bare number)."""
    try:
        return f"cli:{getpass.getuser()}"
    except (KeyError, OSError):
        return "cli"


def in_the_name_of(name: str | None) -> str:
    """Whoever is said to have done it, and who says so; where nobody is named, who is at the keyboard. A command takes any
    name: the log has to show whose word for it that was."""
    named = (name or "").strip()
    return f"{named} ({at_the_keyboard()})" if named else at_the_keyboard()
