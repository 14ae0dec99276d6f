"""An OpenID provider on loopback, a process of its own: whom it knows and whether it answers is up to the test."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

CLIENT_SECRET = "the-app-is-known-by-this"
_SECONDS = 30


class OpenIdProvider:
    """A provider that can be taken down, and brought up again at the same address, where it knows nobody any more."""

    def __init__(self, port: int) -> None:
        self.url = f"http://localhost:{port}"
        self._port = port
        self._process: subprocess.Popen[bytes] | None = None

    def up(self) -> None:
        """Serve."""
        self._process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "oidc_provider_mock", "--port", str(self._port)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + _SECONDS
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
            self._process.wait(_SECONDS)
            self._process = None

    def knows(self, subject: str, **claims: Any) -> None:
        """Somebody who may sign in with the provider, with these claims about them."""
        request = Request(
            f"{self.url}/users/{subject}",
            data=json.dumps(claims).encode(),
            method="PUT",
            headers={"Content-Type": "application/json"},
        )
        urlopen(request, timeout=10).read()


@contextmanager
def running() -> Iterator[OpenIdProvider]:
    """A provider that serves until the context ends."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    provider = OpenIdProvider(port)
    provider.up()
    try:
        yield provider
    finally:
        provider.down()
