"""The invented partners' side of the front doors: an MLLP client and HTTP calls, as a partner's own system makes them."""

import json
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection
from types import TracebackType
from typing import Any, Literal

from integration_engine.synthetic.day import Sending

_START, _END = b"\x0b", b"\x1c\x0d"
_WAIT_SECONDS = 30.0

Outcome = Literal["accepted", "passed over", "refused", "not taken"]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a door said. ``told`` is its own code: AA, AE, AR, or the HTTP status."""

    outcome: Outcome
    told: str


class Mllp:
    """One long-lived MLLP connection: a frame out, its acknowledgement in."""

    def __init__(self, host: str, port: int) -> None:
        self._socket = socket.create_connection((host, port), timeout=_WAIT_SECONDS)
        self._rest = b""

    def __enter__(self) -> "Mllp":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()

    def send(self, message: bytes) -> bytes:
        """Send one message and give back the acknowledgement's bytes. Raises ConnectionError where none comes."""
        self._socket.sendall(_START + message + _END)
        while _END not in self._rest:
            part = self._socket.recv(65536)
            if not part:
                raise ConnectionError("the listener closed the connection before it answered")
            self._rest += part
        frame, _, self._rest = self._rest.partition(_END)
        return frame.lstrip(_START)


class Http:
    """Calls to the HTTP doors with a bearer token."""

    def __init__(self, host: str, port: int) -> None:
        self._place = (host, port)

    def call(
        self, method: str, path: str, token: str = "", body: bytes | None = None, content_type: str = ""
    ) -> tuple[int, Any]:
        """Status and body (parsed where it is JSON). Raises OSError where nobody answers."""
        connection = HTTPConnection(*self._place, timeout=_WAIT_SECONDS)
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        if content_type:
            headers["Content-Type"] = content_type
        try:
            connection.request(method, path, body=body, headers=headers)
            response = connection.getresponse()
            read = response.read()
        finally:
            connection.close()
        is_json = "json" in (response.getheader("Content-Type") or "")
        return response.status, json.loads(read) if is_json and read else read


_PATHS = {
    "fhir": ("/fhir/$process-message", "application/fhir+json"),
    "police": ("/police/reports", "application/json"),
    "coroner": ("/coroner/cases", "text/csv"),
}
_MLLP_OUTCOMES: Mapping[str, Outcome] = {"AA": "accepted", "CA": "accepted", "AE": "refused", "AR": "refused"}
_HTTP_OUTCOMES: Mapping[int, Outcome] = {202: "accepted", 200: "passed over", 207: "accepted", 503: "not taken"}


class Doors:
    """All doors of one engine, with each partner's token."""

    def __init__(self, http: Http, mllp: Mllp, tokens: Mapping[str, str]) -> None:
        self._http = http
        self._mllp = mllp
        self._tokens = tokens

    def send(self, sending: Sending) -> Answer:
        """Send one message through its door and say what the door answered."""
        if sending.door == "mllp":
            code = _acknowledgement_code(self._mllp.send(sending.body))
            return Answer(_MLLP_OUTCOMES.get(code, "refused"), code)
        path, content_type = _PATHS[sending.door]
        status, _ = self._http.call("POST", path, self._tokens[sending.partner], sending.body, content_type)
        return Answer(_HTTP_OUTCOMES.get(status, "refused"), str(status))


def _acknowledgement_code(acknowledgement: bytes) -> str:
    """MSA-1."""
    for segment in acknowledgement.split(b"\r"):
        if segment.startswith(b"MSA"):
            return segment.split(segment[3:4])[1].decode("ascii", "replace")
    return ""
