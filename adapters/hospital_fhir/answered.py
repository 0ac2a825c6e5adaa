"""Whether a record that was asked for is the record of the one who was asked about. Nothing is guessed: any doubt is a no."""

from adapters.hospital_fhir.content import media, tree_of
from adapters.hospital_fhir.person import is_nhs_system
from adapters.hospital_fhir.refusals import Refused
from adapters.hospital_fhir.shape import children, kind_of, text


def is_about(body: bytes, content_type: str, nhs_number: str) -> bool:
    """Whether these bytes are one Patient, and every NHS number in it that isn't marked as old is this one.

    A number that was replaced is answered with the record under the new number, which is another's until a person says.
    """
    try:
        patient = tree_of(body, media(content_type))[0]
    except (Refused, RecursionError):
        return False
    if kind_of(patient) != "Patient":
        return False
    said = {
        (text(one, "value") or "").replace(" ", "")
        for one in children(patient, "identifier")
        if is_nhs_system(text(one, "system")) and text(one, "use") != "old"
    }
    name = text(patient, "id") or ""
    if name.isdigit() and len(name) == len(nhs_number):
        said.add(name)
    return said == {nhs_number}
