"""Asks the demographics service for one person's record: the one address in the settings, and never any other.

What an event says about where its record lies is not followed: of it only the NHS number is used, ten digits behind our own
base address. No redirect is followed, no proxy asked, nothing compressed taken; an answer has a most it may take in bytes
and a time within which all of it must have come.
"""

import http.client
import re
import ssl
import threading
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from adapters.hospital_fhir.content import JSON, XML, media
from integration_engine.calling_out import trust, within
from integration_engine.settings import SettingsError
from integration_engine.settings.demographics import DemographicsSettings

Why = Literal[
    "away", "too-slow", "certificate", "token", "not-allowed", "not-found", "busy", "service-error", "redirected",
    "too-large", "not-fhir", "broken-answer", "unexpected",
]  # fmt: skip
OF_THE_SERVICE: frozenset[str] = frozenset(
    {"away", "too-slow", "certificate", "token", "not-allowed", "busy", "service-error"}
)
"""What is wrong with the service and not with one record: whoever asks for the next at once will hear the same."""

_NUMBER = re.compile("[0-9]{10}")
_STATUSES: dict[int, Why] = {
    401: "not-allowed", 403: "not-allowed", 404: "not-found", 410: "not-found", 408: "busy", 425: "busy", 429: "busy",
}  # fmt: skip
_PIECE = 64 * 1024


class Unanswered(Exception):
    """The record could not be fetched. ``why`` is a code; ``retry_after_s`` what the service itself asked us to wait."""

    def __init__(self, why: Why, retry_after_s: float | None = None) -> None:
        self.why = why
        self.retry_after_s = retry_after_s
        super().__init__(f"the demographics service gave no record ({why})")


@dataclass(frozen=True, slots=True)
class Record:
    """What the service answered: bytes that are said to be FHIR and have not been read yet. ``content_type`` is written anew:
    nothing else of the service's headers travels on."""

    body: bytes
    content_type: str


class Demographics:
    """The demographics service of the settings. Any thread may ask; each question has a connection of its own. Raises
    SettingsError where its certificates can't be read."""

    def __init__(self, settings: DemographicsSettings) -> None:
        self._settings = settings
        self._base = urlsplit(settings.url)
        self._context = _context(settings) if self._base.scheme == "https" else None

    def record(self, nhs_number: str) -> Record:
        """The Patient of this NHS number, as the service has it now. Raises Unanswered."""
        if not _NUMBER.fullmatch(nhs_number):
            raise ValueError("not a number that may stand in an address")
        connection = self._connection()
        try:
            with within(connection, self._settings.timeout_seconds) as late:
                return self._asked(connection, nhs_number, late)
        finally:
            connection.close()

    def _asked(self, connection: http.client.HTTPConnection, number: str, late: threading.Event) -> Record:
        try:
            connection.connect()
            connection.request("GET", f"{self._base.path.rstrip('/')}/Patient/{number}", headers=self._headers())
            answer = connection.getresponse()
            _require_success(answer)
            record = self._record(answer)
        except Unanswered:
            if late.is_set():
                raise Unanswered("too-slow") from None
            raise
        except ssl.SSLCertVerificationError:
            raise Unanswered("certificate") from None
        except (TimeoutError, OSError, http.client.HTTPException, ValueError) as problem:
            if late.is_set() or isinstance(problem, TimeoutError):
                raise Unanswered("too-slow") from None
            raise Unanswered("away" if isinstance(problem, OSError) else "broken-answer") from None
        if late.is_set():
            # What we cut ourselves looks like an answer that ended.
            raise Unanswered("too-slow")
        return record

    def _record(self, answer: http.client.HTTPResponse) -> Record:
        said = media(answer.headers.get("Content-Type"))
        if said.form not in ("json", "xml"):
            raise Unanswered("not-fhir")
        if answer.headers.get("Content-Encoding", "identity").strip().lower() not in ("", "identity"):
            raise Unanswered("not-fhir")
        parts: list[bytes] = []
        size = 0
        while piece := answer.read(_PIECE):
            size += len(piece)
            if size > self._settings.max_bytes:
                raise Unanswered("too-large")
            parts.append(piece)
        if answer.headers.get("Content-Length", str(size)).strip() != str(size):
            raise Unanswered("broken-answer")
        release = f"; fhirVersion={said.version}" if re.fullmatch(r"[0-9.]{1,8}", said.version or "") else ""
        return Record(b"".join(parts), (JSON if said.form == "json" else XML) + release)

    def _connection(self) -> http.client.HTTPConnection:
        host, port, seconds = self._base.hostname or "", self._base.port, self._settings.timeout_seconds
        if self._context is not None:
            return http.client.HTTPSConnection(host, port, timeout=seconds, context=self._context)
        return http.client.HTTPConnection(host, port, timeout=seconds)

    def _headers(self) -> dict[str, str]:
        # The national service wants every request to have an id; it is by chance and says nothing.
        headers = {"Accept": JSON, "Accept-Encoding": "identity", "X-Request-ID": str(uuid.uuid4())}
        if self._settings.token_file is not None:
            headers["Authorization"] = f"Bearer {_token(self._settings.token_file)}"
        return headers


def _token(file: Path) -> str:
    """Read anew for each question: whoever renews the token only has to replace the file."""
    try:
        token = file.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        raise Unanswered("token") from None
    if not token or not token.isprintable() or " " in token:
        raise Unanswered("token")
    return token


def _require_success(answer: http.client.HTTPResponse) -> None:
    if answer.status == 200:
        return
    if 300 <= answer.status < 400:
        raise Unanswered("redirected")
    known = _STATUSES.get(answer.status)
    raise Unanswered(
        known or ("service-error" if answer.status >= 500 else "unexpected"),
        _seconds(answer.headers.get("Retry-After")),
    )


def _seconds(said: str | None) -> float | None:
    return float(said) if said and re.fullmatch("[0-9]{1,6}", said.strip()) else None


def _context(settings: DemographicsSettings) -> ssl.SSLContext:
    try:
        return trust(settings.ca, settings.certificate, settings.key)
    except OSError as problem:
        raise SettingsError([("demographics", f"its certificates can't be read ({type(problem).__name__})")]) from None
