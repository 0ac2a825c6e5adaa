"""Whatever panels merge, every authority keeps exactly one; whatever a footprint file holds, it is laid over or refused."""

import re
from datetime import date
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integration_engine.routing.overlay import Change, laid_over, overlaid, read_overlay
from integration_engine.routing.reference import bundled
from integration_engine.routing.tables import Problem, ReferenceDataError

BEFORE, DAY = date(2027, 3, 31), date(2027, 4, 1)
EXAMPLES = re.findall(
    r"^```footprint [\w.-]+\n(.*?)^```$",
    (Path(__file__).parents[2] / "docs" / "footprints.md").read_text(encoding="utf-8"),
    re.DOTALL | re.MULTILINE,
)
OPEN = sorted(code for code, body in bundled().cdops.bodies.items() if body.span.holds(DAY))
UPPER = [one for one in bundled().geography.authorities.values() if one.upper_tier == one.code and one.span.holds(DAY)]
PIECES = st.sampled_from(
    [
        *"{}[]:-,'\" #&*!|>0Z\n\t",
        "null",
        "true",
        "2027-04-01",
        "NORFOLK",
        "E07000209",
        "steps:",
        "cdops:",
        "areas: ",
        "é",
    ]
)


@given(st.lists(st.sampled_from(OPEN), min_size=2, max_size=12, unique=True), st.integers(1, 3))
@settings(max_examples=25, deadline=None)
def test_any_merger_leaves_every_authority_with_one_panel_and_old_deaths_with_their_panels_name(
    merged: list[str], groups: int
) -> None:
    reference = bundled()
    parts = [part for number in range(groups) if (part := tuple(merged[number::groups]))]
    changes = [Change(f"NEW-{number}", f"New {number}", replaces=part) for number, part in enumerate(parts)]
    laid = laid_over(reference.cdops, changes, DAY)
    becomes = {old: change.code for change in changes for old in change.replaces}
    for authority in UPPER:
        before = reference.cdops.owner(authority.code, BEFORE, BEFORE)
        after = laid.owner(authority.code, BEFORE, DAY)
        assert before is not None
        assert after is not None
        assert (after.then, after.now) == (before.now, becomes.get(before.now, before.now))
        assert laid.owners(authority.code, DAY) == (after.now,)


@given(
    st.sampled_from(EXAMPLES), st.lists(st.tuples(st.floats(0, 1), st.integers(0, 6), PIECES), min_size=1, max_size=4)
)
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_footprint_file_with_slips_of_the_pen_is_laid_over_or_refused_by_line(
    tmp_path: Path, text: str, slips: list[tuple[float, int, str]]
) -> None:
    for place, lost, put in slips:
        at = int(place * len(text))
        text = text[:at] + put + text[at + lost :]
    path = tmp_path / "plan.yaml"
    path.write_text(text, encoding="utf-8")
    problems: tuple[Problem, ...] = ()
    try:
        overlaid(bundled().layers, [read_overlay(path)])
    except ReferenceDataError as refused:
        problems = refused.problems
    assert all(re.fullmatch(r"plan\.yaml:\d+", one.where) and one.code and one.text for one in problems)
