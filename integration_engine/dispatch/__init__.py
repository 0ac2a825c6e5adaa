"""What has to go out: a case as it is now against what each recipient was last sent. Only what changed goes out.

An open case goes to its lead, its copies, the JAR team and the national record. A held case sends nothing more, with two
exceptions: the panel where the child died and the JAR teams are told of a case nobody can place, and everybody who holds a
disputed case is told that it is disputed. A withdrawn case, or one out of scope, is taken back from everybody who ever got
it. Pure.
"""

from integration_engine.dispatch.comparison import diff
from integration_engine.dispatch.delivery import Dispatch, Moves, delivery_id, turn_of
from integration_engine.dispatch.endings import ended, merged_away
from integration_engine.dispatch.holding import Delivered, Held, Standing

__all__ = [
    "Delivered",
    "Dispatch",
    "Held",
    "Moves",
    "Standing",
    "delivery_id",
    "diff",
    "ended",
    "merged_away",
    "turn_of",
]
