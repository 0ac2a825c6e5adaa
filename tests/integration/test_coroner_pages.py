"""An office's upload page over real doors: corrections in place, receipts, templates; and the same by program."""

import csv
import html
import io
import re
from collections.abc import Iterator
from html.parser import HTMLParser

import httpx
import pytest

from integration_engine.broker.management import Management
from integration_engine.services import Broker
from tests.gateway_house import House, house, own_vhost
from tests.worker_samples import eventually

AREA = "oxfordshire"
HEADINGS = ("Area", "Ref", "Event", "Event date", "Surname", "Forenames", "DOB", "Date of death")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@pytest.fixture(scope="module")
def shared(broker: Broker, management: Management, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("house")
    with own_vhost(broker, management) as url, house(url, f"sqlite:///{folder / 'e.db'}", folder) as opened:
        opened.tokens["avon"] = opened.identities.add("avon", "partner", kinds=("coroner",)).text
        yield opened


@pytest.fixture
def doors(shared: House) -> House:
    shared.purge()
    return shared


def row(reference: str, surname: str = "Harrowgate", *, dob: str = "09/05/2015", area: str = AREA) -> list[str]:
    return [area, reference, "REFERRED", "09/11/2025", surname, "Ava", dob, "08/11/2025"]


def table(*rows: list[str]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows([HEADINGS, *rows])
    return out.getvalue().encode()


class Page(HTMLParser):
    """What a browser would see of a page: fields by name, labels, and every id."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.fields: list[tuple[str, str]] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.described: list[str] = []
        self.labels: set[str] = set()
        self.needing_labels: set[str] = set()
        self._typing: str | None = None
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.ids += [found["id"]] if "id" in found else []
        self.links += [found["href"]] if tag == "a" else []
        self.described += found.get("aria-describedby", "").split()
        if tag == "label":
            self.labels.add(found["for"])
        if tag in ("input", "textarea") and found.get("type") != "hidden":
            self.needing_labels.add(found["id"])
        if tag == "input" and "name" in found and found.get("type") != "file":
            self.fields.append((found["name"], found.get("value", "")))
        if tag == "textarea":
            self.fields.append((found["name"], ""))
            self._typing = found["name"]

    def handle_data(self, data: str) -> None:
        if self._typing:
            self.fields[-1] = (self._typing, data.removeprefix("\n"))
            self._typing = None

    def first(self, name: str) -> str:
        return next(value for key, value in self.fields if key == name)


def uploaded(browser: httpx.Client, body: bytes, name: str = "cases.csv") -> httpx.Response:
    form = Page(browser.get("/coroner/upload").text).first("form")
    return browser.post("/coroner/upload", data={"form": form}, files={"file": (name, body)})


def corrected(browser: httpx.Client, page: Page, changes: dict[str, str]) -> httpx.Response:
    fields = [(name, changes.get(value, value)) for name, value in page.fields]
    content = str(httpx.QueryParams(fields))
    headers = {"content-type": "application/x-www-form-urlencoded"}
    return browser.post("/coroner/upload/corrections", content=content, headers=headers)


def test_a_refused_row_is_put_right_in_place_and_taken(doors: House) -> None:
    with doors.sign_in(AREA) as browser:
        first = uploaded(browser, table(row("1-26"), row("2-26", "<b>Sable</b>", dob="31/02/2016")))
        assert "1 row was refused" in first.text
        assert "<b>Sable" not in first.text
        doors.purge()
        second = corrected(browser, Page(first.text), {"31/02/2016": "28/02/2016"})
    assert re.search(r"1 row is safely queued", second.text.replace("\n", " "))
    [(_, _, queued)] = doors.queued("intake.coroner")
    assert b"28/02/2016" in queued
    assert b"1-26" not in queued


def test_a_row_that_is_still_wrong_comes_back_with_what_was_typed(doors: House) -> None:
    with doors.sign_in(AREA) as browser:
        first = uploaded(browser, table(row("3-26", dob="31/02/2016")))
        second = corrected(browser, Page(first.text), {"31/02/2016": "30/02/2016"})
    assert ("cell-2-", "30/02/2016") in [(name[:7], value) for name, value in Page(second.text).fields]
    assert doors.queued("intake.coroner") == []


def test_every_field_has_its_label_and_every_error_leads_to_its_field(doors: House) -> None:
    with doors.sign_in(AREA) as browser:
        answer = uploaded(browser, table(row("4-26", dob="31/02/2016"), row("", dob="09/05/15"), [*row("5-26"), "x"]))
    page = Page(answer.text)
    assert page.needing_labels
    assert page.needing_labels <= page.labels
    inside = {link[1:] for link in page.links if link.startswith("#")}
    assert len(inside) >= 4
    assert inside | set(page.described) <= set(page.ids)
    assert len(set(page.ids)) == len(page.ids)
    assert "<title>Error: " in answer.text


def test_a_form_that_another_session_made_corrects_nothing(doors: House) -> None:
    with doors.sign_in(AREA) as browser, doors.sign_in(AREA) as other:
        page = Page(uploaded(other, table(row("6-26", dob="31/02/2016"))).text)
        answer = corrected(browser, page, {"31/02/2016": "28/02/2016"})
    assert answer.status_code == 403
    assert doors.queued("intake.coroner") == []


def test_a_file_that_is_no_table_is_refused_as_a_whole_on_the_page(doors: House) -> None:
    with doors.sign_in(AREA) as browser:
        answer = uploaded(browser, b"PK\x03\x04 no workbook", "cases.xlsx")
    assert "The file was refused" in answer.text
    assert "What became of each row" not in answer.text


@pytest.mark.parametrize(("name", "status"), [("scan.pdf", 415), ("cases.xls", 415), ("cases.numbers", 415), ("", 400)])
def test_without_a_file_of_a_known_kind_the_page_says_what_to_choose(doors: House, name: str, status: int) -> None:
    with doors.sign_in(AREA) as browser:
        form = Page(browser.get("/coroner/upload").text).first("form")
        body = (
            f'--x\r\nContent-Disposition: form-data; name="form"\r\n\r\n{form}\r\n'
            f'--x\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n%PDF\r\n--x--\r\n'
        )
        headers = {"content-type": "multipart/form-data; boundary=x"}
        answer = browser.post("/coroner/upload", content=body, headers=headers)
    assert (answer.status_code, "Nothing was sent" in answer.text) == (status, True)
    assert ("save a copy as .xlsx first" in answer.text) is (status == 415)


def test_a_file_of_another_area_alone_is_refused_on_the_page(doors: House) -> None:
    with doors.sign_in(AREA) as browser:
        answer = uploaded(browser, table(row("7-26", area="avon")))
    assert (answer.status_code, "Nothing was sent" in answer.text) == (403, True)


def test_the_page_runs_no_script(doors: House) -> None:
    with doors.sign_in(AREA) as browser:
        answer = uploaded(browser, table(row("8-26", "<script>1</script>", dob="31/02/2016")))
    assert "<script" not in answer.text
    assert "script-src" not in answer.headers["content-security-policy"]
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_a_receipt_says_later_what_was_said_and_nothing_of_what_stood_in_the_rows(doors: House) -> None:
    said = doors.send(AREA, "/coroner/cases", table(row("9-26"), row("10-26", dob="31/02/2016")), "text/csv").json()
    found = doors.get(AREA, f"/coroner/receipts/{said['receipt']}").json()
    assert found["counts"] == said["counts"]
    assert found["rows"] == [said["rows"][1]]
    assert "31/02/2016" not in str(found)
    with doors.sign_in(AREA) as browser:
        page = browser.get(f"/coroner/upload/receipts/{said['receipt']}")
    assert "DOB" in page.text
    assert "Harrowgate" not in page.text


def test_a_receipt_of_many_refused_rows_says_first_what_was_wrong_with_most_and_that_those_were_not_taken(
    doors: House,
) -> None:
    rows = [row(f"{n}-27", dob="31/02/2016" if n % 2 else "09/05/15") for n in range(9)]
    said = doors.send(AREA, "/coroner/cases", table(row("9-27"), *rows), "text/csv").json()
    with doors.sign_in(AREA) as browser:
        page = browser.get(f"/coroner/upload/receipts/{said['receipt']}").text
        listed = browser.get("/coroner/upload").text
    assert "taken in part: the 9 refused rows were not" in page
    often = re.findall(r'<th scope="row">DOB</th><td>[^<]+</td><td class="number">(\d)</td>', page)
    assert often == ["5", "4"], "before the rows themselves"
    assert page.index("What was said most often") < page.index("Rows that were not plainly accepted")
    assert "taken in part" in listed


def test_an_office_reads_on_its_own_page_the_words_that_it_was_told_at_once(doors: House) -> None:
    said = doors.send(AREA, "/coroner/cases", table([AREA, "1-28", "ARRIVED", *row("1-28")[3:]]), "text/csv").json()
    (told,) = said["rows"][0]["problems"]
    with doors.sign_in(AREA) as browser:
        eventually(lambda: told["text"] in html.unescape(browser.get("/partner").text))
        page = browser.get("/partner").text
    assert "(profile coroner-case)" not in page
    assert "Find one of your messages" not in page, "a row has no id of the office's own"


def test_uploads_are_listed_newest_first_the_refused_ones_too(doors: House) -> None:
    taken = doors.send(AREA, "/coroner/cases", table(row("11-26")), "text/csv").json()["receipt"]
    refused = doors.send(AREA, "/coroner/cases", table(row("12-26", dob="31/02/2016")), "text/csv").json()["receipt"]
    listed = doors.get(AREA, "/coroner/receipts?limit=2").json()["receipts"]
    assert [(each["receipt"], each["accepted"]) for each in listed] == [(refused, False), (taken, True)]
    with doors.sign_in(AREA) as browser:
        assert refused in browser.get("/coroner/upload").text


def test_a_refused_file_may_be_sent_again_and_each_try_has_its_receipt(doors: House) -> None:
    body = table(row("13-26", dob="31/02/2016"))
    tries = [doors.send(AREA, "/coroner/cases", body, "text/csv").json() for _ in range(2)]
    assert [each["repeated"] for each in tries] == [False, False]
    assert len({each["receipt"] for each in tries}) == 2


def test_nobody_opens_anothers_receipt(doors: House) -> None:
    receipt = doors.send(AREA, "/coroner/cases", table(row("14-26")), "text/csv").json()["receipt"]
    assert doors.get("avon", f"/coroner/receipts/{receipt}").status_code == 404
    assert receipt not in doors.get("avon", "/coroner/receipts").text
    with doors.sign_in("avon") as browser:
        assert browser.get(f"/coroner/upload/receipts/{receipt}").status_code == 404
    for nobody in (None, "op", "E23000038"):
        assert doors.get(nobody, f"/coroner/receipts/{receipt}").status_code in (401, 403)


def test_templates_are_handed_out_to_anybody(doors: House) -> None:
    for name, kind in (
        ("coroner-cases.csv", "text/csv"),
        ("coroner-cases.xlsx", XLSX),
        ("coroner-words.csv", "text/csv"),
    ):
        answer = doors.client.get(f"/coroner/templates/{name}")
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith(kind)
        assert name in answer.headers["content-disposition"]
        empty = doors.send(AREA, "/coroner/cases", answer.content, answer.headers["content-type"])
        assert empty.json()["accepted"] is False


def test_a_workbook_of_macros_is_read_like_any_other(doors: House) -> None:
    template = doors.client.get("/coroner/templates/coroner-cases.xlsx").content
    with doors.sign_in(AREA) as browser:
        answer = uploaded(browser, template, "cases.xlsm")
    assert "a table without rows" in answer.text.casefold()


def test_the_schemas_are_served_at_addresses_that_stay(doors: House) -> None:
    listed = doors.client.get("/schemas").json()["schemas"]
    assert {"police-sudden-death/1", "coroner-case/1", "case-delivery/1"} <= {each["name"] for each in listed}
    for each in listed:
        answer = doors.client.get(each["at"])
        assert answer.headers["content-type"] == "application/schema+json"
        assert answer.json()["$id"] == each["name"]
        again = doors.client.get(each["at"], headers={"If-None-Match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
    assert doors.client.get("/schemas/police-sudden-death/99").status_code == 404
    assert doors.client.get("/schemas/../cdr/1").status_code == 404
