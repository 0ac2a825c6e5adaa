"""Every example of the OpenAPI documents is true: its door takes it, and answers as the example of the answer says."""

import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from integration_engine.broker.management import Management
from integration_engine.gateway import examples
from integration_engine.gateway.coroner import XLSX
from integration_engine.services import Broker
from integration_engine.store.access_tokens import AccessTokens
from tests.gateway_house import House, house, own_vhost
from tests.integration.test_decisions_everywhere import take
from tests.signing import PUBLIC_URL, Machine

FORCE, PANEL, OTHER_PANEL = "E23000038", "BERKS", "OXON"
SHIRE = {"cdr-feed": "shire"}
BOTH = pytest.mark.parametrize("at", ["", "/sandbox"], ids=["live", "sandbox"])
# Each time another, or a secret.
OF_ONE_TIME = {"id", "receipt", "at", "timestamp", "fullUrl", "reference", "access_token", "endpoint"}


@pytest.fixture(scope="module")
def doors(broker: Broker, management: Management, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("house")
    database = f"sqlite:///{folder / 'e.db'}"
    with own_vhost(broker, management) as url, house(url, database, folder, public_url=PUBLIC_URL) as opened:
        opened.tokens["avon"] = opened.identities.add("avon", "partner", kinds=["coroner"]).text
        opened.identities.add_feed("shire", FORCE, "police", {"profile": "police-csv-shire"})
        take(opened.store, {"p.json": json.dumps(value("police-report")).encode()})
        yield opened


def value(name: str) -> Any:
    return examples.example(name)["value"]


def masked(told: Any) -> Any:
    """An answer less what is another each time."""
    if isinstance(told, Mapping):
        return {key: "*" if key in OF_ONE_TIME else masked(each) for key, each in told.items()}
    return [masked(each) for each in told] if isinstance(told, list) else told


def operations(doors: House, at: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """(path, operation) of whatever takes a body."""
    for path, methods in doors.client.get(f"{at}/openapi.json").json()["paths"].items():
        yield from ((path, each) for each in methods.values() if "requestBody" in each)


def names(content: Mapping[str, Any]) -> dict[str, str]:
    """The name of the example of each content type that has one."""
    return {kind: next(iter(said["examples"])) for kind, said in content.items() if "examples" in said}


def written(shown: Any) -> bytes:
    return (shown if isinstance(shown, str) else json.dumps(shown)).encode()


def sent(doors: House, path: str, kind: str, shown: Any) -> httpx.Response:
    """An example on its way: as whoever it names, by a feed that reads exports where it is one."""
    text = written(shown)
    if "/police" in path:
        return doors.send(FORCE, path, text, kind, **(SHIRE if kind == "text/csv" else {}))
    if "/coroner" in path:
        return doors.send("avon" if b"avon" in text else "oxfordshire", path, text, kind)
    return doors.send("RTH" if "/fhir" in path else PANEL, path, text, kind)


@BOTH
def test_every_body_has_an_example_in_each_form_but_a_workbook(doors: House, at: str) -> None:
    found = dict(operations(doors, at))
    assert len(found) >= (8 if at else 13)
    for path, operation in found.items():
        content = operation["requestBody"]["content"]
        assert content.keys() - names(content).keys() <= {XLSX}, path


@BOTH
def test_every_message_that_is_an_example_is_taken_and_answered_as_shown(doors: House, at: str) -> None:
    shown = set()
    for path, operation in operations(doors, at):
        if not path.startswith(("/fhir", "/police", "/coroner")):
            continue
        told = {status: names(said.get("content", {})) for status, said in operation["responses"].items()}
        for kind, name in names(operation["requestBody"]["content"]).items():
            answer = sent(doors, at + path, kind, value(name))
            where = f"{path} with {name} as {kind}"
            # The same file came before, as application/xml: the live door remembers.
            repeated = "/coroner" in path and kind == "text/xml" and not at
            assert answer.status_code == (200 if "$validate" in path or repeated else 202), (where, answer.text)
            answered = told[str(answer.status_code)].get(answer.headers["content-type"].partition(";")[0])
            if answered in EXACTLY_OF and EXACTLY_OF[answered] == name:
                assert masked(answer.json()) == masked(value(answered)), where
                shown.add(answered)
    assert shown == EXACTLY_OF.keys()


EXACTLY_OF = {
    "report-taken": "police-report",
    "rows-taken": "coroner-cases-csv",
    "message-taken": "fhir-message-json",
    "outcome-taken": "fhir-patient-json",
    "outcome-tried": "fhir-patient-json",
}
"""The answers that are shown, each by the message it answers."""


def test_what_a_panel_is_shown_to_read_and_to_say_is_so(doors: House) -> None:
    read = doors.get(PANEL, f"/cdop/{PANEL}/deliveries").json()
    assert masked(read) == masked(value("delivered"))
    [delivery] = read["deliveries"]
    here, there = f"/cdop/{PANEL}", f"/cdop/{OTHER_PANEL}"
    proposed = sent(doors, f"{here}/cases/{delivery['case']}/transfer", "application/json", value("transfer"))
    assert proposed.status_code == 201
    declined = f"{there}/transfers/{proposed.json()['transfer']}/decline"
    answer = doors.send(OTHER_PANEL, declined, written(value("transfer-declined")), "application/json")
    assert answer.status_code == 204
    sends_back = f"{here}/deliveries/{delivery['delivery']}/decline"
    assert sent(doors, sends_back, "application/json", value("delivery-declined")).status_code == 204
    decides = f"{here}/cases/{delivery['case']}/decisions"
    assert sent(doors, decides, "application/json", value("decision")).status_code == 201


def test_a_statement_as_shown_and_signed_gets_a_token_as_shown(doors: House) -> None:
    machine = Machine(FORCE)
    AccessTokens(doors.store).add_public_key(FORCE, machine.public)
    form = value("access-token-form") | {"client_assertion": machine.assertion()}
    answer = doors.send(None, "/oauth/token", urlencode(form), "application/x-www-form-urlencoded")
    assert answer.status_code == 200
    assert masked(answer.json()) == masked(value("access-token"))
