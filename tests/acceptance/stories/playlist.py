"""The stories that are also played through the real doors, broker and store."""

from tests.acceptance.stories import (
    s01_collision,
    s02_twins,
    s03_newborn,
    s04_adopted,
    s05_wrong_patient,
    s06_births,
    s06_corrections,
    s07_wales,
    s08_addresses,
    s09_expected,
    s10_looked_after,
    s12_retired_codes,
    s13_clock,
    s14_abroad,
    s16_fire,
)
from tests.acceptance.story import Story

TOLD = (
    s01_collision,
    s02_twins,
    s03_newborn,
    s04_adopted,
    s05_wrong_patient,
    s06_births,
    s06_corrections,
    s07_wales,
    s08_addresses,
    s09_expected,
    s10_looked_after,
    s12_retired_codes,
    s13_clock,
    s14_abroad,
    s16_fire,
)


def stories() -> tuple[Story, ...]:
    """All of them, in the order their first acts are played."""
    found = tuple(story for told in TOLD for story in told.PLAYED)
    assert len({story.name for story in found}) == len(found)
    return found
