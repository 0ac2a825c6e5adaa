"""The CapabilityStatement of the FHIR door: what it really does, and nothing it doesn't."""

from fhir.resources.R4B.capabilitystatement import CapabilityStatement

from adapters.hospital_fhir.content import JSON, XML
from integration_engine.release import release

# The national event definitions that are read, by the address the national services give them.
_EVENTS = "https://fhir.nhs.uk/STU3/CodeSystem/EventType-1"
# The day on which what the door does last changed; the statement is a fact about the program, not about today.
_AS_OF = "2026-11-30"
_PROCESS_MESSAGE = {
    "name": "process-message",
    "definition": "http://hl7.org/fhir/OperationDefinition/MessageHeader-process-message",
    "documentation": "Answered at once by a message with MessageHeader.response, when the message is durably queued; async "
    "and response-url are not used. The message may come bare or as parameter content of Parameters.",
}
_VALIDATE = {
    "name": "validate",
    "definition": "http://hl7.org/fhir/OperationDefinition/Resource-validate",
    "documentation": "Tells what would become of the message if it were sent, by FHIRPaths and codes; R4, STU3 and R5. "
    "Nothing is stored, counted or passed on. The modes update and delete are refused; a profile parameter is not used.",
}
_CERTIFICATE = "http://hl7.org/fhir/us/vrdr/StructureDefinition/vrdr-death-certificate-document"
_TAKEN = "Answered 202 with one OperationOutcome for the whole, once it is durably queued, not entry by entry."


def capability_statement(base_url: str, software_version: str | None = None, form: str = JSON) -> bytes:
    """The statement for ``GET /fhir/metadata``. Without a version, that of the installed package."""
    statement = {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": _AS_OF,
        "kind": "instance",
        "fhirVersion": "4.0.1",
        "format": [JSON, XML],
        "software": {"name": "child-death-review-engine", "version": software_version or release()},
        "implementation": {
            "description": "Takes messages about children's deaths for England's child death review",
            "url": base_url,
        },
        "rest": [
            {
                "mode": "server",
                "documentation": "Everything is taken for review and nothing can be read back. STU3 (national events) "
                "and R5 are taken by fhirVersion in the content type. A Bundle of any type may be sent to the base address: "
                "transaction, batch, collection, document, history, message, and notifications of subscriptions (R5 and its "
                "backport to R4); so may a single resource, and national multicast events.",
                "security": {
                    "cors": False,
                    "description": "Each partner proves itself by a bearer token of its own, by OAuth2 client credentials "
                    "with private_key_jwt, or by its certificate, as was agreed with it; a partner can only speak as itself.",
                },
                "resource": [
                    {"type": "Bundle", "operation": [_VALIDATE]},
                    {
                        "type": "Patient",
                        "supportedProfile": ["https://fhir.hl7.org.uk/StructureDefinition/UKCore-Patient"],
                        "interaction": [{"code": "create", "documentation": "Queued (202), not stored as a resource."}],
                        "operation": [_VALIDATE],
                    },
                ],
                "interaction": [
                    {"code": "transaction", "documentation": f"{_TAKEN} One that asks for DELETE is refused."},
                    {"code": "batch", "documentation": f"{_TAKEN} One that asks for DELETE is refused."},
                ],
                "operation": [_PROCESS_MESSAGE, _VALIDATE],
            }
        ],
        "document": [{"mode": "consumer", "profile": _CERTIFICATE}],
        "messaging": [
            {
                "endpoint": [
                    {
                        "protocol": {
                            "system": "http://terminology.hl7.org/CodeSystem/message-transport",
                            "code": "http",
                        },
                        "address": f"{base_url.rstrip('/')}/$process-message",
                    }
                ],
                "documentation": "Any event with a Patient is read; pds-death-notification-1 and -2 and "
                f"nhs-number-change-1 and -2 are national events ({_EVENTS}).",
            }
        ],
    }
    resource = CapabilityStatement.model_validate(statement)
    if form == XML:
        xml = resource.model_dump_xml()
        return xml if isinstance(xml, bytes) else str(xml).encode()
    return resource.model_dump_json().encode()
