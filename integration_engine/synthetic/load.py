"""A load of invented deaths through the front doors, from partners who send what isn't acknowledged again, as real ones must;
and what became of it: every child that a partner was told is safe must be one case, once.
"""

import itertools
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from datetime import time as clock_time

from integration_engine.synthetic import hl7, police
from integration_engine.synthetic.day import OXFORD, WILTSHIRE, Sending
from integration_engine.synthetic.doors import Doors, Http, Mllp
from integration_engine.synthetic.person import Child, invented_nhs_number

PANEL = "BERKS"
"""Every child of the load lived in Berkshire, so this panel leads each case."""
PARTNERS = (OXFORD, WILTSHIRE)

_FIRST_NUMBER = 100_000
_AGAIN_S = 0.5
_PATIENCE_S = 120.0
_PAGE = 200
_POSTCODES = ("RG1 1LZ", "RG1 2LU", "RG12 1JD", "RG14 5LD", "RG40 1BN", "SL1 2EL", "SL6 1RF")
_SYLLABLES = (
    "ba",
    "del",
    "fin",
    "gor",
    "hul",
    "kem",
    "lor",
    "mas",
    "nis",
    "pel",
    "rud",
    "sav",
    "tor",
    "vel",
    "wyn",
    "zan",
)


def number(serial: int) -> str:
    """The NHS number of the ``serial``-th child."""
    return invented_nhs_number(_FIRST_NUMBER + serial)


def sending(serial: int, today: date) -> Sending:
    """What tells of the ``serial``-th child's death: by turns a hospital's message and a police report."""
    died = datetime.combine(today - timedelta(days=1), clock_time(3, serial % 60))
    child = Child(
        _name(serial * 7919 + 1),
        _name(serial * 104_729 + 3),
        date(today.year - 3 - serial % 9, 1 + serial % 12, 1 + serial % 28).isoformat(),
        ("female", "male")[serial // 2 % 2],
        number(serial),
        postcode=_POSTCODES[serial % len(_POSTCODES)],
    )
    if serial % 2:
        event = {
            "event_id": f"L{serial}",
            "type": "sudden-death",
            "at": died.isoformat(),
            "place": {"lad_code": "E06000038"},
        }
        person = police.deceased(child, "P1", life_extinct_at=died.isoformat())
        said = police.report(WILTSHIRE.code, f"54-{serial:06}", died.isoformat(), [person], event=event)
        return Sending("police", WILTSHIRE.code, said, "a sudden death")
    told = died.isoformat(timespec="minutes")
    message = hl7.adt(
        "A03", child, hl7.Hospital(OXFORD.code), f"L{serial}", died + timedelta(hours=1),
        died_at=told, indicator="Y", discharge="4", visit=f"L{serial}",
    )  # fmt: skip
    return Sending("mllp", OXFORD.code, message, "a death on a ward")


class Load:
    """Partners that send until the block ends, ``a_second`` children in all; each is sent again until a door has taken it.

    ``taken``: the children that a partner was told are safe, by serial. ``answers``: what doors said, and how often.
    """

    def __init__(
        self, http: Http, mllp_port: int, tokens: Mapping[str, str], today: date, *, a_second: float, senders: int = 4
    ) -> None:
        self._http, self._mllp_port, self._tokens, self._today = http, mllp_port, tokens, today
        self._pause_s = senders / a_second
        self._serials: Iterator[int] = itertools.count()
        self._lock = threading.Lock()
        self._ended, self._given_up = threading.Event(), threading.Event()
        self._threads = [threading.Thread(target=self._run, name=f"partner {n}", daemon=True) for n in range(senders)]
        self.taken: set[int] = set()
        self.answers: Counter[str] = Counter()

    def __enter__(self) -> "Load":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """No new children; those that are on their way are sent until they are taken. Raises TimeoutError, with what doors
        answered, where one isn't for minutes."""
        self._ended.set()
        until = time.monotonic() + _PATIENCE_S
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))
        self._given_up.set()
        if any(thread.is_alive() for thread in self._threads):
            raise TimeoutError(f"partners are still sending; the doors' answers: {dict(self.answers)}")

    def _run(self) -> None:
        while not self._ended.is_set():
            began = time.monotonic()
            with self._lock:
                serial = next(self._serials)
            one = sending(serial, self._today)
            while not self._send(one):
                if self._given_up.wait(_AGAIN_S):
                    return
            with self._lock:
                self.taken.add(serial)
            self._ended.wait(max(0.0, self._pause_s - (time.monotonic() - began)))

    def _send(self, one: Sending) -> bool:
        try:
            with Mllp("127.0.0.1", self._mllp_port) as mllp:
                answer = Doors(self._http, mllp, self._tokens).send(one)
        except OSError:
            told, taken = f"{one.door}: no answer", False
        else:
            told, taken = f"{one.door}: {answer.told}", answer.outcome == "accepted"
        with self._lock:
            self.answers[told] += 1
        return taken


def arrived(http: Http, token: str) -> Counter[str]:
    """The children whose case the panel was sent as new, by NHS number, and how often: what its whole inbox holds. Raises
    ConnectionError where it doesn't answer."""
    found: Counter[str] = Counter()
    after = 0
    while True:
        status, page = http.call("GET", f"/cdop/{PANEL}/deliveries?after={after}&limit={_PAGE}", token)
        if status != 200:
            raise ConnectionError(f"the inbox answered {status}")
        for delivery in page["deliveries"]:
            if delivery["kind"] == "new":
                found[delivery["body"]["record"]["child"]["nhs_number"]] += 1
        after = page["next"]
        if not page["more"]:
            return found


def _name(seed: int) -> str:
    """An invented name of three syllables."""
    parts = []
    for _ in range(3):
        seed, place = divmod(seed, len(_SYLLABLES))
        parts.append(_SYLLABLES[place])
    return "".join(parts).capitalize()
