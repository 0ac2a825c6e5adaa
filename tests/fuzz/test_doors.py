"""Schemathesis finds no lie in the OpenAPI documents and no fault of the doors, whoever knocks. This is the short form, with
the same cases each time; ``make fuzz-doors`` goes on with others."""

import re
from collections.abc import Iterator

import pytest

from integration_engine.services import Broker
from tests.fuzz.doors import LIVE, NOBODY, SANDBOX, SHORT, WHO, doors, run
from tests.gateway_house import House


@pytest.fixture(scope="module")
def opened(broker: Broker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with doors(broker, tmp_path_factory.mktemp("doors")) as house:
        yield house


@pytest.mark.parametrize(("who", "at"), SHORT, ids=[f"{who}{at.replace('/', '-')}" for who, at in SHORT])
def test_no_answer_is_another_than_the_document_promises(opened: House, who: str, at: str) -> None:
    done = run(opened, who, at, examples=3, paths=SHORT[who, at])
    assert not done.failed, done.told
    document = opened.client.get(f"{at}/openapi.json").json()
    tried = [methods for path, methods in document["paths"].items() if re.match(SHORT[who, at], path)]
    assert done.operations == sum(map(len, tried))
    assert done.cases > 10 * done.operations


@pytest.mark.parametrize("who", WHO)
def test_whoever_knocks_anywhere_is_answered_as_it_is_described(opened: House, who: str) -> None:
    """The house itself holds each answer to the document (``tests.promised``)."""
    code = None if who == NOBODY else who
    for at in (LIVE, SANDBOX):
        for path, methods in opened.client.get(f"{at}/openapi.json").json()["paths"].items():
            address = at + re.sub(r"\{\w+\}", "BERKS", path)
            for method, operation in methods.items():
                kinds = operation.get("requestBody", {}).get("content", {"": {}})
                for kind, body in (*((each, b"{}") for each in kinds), ("image/png", b"\xff\x00")):
                    answer = opened.client.request(method, address, content=body, headers=opened.headers(code, kind))
                    assert answer.status_code < 500
