"""``cdr clocks``: which deadlines are soon due or overdue."""

CLOCK_COLOURS = {"running": "green", "met": "dim", "paused": "yellow", "overdue": "bold red", "stopped": "dim"}
"""How a clock's state is shown in a terminal."""
