"""What a message says about a birth: gestation, weight, whether it was live, and who was there. Codes by the shared table."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from adapters.hospital_fhir.message import Message, Placed
from adapters.hospital_fhir.shape import Tree, child, codings, text, value_of
from integration_engine.mapping import codes
from integration_engine.mapping.registry import Refused as NotReadable
from integration_engine.mapping.transforms import gestation, grams
from integration_engine.record.notice import Problem

_VOID = ("entered-in-error", "cancelled", "refuted")
_YES = frozenset({"y", "yes", "true", "la33-6", "373066001"})
_NO = frozenset({"n", "no", "false", "la32-8", "373067005"})
# NHS data dictionary, LIVE OR STILL BIRTH INDICATOR: 1 is live, the others are stillbirths.
_INDICATOR = "stillborn"
_INDICATED = {"1": False, "2": True, "3": True, "4": True}
_LATE_FETAL_LOSS_BEFORE_DAYS = 24 * 7


@dataclass(frozen=True, slots=True)
class Birth:
    """The canonical values found, by path, and where each stood."""

    values: dict[str, Any] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()

    @property
    def stillborn(self) -> bool:
        return self.values.get("death.live_birth") == "no"

    @property
    def late_fetal_loss(self) -> bool:
        """Ended before 24 weeks without signs of life."""
        days = self.values.get("child.gestation_days")
        return self.stillborn and days is not None and days < _LATE_FETAL_LOSS_BEFORE_DAYS

    @property
    def terminated(self) -> bool:
        return self.values.get("death.termination") is True

    @property
    def at_home(self) -> bool:
        return self.values.get("death.suspected_stillbirth_at_home") is True

    @property
    def attended(self) -> str | None:
        found = self.values.get("death.professional_attending_birth")
        return str(found) if found else None


@cache
def _meanings() -> dict[tuple[str, str], str]:
    return {(row["system"].lower(), row["code"].lower()): row["meaning"] for row in codes.rows("perinatal")}


def meaning_of(concept: Any) -> str | None:
    """What a code says of a birth, by the table; a code listed without a system counts in any."""
    known = _meanings()
    for system, code in codings(concept):
        found = known.get((system.lower(), code.lower())) or known.get(("", code.lower()))
        if found:
            return found
    return None


def birth_of(message: Message, patient: Placed) -> Birth:
    """Everything the message's Observations, Conditions and Procedures about this patient say of their birth."""
    values: dict[str, Any] = {}
    places: dict[str, str] = {}
    problems: list[Problem] = []
    for meaning, value, at in _statements(message, patient):
        try:
            found = list(_fields(meaning, value))
        except NotReadable as error:
            problems.append(Problem(code=error.code, text=f"{meaning}: {error.why}", path=at))
            continue
        for path, said in found:
            if path == "death.live_birth" and values.get(path, said) != said:
                # Both a live and a still birth: read as live, so that no child's death is dropped; a person sees why.
                why = "The message calls the birth both live and still."
                problems.append(Problem(code="birth-contradiction", text=why, path=at))
                values[path] = "yes"
            elif path not in values:
                values[path], places[path] = said, at
    return Birth(values, places, tuple(problems))


def _statements(message: Message, patient: Placed) -> Iterator[tuple[str, Any, str]]:
    for kind in ("Observation", "Condition", "Procedure"):
        for placed in message.about(patient, kind):
            resource = placed.resource
            state = text(resource, "status") or text(resource, "verificationStatus") or _verification(resource)
            meaning = meaning_of(resource.get("code"))
            if meaning and state not in _VOID:
                yield (
                    meaning,
                    _plain(value_of(resource), kind),
                    f"{placed.path}.{'value' if kind == 'Observation' else 'code'}",
                )


def _verification(resource: Tree) -> str | None:
    return next((code for _, code in codings(resource.get("verificationStatus"))), None)


def _plain(value: Any, kind: str) -> Any:
    """A value[x] as text, number or boolean. A statement without a value (a diagnosis) says yes to what its code means."""
    if value is None:
        return True if kind != "Observation" else None
    if isinstance(value, dict):
        if "value" in value:
            unit = text(value, "code") or text(value, "unit") or ""
            return (value.get("value"), unit.lower())
        for system, code in codings(value):
            return _INDICATED.get(code) if _INDICATOR in system.lower() else code
        return text(value, "text")
    return value


def _yes(value: Any) -> bool | None:
    if isinstance(value, bool):
        return value
    word = str(value).strip().lower()
    return True if word in _YES else False if word in _NO else None


def _fields(meaning: str, value: Any) -> Iterator[tuple[str, Any]]:
    """The canonical fields one statement fills."""
    if meaning == "gestation":
        if (days := _days(value)) is not None:
            yield "child.gestation_days", days
        return
    if meaning == "birth-weight":
        if (weight := _grams(value)) is not None:
            yield "child.birth_weight_g", weight
        return
    # A finding that is recorded without a value is recorded because it is so.
    said = True if value is None and meaning in ("stillbirth", "live-birth", "termination") else _yes(value)
    if said is not None:
        yield _FLAGS[meaning][0], _FLAGS[meaning][1 if said else 2]
    elif meaning == "professional-attending":
        yield "death.professional_attending_birth", "unknown"
    if meaning == "signs-of-life" and said is not None:
        yield "death.live_birth", "yes" if said else "no"


# Meaning -> the field it fills, with what for yes and for no.
_FLAGS: dict[str, tuple[str, Any, Any]] = {
    "stillbirth": ("death.live_birth", "no", "yes"),
    "live-birth": ("death.live_birth", "yes", "no"),
    "termination": ("death.termination", True, False),
    "signs-of-life": ("death.signs_of_life", True, False),
    "professional-attending": ("death.professional_attending_birth", "yes", "no"),
    "stillbirth-at-home": ("death.suspected_stillbirth_at_home", True, False),
}


def _days(value: Any) -> int | None:
    if isinstance(value, tuple):
        amount, unit = value
        if not isinstance(amount, int | float) or isinstance(amount, bool):
            raise NotReadable("not-a-gestation", "expected a number of weeks or days")
        days = round(amount) if unit.startswith("d") or (not unit and amount > 45) else round(amount * 7)
        if not 0 < days <= 350:
            raise NotReadable("not-a-gestation", "expected a number of weeks or days")
        return days
    return int(gestation(str(value)) or 0) or None if value is not None and not isinstance(value, bool) else None


def _grams(value: Any) -> int | None:
    if isinstance(value, tuple):
        amount, unit = value
        weight = grams(f"{amount} {unit}".strip())
    else:
        weight = grams(str(value)) if value is not None and not isinstance(value, bool) else None
    return None if weight is None else int(weight)


def place_of_birth_is_home(stay: Tree) -> bool:
    """Whether an Encounter's class says it took place at home."""
    held = stay.get("class")
    concepts = held if isinstance(held, list) else [held]
    return (
        any(code == "HH" for concept in concepts for _, code in codings(concept))
        or text(child(stay, "class"), "code") == "HH"
    )
