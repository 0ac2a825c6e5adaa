"""Families of stories about one or two children: what partners of every kind tell of them, put right, take back and rename,
with clocks that are wrong and words that are nobody's or a sibling's; and what people decide meanwhile."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from adapters.adapter import Submission
from integration_engine.record.decision import Decision
from tests.store_samples import BRISTOL, NOW, READING, SWINDON, report

MOTHER = "9991001379"
_HOMES = tuple(
    ({"lines": [line], "postcode": postcode, "lad_code": district, "use": "home"},)
    for line, postcode, district in (("7 Larkspur Row", "RG1 3BA", READING), ("2 Kelp Quay", "BS1 4DJ", BRISTOL))
)
_NOWHERE = ((), ({"postcode": "ZZ99 3VZ", "use": "home"},))
_BOY = {"nhs_number": "9991000003", "given_names": ["Barnaby", "Lark"], "birth_date": "2014-05-09", "sex": "male"}
_SISTER = {"nhs_number": "9991004114", "given_names": ["Sorrel"], "birth_date": "2016-02-03", "sex": "female"}
_BEFORE = {**_BOY, "nhs_number": "9991009590", "family_name": "Hart", "given_names": ["Liam"], "addresses": _HOMES[1]}
_BABY = {"birth_date": "2026-03-08", "sex": "female", "mother": {"given_names": ["Ada"], "nhs_number": MOTHER}}
_TWINS = tuple(
    {**_BABY, "nhs_number": number, "given_names": [name], "multiple_birth": {"count": 2, "order": order}}
    for order, (number, name) in enumerate((("9991004114", "Sorrel"), ("9991006850", "Tansy")), 1)
)
_UNNAMED = {**_BABY, "nhs_number": None, "given_names": [], "name_is_placeholder": True}
# Whoever the messages of one story may speak of, by what a partner calls them.
FAMILIES: Sequence[Sequence[Mapping[str, Any]]] = (
    (_BOY,),
    (_BOY, _SISTER, {**_SISTER, "nhs_number": _BOY["nhs_number"]}),
    (_BOY, _BEFORE, {**_BEFORE, "nhs_number": _BOY["nhs_number"]}),
    (*_TWINS, _UNNAMED, {**_TWINS[0], "nhs_number": MOTHER}),
    ({**_BABY, **_SISTER, "birth_date": "2026-03-08"}, _UNNAMED),
    ({**_BOY, "birth_date": "2008-03-10"}, {**_BOY, "birth_date": "2007-05-05"}, {**_BOY, "birth_date": None}),
)
_SOURCES: Sequence[Mapping[str, Any]] = (
    {"kind": "hospital-hl7", "partner": "RTH", "visit": "V1"},
    {"kind": "hospital-hl7", "partner": "RTH01"},
    {"kind": "hospital-fhir", "partner": "RXX"},
    {"kind": "police", "partner": "E23000038", "version": 1},
    {"kind": "police", "partner": "E23000038", "version": 2},
    {"kind": "coroner", "partner": "avon"},
    {"kind": "national", "partner": "X26"},
    {"kind": "hospital-hl7", "partner": "RTH", "indirect": True},
)
_NOTHING_OF_THE_DEATH = {"died_at": None, "place": None}
_ROAD = {"type": "road-traffic-collision", "at": "2026-03-08", "place": {"lad_code": SWINDON}, "reference": "EV-7"}
_DEATHS: Sequence[Mapping[str, Any]] = (
    {},
    {"place": {"type": "acute-hospital", "lad_code": READING}},
    {"event": _ROAD},
    {"died_at": "2026-03-09", "status": "informal"},
    {"status": "formal"},
)
_BIRTHS: Sequence[Mapping[str, Any]] = (
    {"outside": "scope.stillbirth", "death": {"live_birth": "no", "professional_attending_birth": "yes"}},
    {"outside": "scope.termination", "death": {"termination": True}},
    {"death": {"live_birth": "no", "suspected_stillbirth_at_home": True}},
    {"death": {"live_birth": "yes"}},
    {"coroner": {"area": "avon", "reference": "412", "conclusions": ["stillbirth"]}},
)
_FORMS = ("deleted", "not-dead", "status-removed", "withdrawn", "cancelled-visit", "visit-corrected")
_REKEYS: Sequence[Mapping[str, Any]] = (
    {"kind": "replaced", "old_nhs_number": "9991009590", "new_nhs_number": "9991000003"},
    {"kind": "replaced", "old_nhs_number": "9991004114", "new_nhs_number": "9991006850"},
    {"kind": "invalidated", "old_nhs_number": "9991000003"},
    {"kind": "merged", "old_local_ref": "P2", "new_local_ref": "P1"},
)
_DECISIONS: Sequence[tuple[str, Mapping[str, Any]]] = (
    ("residence", {"lad_code": BRISTOL}), ("residence", {"lad_code": SWINDON}), ("agreement", {"cdop": "OXON"}),
    ("confirm-death", {}), ("deny-death", {}), ("restrict", {}), ("release", {}), ("age", {"under_18": True}),
    ("age", {"under_18": False}), ("live-birth", {"live_birth": True}), ("live-birth", {"live_birth": False}),
    ("live-birth", {"termination": True}), ("link", {}), ("link", {"adoption": True}), ("unlink", {}), ("unlink", {}),
)  # fmt: skip


@dataclass(frozen=True)
class Decided:
    """What a person decides once it is its turn: about the notices at these places of what is held, the first ids first."""

    number: int
    kind: str
    value: Mapping[str, Any]
    places: tuple[int, int]
    by: str
    role: str
    at: datetime

    def about(self, held: Sequence[str]) -> Decision | None:
        """The decision; None where there is nothing it could be about."""
        count = 2 if self.kind in ("link", "unlink") else 1
        about = list(dict.fromkeys(held[place % len(held)] for place in self.places[:count])) if held else []
        told = {"id": f"D{self.number}", "at": self.at, "by": self.by, "role": self.role, "reason": "as told"}
        told |= {"kind": self.kind, "value": dict(self.value), "about": about}
        return Decision.model_validate(told) if len(about) == count else None


Step = list[Submission] | Decided
"""A batch of messages, or what a person decides."""


@st.composite
def messages(draw: st.DrawFn, number: int, family: Sequence[Mapping[str, Any]]) -> Submission:
    """One message: a report two times out of three."""
    child = {"family_name": "Ravensworth", **draw(st.sampled_from(family))}
    child.setdefault("addresses", draw(st.sampled_from((*_HOMES, _HOMES[0], _HOMES[0], *_NOWHERE))))
    if draw(st.integers(0, 9)) == 0:
        child |= draw(st.sampled_from(({"nhs_number": None}, {"restricted": "adoption"}, {"given_names": ["Bo"]})))
    source = {**draw(st.sampled_from(_SOURCES)), "local_ref": draw(st.sampled_from((None, "P1", "P2")))}
    fields: dict[str, Any] = {"source": source, "child": child, "death": draw(st.sampled_from(_DEATHS))}
    match draw(st.sampled_from(("report",) * 6 + ("retract", "retract", "rekey", "birth", "doubt"))):
        case "retract":
            form = {"form": draw(st.sampled_from(_FORMS)), "routine": draw(st.sampled_from((None, True)))}
            fields |= {"intent": "retract", "retraction": form, "death": _NOTHING_OF_THE_DEATH}
        case "rekey":
            fields |= {"intent": "rekey", "rekey": draw(st.sampled_from(_REKEYS)), "death": _NOTHING_OF_THE_DEATH}
        case "birth":
            fields |= draw(st.sampled_from(_BIRTHS))
        case "doubt":
            fields |= {"contradiction": True}
    if source["kind"] == "police":
        person = "P2" if "Sorrel" in child["given_names"] else "P1"
        fields["police"] = {"force": "E23000038", "report_id": "54-1", "person_id": person}
        fields["source"] = {**source, "local_ref": f"54-1/{person}"}
    # Many at one time by their senders' clocks, some by no time, and some by the day alone.
    stated = (NOW + timedelta(minutes=draw(st.integers(0, 3)) * 20)).isoformat(timespec="seconds")
    fields["stated_at"] = draw(st.sampled_from((stated, stated, stated, None, NOW.date().isoformat())))
    return report(draw(st.integers(0, 60)), message_id=str(number), **fields)


@st.composite
def histories(draw: st.DrawFn, most: int = 9) -> list[Step]:
    """A story in one order and one packing of all there are, some of it told twice, people deciding in between."""
    family = draw(st.sampled_from(FAMILIES))
    told = [draw(messages(n, family)) for n in range(draw(st.integers(2, most)))]
    steps: list[Step] = []
    for number, message in enumerate(told):
        if steps and isinstance(steps[-1], list) and draw(st.booleans()):
            steps[-1].append(message)
        else:
            steps.append([message])
        if draw(st.integers(0, 2)) == 0:
            kind, value = draw(st.sampled_from(_DECISIONS))
            taken_back = draw(st.integers(0, 5)) == 0
            steps.append(
                Decided(
                    number,
                    kind,
                    {"withdraw": True} if taken_back else value,
                    (draw(st.integers(0, most)), draw(st.integers(0, most))),
                    draw(st.sampled_from(("ann", "bo"))),
                    draw(st.sampled_from(("restricted", "restricted", "operator"))),
                    NOW + timedelta(minutes=draw(st.sampled_from((-60, 10, 30, 90)))),
                )
            )
            steps.append([draw(st.sampled_from(told[: number + 1]))])
    return steps
