"""The stories that are also played through the real doors, broker and store."""

from tests.acceptance.stories import s01_collision, s02_twins, s03_newborn, s05_wrong_patient
from tests.acceptance.story import Story


def stories() -> tuple[Story, ...]:
    """All of them, in the order their first acts are played."""
    found = (*s01_collision.PLAYED, *s02_twins.PLAYED, *s03_newborn.PLAYED, *s05_wrong_patient.PLAYED)
    assert len({story.name for story in found}) == len(found)
    return found
