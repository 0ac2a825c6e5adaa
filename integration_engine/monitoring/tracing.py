"""Traces of a message from its door through the queue to its deliveries, for OpenTelemetry; off until somebody turns it on.

What is called here costs a look at one variable as long as nobody asked for traces, and needs no library (``spans`` does).
Context crosses the queue as a W3C ``traceparent`` in a header beside ``cdr-correlation``, and as nothing else: neither
``tracestate`` nor baggage is read or written, for whatever a partner puts in there would travel on to other people's systems.

Whose ``traceparent`` counts as what: one of our own publishers' is what the work goes on from. A partner's, by HTTP or by
AMQP, is a link at most: as a parent it could switch our recording off, or mix strangers' messages into one trace.

A span says its constant name and attributes from a closed list (``ATTRIBUTES``); of an error its type or our code for it,
never its text; no id of a partner's message, of a case or of a delivery. ``cdr.correlation`` is what leads to the log.
"""

import logging
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from types import TracebackType
from typing import Literal, Protocol, TypeGuard

log = logging.getLogger(__name__)

TRACEPARENT = "traceparent"
# Version 00 as https://www.w3.org/TR/trace-context/ has it; of a later version we take none.
_WRITTEN = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}", re.ASCII)

ATTRIBUTES = frozenset(
    {
        "cdr.acknowledgement",
        "cdr.correlation",
        "cdr.outcome",
        "error.type",
        "http.request.method",
        "http.response.status_code",
        "http.route",
        "messaging.batch.message_count",
        "messaging.destination.name",
        "messaging.operation.name",
        "messaging.operation.type",
        "messaging.rabbitmq.destination.routing_key",
        "messaging.system",
        "network.protocol.name",
    }
)
"""Every attribute a span may have. All but ours (``cdr.``) are OpenTelemetry's semantic conventions."""

Kind = Literal["internal", "server", "producer", "consumer"]
Attributes = Mapping[str, str | int]

# Turned on by these, which every OpenTelemetry program understands.
_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
_PROTOCOL = "http/protobuf"


class Span(Protocol):
    """One step of a message's way. ``carried`` are the headers by which the next step knows it."""

    @property
    def carried(self) -> Mapping[str, str]: ...

    def rename(self, name: str) -> None: ...

    def note(self, attributes: Attributes) -> None: ...

    def failed(self, code: str) -> None:
        """It came to nothing; ``code`` is an error's type or our code for it. The first one said stays."""

    def end(self) -> None: ...


class Spans(Protocol):
    """What makes spans, where there are any."""

    def during(
        self, name: str, kind: Kind, attributes: Attributes, parent: str | None, links: Iterable[str]
    ) -> AbstractContextManager[Span]:
        """A span for the length of a block; those begun inside it are its children. What is raised has it failed."""

    def begun(self, name: str, kind: Kind, attributes: Attributes, parent: str | None) -> Span:
        """A span that the caller ends."""

    def passed(self, name: str, seconds: float, attributes: Attributes) -> None:
        """A child of the current span, if there is one, that has just ended after so long."""

    def carried(self) -> Mapping[str, str]:
        """The current span as headers."""


class _Nothing:
    """The span of those who trace nothing."""

    carried: Mapping[str, str] = {}

    def rename(self, name: str) -> None: ...

    def note(self, attributes: Attributes) -> None: ...

    def failed(self, code: str) -> None: ...

    def end(self) -> None: ...

    def __enter__(self) -> "Span":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, raised: BaseException | None, at: TracebackType | None
    ) -> None:
        return


NOTHING = _Nothing()
_NONE: Attributes = {}
_spans: Spans | None = None


def on() -> bool:
    return _spans is not None


def during(
    name: str,
    kind: Kind = "internal",
    attributes: Attributes = _NONE,
    *,
    parent: str | None = None,
    links: Iterable[str] = (),
) -> AbstractContextManager[Span]:
    """A span for the length of a block. ``parent`` and ``links`` are checked traceparents; without a parent it is a child of
    the span around it."""
    return NOTHING if _spans is None else _spans.during(name, kind, attributes, parent, links)


def publishing(exchange: str, key: str) -> AbstractContextManager[Span]:
    """The publishing of one message, for the length of a block."""
    if _spans is None:
        return NOTHING
    return _spans.during(f"publish {exchange}", "producer", _published(exchange, key), None, ())


def published(exchange: str, key: str, parent: str | None) -> Span:
    """The publishing of one message among others, which the caller ends when it is answered."""
    if _spans is None:
        return NOTHING
    return _spans.begun(f"publish {exchange}", "producer", _published(exchange, key), parent)


def passed(name: str, seconds: float, attributes: Attributes = _NONE) -> None:
    """Something inside the current span took so long and is over."""
    if _spans is not None:
        _spans.passed(name, seconds, attributes)


def carried() -> Mapping[str, str]:
    """The headers by which whoever gets a message goes on from the current span; none where there is none."""
    return NOTHING.carried if _spans is None else _spans.carried()


def is_traceparent(text: object) -> TypeGuard[str]:
    """Whether it is one, whoever wrote it: of nothing else is any byte used."""
    return isinstance(text, str) and _WRITTEN.fullmatch(text) is not None


def _published(exchange: str, key: str) -> Attributes:
    return {
        "messaging.system": "rabbitmq",
        "messaging.operation.name": "publish",
        "messaging.operation.type": "send",
        "messaging.destination.name": exchange,
        "messaging.rabbitmq.destination.routing_key": key,
    }


@contextmanager
def turned_on(spans: Spans) -> Iterator[None]:
    """Spans are made for the length of the block, in the whole process."""
    global _spans  # noqa: PLW0603  # one look at a variable is all that tracing may cost where it is off
    before, _spans = _spans, spans
    try:
        yield
    finally:
        _spans = before


@contextmanager
def exporting(service: str, environ: Mapping[str, str] = os.environ) -> Iterator[None]:
    """Export this process's spans for the length of the block, where the environment asks for it (``OTEL_...``).

    Whatever stands against it is a line in the log, and the engine works without: messages matter more. ``service`` names
    the process where ``OTEL_SERVICE_NAME`` doesn't.
    """
    if not _asked(environ):
        yield
        return
    try:
        from integration_engine.monitoring.spans import exported
    except ImportError:
        log.warning("traces are asked for, and the library for them (extra: tracing) is not installed")
        yield
        return
    try:
        spans, close = exported(environ.get("OTEL_SERVICE_NAME") or service)
    except Exception:
        log.exception("traces can't be exported: a setting OTEL_... is wrong")
        yield
        return
    log.info("traces are exported")
    try:
        with turned_on(spans):
            yield
    finally:
        close()


def _asked(environ: Mapping[str, str]) -> bool:
    if environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return False
    exporter = environ.get("OTEL_TRACES_EXPORTER", "").strip().lower()
    if exporter == "none" or not (exporter or any(map(environ.get, _ENDPOINTS))):
        return False
    protocol = next(filter(None, map(environ.get, _PROTOCOLS)), _PROTOCOL).strip().lower()
    if exporter not in ("", "otlp") or protocol != _PROTOCOL:
        log.error("traces can't be exported: only OTLP over http/protobuf can", extra={"code": "protocol"})
        return False
    return True
