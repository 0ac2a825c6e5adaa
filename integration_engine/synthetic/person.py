"""An invented child as the partners' builders take it."""

from dataclasses import dataclass

_WEIGHTS = range(10, 1, -1)


def invented_nhs_number(serial: int) -> str:
    """The ``serial``-th NHS number of the 999 test range that passes modulus 11."""
    body = 999_000_000 + serial
    while True:
        digits = str(body)
        check = 11 - sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, digits, strict=True)) % 11
        if check != 10:
            return digits + str(check % 11)
        body += 100_000  # another number with the same last digits


@dataclass(frozen=True, slots=True)
class Child:
    """Who the child was. Dates are ISO; ``sex`` is male, female or unknown; ``lines`` are the address before its postcode."""

    family: str
    given: str
    birth_date: str
    sex: str = "unknown"
    nhs_number: str | None = None
    nhs_status: str = "01"
    lines: tuple[str, ...] = ()
    postcode: str | None = None
    gp_practice: str | None = None
    ethnic_category: str | None = None
    birth_order: int | None = None
    mother: str | None = None
    mother_nhs_number: str | None = None
