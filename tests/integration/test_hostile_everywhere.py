"""Everything hostile that we know of, by every way in, at an engine that serves good partners beside it; then a part again.

The same is tried of any folder of files with a manifest by ``python -m tests.hostile DIR``.
"""

from collections import defaultdict
from collections.abc import Sequence

import pytest

from integration_engine.record.codes import PartnerKind
from integration_engine.services import Broker, Database
from tests.hostile.samples import ROADS, Sample, own
from tests.hostile.trial import Trial, tried

# The second round is a part of everything, by every way in: no number of ways divides by this.
_ROUNDS, _EACH = 2, 3
# What a round leaves behind for good would be there after the second one again. A process may keep what it has had from the
# system once, so that what the first round takes says little; `python -m tests.hostile --rounds 5` shows how it goes on.
_MOST_MIB, _MOST_MORE_MIB = 600, 64
WAYS = [(kind, road) for kind, roads in ROADS.items() for road in roads]


def _made(turn: int) -> Sequence[Sample]:
    return own(turn)[::_EACH] if turn else own()


@pytest.fixture(scope="module")
def trial(broker: Broker, postgres_server: Database, tmp_path_factory: pytest.TempPathFactory) -> Trial:
    return tried(broker, postgres_server, tmp_path_factory.mktemp("hostile"), _made, _ROUNDS)


@pytest.mark.timeout(900)
@pytest.mark.parametrize(("kind", "road"), WAYS)
def test_each_has_its_answer_and_lies_where_it_should(trial: Trial, kind: PartnerKind, road: str) -> None:
    fates = [fate for fate in trial.fates if (fate.sample.kind, fate.sample.road) == (kind, road)]
    assert len(fates) > 50
    assert [(fate.sample.name, fate.answer, sorted(fate.lies)) for fate in fates if not fate.as_expected] == []


def test_nothing_is_harmed_nobody_dies_and_every_good_child_is_one_case(trial: Trial) -> None:
    assert trial.harm == []
    assert min(trial.good.values()) > 3


def test_no_outcome_differs_between_the_ways_in(trial: Trial) -> None:
    """But for MLLP, whose codes are held to its own table, and for what workers pass over unread."""
    outcomes: dict[tuple[str, str], set[object]] = defaultdict(set)
    for fate in trial.fates:
        if fate.sample.road != "mllp" and not fate.screened:
            outcomes[fate.sample.kind, fate.sample.name].add(fate.came_to)
    assert {what: came_to for what, came_to in outcomes.items() if len(came_to) > 1} == {}


def test_no_process_grows_beyond_measure_or_for_good(trial: Trial) -> None:
    assert set(trial.resident) == {"gateway", "worker", "mesh", "watch"}
    for role, (_, first, second) in trial.resident.items():
        assert 0 < second < _MOST_MIB, role
        assert second - first < _MOST_MORE_MIB, role
