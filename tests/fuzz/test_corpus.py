"""What fuzzing has found worth keeping, tried again: nothing of it breaks the contract, and it stays small."""

import pytest

from tests.fuzz.guided import MOST_KEPT_BYTES
from tests.fuzz.targets import CORPUS, TARGETS, seeds


@pytest.mark.parametrize("name", TARGETS)
def test_nothing_that_was_kept_breaks_the_contract(name: str) -> None:
    tried = 0
    for body in seeds(name):
        TARGETS[name].hold(body)
        tried += 1
    assert tried


def test_what_is_kept_is_of_what_is_fuzzed_and_small() -> None:
    folders = [folder for folder in CORPUS.iterdir() if folder.is_dir()]
    assert {folder.name for folder in folders} <= set(TARGETS)
    for folder in folders:
        assert sum(path.stat().st_size for path in folder.iterdir()) <= MOST_KEPT_BYTES
