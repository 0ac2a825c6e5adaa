"""One mailbox on MESH: list, fetch, acknowledge, send. Signing in, certificates and sending in chunks are mesh-client's;
reading is ours, because a chunk of a few kilobytes may unpack to gigabytes.

What goes wrong has one of two names: ``MeshAway`` passes, ``MeshRefused`` won't by itself.
"""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from mesh_client import MeshClient, MeshError
from requests import HTTPError, RequestException
from requests.exceptions import InvalidHeader, InvalidURL
from urllib3.exceptions import HTTPError as WireError

from integration_engine.mesh.unpacking import GZIP, BadCompression, Bounded, TooLarge, unpacked
from integration_engine.settings.mesh import MeshMailbox, MeshSettings, secret_of

_PIECE_BYTES = 64 * 1024
_GONE = (404, 410)
_FORBIDDEN = (401, 403)
_PASSES_FROM, _TOO_MANY, _TIMEOUT = 500, 429, 408
_LONGEST_HEADER = 200
NOT_LET_IN = "not-let-in"


class MeshAway(Exception):
    """MESH can't be reached or can't do it now; nothing is lost by trying again later. ``code`` says what was heard."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(f"MESH is away ({code})")


class MeshRefused(Exception):
    """MESH won't do it: wrong password or certificate (``not-let-in``), a recipient it doesn't know, a workflow that isn't
    ours. ``code`` is ours or MESH's own, never its text: that may quote a header."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(f"MESH refused ({code})")


class Gone(Exception):
    """The message isn't in the mailbox any more: acknowledged by somebody else, or expired."""


@dataclass(frozen=True, slots=True)
class Report:
    """What MESH itself says of a message of ours that didn't arrive. ``about`` is MESH's id of it, ``local_id`` ours."""

    code: str
    event: str
    about: str
    local_id: str


@dataclass(frozen=True, slots=True)
class Letter:
    """One message as it lay in the mailbox, unpacked. ``wrong``: why its content can't be used; then ``body`` is empty."""

    id: str
    sender: str
    workflow: str
    content_type: str = ""
    body: bytes = field(default=b"", repr=False)
    wrong: Literal["", "too-large", "encrypted", "bad-compression"] = ""
    report: Report | None = None


class Mailbox:
    """A mailbox of ours. ``limit`` is the most bytes a message may have, unpacked. Calls wait: not for an event loop. Each
    raises MeshAway or MeshRefused."""

    def __init__(self, settings: MeshSettings, own: MeshMailbox, *, limit: int) -> None:
        certificate = (str(settings.certificate), str(settings.key)) if settings.certificate and settings.key else None
        self.id = own.id
        self._limit = limit
        self._chunk_bytes = settings.chunk_bytes
        self._client: Any = MeshClient(
            settings.url,
            own.id,
            secret_of(own.password, own.password_file),
            shared_key=secret_of(settings.shared_key, settings.shared_key_file).encode(),
            cert=certificate,
            verify=_existing(settings.ca),
            timeout=settings.timeout_seconds,
            application_name="child-death-review",
        )

    def close(self) -> None:
        self._client.close()

    def handshake(self) -> None:
        """Whether MESH knows us by this mailbox and password."""
        with _failures():
            self._client.handshake()

    def waiting(self) -> list[str]:
        """The ids of everything that waits, the oldest first."""
        with _failures():
            return list(self._client.iterate_message_ids(batch_size=500))

    def fetch(self, message_id: str) -> Letter:
        """A message with all its chunks. Raises Gone too."""
        with _failures(), closing(self._client.retrieve_message_chunk(message_id, 1)) as first:
            headers = first.headers
            sender, workflow = headers.get("Mex-From", "").strip().upper(), headers.get("Mex-WorkflowID", "").strip()
            stated = headers.get("Mex-Content-Type") or headers.get("Content-Type", "")
            letter = Letter(message_id, sender, workflow, stated)
            if headers.get("Mex-MessageType", "DATA").upper() == "REPORT":
                return replace(letter, report=_report(headers))
            if headers.get("Mex-Content-Encrypted", "N").upper() in ("Y", "TRUE"):
                return replace(letter, wrong="encrypted")
            return self._filled(letter, first)

    def acknowledge(self, message_id: str) -> None:
        """Take it out of the mailbox: it is ours now. One that is gone already is no news."""
        try:
            with _failures():
                self._client.acknowledge_message(message_id)
        except Gone:
            return

    def send(self, to: str, body: bytes, *, workflow: str, local_id: str, subject: str, name: str) -> str:
        """Send JSON, compressed, in as many chunks as it needs; MESH's id of it. Once it returns MESH has all of it."""
        with _failures():
            return str(
                self._client.send_message(
                    to,
                    body,
                    max_chunk_size=self._chunk_bytes,
                    compress=True,
                    workflow_id=workflow,
                    local_id=local_id,
                    subject=subject,
                    filename=name,
                    content_type="application/json",
                )
            )

    def _filled(self, letter: Letter, first: Any) -> Letter:
        content = Bounded(self._limit)
        try:
            chunks = _chunks(first.headers.get("Mex-Chunk-Range", ""))
            _add(content, first)
            for number in range(2, chunks + 1):
                with closing(self._chunk(letter.id, number)) as chunk:
                    _add(content, chunk)
            body = content.whole()
            # some senders' clients pack by themselves, and not all say so: nothing we take begins like it
            if body.startswith(GZIP):
                body = unpacked(body, self._limit)
        except TooLarge:
            return replace(letter, wrong="too-large")
        except BadCompression:
            return replace(letter, wrong="bad-compression")
        return replace(letter, body=body)

    def _chunk(self, message_id: str, number: int) -> Any:
        """A chunk after the first. Where MESH has the message without it, that isn't gone: nobody has all of it."""
        try:
            return self._client.retrieve_message_chunk(message_id, number)
        except HTTPError as error:
            if _status(error) in _GONE:
                raise MeshRefused("chunk-missing") from None
            raise


def _add(content: Bounded, chunk: Any) -> None:
    packed = chunk.headers.get("Content-Encoding", "").lower() == "gzip"
    content.add(iter(lambda: chunk.raw.read(_PIECE_BYTES), b""), packed=packed)


def _report(headers: Any) -> Report:
    def said(name: str) -> str:
        return str(headers.get(name, "")).strip()[:_LONGEST_HEADER]

    return Report(
        said("Mex-StatusCode"),
        said("Mex-StatusEvent"),
        said("Mex-LinkedMsgID") or said("Mex-MessageID"),
        said("Mex-LocalID"),
    )


def _chunks(written: str) -> int:
    """How many chunks there are, of ``1:3``; nothing said is one. Raises TooLarge where nobody can mean it."""
    count = written.rpartition(":")[2].strip()
    if not count:
        return 1
    if not count.isdecimal() or len(count) > len("9999"):
        raise TooLarge
    return int(count)


@contextmanager
def _failures() -> Iterator[None]:
    """MESH's failures by what is to be done about them."""
    try:
        yield
    except MeshError as error:
        raise MeshRefused(_code(error)) from None
    except HTTPError as error:
        status = _status(error)
        if status in _GONE:
            raise Gone from None
        if status in _FORBIDDEN:
            raise MeshRefused(NOT_LET_IN) from None
        if status >= _PASSES_FROM or status in (_TOO_MANY, _TIMEOUT):
            raise MeshAway(f"http-{status}") from None
        raise MeshRefused(f"http-{status}") from None
    except (InvalidHeader, InvalidURL):
        raise MeshRefused("request") from None
    except (RequestException, WireError, OSError) as error:
        raise MeshAway(type(error).__name__) from None


def _status(error: HTTPError) -> int:
    return error.response.status_code if error.response is not None else 0


def _code(error: MeshError) -> str:
    """MESH's own code of why it won't send (``12``: it knows no such recipient)."""
    said = error.args[-1] if error.args else None
    detail = said.get("detail") if isinstance(said, dict) else None
    first = detail[0] if isinstance(detail, list) and detail and isinstance(detail[0], dict) else said
    code = (first.get("code") or first.get("errorCode")) if isinstance(first, dict) else None
    return (
        f"mesh-{code}"
        if isinstance(code, str) and code.isalnum() and len(code) < len("UnsupportedContentEncoding")
        else "send"
    )


def _existing(path: Path | None) -> str | None:
    return str(path) if path else None
