"""Events of the national demographics service: deaths as STU3 messages in XML, changed NHS numbers as plain JSON."""

from xml.sax.saxutils import escape, quoteattr

import orjson

from integration_engine.synthetic.person import Child

_FHIR = "https://fhir.hl7.org.uk/STU3/StructureDefinition"
_NUMBER = "https://fhir.nhs.uk/Id/nhs-number"
_EVENTS = "https://fhir.nhs.uk/STU3/CodeSystem/EventType-1"


def death_event(
    child: Child,
    status: str,
    *,
    at: str,
    message_id: str,
    died_at: str | None = None,
    effective_from: str | None = None,
) -> bytes:
    """A ``pds-death-notification-1`` about a child with an NHS number. ``status`` is 1 informal, 2 formal or U removed,
    ``at`` orders it, ``died_at`` is a date, ``effective_from`` when the status was set (``at`` by itself)."""
    given = "".join(f"<given value={quoteattr(name)}/>" for name in child.given.split())
    lines = "".join(f"<line value={quoteattr(line)}/>" for line in child.lines)
    home = f"{lines}<postalCode value={quoteattr(child.postcode or '')}/>" if child.postcode else lines
    died = f'<deceasedDateTime value="{escape(died_at)}T00:00:00+00:00"/>' if died_at else ""
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<Bundle xmlns="http://hl7.org/fhir"><id value="{escape(message_id)}"/><type value="message"/>
<entry><fullUrl value="urn:uuid:h"/><resource><MessageHeader><id value="{escape(message_id)}"/>
<meta><lastUpdated value="{escape(at)}"/></meta>
<event><system value="{_EVENTS}"/><code value="pds-death-notification-1"/></event>
<timestamp value="{escape(at)}"/><source><endpoint value="urn:nhs:addressing:asid:999000000001"/></source>
<focus><reference value="urn:uuid:c"/></focus></MessageHeader></resource></entry>
<entry><fullUrl value="urn:uuid:c"/><resource><Communication><status value="completed"/>
<subject><reference value="urn:uuid:p"/></subject></Communication></resource></entry>
<entry><fullUrl value="urn:uuid:p"/><resource><Patient>
<extension url="{_FHIR}/Extension-CareConnect-DeathNotificationStatus-1"><extension url="deathNotificationStatus">
<valueCodeableConcept><coding><code value="{escape(status)}"/></coding></valueCodeableConcept></extension>
<extension url="systemEffectiveDate"><valueDateTime value="{escape(effective_from or at)}"/></extension></extension>
<identifier><extension url="{_FHIR}/Extension-CareConnect-NHSNumberVerificationStatus-1">
<valueCodeableConcept><coding><code value="01"/></coding></valueCodeableConcept></extension>
<system value="{_NUMBER}"/><value value="{child.nhs_number}"/></identifier>
<name><use value="official"/><family value={quoteattr(child.family)}/>{given}</name>
<gender value="{child.sex}"/><birthDate value="{child.birth_date}"/>{died}
<address><use value="home"/>{home}</address></Patient></resource></entry></Bundle>""".encode()


def number_change(old: str, new: str | None, *, at: str, message_id: str) -> bytes:
    """An ``nhs-number-change-1``: ``old`` is replaced by ``new`` (status R), or is nobody's any more (status I)."""
    data = {"nhsNumberStatus": "R", "fullUrl": f"https://pds.example/FHIR/R4/Patient/{new}"} if new else {}
    return orjson.dumps(
        {
            "id": message_id,
            "type": "nhs-number-change-1",
            "source": {"name": "national"},
            "time": at,
            "subject": {"nhsNumber": old},
            "data": data or {"nhsNumberStatus": "I"},
        }
    )
