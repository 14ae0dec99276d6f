"""HTTP as uvicorn reads it by httptools, with a bound on what is held of a request before anybody sees it.

uvicorn takes httptools wherever that is installed. Written in C, it costs a fraction of h11, but unlike h11 it lets the
head of a request, or what ends a chunked body, grow for as long as somebody sends it (docs/decisions/0111).
"""

from __future__ import annotations

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

#: So much is read of a head, or between two pieces of a body.
MOST_BYTES = 64 * 1024


class BoundedRequests(HttpToolsProtocol):
    """A connection of uvicorn's that answers 400 and closes when a request holds more than MOST_BYTES back."""

    _held = 0

    def data_received(self, data: bytes) -> None:
        """Parse what arrived. A request that holds more than MOST_BYTES back gets 400."""
        self._held += len(data)
        super().data_received(data)
        if self._held > MOST_BYTES and not self.transport.is_closing():
            self.send_400_response("Request header fields are too large.")

    def on_headers_complete(self) -> None:
        """The head is complete and was handed on."""
        self._held = 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A piece of the body was handed on."""
        self._held = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is complete."""
        self._held = 0
        super().on_message_complete()


def bound_requests(config: uvicorn.Config) -> None:
    """Have a server with this configuration bound its requests, from the next connection on. h11 bounds them itself."""
    if config.http_protocol_class is HttpToolsProtocol:
        config.http_protocol_class = BoundedRequests
