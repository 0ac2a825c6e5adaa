"""Who is at the keyboard, for the audit log."""

import getpass


def at_the_keyboard() -> str:
    """``cli:`` and the name of the system's user, or ``cli`` where the system knows none (a container's bare number)."""
    try:
        return f"cli:{getpass.getuser()}"
    except (KeyError, OSError):
        return "cli"
