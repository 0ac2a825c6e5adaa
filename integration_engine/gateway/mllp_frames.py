"""The MLLP framer: bytes in, whole messages out, however the network cut them. HL7 Transport Specification, MLLP release 1.

A frame is 0x0B, the message, 0x1C 0x0D. Pure and incremental: no socket, no clock.
"""

from dataclasses import dataclass, field

START = b"\x0b"
END = b"\x1c\r"

# A new message that begins before the last one ended: its sender gave that one up.
_STARTS = (b"\x0bMSH", b"\x0bFHS", b"\x0bBHS")
# What may stand between frames without a word: line ends that some senders add.
_IDLE = b"\r\n\x1c\0 "
# Other protocols' first words. Whoever speaks them will never send a frame.
_FOREIGN = (
    b"GET ",
    b"POST",
    b"PUT ",
    b"HEAD",
    b"OPTI",
    b"DELE",
    b"CONN",
    b"TRAC",
    b"PATC",
    b"PRI ",
    b"SSH-",
    b"\x16\x03",
)
_HEAD_BYTES = 4096
_LONGEST_MARK = len(b"\x1c\x0bMSH")


@dataclass(frozen=True, slots=True)
class Frame:
    """One whole message. ``dropped`` counts bytes of an unfinished message before it that its sender gave up."""

    body: bytes
    dropped: int = 0


@dataclass(frozen=True, slots=True)
class TooLarge:
    """A frame over the limit, passed over to its end. ``head`` is its beginning, enough to answer its sender by."""

    head: bytes


@dataclass(frozen=True, slots=True)
class Junk:
    """Bytes outside any frame. ``foreign`` says they are another protocol's (HTTP, TLS): close."""

    count: int
    foreign: bool = False


Event = Frame | TooLarge | Junk


@dataclass(slots=True)
class Framer:
    """Takes a connection's bytes as they come. ``limit`` is the most bytes a message may have; no more is ever held."""

    limit: int
    _buffer: bytearray = field(default_factory=bytearray)
    _open: bool = False
    _skipping: bool = False
    _head: bytes = b""
    _outside: bytes = b""
    _searched: int = 0

    @property
    def is_open(self) -> bool:
        """Whether a frame has begun and not ended."""
        return self._open

    @property
    def held(self) -> int:
        """How many bytes wait for the rest of their frame."""
        return len(self._buffer)

    @property
    def may_be_whole(self) -> bool:
        """Whether the open frame stands at an end byte whose CR never came: after a pause it may be taken as whole."""
        return self._open and self._buffer.endswith(b"\x1c")

    def feed(self, data: bytes) -> list[Event]:
        """Everything that these bytes complete, in order."""
        events: list[Event] = []
        self._buffer += data
        while self._buffer:
            if not self._open and not self._begin(events):
                break
            if not self._finish(events):
                break
        return events

    def take_unended(self) -> list[Event]:
        """The open frame without the CR after its end byte, for a sender that leaves it out and waits."""
        if not self.may_be_whole:
            return []
        self._buffer += b"\r"
        events: list[Event] = []
        self._finish(events)
        return events

    def _begin(self, events: list[Event]) -> bool:
        """Move to the start of a frame; False where none begins yet."""
        at = self._buffer.find(START)
        outside = bytes(self._buffer if at < 0 else self._buffer[:at])
        del self._buffer[: len(outside) + (1 if at >= 0 else 0)]
        spoken = outside if self._outside else outside.lstrip(_IDLE)
        if spoken:
            # The first word alone tells another protocol; it may come in pieces.
            self._outside = (self._outside + spoken)[:8]
            events.append(Junk(len(spoken), self._outside.startswith(_FOREIGN)))
        if at < 0:
            return False
        self._outside = b""
        self._open, self._searched = True, 0
        return True

    def _finish(self, events: list[Event]) -> bool:
        """Take the frame up to its end; False where the end hasn't come."""
        # The bytes of a mark may come apart, so the search starts a mark's length back.
        since = max(0, self._searched - _LONGEST_MARK)
        end, length = self._buffer.find(END, since), len(END)
        next_start = self._next_message(since)
        if next_start >= 0 and (end < 0 or next_start < end):
            end, length = next_start, 1
        if end < 0:
            self._searched = len(self._buffer)
            self._shed()
            return False
        body = bytes(self._buffer[:end])
        del self._buffer[: end + length]
        self._open = False
        if self._skipping or len(body) > self.limit:
            events.append(TooLarge(self._head or body[:_HEAD_BYTES]))
            self._skipping, self._head = False, b""
            return True
        last = max(body.rfind(start) for start in _STARTS)
        if last >= 0:
            events.append(Frame(body[last + 1 :], dropped=last))
        else:
            events.append(Frame(body))
        return True

    def _next_message(self, since: int) -> int:
        """Where an end byte stands right before the start of a new message, which then needs no CR; -1 where none does."""
        at = self._buffer.find(b"\x1c" + START, since)
        while at >= 0 and not any(self._buffer.startswith(start, at + 1) for start in _STARTS):
            at = self._buffer.find(b"\x1c" + START, at + 1)
        return at

    def _shed(self) -> None:
        """Hold no more of a frame than its limit: of one that is over it, only the beginning and the last few bytes."""
        # What ends it may have come but for its last byte.
        if self._skipping or len(self._buffer) >= self.limit + _LONGEST_MARK:
            if not self._skipping:
                self._skipping, self._head = True, bytes(self._buffer[:_HEAD_BYTES])
            del self._buffer[:-_LONGEST_MARK]
            self._searched = len(self._buffer)
