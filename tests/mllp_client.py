"""A hospital's side of MLLP for tests: one connection, frames out, whatever comes back, and never a wait without end."""

import socket
import ssl
from pathlib import Path
from types import TracebackType

START, END = b"\x0b", b"\x1c\r"
_PATIENCE_S = 30.0


def framed(body: bytes) -> bytes:
    return START + body + END


class MllpClient:
    """One connection. ``tls`` for a secured one. Raises OSError (ssl.SSLError is one) where it isn't let in."""

    def __init__(self, port: int, tls: ssl.SSLContext | None = None) -> None:
        plain = socket.create_connection(("127.0.0.1", port), timeout=_PATIENCE_S)
        self.socket = tls.wrap_socket(plain, server_hostname="localhost") if tls else plain
        self._come = b""

    def __enter__(self) -> "MllpClient":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.socket.close()

    def write(self, data: bytes) -> None:
        self.socket.sendall(data)

    def frame(self) -> bytes:
        """The next frame's message. Raises ConnectionError where the connection ends first."""
        while END not in self._come:
            part = self.socket.recv(65536)
            if not part:
                raise ConnectionError("closed before a frame was whole")
            self._come += part
        said, _, self._come = self._come.partition(END)
        return said.removeprefix(START)

    def send(self, body: bytes) -> list[str]:
        """One message, and MSA's fields of its answer."""
        self.write(framed(body))
        return msa(self.frame())

    def rest(self) -> bytes:
        """Everything until the other side closes."""
        try:
            while part := self.socket.recv(65536):
                self._come += part
        except ConnectionError:
            pass
        said, self._come = self._come, b""
        return said

    def is_let_in(self, body: bytes) -> bool:
        """Whether a message is answered, and not with the end of the connection."""
        try:
            self.send(body)
        except OSError:
            return False
        return True


def msa(answer: bytes) -> list[str]:
    """The fields of an answer's first MSA: MSA, MSA-1, MSA-2 ..."""
    return next(line.split("|") for line in answer.decode().split("\r") if line.startswith("MSA"))


def client_tls(folder: Path, certificate: str | None, authority: str = "authority") -> ssl.SSLContext:
    """A client's TLS: whom it believes, and what it shows (the names of files in the folder)."""
    context = ssl.create_default_context(cafile=str(folder / f"{authority}.pem"))
    if certificate:
        context.load_cert_chain(folder / f"{certificate}.pem", folder / f"{certificate}.key")
    return context
