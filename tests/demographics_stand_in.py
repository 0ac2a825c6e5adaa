"""A demographics service of our own for tests: a real HTTP server that gives the records it was told of, or fails as told."""

import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

JSON = "application/fhir+json"
Answer = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class StandIn:
    """``records`` by NHS number; ``answer``, where it is set, answers everything instead; ``asked`` is every request's path
    with its headers."""

    url: str = ""
    records: dict[str, Any] = field(default_factory=dict)
    answer: Answer | None = None
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    @property
    def numbers(self) -> list[str]:
        """The last part of every address that was asked for."""
        return [path.rsplit("/", 1)[-1] for path, _ in self.asked]


def say(status: int, body: bytes = b"", **headers: str) -> Answer:
    """An answer with this status; underscores in names of headers are hyphens."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        for name, value in {"Content_Type": JSON, "Content_Length": str(len(body)), **headers}.items():
            request.send_header(name.replace("_", "-"), value)
        request.end_headers()
        request.wfile.write(body)

    return answer


@contextmanager
def standing_in(context: ssl.SSLContext | None = None) -> Iterator[StandIn]:
    """The service on a free port for the length of the block; with ``context`` over TLS."""
    service = StandIn()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            service.asked.append((self.path, dict(self.headers.items())))
            if service.answer is not None:
                service.answer(self)
                return
            record = service.records.get(service.numbers[-1])
            (say(200, json.dumps(record).encode()) if record else say(404, b"{}"))(self)

        def log_message(self, *_: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: Any) -> None:
            """Whoever asked has hung up, as it should."""

    server = Server(("127.0.0.1", 0), Handler)
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    service.url = f"{'https' if context else 'http'}://127.0.0.1:{server.server_address[1]}/R4"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield service
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
