"""NHS numbers of the 999 test range (modulus 11), none handed out twice; twins' may stand next to each other."""

from random import Random

_PREFIX = "999"
_BODIES = 1_000_000  # six digits free before the check digit
_BATCH = 500
_OPEN = 400  # batches in use at once: neighbours in the stream are rarely neighbours in number


class OutOfNumbers(Exception):
    """The test range has about 909,000 valid numbers; a longer stream needs more."""


def check_digit(nine: str) -> int:
    """The tenth digit by modulus 11; 10 means that the nine can't be a number."""
    return (11 - sum((10 - place) * int(digit) for place, digit in enumerate(nine)) % 11) % 11


class NumberBook:
    """Hands out valid numbers, never one twice."""

    def __init__(self, chance: Random) -> None:
        self._chance = chance
        self._unopened = list(range(0, _BODIES, _BATCH))
        chance.shuffle(self._unopened)
        self._open: list[list[int]] = []  # [next body, end]

    def next(self, count: int = 1, adjacent: bool = False) -> list[str]:
        """``count`` numbers, one after the other where ``adjacent``."""
        if not adjacent:
            return [self._take(self._batch(1)) for _ in range(count)]
        batch = self._batch(count)
        return [self._take(batch) for _ in range(count)]

    def _batch(self, count: int) -> list[int]:
        while True:
            if len(self._open) < _OPEN and self._unopened:
                start = self._unopened.pop()
                self._open.append([start, start + _BATCH])
            if not self._open:
                raise OutOfNumbers
            place = self._chance.randrange(len(self._open))
            batch = self._open[place]
            if (
                batch[1] - batch[0] >= 3 * count + 3
            ):  # at most one body in a row fails the check, so this is room enough
                return batch
            self._open[place] = self._open[-1]
            self._open.pop()

    def _take(self, batch: list[int]) -> str:
        while True:
            nine = f"{_PREFIX}{batch[0]:06d}"
            batch[0] += 1
            digit = check_digit(nine)
            if digit < 10:
                return f"{nine}{digit}"
