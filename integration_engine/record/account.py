"""What can be said of one child's death: the dictionary of fields that a notice and a record share.

The models are frozen; an absent value is ``None`` or an empty tuple and is left out when written, never replaced by a
made-up default. A class marked ``UNIT`` is one value for survivorship: a place is taken whole from one source, because
half of one place and half of another is no place at all.
"""

from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, SerializerFunctionWrapHandler, model_serializer

from integration_engine.record import codes
from integration_engine.record.dates import Partial

Text = Annotated[str, Field(min_length=1)]


class Canonical(BaseModel):
    """What every part of a notice or record has in common: frozen, closed, absent values left out."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, serialize_by_alias=True)
    UNIT: ClassVar[bool] = False

    @model_serializer(mode="wrap")
    def _only_what_is_there(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {key: value for key, value in write(self).items() if value not in (None, [], (), {})}


class Identifier(Canonical):
    """An identifier other than a valid NHS number: hospital number, passport, former or invalid NHS number."""

    UNIT = True
    value: Text
    system: Text | None = None
    type: Text | None = None
    problem: Text | None = None


class Address(Canonical):
    """An address as stated. ``from``/``to`` are partial dates; ``lad_code`` is an ONS local authority district code."""

    UNIT = True
    lines: tuple[Text, ...] = ()
    postcode: Text | None = None
    uprn: Text | None = None
    lad_code: Text | None = None
    country: Text | None = None
    use: codes.AddressUse | None = None
    start: Partial | None = Field(default=None, alias="from")
    end: Partial | None = Field(default=None, alias="to")
    source_rank: int | None = None


class Place(Canonical):
    """Where something happened: a site by its ODS code, or an address. ``country`` is ISO 3166 alpha-3."""

    UNIT = True
    type: codes.PlaceType | None = None
    ods_code: Text | None = None
    name: Text | None = None
    lines: tuple[Text, ...] = ()
    postcode: Text | None = None
    lad_code: Text | None = None
    country: Text | None = None


class Age(Canonical):
    """An age at death where only an age is known."""

    UNIT = True
    value: int = Field(ge=0)
    unit: codes.AgeUnit
    estimated: bool | None = None


class MultipleBirth(Canonical):
    """Plurality of the pregnancy and this child's place in it; ``is_multiple`` where only that much is said."""

    is_multiple: bool | None = None
    count: int | None = Field(default=None, ge=1, le=20)
    order: int | None = Field(default=None, ge=1, le=20)


class Person(Canonical):
    """Somebody else in the child's story: mother, carer, sibling. ``former_names`` are family names, a maiden name among
    them; ``other_identifiers`` a hospital's own numbers."""

    UNIT = True
    relationship: Text | None = None
    name: Text | None = None
    family_name: Text | None = None
    given_names: tuple[Text, ...] = ()
    former_names: tuple[Text, ...] = ()
    birth_date: Partial | None = None
    nhs_number: Text | None = None
    other_identifiers: tuple[Identifier, ...] = ()
    address: Address | None = None


class LookedAfter(Canonical):
    """Whether a local authority looks after the child, and which (ONS code)."""

    UNIT = True
    is_looked_after: bool = Field(alias="is")
    local_authority: Text | None = None


class Child(Canonical):
    """The child: who they were and where they belonged."""

    nhs_number: Annotated[str, Field(pattern=r"^\d{10}$")] | None = None
    nhs_number_status: codes.NhsNumberStatus | None = None
    nhs_number_absent_reason: codes.NhsNumberAbsentReason | None = None
    other_identifiers: tuple[Identifier, ...] = ()
    family_name: Text | None = None
    given_names: tuple[Text, ...] = ()
    known_as: tuple[Text, ...] = ()
    former_names: tuple[Text, ...] = ()
    name_is_placeholder: bool | None = None
    birth_date: Partial | None = None
    birth_time: Annotated[str, Field(pattern=r"^\d\d:\d\d(:\d\d)?$")] | None = None
    age_at_death: Age | None = None
    sex: codes.Sex | None = None
    gender: Text | None = None
    ethnic_category: codes.EthnicCategory | None = None
    addresses: tuple[Address, ...] = ()
    residency: codes.Residency | None = None
    gp_practice: Text | None = None
    school: Text | None = None
    multiple_birth: MultipleBirth | None = None
    gestation_days: int | None = Field(default=None, ge=0, le=350)
    birth_weight_g: int | None = Field(default=None, ge=0, le=15000)
    mother: Person | None = None
    carers: tuple[Person, ...] = ()
    siblings: tuple[Person, ...] = ()
    looked_after: LookedAfter | None = None
    custody: codes.Custody | None = None
    social_care: tuple[Text, ...] = ()
    learning_disability: bool | None = None
    life_limiting: bool | None = None
    restricted: codes.Restriction | None = None
    signs_of_childhood: tuple[Text, ...] = ()
    """Why this may be a child although no age is known: codes such as ``paediatric-ward``, ``school``, ``parent-named``."""


class Event(Canonical):
    """What led to the death; children killed by one event share it. ``reference`` names it at its source."""

    type: codes.EventType | None = None
    at: Partial | None = None
    place: Place | None = None
    reference: Text | None = None


class Mccd(Canonical):
    """Medical certificate of cause of death; the causes are the certificate's own words."""

    issued: bool | None = None
    cause_1a: Text | None = None
    cause_1b: Text | None = None
    cause_1c: Text | None = None
    cause_1d: Text | None = None
    cause_2: Text | None = None
    medical_examiner: Text | None = None


class Diagnosis(Canonical):
    """A coded diagnosis. ``system`` is ``icd-10`` or ``snomed-ct`` where known."""

    UNIT = True
    code: Text | None = None
    system: Text | None = None
    text: Text | None = None
    role: Text | None = None


class StatedJar(Canonical):
    """What a partner says about the joint agency response."""

    UNIT = True
    triggered: bool | None = None
    at: Partial | None = None
    lead: Text | None = None
    reason_not: Text | None = None


class Death(Canonical):
    """The death: when, where, of what, and who says so."""

    died_at: Partial | None = None
    died_at_basis: codes.DiedAtBasis | None = None
    last_seen_alive_at: Partial | None = None
    found_at: Partial | None = None
    status: codes.DeathStatus | None = None
    verified_by: Text | None = None
    registered_at: Partial | None = None
    live_birth: codes.YesNoUnknown | None = None
    signs_of_life: bool | None = None
    termination: bool | None = None
    professional_attending_birth: codes.YesNoUnknown | None = None
    suspected_stillbirth_at_home: bool | None = None
    place: Place | None = None
    event: Event | None = None
    expected: codes.Expected | None = None
    suspected_category: codes.SuspectedCategory | None = None
    abuse_or_neglect: bool | None = None
    circumstances: Text | None = None
    mccd: Mccd | None = None
    diagnoses: tuple[Diagnosis, ...] = ()
    jar: StatedJar | None = None


class PostMortem(Canonical):
    """A post-mortem as the coroner tells of it."""

    type: Text | None = None
    ordered_at: Partial | None = None
    at: Partial | None = None
    findings: Text | None = None


class Coroner(Canonical):
    """The coroner's investigation. ``area`` is a coroner area's slug; ``stage`` the latest event of coroner-case/1.
    ``transferred_from`` and ``transferred_to`` are other areas, with the references they know the case by."""

    area: Text | None = None
    reference: Text | None = None
    stage: codes.CoronerStage | None = None
    stage_at: Partial | None = None
    referred_by: Text | None = None
    post_mortem: PostMortem | None = None
    cause_1a: Text | None = None
    cause_1b: Text | None = None
    cause_1c: Text | None = None
    cause_1d: Text | None = None
    cause_2: Text | None = None
    inquest_opened_at: Partial | None = None
    concluded_at: Partial | None = None
    conclusions: tuple[codes.Conclusion, ...] = ()
    narrative: Text | None = None
    prevention_of_future_deaths: tuple[Text, ...] = ()
    transferred_from: Text | None = None
    transferred_from_reference: Text | None = None
    transferred_to: Text | None = None
    transferred_to_reference: Text | None = None
    notes: Text | None = None


class Officer(Canonical):
    """The officer in the case."""

    UNIT = True
    name: Text | None = None
    collar: Text | None = None
    contact: Text | None = None


UNSTATED = "?"


class Police(Canonical):
    """The police's part. ``force`` is an ONS E23/W15 code. A ``person_id`` that begins with ``UNSTATED`` is a place in one
    version of a report that gives its persons no ids: in another version it may be somebody else's."""

    force: Text | None = None
    report_id: Text | None = None
    person_id: Text | None = None
    incident_ref: Text | None = None
    crime_ref: Text | None = None
    suspicious: codes.Suspicious | None = None
    officer: Officer | None = None


class OtherReview(Canonical):
    """Another process that looks at this death: mbrrace, pmrt, mnsi, psii, rapid-review, ppo, rtss, hse ..."""

    UNIT = True
    process: Text
    reference: Text | None = None


class Professional(Canonical):
    """A professional who knew the child."""

    UNIT = True
    role: Text | None = None
    name: Text | None = None
    organisation: Text | None = None
    contact: Text | None = None


class KeyWorker(Canonical):
    """The bereaved family's single point of contact."""

    UNIT = True
    name: Text | None = None
    organisation: Text | None = None
    contact: Text | None = None


class Family(Canonical):
    """What the family needs and who looks after them."""

    key_worker: KeyWorker | None = None
    language: Text | None = None
    interpreter: bool | None = None
    told_of_review: bool | None = None
    do_not_contact: tuple[Text, ...] = ()


class Pause(Canonical):
    """A time during which the review meeting had to wait. Without ``from`` it began when the coroner's order did; without
    ``to`` it lasts."""

    UNIT = True
    cause: codes.PauseCause
    start: Partial | None = Field(default=None, alias="from")
    end: Partial | None = Field(default=None, alias="to")


class Process(Canonical):
    """Steps of the review itself; they start, pause and stop clocks. ``pm_pause`` and ``inquest_pause`` say whether the
    review meeting waits for a post-mortem or an inquest now; ``pauses`` are the times during which it did."""

    jar_started_at: Partial | None = None
    cdop_told_at: Partial | None = None
    ncmd_told_at: Partial | None = None
    ncmd_late_reason: Text | None = None
    coroner_transferred_at: Partial | None = None
    s16c_told_at: Partial | None = None
    registrar_told_at: Partial | None = None
    cdrm_held_at: Partial | None = None
    cdrm_report_at: Partial | None = None
    cdop_reviewed_at: Partial | None = None
    pm_pause: bool | None = None
    inquest_pause: bool | None = None
    pauses: tuple[Pause, ...] = ()


class Account(Canonical):
    """The dictionary of fields that a notice and a record share: what can be said of one child's death."""

    child: Child = Child()
    death: Death = Death()
    coroner: Coroner | None = None
    police: Police | None = None
    family: Family | None = None
    process: Process | None = None
    other_reviews: tuple[OtherReview, ...] = ()
    professionals: tuple[Professional, ...] = ()
