"""How fast somebody may send: whoever is faster waits for their turn. Nothing is refused and nothing lost; as nobody reads
from a connection meanwhile, the network tells its sender to slow down. Pure: time is an argument.
"""

from dataclasses import dataclass, field

_BURST_SECONDS = 1.0


@dataclass(slots=True)
class Pace:
    """So many turns ``a_second`` in the long run, a second's worth of them at once; 0 for as many as come."""

    a_second: float
    _next: float = float("-inf")

    def turn(self, now: float) -> float:
        """Take the next turn and say how many seconds from ``now`` (a steady clock's) it is away: 0 for at once."""
        if not self.a_second:
            return 0.0
        interval = 1.0 / self.a_second
        due = max(self._next, now - max(_BURST_SECONDS, interval))
        self._next = due + interval
        return max(0.0, self._next - now)


@dataclass(slots=True)
class Paces:
    """One pace for each who is known by a name, however many connections they have open."""

    a_second: float
    _by_name: dict[str, Pace] = field(default_factory=dict)

    def of(self, name: str) -> Pace:
        """That one's pace. Names are those of a register: a stranger's would let this grow."""
        pace = self._by_name.get(name)
        if pace is None:
            pace = self._by_name[name] = Pace(self.a_second)
        return pace
