"""Rows of the tabular form as notices that have been read already: what remains is linking, deciding and writing them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson

from adapters.adapter import Item, Reading, Submission, content_hash
from integration_engine.linkage import cells, written
from integration_engine.record import dates
from integration_engine.record.codes import PartnerKind
from integration_engine.record.notice import DeathNotice

_SEX = {"M": "male", "F": "female", "I": "indeterminate", "U": "unknown"}
# Districts of different panels: which one a child lived in follows from the postcode's letters.
_DISTRICTS = ("E08000035", "E08000032", "E08000003", "E08000025", "E09000012", "E09000022", "E09000008", "E08000021")


class Told:
    """Messages and what each says, made once: ``read`` hands the second out for the first."""

    def __init__(self, rows: Iterable[Mapping[str, Any]]) -> None:
        self._said: dict[int, Reading] = {}
        self.submissions: list[Submission] = [self._told(row) for row in rows]

    def read(self, submission: Submission, kind: PartnerKind | None = None) -> Iterator[Reading]:
        yield self._said[id(submission)]

    def notices(self, submissions: Sequence[Submission]) -> list[DeathNotice]:
        return [notice for one in submissions for notice in self._said[id(one)].notices]

    def _told(self, row: Mapping[str, Any]) -> Submission:
        at = datetime.fromisoformat(str(row["notified_at"])).replace(tzinfo=UTC)
        body = orjson.dumps(dict(row), default=str)
        content, kind = content_hash(body), str(row["source"]).replace("_", "-")
        notice = notice_of_row(row, at, content)
        item = Item(0, "retraction" if notice.intent == "retract" else "notice", "death", notice)
        submission = Submission(body, at, partner=str(row["sender"]))
        self._said[id(submission)] = Reading(
            0,
            kind,
            "told",
            (item,),
            (),
            str(row["id"]),
            str(row["sender"]),
            content,  # type: ignore[arg-type]
        )
        return submission


def notice_of_row(row: Mapping[str, Any], received_at: datetime, content: str) -> DeathNotice:
    """The notice that an adapter would have read out of the message this row stands for."""
    child, death = _child(row), _death(row)
    kind = str(row["source"]).replace("_", "-")
    said: dict[str, Any] = {
        "id": str(row["id"]),
        "submission": content[:12],
        "source": {"kind": kind, "partner": row["sender"], "local_ref": row.get("local_ref") or None},
        "received_at": received_at,
        "stated_at": received_at.isoformat(timespec="seconds"),
        "profile": "told",
        "child": child,
        "death": death,
        "provenance": {
            f"{part}.{name}": {"path": name, "profile": "told"}
            for part, held in (("child", child), ("death", death))
            for name in held
        },
    }
    if row.get("message_type") == "retract":
        said |= {"intent": "retract", "retraction": {"form": "status-removed"}}
    if row.get("renumbered"):
        change = {"kind": "replaced", "old_nhs_number": child["nhs_number"], "new_nhs_number": row["renumbered"]}
        said |= {"intent": "rekey", "rekey": change}
    return DeathNotice.model_validate(said)


def _child(row: Mapping[str, Any]) -> dict[str, Any]:
    postcode, address = row.get("postcode"), row.get("address_line")
    district = _DISTRICTS[sum(map(ord, str(postcode).split()[0])) % len(_DISTRICTS)] if postcode else None
    valid, typed = written.number(str(row.get("nhs_number") or ""))
    mother: dict[str, Any] = {"given_names": (row["mother_given"],)} if row.get("mother_given") else {}
    if mothers := written.number(cells.text_of(row, "mother_nhs_number"))[0]:
        mother["nhs_number"] = mothers
    order = cells.number_of(cells.text_of(row, "birth_order"), 10)
    several = order > 1 or cells.is_yes(cells.text_of(row, "multiple_birth"))
    return _without_nothing(
        nhs_number=valid,
        other_identifiers=[{"value": typed, "type": "NHS", "problem": "checksum"}] if typed else [],
        given_names=[name for name in (row.get("given"), row.get("middle")) if name],
        known_as=[row["known_as"]] if row.get("known_as") else [],
        family_name=row.get("family"),
        sex=_SEX.get(str(row.get("sex") or "")),
        birth_date=_moment(row.get("birth_date")),
        age_at_death=_age(row),
        addresses=[
            _without_nothing(lines=[address] if address else [], postcode=postcode, lad_code=district, use="home")
        ]
        if postcode or address
        else [],
        gp_practice=row.get("gp_ods"),
        mother=mother,
        multiple_birth=_without_nothing(order=order, is_multiple=several),
        birth_weight_g=cells.grams_of(cells.text_of(row, "birth_weight_g")),
        gestation_days=cells.gestation_of(cells.text_of(row, "gestation_weeks")),
    )


def _death(row: Mapping[str, Any]) -> dict[str, Any]:
    place = row.get("place_of_death")
    return _without_nothing(
        died_at=_moment(row.get("death_datetime")),
        place={"name": place, "lad_code": _DISTRICTS[len(place) % len(_DISTRICTS)]} if place else None,
        event={"type": "fire", "reference": row["event_ref"]} if row.get("event_ref") else None,
    )


def _age(row: Mapping[str, Any]) -> dict[str, Any] | None:
    age = cells.age_of(str(row.get("age_text") or ""))
    return age.model_dump(exclude_none=True) if age and not row.get("birth_date") else None


def _moment(text: Any) -> str | None:
    """A partial date; None where an adapter couldn't read it either."""
    try:
        return dates.canonical(str(text)[:16]) if text else None
    except ValueError:
        return None


def _without_nothing(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value not in (None, "", 0, False, [], {})}
