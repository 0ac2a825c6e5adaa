"""The model of `police-sudden-death/1`: what we publish as JSON Schema and hold reports to.

Everything that is not needed to know whose death it is may be missing or null. Dates and ages are text here: the profile
reads them, and one that can't be read costs that value, not the report.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from integration_engine.record import codes

SCHEMA = "police-sudden-death/1"

Text = Annotated[str, Field(max_length=20_000)]
Moment = Annotated[
    str, Field(max_length=40, description="ISO 8601 date or date and time; Europe/London without a zone")
]
Code = Annotated[str, Field(max_length=200)]


class _Part(BaseModel):
    """Unknown members are named to the sender, not refused: forces' systems add their own."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Place(_Part):
    """Somewhere: an address, a site, or what the map calls it."""

    type: Code | None = None
    name: Text | None = None
    lines: Annotated[list[Text], Field(max_length=20)] | None = None
    postcode: Code | None = None
    lad_code: Annotated[Code | None, Field(description="ONS local authority district, also a retired one")] = None
    country: Annotated[Code | None, Field(description="ISO 3166 alpha-3")] = None
    use: Literal["home", "temporary", "placement", "other"] | None = None
    easting: float | None = None
    northing: float | None = None


class Event(_Part):
    """What happened. Several children may have died of one event: they share its ``event_id``."""

    event_id: Code | None = None
    type: codes.EventType | None = None
    at: Moment | None = None
    place: Place | None = None
    incident_ref: Code | None = None
    crime_ref: Code | None = None
    suspicious: codes.Suspicious | None = None
    circumstances: Text | None = None


class LookedAfter(_Part):
    """Whether a local authority looks after the child, and which (ONS code)."""

    is_looked_after: Annotated[bool | None, Field(alias="is")] = None
    local_authority: Code | None = None


class Birth(_Part):
    """A birth, where the death is of a newborn."""

    outcome: Literal["live", "still", "unknown"] | None = None
    professional_attending: bool | None = None
    suspected_stillbirth_at_home: bool | None = None
    termination: bool | None = None
    gestation_weeks: Annotated[
        int | float | str | None, Field(description="completed weeks, or weeks and days as text: 23+2")
    ] = None
    weight_g: int | float | None = None


class Person(_Part):
    """A person in the report. Only those who are or may be under 18 are read: the deceased, and in a later version the
    injured, who are not dead after all. The others stand beside them."""

    person_id: Annotated[Code, Field(min_length=1)]
    role: Literal["deceased", "injured", "mother", "father", "carer", "sibling", "witness", "other"]
    family_name: Text | None = None
    given_names: Text | None = None
    known_as: Text | None = None
    date_of_birth: Moment | None = None
    age: Annotated[Code | None, Field(description="with its unit: 11 years, 3 days")] = None
    sex: Literal["M", "F", "U"] | None = None
    ethnicity: Annotated[Code | None, Field(description="self-defined ethnicity, 16+1")] = None
    nhs_number: Code | None = None
    address: Place | None = None
    gp: Text | None = None
    school: Text | None = None
    looked_after: LookedAfter | None = None
    restricted: codes.Restriction | None = None
    birth: Birth | None = None
    life_extinct_at: Moment | None = None
    found_at: Moment | None = None
    last_seen_alive_at: Moment | None = None
    place_of_death: Place | None = None
    custody: codes.Custody | None = None


class Relationship(_Part):
    """``from`` is the ``type`` of ``to``: from P2 to P1, mother - P2 is P1's mother."""

    source: Annotated[Code, Field(alias="from")]
    target: Annotated[Code, Field(alias="to")]
    type: Code


class Coroner(_Part):
    """The coroner the police have told."""

    area: Code | None = None
    reference: Code | None = None
    informed_at: Moment | None = None


class Officer(_Part):
    """The officer in the case."""

    name: Text | None = None
    collar: Code | None = None
    contact: Text | None = None


class Report(_Part):
    """A sudden-death report. A later ``version`` of the same ``report_id`` takes an earlier one's place; ``withdrawn`` takes
    it back."""

    schema_: Annotated[Literal["police-sudden-death/1"], Field(alias="schema")]
    force: Annotated[Code, Field(pattern=r"^[A-Z][0-9]{8}$", description="ONS police force area, such as E23000038")]
    report_id: Annotated[Code, Field(min_length=1)]
    version: Annotated[int, Field(ge=1, le=1_000_000)] = 1
    status: Literal["current", "withdrawn"] = "current"
    reported_at: Moment
    event: Event | None = None
    persons: Annotated[list[Person], Field(max_length=1000)]
    relationships: Annotated[list[Relationship], Field(max_length=10_000)] | None = None
    coroner: Coroner | None = None
    officer: Officer | None = None


ESSENTIAL = frozenset(
    {"schema", "force", "report_id", "version", "status", "reported_at", "persons", "person_id", "role"}
)
"""Members without which, or with a wrong value of which, nobody can say whose death a report is about."""
