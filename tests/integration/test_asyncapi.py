"""The AsyncAPI document is well made, and says what really travels over the broker."""

import json
import re
from collections.abc import Iterator
from typing import Any, get_args

import jsonschema
import pika
import pytest

from integration_engine.broker.asyncapi import CLOCK_KINDS, DELIVERY_KINDS, INTAKE_CONTENT, document, message_name
from integration_engine.broker.declare import apply_topology
from integration_engine.broker.management import Management
from integration_engine.broker.publisher import Publisher
from integration_engine.broker.topology import load_topology
from integration_engine.clockwork import Clockwork
from integration_engine.envelope import Kind
from integration_engine.gateway import coroner, police
from integration_engine.gateway import fhir as fhir_door
from integration_engine.mapping.files import published_schemas
from integration_engine.pipeline import process
from integration_engine.record.clock_event import Stage
from integration_engine.routing.clock_rules import load_clock_rules
from integration_engine.services import Broker
from integration_engine.store.database import Store
from tests import fhir_samples
from tests.gateway_house import House, house, own_vhost, police_report
from tests.store_samples import NOW, read, report, rules
from tests.worker_samples import death, eventually, prepared, ready, send, taken, working


@pytest.fixture(scope="module")
def doors(broker: Broker, management: Management, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("house")
    with own_vhost(broker, management) as url, house(url, f"sqlite:///{folder / 'e.db'}", folder) as opened:
        yield opened


@pytest.fixture(scope="module")
def told() -> dict[str, Any]:
    return document(load_topology(), published_schemas(), "1")


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            if name == "$ref":
                yield inner
            else:
                yield from _references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _references(inner)


def _at(told: dict[str, Any], reference: str) -> Any:
    here: Any = told
    for name in reference.removeprefix("#/").split("/"):
        here = here[name.replace("~1", "/").replace("~0", "~")]
    return here


def _holds(told: dict[str, Any], message: dict[str, Any], properties: pika.BasicProperties, body: bytes) -> None:
    """A message as it travelled is what the document says of it."""
    assert properties.content_type == message["contentType"]
    jsonschema.validate(properties.headers or {}, message["headers"])
    if "$ref" in message["payload"]:
        name = message["payload"]["$ref"]
        jsonschema.Draft202012Validator({**told, "$ref": f"{name}/schema"}).validate(json.loads(body))


def _channel(told: dict[str, Any], key: str) -> dict[str, Any]:
    """The channel whose address makes this routing key, its parameters among those that are told."""
    for channel in told["channels"].values():
        pattern = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^.]+)", re.escape(channel["address"]))
        found = re.fullmatch(pattern, key)
        if found and all(found[n] in p["enum"] for n, p in channel.get("parameters", {}).items() if "enum" in p):
            return dict(channel)
    raise AssertionError(f"no channel is told of for {key}")


def test_every_reference_of_the_document_leads_somewhere(told: dict[str, Any]) -> None:
    references = list(_references(told))
    assert len(references) > 50
    for reference in references:
        assert _at(told, reference) is not None


def test_every_schema_in_it_is_one(told: dict[str, Any]) -> None:
    for schema in told["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema["schema"])
    for message in told["components"]["messages"].values():
        jsonschema.Draft202012Validator.check_schema(message["headers"])


def test_every_queue_that_somebody_outside_uses_is_told_of(told: dict[str, Any]) -> None:
    for binding in load_topology().bindings:
        if binding.exchange in ("cdr.cases", "cdr.intake") and binding.key:
            _channel(told, binding.key.replace("#", "SOMEBODY"))


def test_partners_may_publish_what_the_doors_take(told: dict[str, Any]) -> None:
    for kind, door in (("hospital-fhir", fhir_door), ("police", police), ("coroner", coroner)):
        assert set(INTAKE_CONTENT[kind]) == set(door.CONTENT_TYPES)
        assert len(told["channels"][f"intake-{kind}"]["messages"]) == len(door.CONTENT_TYPES)


def test_the_gateway_serves_it_and_publishes_as_it_says(doors: House) -> None:
    served = doors.get(None, "/asyncapi.json")
    assert served.status_code == 200
    told = served.json()
    assert told["asyncapi"] == "3.0.0"
    sent = [
        ("E23000038", "/police/reports", police_report(), "application/json", "police"),
        (
            "RTH",
            "/fhir",
            json.dumps(fhir_samples.bundle(fhir_samples.dead())),
            "application/fhir+json",
            "hospital-fhir",
        ),
    ]
    for code, path, body, content_type, kind in sent:
        assert doors.send(code, path, body, content_type).status_code == 202
        [(method, properties, queued)] = doors.queued(f"intake.{kind}")
        channel = _channel(told, method.routing_key)
        assert channel["bindings"]["amqp"]["exchange"]["name"] == method.exchange
        name = message_name(kind, content_type)
        _holds(told, _at(told, channel["messages"][name]["$ref"]), properties, queued)


def test_deliveries_travel_as_it_says(
    amqp_url: str, store: Store, tmp_path_factory: pytest.TempPathFactory, told: dict[str, Any]
) -> None:
    topology = prepared(amqp_url, tmp_path_factory.mktemp("topology"))
    send(amqp_url, death(1))
    with working(amqp_url, store, topology):
        eventually(lambda: ready(amqp_url, "cdop.BERKS") == 1)
    [(properties, body)] = taken(amqp_url, "cdop.BERKS")
    channel = _channel(told, "cdop.BERKS")
    _holds(told, _at(told, channel["messages"]["case-delivery"]["$ref"]), properties, body)
    assert properties.type in DELIVERY_KINDS
    assert (properties.message_id, properties.delivery_mode) == (json.loads(body)["delivery"], 2)


def test_clock_events_travel_as_it_says(amqp_url: str, store: Store, told: dict[str, Any]) -> None:
    apply_topology(load_topology().only("alerts."), amqp_url)
    process(store, [report()], read=read, now=NOW, **rules())
    with Publisher(amqp_url, "clocks") as publisher:
        assert publisher.wait_ready(10)
        Clockwork(store, publisher, load_clock_rules(), clock=lambda: NOW).look()
    [(properties, body)] = taken(amqp_url, "alerts.clocks")
    channel = _channel(told, "alerts.clocks")
    _holds(told, _at(told, channel["messages"]["clock-event"]["$ref"]), properties, body)
    assert (properties.type, properties.delivery_mode) == ("clock-overdue", 2)
    assert "clock-overdue" in _at(told, "#/components/messages/clock-event")["bindings"]["amqp"]["messageType"].split(
        "|"
    )


def test_every_kind_of_delivery_and_every_stage_of_a_clock_is_told() -> None:
    assert set(DELIVERY_KINDS) == set(get_args(Kind))
    assert set(CLOCK_KINDS) == {f"clock-{stage}" for stage in get_args(Stage)}
