"""The OpenAPI documents are well made, whole, and say of each door who may come in."""

import re
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from starlette.routing import Mount

from integration_engine.broker.management import Management
from integration_engine.gateway import coroner, fhir, police, serve
from integration_engine.gateway.app import create_app
from integration_engine.services import Broker
from tests.gateway_house import House, house, own_vhost
from tests.promised import Promises
from tests.signing import PUBLIC_URL

Operations = dict[tuple[str, str], dict[str, Any]]

FOR_PEOPLE = re.compile(
    r"/(console(/.*)?|coroner/(upload|try)(/.*)?|partner(/begin-anew)?|sign-in(/.*)?|sign-out|style\.css)"
)
"""Pages, which are for people in a browser: no program is promised anything about them."""


NOWHERE_ELSE = {"R9X7": "hospital-fhir", "E23009917": "police", "zennorshire": "coroner"}
"""Partners whose codes stand in none of our files: where one of them is told, it is told of the register."""


@pytest.fixture(scope="module")
def application() -> Iterator[list[FastAPI]]:
    """The application that the gateway serves, once it does."""
    made: list[FastAPI] = []

    def keeping(*given: Any, **named: Any) -> FastAPI:
        made.append(create_app(*given, **named))
        return made[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(serve, "create_app", keeping)
        yield made


@pytest.fixture(scope="module")
def doors(
    broker: Broker, management: Management, tmp_path_factory: pytest.TempPathFactory, application: list[FastAPI]
) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("house")
    database = f"sqlite:///{folder / 'e.db'}"
    with own_vhost(broker, management) as url, house(url, database, folder, public_url=PUBLIC_URL) as opened:
        for code, kind in NOWHERE_ELSE.items():
            opened.tokens[code] = opened.identities.add(code, "partner", kinds=[kind]).text
        yield opened


@pytest.fixture(params=["", "/sandbox"], ids=["live", "sandbox"])
def told(request: pytest.FixtureRequest, doors: House) -> dict[str, Any]:
    served = doors.client.get(f"{request.param}/openapi.json")
    assert served.headers["content-type"] == "application/json"
    return dict(served.json())


def operations(told: dict[str, Any]) -> Operations:
    """Every operation by (method, path)."""
    return {(method, path): each for path, methods in told["paths"].items() for method, each in methods.items()}


def _schemas(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            if name == "schema":
                yield inner
            else:
                yield from _schemas(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _schemas(inner)


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from ([value["$ref"]] if isinstance(value.get("$ref"), str) else [])
        for inner in value.values():
            yield from _references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _references(inner)


def test_every_reference_leads_somewhere_and_every_schema_is_one(told: dict[str, Any]) -> None:
    assert told["openapi"].startswith("3.1")
    for reference in _references(told):
        here: Any = told
        for name in reference.removeprefix("#/").split("/"):
            here = here[name.replace("~1", "/").replace("~0", "~")]
    schemas = [*told["components"]["schemas"].values(), *_schemas(told["paths"]), *_schemas(told.get("webhooks"))]
    assert len(schemas) > 50
    for schema in schemas:
        jsonschema.Draft202012Validator.check_schema(schema)


def test_the_live_document_alone_tells_what_recipients_are_posted(doors: House) -> None:
    live, sandbox = (doors.client.get(f"{at}/openapi.json").json() for at in ("", "/sandbox"))
    posted = live["webhooks"]["delivery"]["post"]
    assert posted["requestBody"]["content"]["application/json"]["schema"] == {
        "$ref": "#/components/schemas/case-delivery-1"
    }
    assert "webhooks" not in sandbox


def test_every_component_is_of_use(told: dict[str, Any]) -> None:
    used = set(_references(told))
    for family in ("schemas", "headers", "parameters", "examples"):
        for name in told["components"][family]:
            assert f"#/components/{family}/{name}" in used, name


def test_every_operation_has_a_name_of_its_own_and_says_what_it_is_for(told: dict[str, Any]) -> None:
    every = operations(told)
    assert len({each["operationId"] for each in every.values()}) == len(every)
    assert all(each["summary"] and each["tags"] for each in every.values())


def _routes(app: Any, at: str = "") -> Iterator[tuple[str, str]]:
    """(method, path) of whatever an application answers, those mounted in it included."""
    for route in iter_route_contexts(app.routes):
        if isinstance(route.original_route, Mount):
            yield from _routes(route.original_route.app, at + route.original_route.path)
        else:
            yield from ((method, at + str(route.path)) for method in route.methods or ())


def test_every_route_is_described_or_a_page_for_people(doors: House, application: list[FastAPI]) -> None:
    live, sandbox = (Promises(doors.client.get(f"{at}/openapi.json").json(), at) for at in ("", "/sandbox"))
    routes = list(_routes(application[0]))
    assert len(routes) > 60
    for method, path in routes:
        address = re.sub(r"\{[^}]*\}", "x", path)
        promises = sandbox if path.startswith("/sandbox") else live
        described = method.lower() in (promises.operations(address) or {})
        assert described != bool(FOR_PEOPLE.fullmatch(path)), (method, path)


def test_the_sandbox_has_the_live_doors_of_every_kind_of_partner(doors: House) -> None:
    live, sandbox = (operations(doors.client.get(f"{at}/openapi.json").json()) for at in ("", "/sandbox"))
    of_partners = {key for key in live if key[1].startswith(("/fhir", "/police", "/coroner"))}
    assert sandbox.keys() == of_partners | {("get", "/openapi.json")}
    for key in of_partners:
        assert sandbox[key].get("requestBody") == live[key].get("requestBody")
        assert sandbox[key]["responses"].keys() == live[key]["responses"].keys()


def test_a_door_that_is_not_said_to_be_open_asks_who_is_there(told: dict[str, Any], doors: House) -> None:
    at = "/sandbox" if told["servers"][0]["url"].endswith("/sandbox") else ""
    closed = 0
    for (method, path), operation in operations(told).items():
        placed = re.sub(r"\{(\w+)\}", lambda found: _PLACES.get(found[1], "BERKS"), path)
        status = doors.client.request(method, at + placed, content=b"{}").status_code
        asked = operation.get("security", told["security"]) != []
        assert (status == 401) == asked or path == "/oauth/token", (method, path, status)
        assert ("401" in operation["responses"]) == asked or path == "/oauth/token"
        closed += asked
    assert closed >= 10


_PLACES = {"case": "c-00000000", "proposal": "r-00000000", "name": "notice", "version": "1"}


def test_the_ways_in_that_there_are_here_are_told(told: dict[str, Any]) -> None:
    ways = told["components"]["securitySchemes"]
    assert ways["token"]["scheme"] == "bearer"
    assert ways["signed"]["flows"]["clientCredentials"]["tokenUrl"] == f"{PUBLIC_URL}/oauth/token"
    assert "certificate" not in ways
    assert told["security"] == [{"token": []}, {"signed": []}]
    assert told["servers"][0]["url"].startswith(PUBLIC_URL)


def test_what_a_door_takes_is_told(told: dict[str, Any]) -> None:
    for path, taken in (
        ("/fhir", fhir.CONTENT_TYPES),
        ("/police/reports", police.CONTENT_TYPES),
        ("/coroner/cases", coroner.CONTENT_TYPES),
    ):
        assert told["paths"][path]["post"]["requestBody"]["content"].keys() == set(taken)


def test_no_document_says_a_word_of_who_is_registered(doors: House) -> None:
    for at in ("", "/sandbox"):
        text = doors.client.get(f"{at}/openapi.json").text
        for said in (*NOWHERE_ELSE, *doors.tokens.values()):
            assert said not in text


@pytest.mark.parametrize("path", ["/coroner/receipts/a%0Ab", "/nowhere", "/police/reports", "/openapi.json"])
def test_whatever_is_under_the_address_of_the_sandbox_says_that_it_is(doors: House, path: str) -> None:
    assert doors.get("oxfordshire", f"/sandbox{path}").headers["cdr-sandbox"] == "true"
    assert "cdr-sandbox" not in doors.get("oxfordshire", path).headers
