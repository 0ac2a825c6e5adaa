"""S2: twins of 23 weeks, told apart by order and number alone."""

from integration_engine.synthetic import hl7
from integration_engine.synthetic.person import Child, invented_nhs_number
from tests.acceptance.stories.places import ROYAL_LONDON
from tests.acceptance.story import at


def twin(order: int, number: str | None, died_at: str, control: str) -> bytes:
    child = Child(
        "Begum", f"TWIN {order}", "2026-06-01", "male", number, lines=("4 Green Lane",), postcode="E13 8SL",
        birth_order=order, mother="Nasima Begum", mother_nhs_number=invented_nhs_number(1379),
    )  # fmt: skip
    return hl7.adt(
        "A03", child, ROYAL_LONDON, control, at(f"{died_at}:00"), died_at=died_at, indicator="Y", discharge="4",
        visit=f"V{order}", ward="NNU^^^R1H", observations=(("GESTATION", "23+2"), ("LIVEBIRTH", "Y")),
    )  # fmt: skip
