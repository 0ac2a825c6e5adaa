"""S6: births that are no child's death, and those that are."""

from integration_engine.synthetic import hl7
from integration_engine.synthetic.person import Child, invented_nhs_number
from tests.acceptance.story import at


def birth(control: str, died_at: str = "2026-05-04T10:40", **observations: str) -> bytes:
    baby = Child(
        "Shaw", "BABY", "2026-05-04", "female", lines=("3 Park View",), postcode="B4 6NH", mother="Ann Shaw",
        mother_nhs_number=invented_nhs_number(610),
    )  # fmt: skip
    stillborn = "STILLBIRTH" in observations
    return hl7.adt(
        "A03" if not stillborn else "A08", baby, hl7.Hospital("RQ3"), control, at(f"{died_at}:30"), died_at=died_at,
        indicator="Y", discharge="5" if stillborn else "4", visit=control,
        observations=tuple((code.replace("_", "-"), value) for code, value in observations.items()),
    )  # fmt: skip
