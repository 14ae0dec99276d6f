"""An OpenID provider on loopback, a process of its own: whom it knows and whether it answers is up to the test.

It is a certified one (npm oidc-provider), and where Node cannot run that, a mock with the same pages.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

from tests.support import npm
from tests.support.npm import NpmMissing
from tests.support.waiting import PATIENCE

CERTIFIED = "oidc-provider@9.13.3"
CLIENT_SECRET = "the-app-is-known-by-this"


class OpenIdProvider:
    """A provider that can be taken down, and brought up again at the same address, where it knows nobody any more."""

    def __init__(self, port: int, command: list[str], *, not_certified: str | None) -> None:
        self.url = f"http://localhost:{port}"
        #: Why it is a mock, if it is one.
        self.not_certified = not_certified
        self._command = command
        self._process: subprocess.Popen[bytes] | None = None

    def up(self) -> None:
        """Serve."""
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                urlopen(f"{self.url}/.well-known/openid-configuration", timeout=2).read()
                return
            except (URLError, OSError):
                assert self._process.poll() is None and time.monotonic() < deadline, "the provider does not come up"
                time.sleep(0.1)

    def down(self) -> None:
        """Answer nobody any more."""
        if self._process:
            self._process.terminate()
            self._process.wait(PATIENCE)
            self._process = None

    def knows(self, subject: str, **claims: Any) -> None:
        """Somebody who may sign in with the provider, with these claims about them."""
        request = Request(
            f"{self.url}/users/{subject}",
            data=json.dumps(claims).encode(),
            method="PUT",
            headers={"Content-Type": "application/json"},
        )
        urlopen(request, timeout=PATIENCE).read()


@contextmanager
def running(folder: Path, *, app_url: str) -> Iterator[OpenIdProvider]:
    """A provider that serves the app at that address until the context ends, installed in the folder."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    not_certified = None
    try:
        command = npm.script("openid_provider.mjs", package=CERTIFIED, folder=folder)
        command += [str(port), app_url, CLIENT_SECRET]
    except NpmMissing as error:
        not_certified = str(error)
        command = [sys.executable, "-W", "ignore", "-m", "oidc_provider_mock", "--port", str(port)]
    provider = OpenIdProvider(port, command, not_certified=not_certified)
    provider.up()
    try:
        yield provider
    finally:
        provider.down()
