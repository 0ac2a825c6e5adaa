"""A recipient's web server for tests: a real one, that checks what is posted as recipients are told to, and keeps it."""

import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from integration_engine.receiving.signed import NotSigned, new_secret, require_signed

Reply = Callable[[BaseHTTPRequestHandler, dict[str, Any]], None]


@dataclass
class Panel:
    """``posted`` is each delivery that came signed, with its headers, in its order; ``unsigned`` codes of what came
    otherwise. ``reply``, where it is set, answers instead of 204; it is given the request and the delivery."""

    url: str = ""
    secret: str = field(default_factory=new_secret)
    posted: list[tuple[dict[str, str], dict[str, Any]]] = field(default_factory=list)
    unsigned: list[str] = field(default_factory=list)
    reply: Reply | None = None

    @property
    def kinds(self) -> list[str]:
        return [body["kind"] for _, body in self.posted]

    @property
    def ids(self) -> list[str]:
        return [headers["webhook-id"] for headers, _ in self.posted]


def say(status: int, body: bytes = b"", **headers: str) -> Reply:
    """A reply with this status; underscores in names of headers are hyphens."""

    def reply(request: BaseHTTPRequestHandler, _: dict[str, Any]) -> None:
        request.send_response(status)
        for name, value in {"Content_Length": str(len(body)), **headers}.items():
            request.send_header(name.replace("_", "-"), value)
        request.end_headers()
        request.wfile.write(body)

    return reply


def answering(answer: str, **also: str) -> Reply:
    """Takes a delivery and says at once what a recipient says of it."""

    def reply(request: BaseHTTPRequestHandler, told: dict[str, Any]) -> None:
        said = {"schema": "delivery-answer/1", "delivery": told["delivery"], "answer": answer, **also}
        say(200, json.dumps(said).encode(), Content_Type="application/json")(request, told)

    return reply


@contextmanager
def panel_at(port: int = 0, context: ssl.SSLContext | None = None, panel: Panel | None = None) -> Iterator[Panel]:
    """The server for the length of the block, at a free port or at this one; with ``context`` over TLS."""
    told = panel or Panel()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            try:
                require_signed([told.secret], headers, body, time.time())
            except NotSigned as problem:
                told.unsigned.append(problem.code)
                say(401)(self, {})
                return
            delivery = json.loads(body)
            told.posted.append((headers, delivery))
            (told.reply or say(204))(self, delivery)

        def log_message(self, *_: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: Any) -> None:
            """Whoever called has hung up, as it should."""

    server = Server(("127.0.0.1", port), Handler)
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    told.url = f"{'https' if context else 'http'}://localhost:{server.server_address[1]}/deliveries"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield told
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
