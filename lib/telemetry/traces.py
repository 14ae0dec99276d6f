"""Traces by OpenTelemetry, sent to the collector that OTEL_EXPORTER_OTLP_ENDPOINT names: request, event, run, steps.

Unset, nothing of OpenTelemetry is imported, and a span costs no more than the call. A span has ids, kinds and states;
never a payload, and never the text of an error. The standard OTEL_ variables are those of OpenTelemetry's SDK.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

from lib.errors import ConfigurationError
from lib.settings import Settings

log = logging.getLogger(__name__)

_ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
_PROTOCOLS = ("OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL")
_SERVICE = "event-catalog"
#: What attributes of ours begin with.
_OURS = "event_catalog."

_provider: Any = None
_tracer: Any = None


class TraceSpan:
    """A piece of work in a trace, or nothing where traces are off."""

    def __init__(self, span: Any = None) -> None:
        self._span = span

    @property
    def parent(self) -> str | None:
        """The span as a W3C traceparent, for work elsewhere that belongs to it. None where traces are off."""
        if self._span is None:
            return None
        known = self._span.get_span_context()
        return f"00-{known.trace_id:032x}-{known.span_id:016x}-{known.trace_flags:02x}"

    def tell(self, standard: Mapping[str, str | int] | None = None, /, **ours: object) -> None:
        """Give it attributes, by their standard names or by ours; what is None is left out."""
        if self._span is None:
            return
        told = {f"{_OURS}{name}": value for name, value in ours.items()} | dict(standard or {})
        for name, value in told.items():
            if value is not None:
                self._span.set_attribute(name, value if isinstance(value, bool | int) else str(value))

    def rename(self, name: str) -> None:
        """Give it another name."""
        if self._span is not None:
            self._span.update_name(name)

    def fail(self, kind: str) -> None:
        """Mark it as failed. `kind` is a word for why."""
        if self._span is not None:
            from opentelemetry.trace import StatusCode

            self._span.set_attribute("error.type", kind)
            self._span.set_status(StatusCode.ERROR)

    def end(self) -> None:
        """The work is done."""
        if self._span is not None:
            self._span.end()


_NONE = TraceSpan()


def check(settings: Settings) -> None:
    """Raise ConfigurationError if traces are asked for that cannot be sent."""
    if settings.otel_exporter_otlp_endpoint is None:
        return
    for name in _PROTOCOLS:
        if os.environ.get(name, "http/protobuf") != "http/protobuf":
            raise ConfigurationError(f"{name} must be http/protobuf, which collectors take at port 4318.")


def start(settings: Settings, *, process: str) -> None:
    """Begin to trace if the settings, which were checked, say where to; `process` says what this one is."""
    global _provider, _tracer
    endpoint = settings.otel_exporter_otlp_endpoint
    if endpoint is None or _provider is not None:
        return
    os.environ[_ENDPOINT] = endpoint  # where .env gave it
    os.environ.setdefault("OTEL_SERVICE_NAME", _SERVICE)

    from opentelemetry import trace
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)  # it would tell of each failure; _Exporter tells once
    _provider = TracerProvider(resource=Resource.create({f"{_OURS}process": process}), shutdown_on_exit=False)
    exporter: Any = _Exporter(OTLPSpanExporter())
    _provider.add_span_processor(BatchSpanProcessor(exporter))
    trace.set_tracer_provider(_provider)
    _tracer = trace.get_tracer(_SERVICE)


def stop() -> None:
    """Send what is left, if the collector takes it, and end."""
    global _provider, _tracer
    if _provider is not None:
        _provider.shutdown()
        _provider = _tracer = None


def is_on() -> bool:
    """Whether this process traces."""
    return _tracer is not None


class _Exporter:
    """Sends spans by another exporter. What it cannot send is dropped; the log tells so once, until it works again."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self._failing = False

    def export(self, spans: Any) -> Any:
        from opentelemetry.sdk.trace.export import SpanExportResult

        try:
            result = self._inner.export(spans)
        except Exception:
            result = SpanExportResult.FAILURE
        failed = result is not SpanExportResult.SUCCESS
        if failed and not self._failing:
            log.warning("Traces do not reach the collector. They are dropped until they do.")
        if self._failing and not failed:
            log.info("Traces reach the collector again.")
        self._failing = failed
        return result

    def shutdown(self) -> None:
        self._inner.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return bool(self._inner.force_flush(timeout_millis))


def span(
    name: str,
    about: Mapping[str, object],
    *,
    parent: str | None = None,
    serves: bool = False,
    calm: tuple[type[BaseException], ...] = (),
) -> AbstractContextManager[TraceSpan]:
    """A span around the block, with these attributes of ours; what is begun in it belongs to it.

    It belongs to the traceparent `parent`, else to the span under way. `serves`: it answers somebody outside. An error
    that leaves the block marks it as failed, unless it is one of `calm`.
    """
    return _around(name, about, parent, serves, calm) if _tracer is not None else nullcontext(_NONE)


def part(
    name: str, about: Mapping[str, object], *, calm: tuple[type[BaseException], ...] = ()
) -> AbstractContextManager[TraceSpan]:
    """A span inside the one under way; none where there is none."""
    return span(name, about, calm=calm) if ids() else nullcontext(_NONE)


def begin(name: str, *, since: int, **ours: object) -> TraceSpan:
    """A span that belongs to the one under way, since so many nanoseconds of the clock until its end is told."""
    if _tracer is None:
        return _NONE
    begun = TraceSpan(_tracer.start_span(name, start_time=since))
    begun.tell(**ours)
    return begun


def current() -> TraceSpan:
    """The span under way."""
    if _tracer is None:
        return _NONE
    from opentelemetry import trace

    return TraceSpan(trace.get_current_span())


def ids() -> Mapping[str, str]:
    """The trace and the span under way, as the log names them; nothing where there is none."""
    if _tracer is None:
        return {}
    from opentelemetry import trace

    known = trace.get_current_span().get_span_context()
    return {"trace_id": f"{known.trace_id:032x}", "span_id": f"{known.span_id:016x}"} if known.is_valid else {}


@contextmanager
def _around(
    name: str, about: Mapping[str, object], parent: str | None, serves: bool, calm: tuple[type[BaseException], ...]
) -> Iterator[TraceSpan]:
    from opentelemetry.trace import SpanKind
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    where = TraceContextTextMapPropagator().extract({"traceparent": parent}) if parent else None
    kind = SpanKind.SERVER if serves else SpanKind.INTERNAL
    with _tracer.start_as_current_span(
        name, context=where, kind=kind, record_exception=False, set_status_on_exception=False
    ) as inner:
        under_way = TraceSpan(inner)
        under_way.tell(**about)
        try:
            yield under_way
        except BaseException as error:
            if not isinstance(error, calm):
                under_way.fail(str(getattr(error, "code", None) or type(error).__name__))
            raise
