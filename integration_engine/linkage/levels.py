"""Every level that a comparison can answer, as data: the one list that the model, its training and its check share. How a
level is told to people stands in ``mappings/linkage/wording.yaml``."""

from collections.abc import Mapping

LEVELS: Mapping[str, tuple[str, ...]] = {
    "nhs": ("equal", "typed-equal", "slip", "typed-near", "different", "typed-different"),
    "given": ("equal", "variant", "slip", "perhaps", "initial", "crossed", "swapped", "half-swapped", "conflict"),
    "second": ("agree", "conflict"),
    "family": ("equal", "variant", "part", "slip", "former", "swapped", "half-swapped", "conflict"),
    "birth": (
        "equal",
        "swapped",
        "first-january",
        "edit",
        "same-month",
        "other",
        "within-minutes",
        "within-hours",
        "within-days",
        "within-weeks",
        "within-months",
        "within-years",
        "within-month",
        "within-year",
        "near",
        "outside",
    ),
    "death": ("same-hour", "same-hour-newborn", "equal", "equal-newborn", "overlap", "near", "days", "other"),
    "sex": ("equal", "different"),
    "home": ("same", "postcode-and-street", "postcode", "house", "near", "street", "different"),
    "practice": ("equal", "different"),
    "mother": ("equal", "different"),
    "mother_nhs": ("equal", "different"),
    "place": ("same", "different"),
    "order": ("equal", "different"),
    "weight": ("equal", "near", "different"),
    "gestation": ("equal", "near", "different"),
    "local_ref": ("equal", "different"),
    "person": ("equal", "different"),
    "coroner": ("equal", "number", "different"),
    "registration": ("equal", "different"),
    "event": ("equal",),
}
"""Levels by comparison, the most telling first. What a side doesn't say has no level and weighs nothing."""
