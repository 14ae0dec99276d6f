"""What goes over the websocket: nothing that concerns the machine alone, and a whole page first; all else as it was."""

from __future__ import annotations

import asyncio

from starlette.types import Message, Receive, Scope, Send
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from lib.ui.components import frames
from lib.ui.components.frames import WholePageFirst


def test_the_beginning_keeps_what_the_frontend_needs_and_no_more() -> None:
    message = ForwardMsg()
    begun = message.new_session
    begun.main_script_path = "/srv/secret-place/pages/shell.py"
    begun.page_script_hash = "page"
    begun.config.toolbar_mode = 3
    begun.initialize.session_id = "session"
    begun.initialize.user_info.installation_id_v3 = "machine"
    begun.initialize.environment_info.streamlit_version = "1.67.0"
    begun.initialize.environment_info.python_version = "3.11.7"
    begun.initialize.environment_info.server_os = "Linux"
    pared = frames.pared(message.SerializeToString())
    for gone in (b"secret-place", b"machine", b"3.11.7", b"Linux"):
        assert gone not in pared
    read = ForwardMsg.FromString(pared).new_session
    assert (read.main_script_path, read.page_script_hash, read.config.toolbar_mode) == ("shell.py", "page", 3)
    assert read.initialize.HasField("user_info"), "the frontend reads its fields without asking"
    assert (read.initialize.session_id, read.initialize.environment_info.streamlit_version) == ("session", "1.67.0")


def test_other_frames_pass_as_they_are() -> None:
    message = ForwardMsg()
    message.delta.new_element.markdown.body = "x" * 200_000
    for frame in (message.SerializeToString(), b"", ForwardMsg(script_finished=0).SerializeToString()):
        assert frames.pared(frame) == frame


def asks(fragment: str = "") -> bytes:
    """What a browser sends to have a fragment drawn, or the page."""
    message = BackMsg()
    message.rerun_script.query_string = "q=ticket"
    if fragment:
        message.rerun_script.fragment_id = fragment
        message.rerun_script.is_auto_rerun = True
    return bytes(message.SerializeToString())


def heard(*sent: Message) -> list[Message]:
    """What Streamlit is given of what a browser sends over one connection."""
    given: list[Message] = []
    waiting = list(sent)

    async def app(_: Scope, receive: Receive, __: Send) -> None:
        for _number in sent:
            given.append(await receive())

    async def receive() -> Message:
        return waiting.pop(0)

    async def send(_: Message) -> None:
        return None

    asyncio.run(WholePageFirst(app)({"type": "websocket"}, receive, send))
    return given


def test_the_first_run_of_a_connection_draws_the_page() -> None:
    connect: Message = {"type": "websocket.connect"}
    other = BackMsg(load_git_info=True).SerializeToString()
    sent = [connect, *({"type": "websocket.receive", "bytes": one} for one in (other, asks("a"), asks("b"), asks()))]
    given = heard(*sent)
    assert given[:2] == sent[:2] and given[3:] == sent[3:]
    first = BackMsg.FromString(given[2]["bytes"]).rerun_script
    assert (first.fragment_id, first.is_auto_rerun, first.query_string) == ("", False, "q=ticket")


def test_a_page_that_is_drawn_has_its_fragments_alone() -> None:
    sent: list[Message] = [{"type": "websocket.receive", "bytes": one} for one in (asks(), asks("a"))]
    assert heard(*sent) == sent
