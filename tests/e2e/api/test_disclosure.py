"""What the websocket tells whoever connects: nothing of the machine, its environment, its secrets, or errors."""

from __future__ import annotations

import getpass
import os
import platform
import socket
import sys
from pathlib import Path
from textwrap import dedent

import pytest
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime.metrics_util import Installation

from lib.database import APP_ROLE
from tests.e2e.conftest import ROOT, RunningApp, free_port, launch_app, served, stop_app
from tests.support.viewer import viewing

pytestmark = pytest.mark.browser

PAGES = ("", "simulate", "activity", "timeline", "metrics", "workflows", "runs", "settings", "audit", "nowhere")


def of_the_machine(data_dir: Path) -> dict[str, str]:
    """What nobody outside needs to know, by what it is."""
    installation = Installation.instance()
    found = {
        "path of the app": str(ROOT),
        "path of Python": sys.prefix,
        "path of its library": os.path.dirname(os.__file__),
        "path of the data": str(data_dir),
        "home": str(Path.home()) + "/",
        "host": socket.gethostname(),
        "version of Python": platform.python_version(),
        "system": f'{platform.system()}"',
        "id of the machine": installation.installation_id_v3,
        "other id of the machine": installation.installation_id_v4,
        "user": f"/{getpass.getuser()}/",
        "role of the database": APP_ROLE,
    }
    found |= {f"variable {name}": value for name, value in os.environ.items() if len(value) > 12}
    return {what: value for what, value in found.items() if len(value) > 3}


def heard(app: RunningApp, *, page: str = "", query: dict[str, str] | None = None) -> list[bytes]:
    """Every frame of two script runs."""
    frames: list[bytes] = []
    with viewing(app.url, page=page, query=query) as viewer:
        for _ in range(2):
            viewer.rerun(heard=frames)
    return frames


def expect_nothing_of_the_machine(frames: list[bytes], data_dir: Path) -> None:
    for what, value in of_the_machine(data_dir).items():
        assert not any(value.encode() in frame for frame in frames), what


@pytest.mark.parametrize("page", PAGES)
def test_no_page_tells_of_the_machine(app: RunningApp, page: str) -> None:
    frames = heard(app, page=page)
    expect_nothing_of_the_machine(frames, app.data_dir)
    begun = [one.new_session for frame in frames if (one := ForwardMsg.FromString(frame)).HasField("new_session")]
    assert len(begun) >= 2
    for one in begun:
        assert (one.main_script_path, one.initialize.environment_info.python_version) == ("shell.py", "")
        assert one.initialize.environment_info.streamlit_version, "by which an open page notices an upgrade"
        assert not one.config.gather_usage_stats


def test_an_error_tells_nothing_of_itself(tmp_path: Path) -> None:
    secret = "hunter2-of-the-error"
    (tmp_path / "page.py").write_text(f"import os\n\nraise ValueError({secret!r} + os.getcwd())\n")
    (tmp_path / "own_app.py").write_text(
        dedent(f"""
            import sys
            sys.path.insert(0, {str(ROOT)!r})
            import streamlit as st
            from starlette.middleware import Middleware
            from lib.ui.components import guard
            from lib.ui.components.frames import DiscreetWebSocket

            app = st.App(
                {str(tmp_path / "page.py")!r},
                middleware=[Middleware(DiscreetWebSocket)],
                on_script_error=guard.show_error,
            )
        """)
    )
    running = launch_app(tmp_path, free_port(), program=("streamlit", "run", str(tmp_path / "own_app.py")))
    try:
        frames = heard(served(running))
    finally:
        stop_app(running)
    assert any(b"reference" in frame for frame in frames), "the page says that something went wrong"
    assert not any(secret.encode() in frame for frame in frames)
    expect_nothing_of_the_machine(frames, tmp_path)
