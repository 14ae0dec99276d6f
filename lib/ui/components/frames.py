"""What goes over the websocket between a browser and Streamlit, where we have it otherwise.

The server tells as little of itself as the frontend works with. Streamlit sends with every script run the path of the
script, ids of the machine, its system, and the version of Python. No setting of 1.67 keeps that back. The frontend
takes them for its own statistics, which are off, and to know an app again. `DiscreetWebSocket` leaves the name of the
script and Streamlit's version, by which an open page notices upgrades.

A browser whose process has ended connects to another one, which knows nothing of its page. Streamlit's frontend draws
the page anew there only if it was waiting for something. Else the next click may ask for a fragment that the new
session never had, and is lost. `WholePageFirst` has the first run of a connection draw all of the page.
"""

from __future__ import annotations

from pathlib import PurePath

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

# What begins a script run is some kilobytes of names and colours; what is drawn may be megabytes.
_LONGEST_BEGINNING = 100_000


class DiscreetWebSocket:
    """Takes out of what is sent to a browser what concerns the machine alone."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "websocket":
            await self._app(scope, receive, send)
            return

        async def send_less(message: Message) -> None:
            if message["type"] == "websocket.send" and message.get("bytes"):
                message = {**message, "bytes": pared(message["bytes"])}
            await send(message)

        await self._app(scope, receive, send_less)


class WholePageFirst:
    """Has the first run of each connection draw the page, whatever fragment of it is asked for."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "websocket":
            await self._app(scope, receive, send)
            return
        is_drawn = False

        async def receive_whole() -> Message:
            nonlocal is_drawn
            message = await receive()
            if is_drawn or message["type"] != "websocket.receive" or not message.get("bytes"):
                return message
            asked = BackMsg.FromString(message["bytes"])
            is_drawn = asked.WhichOneof("type") == "rerun_script"
            if not (is_drawn and asked.rerun_script.fragment_id):
                return message
            asked.rerun_script.ClearField("fragment_id")
            asked.rerun_script.ClearField("is_auto_rerun")
            return {**message, "bytes": asked.SerializeToString()}

        await self._app(scope, receive_whole, send)


def pared(frame: bytes) -> bytes:
    """A frame as the browser gets it. Only the one that begins a script run is another than Streamlit made it."""
    if len(frame) > _LONGEST_BEGINNING:
        return frame
    message = ForwardMsg.FromString(frame)
    if message.WhichOneof("type") != "new_session":
        return frame
    begun = message.new_session
    begun.main_script_path = PurePath(begun.main_script_path).name
    # Both stay there, with less in them: the frontend reads their fields without asking.
    begun.initialize.user_info.Clear()
    begun.initialize.user_info.SetInParent()
    version = begun.initialize.environment_info.streamlit_version
    begun.initialize.environment_info.Clear()
    begun.initialize.environment_info.streamlit_version = version
    less: bytes = message.SerializeToString()
    return less
