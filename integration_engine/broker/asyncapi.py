"""What travels over the broker, as an AsyncAPI 3 document: channels, keys, envelopes, bodies and who may use them.

Made from the topology and the published JSON Schemas, so that it can say nothing else than what the broker is made to do.
It is the engine's own view: the engine receives what partners publish, and sends what recipients read.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from integration_engine.broker.message import CORRELATION, FEED
from integration_engine.broker.topology import CASES, INTAKE, Exchange, Queue, Topology
from integration_engine.json_schema import quoted

VERSION = "3.0.0"
MEDIA_TYPE = "application/vnd.aai.asyncapi+json;version=3.0.0"
_BINDING = "0.3.0"
_FORMAT = "application/schema+json;version=2020-12"

Schemas = Mapping[str, Mapping[str, Any]]
"""Published JSON Schemas by name: ``police-sudden-death-1``, ``coroner-case-1``, ``case-delivery-1``, ``clock-event-1``."""

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
INTAKE_CONTENT: Mapping[str, Mapping[str, str | None]] = {
    "hospital-hl7": {"application/hl7-v2+er7": None},
    "hospital-fhir": dict.fromkeys(
        (
            "application/fhir+json",
            "application/fhir+xml",
            "application/cloudevents+json",
            # What older senders call the same.
            "application/json",
            "application/json+fhir",
            "application/xml",
            "application/xml+fhir",
            "text/xml",
        )
    ),
    "police": {"application/json": "police-sudden-death-1", "text/csv": None},
    "coroner": {
        "application/json": "coroner-case-1",
        "text/csv": None,
        "application/xml": None,
        "text/xml": None,
        _XLSX: None,
    },
}
"""What each kind of partner may publish: content types, each with the schema of its body where one is published."""
_SHORT = {_XLSX: "xlsx"}

DELIVERY_KINDS = ("new", "update", "withdraw", "transfer", "merge", "split", "copy", "jar")
CLOCK_KINDS = ("clock-soon", "clock-overdue", "clock-cleared")
# Each receiver's name in the topology's lists, its title, and what the name in the braces is.
_RECEIVERS = {
    "cdop": ("cdop", "a panel", "The panel's code"),
    "jar": ("team", "a joint agency response team", "The team's code"),
    "national": ("national", "a national record", "Which record"),
}
_TEXT = {"type": "string"}
_ID_LIMIT = 255


def document(topology: Topology, schemas: Schemas, version: str) -> dict[str, Any]:
    """The document. ``version`` is the engine's. Raises KeyError for a schema that isn't among ``schemas``."""
    exchanges = {exchange.name: exchange for exchange in topology.exchanges}
    kinds = [kind for kind in INTAKE_CONTENT if _queue(topology, f"intake.{kind}")]
    channels = {f"intake-{kind}": _intake_channel(kind, exchanges[INTAKE]) for kind in kinds}
    operations = {f"take-{kind}": _intake_operation(kind) for kind in kinds}
    for family in _RECEIVERS:
        codes = sorted(_codes(topology, f"{family}."))
        if codes:
            channels[f"deliveries-{family}"] = _delivery_channel(family, codes)
            operations[f"deliver-to-{family}"] = _delivery_operation(family)
    if _queue(topology, "alerts.clocks"):
        channels["alerts-clocks"] = _clock_channel()
        operations["tell-of-clocks"] = _sending("alerts-clocks", "A clock is soon due, overdue, or no longer either.")
    used = {name for kind in kinds for name in INTAKE_CONTENT[kind].values() if name}
    used |= {"case-delivery-1", "clock-event-1"}
    return {
        "asyncapi": VERSION,
        "id": "urn:child-death-review-engine",
        "info": {"title": "Child death review integration engine", "version": version, "description": _ABOUT},
        "defaultContentType": "application/json",
        "servers": {"broker": _SERVER},
        "channels": channels,
        "operations": operations,
        "components": {
            "messages": _messages(kinds),
            "schemas": {name: _schema(name, schemas[name]) for name in sorted(used)},
            "securitySchemes": {"account": _ACCOUNT},
        },
    }


def document_text(topology: Topology, schemas: Schemas, version: str) -> bytes:
    """The document as it is served and printed."""
    return (json.dumps(document(topology, schemas, version), indent=1, ensure_ascii=False) + "\n").encode()


def message_name(kind: str, content_type: str) -> str:
    """The name of the message that a kind of partner sends as this content type: ``police-application-json``."""
    return f"{kind}-{_SHORT.get(content_type) or re.sub('[/+]', '-', content_type)}"


_ABOUT = (
    "Partners publish what they would send to an HTTP door, to the exchange cdr.intake under their own routing key; "
    "recipients read their own queue. Exchanges, queues and bindings are there already: declare none. "
    "A message counts as sent when the broker has confirmed it: publish with confirms, and mandatory. "
    "The same content again changes nothing. Deliveries come at least once: keep message_id, and apply only a higher "
    "cdr-version of a case. What is refused is told by the operator: there is no answer here."
)
_SERVER = {
    "host": "{host}:{port}",
    "pathname": "/{vhost}",
    "protocol": "amqps",
    "protocolVersion": "0-9-1",
    "description": "RabbitMQ, over TLS. The operator tells its address with the account.",
    "variables": {
        "host": {"description": "The broker's name", "default": "broker.example.org"},
        "port": {"description": "Its port", "default": "5671"},
        "vhost": {"description": "The virtual host, percent-encoded", "default": "%2F"},
    },
    "security": [{"$ref": "#/components/securitySchemes/account"}],
}
_ACCOUNT = {
    "type": "userPassword",
    "description": (
        "A broker account of one's own. partner.CODE may write to cdr.intake under the keys KIND.CODE of the kinds it is "
        "registered for, and read nothing; user_id has to be the account, and the broker refuses another. cdop.CODE, "
        "jar.CODE and national.NAME may read the queue of that name and write nothing."
    ),
}
_PROPERTIES_IN = (
    "AMQP properties: user_id (needed: the account, which proves who sent it), content_type, message_id (the sender's own; "
    "the same id with another body raises an alarm), timestamp, delivery_mode 2."
)
_PROPERTIES_OUT = (
    "AMQP properties: message_id (the same however often it comes), type, content_type, timestamp (when it was queued), "
    "delivery_mode 2."
)


def _intake_channel(kind: str, exchange: Exchange) -> dict[str, Any]:
    names = [message_name(kind, content_type) for content_type in INTAKE_CONTENT[kind]]
    return {
        "address": f"{kind}.{{partner}}",
        "title": f"What a partner of kind {kind} sends",
        "parameters": {"partner": {"description": "The sender's own code, as registered; another's is refused"}},
        "messages": _references(names),
        "bindings": {
            "amqp": {
                "is": "routingKey",
                "exchange": {"name": exchange.name, "type": exchange.type, "durable": True, "autoDelete": False},
                "bindingVersion": _BINDING,
            }
        },
    }


def _intake_operation(kind: str) -> dict[str, Any]:
    return {
        "action": "receive",
        "channel": {"$ref": f"#/channels/intake-{kind}"},
        "summary": f"Take what a partner of kind {kind} publishes.",
        "security": [{"$ref": "#/components/securitySchemes/account"}],
        "bindings": {
            "amqp": {
                "deliveryMode": 2,
                "mandatory": True,
                "timestamp": True,
                "ack": True,
                "userId": "partner.{partner}",
                "bindingVersion": _BINDING,
            }
        },
    }


def _delivery_channel(family: str, codes: Sequence[str]) -> dict[str, Any]:
    name, title, says = _RECEIVERS[family]
    return {
        "address": f"{family}.{{{name}}}",
        "title": f"What {title} is told",
        "parameters": {name: {"description": says, "enum": list(codes)}},
        "messages": _references(["case-delivery"]),
        "bindings": _queue_binding(),
    }


def _delivery_operation(family: str) -> dict[str, Any]:
    return _sending(f"deliveries-{family}", f"Tell {_RECEIVERS[family][1]} of a case.")


def _clock_channel() -> dict[str, Any]:
    return {
        "address": "alerts.clocks",
        "title": "Deadlines, for an operator's alerting",
        "messages": _references(["clock-event"]),
        "bindings": _queue_binding(),
    }


def _sending(channel: str, summary: str) -> dict[str, Any]:
    return {
        "action": "send",
        "channel": {"$ref": f"#/channels/{channel}"},
        "summary": summary,
        "security": [{"$ref": "#/components/securitySchemes/account"}],
        "bindings": {"amqp": {"deliveryMode": 2, "timestamp": True, "ack": True, "bindingVersion": _BINDING}},
    }


def _queue_binding() -> dict[str, Any]:
    queue = {"durable": True, "exclusive": False, "autoDelete": False}
    return {"amqp": {"is": "queue", "queue": queue, "bindingVersion": _BINDING}}


def _references(names: Sequence[str]) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/messages/{name}"} for name in names}


def _messages(kinds: Sequence[str]) -> dict[str, Any]:
    found = {
        message_name(kind, content_type): _intake_message(kind, content_type, schema)
        for kind in kinds
        for content_type, schema in INTAKE_CONTENT[kind].items()
    }
    found["case-delivery"] = {
        "title": "case-delivery/1",
        "summary": "One thing about one case. Withdrawals go out before ordinary deliveries.",
        "description": _PROPERTIES_OUT,
        "contentType": "application/json",
        "correlationId": {"location": f"$message.header#/{CORRELATION}"},
        "headers": _headers(
            {
                "cdr-case": {**_TEXT, "description": "The case's id"},
                "cdr-version": {"type": "integer", "minimum": 1, "description": "The case's version"},
            },
            ("cdr-case", "cdr-version"),
        ),
        "payload": {"$ref": "#/components/schemas/case-delivery-1"},
        "bindings": {"amqp": {"messageType": "|".join(DELIVERY_KINDS), "bindingVersion": _BINDING}},
    }
    found["clock-event"] = {
        "title": "clock-event/1",
        "description": _PROPERTIES_OUT,
        "contentType": "application/json",
        "headers": _headers({"cdr-case": {**_TEXT, "description": "The case's id"}}, ("cdr-case",)),
        "payload": {"$ref": "#/components/schemas/clock-event-1"},
        "bindings": {"amqp": {"messageType": "|".join(CLOCK_KINDS), "bindingVersion": _BINDING}},
    }
    return found


def _intake_message(kind: str, content_type: str, schema: str | None) -> dict[str, Any]:
    return {
        "title": f"{kind}, {content_type}",
        "description": f"The bytes exactly as an HTTP or MLLP door would take them. {_PROPERTIES_IN}",
        "contentType": content_type,
        "headers": _headers({FEED: {**_TEXT, "description": "Which of the sender's feeds, where it has several"}}, ()),
        "payload": {"$ref": f"#/components/schemas/{schema}"} if schema else dict(_TEXT),
    }


def _headers(own: Mapping[str, Any], needed: Sequence[str]) -> dict[str, Any]:
    properties = {
        **own,
        CORRELATION: {**_TEXT, "maxLength": _ID_LIMIT, "description": "An id to quote when asking about this message"},
        "traceparent": {**_TEXT, "description": "W3C Trace Context, where traces are on"},
    }
    return {"type": "object", "properties": properties, **({"required": list(needed)} if needed else {})}


def _schema(name: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"schemaFormat": _FORMAT, "schema": quoted(schema, f"#/components/schemas/{name}/schema")}


def _queue(topology: Topology, name: str) -> Queue | None:
    return next((queue for queue in topology.queues if queue.name == name), None)


def _codes(topology: Topology, prefix: str) -> Iterator[str]:
    return (
        binding.key.removeprefix(prefix)
        for binding in topology.bindings
        if binding.exchange == CASES and binding.key.startswith(prefix)
    )
