"""A viewer whose database goes away reads a calm sentence, and has the page back without a click once it is there."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import suppress

import psutil
import pytest
from playwright.sync_api import Browser, expect

from lib.database import embedded_server
from lib.database.embedded_server import EmbeddedServer
from tests.e2e.conftest import RunningApp, free_port, launch_app, prepare, served, settled, stop_app, tab
from tests.support.waiting import wait_for

pytestmark = pytest.mark.browser

SENTENCE = "The database does not answer at the moment. This page comes back by itself."
_PATIENCE = 60_000


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedServer]:
    """The app's own server, held open here and watched by the app alone."""
    running = embedded_server.start(prepare(tmp_path_factory.mktemp("lost")))
    yield running
    running.stop()


@pytest.fixture(scope="module")
def lone_app(server: EmbeddedServer) -> Iterator[RunningApp]:
    running = launch_app(server.data_dir, free_port(), DEMO="0")
    yield served(running)
    stop_app(running)


def postmaster(server: EmbeddedServer) -> psutil.Process:
    return psutil.Process(int((server.data_dir / "postgres" / "postmaster.pid").read_text().splitlines()[0]))


def sessions(server: EmbeddedServer) -> list[psutil.Process]:
    """The processes that serve clients."""

    def serves(process: psutil.Process) -> bool:
        with suppress(psutil.NoSuchProcess):  # some end by themselves meanwhile
            return "127.0.0.1(" in " ".join(process.cmdline())
        return False

    return [one for one in postmaster(server).children() if serves(one)]


@pytest.mark.parametrize(("path", "heading"), [("/", "Workflow Event Catalog"), ("/activity", "Activity")])
def test_a_page_comes_back_by_itself(
    browser: Browser, lone_app: RunningApp, server: EmbeddedServer, path: str, heading: str
) -> None:
    with tab(browser, lone_app) as page:
        page.goto(path)
        title = page.get_by_role("heading", name=heading)
        expect(title).to_be_visible(timeout=_PATIENCE)
        settled(page)
        before = postmaster(server)
        before.send_signal(signal.SIGSTOP)  # so that it is away for as long as it takes to read the sentence
        for session in sessions(server):
            with suppress(psutil.NoSuchProcess):
                session.kill()
        page.get_by_role("link", name="Workflows", exact=True).click()
        expect(page.get_by_text(SENTENCE)).to_be_visible(timeout=_PATIENCE)
        before.kill()
        expect(page.get_by_role("heading", name="Workflows", exact=True)).to_be_visible(timeout=_PATIENCE)
        expect(page.get_by_text(SENTENCE)).to_have_count(0)
        assert page.locator("[data-testid=stException]").count() == 0
        assert postmaster(server) != before


def test_a_page_does_not_notice_a_restart_between_two_clicks(
    browser: Browser, lone_app: RunningApp, server: EmbeddedServer
) -> None:
    with tab(browser, lone_app) as page:
        page.goto("/")
        expect(page.get_by_role("heading", name="Workflow Event Catalog")).to_be_visible(timeout=_PATIENCE)
        settled(page)
        before = postmaster(server)
        before.kill()
        wait_for(lambda: server.state() == "ready" and postmaster(server) != before)
        page.get_by_role("link", name="Runs", exact=True).click()
        expect(page.get_by_role("heading", name="Runs", exact=True)).to_be_visible(timeout=_PATIENCE)
        expect(page.get_by_text(SENTENCE)).to_have_count(0)
