"""Partners who knock at the doors while something is broken."""

from datetime import date

from integration_engine.synthetic.doors import Mllp
from integration_engine.synthetic.load import sending
from tests.gateway_house import House, police_report

_TODAY = date(2026, 3, 10)


def by_http(doors: House, number: int = 1) -> tuple[int, str]:
    """A force sends its report of this number: the answer's status, and its code where it isn't taken, with which
    comes when to come again."""
    report = police_report(report_id=f"54-2026-{number:06}")
    answer = doors.send("E23000038", "/police/reports", report, "application/json")
    if answer.status_code == 202:
        return 202, ""
    assert int(answer.headers["retry-after"]) > 0
    return answer.status_code, answer.json()["code"]


def hospital_message(number: int) -> bytes:
    return sending(number, _TODAY).body


def by_mllp(doors: House, number: int = 2) -> bytes:
    """A hospital sends its message of this number: the acknowledgement's own segment."""
    with Mllp("127.0.0.1", doors.mllp_ports[0]) as mllp:
        return next(part for part in mllp.send(hospital_message(number)).split(b"\r") if part.startswith(b"MSA"))


def health(doors: House, part: str) -> str:
    """What the gateway says of one of the things it needs."""
    return str(doors.get(None, "/health/ready").json()["parts"][part])
