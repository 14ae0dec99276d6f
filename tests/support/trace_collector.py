"""A collector of traces on loopback: takes OpenTelemetry's protocol over HTTP and keeps the spans."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from tests.support.waiting import wait_for


@dataclass(frozen=True)
class Received:
    """A span as it arrived."""

    name: str
    trace: str
    id: str
    parent: str
    attributes: dict[str, Any]
    failed: bool
    service: str
    process: str


class Collector:
    """Keeps what arrives, raw and decoded."""

    def __init__(self, port: int = 0) -> None:
        self.bodies: list[bytes] = []
        self.spans: list[Received] = []
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                if self.headers.get("content-encoding") == "gzip":
                    body = gzip.decompress(body)
                collector._take(self.path, body)
                answer = ExportTraceServiceResponse().SerializeToString()
                self.send_response(200)
                self.send_header("Content-Type", "application/x-protobuf")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: Any) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def arrived(self, count: int = 1, *, name: str = "", trace: str = "", **attributes: str) -> list[Received]:
        """Wait for that many spans of this name, of this trace and with these attributes of ours.

        Each process sends its spans when it likes: what one has sent says nothing of what another has.
        """
        wanted = {f"event_catalog.{key}": value for key, value in attributes.items()}

        def matching() -> list[Received]:
            return [
                span
                for span in list(self.spans)
                if name in ("", span.name) and trace in ("", span.trace) and wanted.items() <= span.attributes.items()
            ]

        wait_for(lambda: len(matching()) >= count)
        found = matching()
        assert len(found) == count, found
        return found

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _take(self, path: str, body: bytes) -> None:
        assert path == "/v1/traces"
        self.bodies.append(body)
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            about = _values(resource.resource.attributes)
            for scope in resource.scope_spans:
                for span in scope.spans:
                    assert not span.events, "an event of a span could hold the text of an error"
                    assert not span.status.message
                    self.spans.append(
                        Received(
                            span.name,
                            span.trace_id.hex(),
                            span.span_id.hex(),
                            span.parent_span_id.hex(),
                            _values(span.attributes),
                            span.status.code == span.status.STATUS_CODE_ERROR,
                            about["service.name"],
                            about["event_catalog.process"],
                        )
                    )


@contextmanager
def collecting(port: int = 0) -> Iterator[Collector]:
    """A collector, as long as the context lasts."""
    collector = Collector(port)
    try:
        yield collector
    finally:
        collector.stop()


def _values(attributes: Any) -> dict[str, Any]:
    return {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in attributes}
