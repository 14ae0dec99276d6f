"""Someone who looks at a page of a real Streamlit process, over the websocket that a browser would use."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from urllib.parse import urlencode

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Delta_pb2 import Delta
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

_SECONDS = 60


@contextmanager
def viewing(url: str, *, page: str = "", query: Mapping[str, str] | None = None) -> Iterator[Viewer]:
    """Someone who has opened this page of the process at `url`, with these parameters."""
    address = f"{url.replace('http', 'ws', 1)}/_stcore/stream"
    protocols = [Subprotocol("streamlit")]
    with connect(address, subprotocols=protocols, max_size=None, open_timeout=_SECONDS) as connection:
        yield Viewer(connection, page, urlencode(query or {}))


class Viewer:
    """One session. Each rerun is what a click causes: the script runs once more, and all it draws is sent."""

    def __init__(self, connection: ClientConnection, page: str, query: str) -> None:
        self._connection, self._page, self._query = connection, page, query

    def rerun(self, *, heard: list[bytes] | None = None) -> Counter[str]:
        """Have the script run, wait for its end, and count what it drew, by kind of element.

        `heard` gets what was sent, frame by frame.
        """
        request = BackMsg()
        request.rerun_script.query_string = self._query
        request.rerun_script.page_name = self._page
        self._connection.send(request.SerializeToString())
        drawn: Counter[str] = Counter()
        while True:
            frame = self._connection.recv(_SECONDS, decode=False)
            if heard is not None:
                heard.append(frame)
            message = ForwardMsg.FromString(frame)
            match message.WhichOneof("type"):
                case "delta":
                    drawn[_kind(message.delta)] += 1
                case "script_finished" if message.script_finished == ForwardMsg.FINISHED_EARLY_FOR_RERUN:
                    drawn.clear()  # it starts over
                case "script_finished":
                    return drawn


def _kind(delta: Delta) -> str:
    if delta.WhichOneof("type") != "new_element":
        return delta.WhichOneof("type") or "nothing"
    kind = delta.new_element.WhichOneof("type") or "nothing"
    if kind == "exception":
        raise SystemExit(f"The page shows an error: {delta.new_element.exception.message}")
    return kind
