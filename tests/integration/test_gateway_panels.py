"""A panel's inbox over HTTPS and the console's pages, on both databases: who sees what, and that every look is audited."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from integration_engine.broker.management import Management
from integration_engine.pipeline import process
from integration_engine.services import Broker
from integration_engine.store import audit
from tests.gateway_house import House, declare, house, own_vhost
from tests.store_samples import NOW, read, report, retraction, rules

CHILD = ("Quillfeather", "Barnaby", "9991000003", "Larkspur")


def with_a_case(doors: House) -> House:
    """Berkshire leads one case, Oxfordshire has a copy; one message of a force was refused."""
    refused = report(verdict="refused", reason="bad-date", kind="police", partner="E23000038")
    process(doors.store, [report(), refused], read=read, now=NOW, **rules())
    return doors


@pytest.fixture
def fresh(amqp_url: str, database_url: str, tmp_path: Path) -> Iterator[House]:
    """On each database, for what changes the case."""
    declare(amqp_url)
    with house(amqp_url, database_url, tmp_path) as opened:
        yield with_a_case(opened)


@pytest.fixture(scope="module")
def doors(broker: Broker, management: Management, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Shared by all that only look."""
    folder = tmp_path_factory.mktemp("house")
    with own_vhost(broker, management) as url, house(url, f"sqlite:///{folder / 'e.db'}", folder) as opened:
        yield with_a_case(opened)


def test_a_panel_reads_its_deliveries_answers_them_and_sees_no_others(fresh: House) -> None:
    page = fresh.get("BERKS", "/cdop/BERKS/deliveries").json()
    [delivery] = page["deliveries"]
    assert (delivery["kind"], delivery["version"], delivery["state"]) == ("new", 1, "waiting")
    assert delivery["body"]["schema"] == "case-delivery/1"
    assert delivery["body"]["record"]["child"]["family_name"] == CHILD[0]
    assert delivery["body"]["delivery"] == delivery["delivery"]

    answered = f"/cdop/BERKS/deliveries/{delivery['delivery']}"
    assert fresh.send("BERKS", f"{answered}/acknowledge", b"", "application/json").status_code == 204
    assert fresh.get("BERKS", "/cdop/BERKS/deliveries").json()["deliveries"][0]["state"] == "acknowledged"

    reason = b'{"reason": "the family moved to Bristol in May"}'
    assert fresh.send("BERKS", f"{answered}/decline", reason, "application/json").status_code == 204
    assert fresh.get("BERKS", "/cdop/BERKS/deliveries").json()["deliveries"][0]["state"] == "declined"

    after = fresh.get("BERKS", f"/cdop/BERKS/deliveries?after={page['next']}").json()
    assert (after["deliveries"], after["next"]) == ([], page["next"])

    for method, path in (("GET", ""), ("POST", f"/{delivery['delivery']}/acknowledge")):
        answer = fresh.client.request(method, f"/cdop/BERKS/deliveries{path}", headers=fresh.headers("OXON"))
        assert (answer.status_code, answer.json()["code"]) == (403, "other-cdop")
    taken = fresh.send("OXON", f"/cdop/OXON/deliveries/{delivery['delivery']}/acknowledge", b"", "application/json")
    assert taken.status_code == 404

    actions = [(line.actor, line.action) for line in audit.lines(fresh.store)]
    assert ("BERKS", "deliveries.read") in actions
    assert ("BERKS", "delivery.acknowledged") in actions
    assert ("BERKS", "delivery.declined") in actions
    assert audit.verify(fresh.store).broken is None


def test_nobody_but_the_panel_opens_an_inbox(doors: House) -> None:
    assert doors.get(None, "/cdop/BERKS/deliveries").status_code == 401
    for code in ("op", "guardian", "RTH", "E23000038", "OXON"):
        assert doors.get(code, "/cdop/BERKS/deliveries").status_code == 403
        assert doors.get(code, "/cdop/NOWHERE/deliveries").status_code == 403
    for path in ("/cdop/berks/deliveries", "/cdop/..%2FOXON/deliveries", "/cdop/BERKS/deliveries?limit=9999"):
        assert doors.get("BERKS", path).status_code in (403, 404, 422)
    for body in (b"", b"{", b'{"reason": ""}', b'{"reason": "x", "by": "y"}', b"[]"):
        answer = doors.send("BERKS", "/cdop/BERKS/deliveries/d-1/decline", body, "application/json")
        assert answer.status_code == 422


def test_operators_see_counts_and_codes_and_nothing_of_the_child(fresh: House) -> None:
    with fresh.sign_in("op") as browser:
        shown = browser.get("/console")
    assert shown.status_code == 200
    text = re.sub(r"<[^>]+>", " ", shown.text)
    assert re.search(r"c-[0-9a-f]{20}\s+open\s+scope\.child\s+BERKS\s+1\s", text)
    assert re.search(r"E23000038\s+police\s+bad-date\s+1\s", text)
    assert re.search(r"intake\.police\s+0\s+0", text)
    assert re.search(r"Outbox\s+3\s", text)
    for secret in CHILD:
        assert secret not in shown.text


def test_a_restricted_case_is_listed_for_the_restricted_role_only(fresh: House) -> None:
    hidden = report(5, child={"nhs_number": "9991004114", "family_name": "Marsh", "restricted": "adoption"})
    process(fresh.store, [hidden], read=read, now=NOW, **rules())
    with fresh.sign_in("op") as browser:
        operators = browser.get("/console").text
    with fresh.sign_in("guardian") as browser:
        guardians = browser.get("/console").text
    assert (len(set(re.findall(r"c-[0-9a-f]{20}", operators))), "1 restricted case is not" in operators) == (1, True)
    assert (len(set(re.findall(r"c-[0-9a-f]{20}", guardians))), "restricted case" in guardians) == (2, False)


def test_a_panels_page_lists_its_own_deliveries_without_their_content(doors: House) -> None:
    with doors.sign_in("OXON") as browser:
        shown = browser.get("/console/cdop")
        assert browser.get("/console").status_code == 403
    assert "A copy, to know of it" in shown.text
    assert "A new case" not in shown.text
    for secret in CHILD:
        assert secret not in shown.text


def test_a_panel_is_told_on_its_page_of_a_withdrawal_until_it_has_acknowledged_it(fresh: House) -> None:
    process(fresh.store, [retraction(5)], read=read, now=NOW, **rules())
    with fresh.sign_in("BERKS") as browser:
        assert "1 withdrawal has not been acknowledged" in browser.get("/console/cdop").text
        for delivery in fresh.get("BERKS", "/cdop/BERKS/deliveries").json()["deliveries"]:
            path = f"/cdop/BERKS/deliveries/{delivery['delivery']}/acknowledge"
            assert fresh.send("BERKS", path, b"", "application/json").status_code == 204
        assert "not been acknowledged" not in browser.get("/console/cdop").text


def test_a_session_ends_with_signing_out_and_with_its_token(doors: House) -> None:
    with doors.sign_in("op") as browser:
        cookie = browser.cookies["cdr"]
        form = re.search(r'name="form" value="(\w+)"', browser.get("/console").text)
        assert form
        assert browser.post("/sign-out", data={"form": "0" * 64}).status_code == 403
        assert browser.post("/sign-out", data={"form": form[1]}).status_code == 303
        assert doors.client.get("/console", headers={"Cookie": f"cdr={cookie}"}).status_code == 303
    doors.tokens["leaver"] = doors.identities.add("leaver", "operator").text
    with doors.sign_in("leaver") as browser:
        assert browser.get("/console").status_code == 200
        doors.identities.revoke("leaver")
        assert browser.get("/console").status_code == 303


def test_a_session_cookie_is_out_of_reach_of_scripts_and_other_sites(doors: House) -> None:
    answer = doors.client.post("/sign-in", data={"token": doors.tokens["op"]})
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert doors.tokens["op"].lower() not in cookie
    doors.client.cookies.clear()


def test_a_wrong_token_and_another_sites_form_do_not_sign_in(doors: House) -> None:
    wrong = doors.client.post("/sign-in", data={"token": "cdr_" + "a" * 16 + "_" + "b" * 43})
    assert (wrong.status_code, "set-cookie" in wrong.headers) == (403, False)
    elsewhere = doors.client.post(
        "/sign-in", data={"token": doors.tokens["op"]}, headers={"Sec-Fetch-Site": "cross-site"}
    )
    assert (elsewhere.status_code, "set-cookie" in elsewhere.headers) == (403, False)


def test_pages_load_nothing_from_elsewhere_and_run_no_script(doors: House) -> None:
    with doors.sign_in("op") as browser:
        pages = [browser.get(path) for path in ("/console", "/coroner/upload")]
    pages.append(doors.client.get("/sign-in"))
    for page in pages:
        assert "script" not in page.text
        addresses = re.findall(r'(?:src|href|action)="([^"#]*)', page.text)
        assert [address for address in addresses if not re.fullmatch(r"(/[a-z][a-z0-9/.-]*)?", address)] == []
        assert page.headers["content-security-policy"].startswith("default-src 'none'")
    assert doors.client.get("/style.css").headers["content-type"].startswith("text/css")


def test_numbers_are_for_operators_and_hold_no_child(doors: House) -> None:
    assert doors.get(None, "/metrics").status_code == 401
    assert doors.get("BERKS", "/metrics").status_code == 403
    answer = doors.get("op", "/metrics")
    assert answer.status_code == 200
    assert "# TYPE cdr_http_answers_total counter" in answer.text
