"""Spans made and exported with OpenTelemetry's library (extra ``tracing``). Loaded only where traces are asked for.

The provider is this process's own and never the global one: what another library would record of itself (a web framework the
path of a request, a driver its statements) is nobody's to export.
"""

import logging
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from opentelemetry import context as contexts
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.environment_variables import OTEL_SPAN_LINK_COUNT_LIMIT
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanLimits, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

from integration_engine.monitoring.logs import clean
from integration_engine.monitoring.tracing import ATTRIBUTES, TRACEPARENT, Attributes, Kind, Span

log = logging.getLogger(__name__)

_KINDS: dict[Kind, trace.SpanKind] = {
    "internal": trace.SpanKind.INTERNAL,
    "server": trace.SpanKind.SERVER,
    "producer": trace.SpanKind.PRODUCER,
    "consumer": trace.SpanKind.CONSUMER,
}
# A batch links to each of its messages, of which a setting allows as many (batch_size); the library's own limit is 128.
_MOST_LINKS = 5000
_LONGEST_VALUE = 120
# A collector that is away must not keep a worker from stopping.
_LAST_EXPORT_S = 3.0


class Made:
    """``tracing.Span`` over the library's."""

    def __init__(self, span: trace.Span) -> None:
        self._span = span
        self._failed = False

    @property
    def carried(self) -> Mapping[str, str]:
        return _headers(self._span.get_span_context())

    def rename(self, name: str) -> None:
        self._span.update_name(name)

    def note(self, attributes: Attributes) -> None:
        self._span.set_attributes(_allowed(attributes))

    def failed(self, code: str) -> None:
        if not self._failed:
            self._failed = True
            self._span.set_attributes(_allowed({"error.type": code}))
            self._span.set_status(trace.Status(trace.StatusCode.ERROR))

    def end(self) -> None:
        self._span.end()


class Recorded:
    """``tracing.Spans`` that go to a provider of spans."""

    def __init__(self, provider: TracerProvider) -> None:
        self._tracer = provider.get_tracer("integration_engine")

    @contextmanager
    def during(
        self, name: str, kind: Kind, attributes: Attributes, parent: str | None, links: Iterable[str]
    ) -> Iterator[Span]:
        linked = [trace.Link(_remote(link)) for link in links]
        span = self._tracer.start_span(name, _context(parent), _KINDS[kind], _allowed(attributes), linked)
        made = Made(span)
        # an exception's text may quote what a partner sent, so the library is kept from recording any
        with trace.use_span(span, end_on_exit=True, record_exception=False, set_status_on_exception=False):
            try:
                yield made
            except BaseException as raised:
                made.failed(type(raised).__name__)
                raise

    def begun(self, name: str, kind: Kind, attributes: Attributes, parent: str | None) -> Span:
        return Made(self._tracer.start_span(name, _context(parent), _KINDS[kind], _allowed(attributes)))

    def passed(self, name: str, seconds: float, attributes: Attributes) -> None:
        if trace.get_current_span().is_recording():
            ended = time.time_ns()
            span = self._tracer.start_span(name, attributes=_allowed(attributes), start_time=ended - int(seconds * 1e9))
            span.end(ended)

    def carried(self) -> Mapping[str, str]:
        return _headers(trace.get_current_span().get_span_context())


class _Heard(SpanExporter):
    """An exporter that is heard of once when it fails, and once when it works again."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter
        self._works = True

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        result = self._exporter.export(spans)
        works = result is SpanExportResult.SUCCESS
        if works != self._works:
            self._works = works
            if works:
                log.info("traces are exported again")
            else:
                log.warning("traces are not taken and are lost", extra={"count": len(spans)})
        return result

    def shutdown(self) -> None:
        self._exporter.shutdown()


def exported(service: str) -> tuple[Recorded, Callable[[], None]]:
    """Spans that are exported by OTLP as the environment says, and what ends it. Raises ValueError for a setting that can't
    be read."""
    # it quotes addresses and answers, and says the same again every few seconds
    logging.getLogger("opentelemetry.exporter").setLevel(logging.CRITICAL)
    provider = TracerProvider(
        resource=Resource.create({SERVICE_NAME: service}),
        span_limits=SpanLimits(max_links=None if OTEL_SPAN_LINK_COUNT_LIMIT in os.environ else _MOST_LINKS),
        shutdown_on_exit=False,
    )
    provider.add_span_processor(BatchSpanProcessor(_Heard(OTLPSpanExporter())))

    def close() -> None:
        last = threading.Thread(target=provider.shutdown, name="last traces", daemon=True)
        last.start()
        last.join(_LAST_EXPORT_S)

    return Recorded(provider), close


def _allowed(attributes: Attributes) -> dict[str, str | int]:
    return {
        name: clean(value)[:_LONGEST_VALUE] if isinstance(value, str) else value
        for name, value in attributes.items()
        if name in ATTRIBUTES
    }


def _headers(span: trace.SpanContext) -> Mapping[str, str]:
    if not span.is_valid:
        return {}
    return {TRACEPARENT: f"00-{span.trace_id:032x}-{span.span_id:016x}-{span.trace_flags:02x}"}


def _context(parent: str | None) -> contexts.Context | None:
    """What a span goes on from: a traceparent, or else the span around it."""
    return (
        None
        if parent is None
        else trace.set_span_in_context(trace.NonRecordingSpan(_remote(parent)), contexts.Context())
    )


def _remote(traceparent: str) -> trace.SpanContext:
    _, trace_id, span_id, flags = traceparent.split("-")
    return trace.SpanContext(
        int(trace_id, 16), int(span_id, 16), is_remote=True, trace_flags=trace.TraceFlags(int(flags, 16))
    )
