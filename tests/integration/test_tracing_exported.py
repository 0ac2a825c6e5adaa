"""Whole processes as an operator runs them: with traces asked for, and with the library for them not installed."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from integration_engine.security.keys import keyring
from integration_engine.store.database import Store, upgrade_schema
from integration_engine.store.identities import Identities
from tests.worker_samples import FORCE, death, eventually, ready, taken

ROOT = Path(__file__).parents[2]
THEIRS = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
# What a process can't import as if it weren't installed. The web framework needs the interface, and brings it.
WITHOUT = """
import sys
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.startswith(("opentelemetry.sdk", "opentelemetry.exporter", "opentelemetry.proto")):
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Missing())
"""

# What a process has exported of everything that any library in it records.
WHATEVER = """
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
trace.set_tracer_provider(TracerProvider(active_span_processor=SimpleSpanProcessor(OTLPSpanExporter())))
"""


class Collector:
    """An OTLP collector that keeps what it is sent. ``asked`` are the paths, ``traced`` the spans with who made them."""

    def __init__(self) -> None:
        self.asked: set[str] = set()
        self.traced: list[tuple[str, str, Any]] = []

    def take(self, path: str, body: bytes) -> None:
        self.asked.add(path)
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            service = next(a.value.string_value for a in resource.resource.attributes if a.key == "service.name")
            for scope in resource.scope_spans:
                self.traced += [(service, scope.scope.name, span) for span in scope.spans]

    def named(self, name: str) -> list[tuple[str, Any]]:
        return [(service, span) for service, _, span in self.traced if span.name == name]


@pytest.fixture
def collector() -> Iterator[tuple[Collector, str]]:
    kept = Collector()

    class Taking(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            kept.take(self.path, self.rfile.read(int(self.headers["content-length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Taking)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield kept, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@contextmanager
def running(amqp_url: str, database_url: str, folder: Path, **also: str) -> Iterator[Callable[[bytes], list[Any]]]:
    """``cdr run all``. Gives a way to send it a police report and wait for the panel's delivery; what it logged is in the
    folder."""
    upgrade_schema(database_url)
    keys = keyring({}, folder / "keys.json", create=True)
    store = Store(database_url, keys)
    token = Identities(store).add(FORCE, "partner", kinds=("police",)).text
    store.close()
    environment = {
        **os.environ,
        "CDR_AMQP_URL": amqp_url,
        "CDR_DATABASE_URL": database_url,
        "CDR_KEYS_FILE": str(folder / "keys.json"),
        "CDR_HTTP_PORT": "0",
        "CDR_MLLP": '[{"port": 0}]',
        **also,
    }
    log = folder / "log"

    def sent(body: bytes) -> list[Any]:
        eventually(lambda: any(line["text"] == "the doors are open" for line in logged(folder)))
        port = next(line["port"] for line in logged(folder) if line["text"] == "the doors are open")
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json", "traceparent": THEIRS}
        answer = httpx.post(f"http://127.0.0.1:{port}/police/reports", content=body, headers=headers, timeout=30)
        assert answer.status_code == 202
        eventually(lambda: ready(amqp_url, "cdop.BERKS") == 1)
        return taken(amqp_url, "cdop.BERKS")

    with log.open("w") as out:
        command = [sys.executable, "-m", "integration_engine.cli", "run", "all"]
        process = subprocess.Popen(command, env=environment, cwd=folder, stderr=out)
        try:
            yield sent
            process.terminate()
            assert process.wait(30) == 0
        finally:
            process.kill()
            process.wait()


def beginning_with(code: str, folder: Path) -> str:
    """The path for a process that runs this code before anything else."""
    (folder / "sitecustomize.py").write_text(code)
    return os.pathsep.join(filter(None, [str(folder), str(ROOT), os.environ.get("PYTHONPATH")]))


def logged(folder: Path) -> list[dict[str, Any]]:
    """The lines of its log that are whole by now."""
    return [json.loads(line) for line in (folder / "log").read_text().splitlines(keepends=True) if line.endswith("\n")]


def test_doors_and_worker_export_one_trace_which_the_panel_may_join(
    amqp_url: str, sqlite_url: str, tmp_path: Path, collector: tuple[Collector, str]
) -> None:
    kept, address = collector
    asked = {"OTEL_EXPORTER_OTLP_ENDPOINT": address, "PYTHONPATH": beginning_with(WHATEVER, tmp_path)}
    with running(amqp_url, sqlite_url, tmp_path, **asked) as sent:
        ((properties, _),) = sent(death(1))
    steps = ["POST /police/reports", "publish cdr.intake", "process intake", "publish cdr.cases"]
    found = [kept.named(step) for step in steps]
    assert [{service for service, _ in step} for step in found] == [
        {"cdr-doors"}, {"cdr-doors"}, {"cdr-worker"}, {"cdr-worker"},
    ]  # fmt: skip
    (trace,) = {span.trace_id.hex() for step in found for _, span in step}
    _, got_trace, got_span, _ = properties.headers["traceparent"].split("-")
    assert got_trace == trace
    assert got_span in {span.span_id.hex() for _, span in kept.named("publish cdr.cases")}
    assert trace not in THEIRS
    ((_, door),) = kept.named("POST /police/reports")
    assert [link.trace_id.hex() for link in door.links] == [THEIRS.split("-")[1]]
    assert {scope for _, scope, _ in kept.traced} == {"integration_engine"}
    assert kept.asked == {"/v1/traces"}


def test_without_the_library_everything_works_and_the_log_says_that_there_are_no_traces(
    amqp_url: str, sqlite_url: str, tmp_path: Path
) -> None:
    asked = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9", "PYTHONPATH": beginning_with(WITHOUT, tmp_path)}
    with running(amqp_url, sqlite_url, tmp_path, **asked) as sent:
        ((properties, _),) = sent(death(1))
    assert "traceparent" not in properties.headers
    # the doors and the worker
    told = [line for line in logged(tmp_path) if "not installed" in line["text"]]
    assert len(told) == 2
    assert {line["level"] for line in logged(tmp_path)} <= {"INFO", "WARNING"}


def test_not_asked_for_the_library_is_not_even_loaded(tmp_path: Path) -> None:
    code = (
        "import sys, integration_engine.doors, integration_engine.worker, integration_engine.lookout\n"
        "from integration_engine.monitoring import tracing\n"
        "with tracing.exporting('cdr-worker'), tracing.publishing('cdr.intake', 'police.X') as span:\n"
        "    span.failed('no-confirm')\n"
        "sys.exit('opentelemetry.sdk' in sys.modules or 'opentelemetry.exporter' in sys.modules)\n"
    )
    quiet = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    assert (
        subprocess.run([sys.executable, "-c", code], env=quiet, cwd=tmp_path, check=False, timeout=60).returncode == 0
    )
