"""What the child process does: it reads requests, does them within their time, answers.

A message is four bytes of length and JSON. The first one says that the child is ready.
"""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import socket
import sys
from collections.abc import Callable
from io import BufferedRWPair
from typing import Any

from lib.sandbox import expressions, samples, schemas
from lib.sandbox.clock import Clock, TimeUp
from lib.serialization import strict_json

JOBS: dict[str, Callable[..., Any]] = {
    "broken_references": schemas.broken_references,
    "evaluate": expressions.evaluate,
    "inspect": expressions.inspect,
    "sample": samples.sample,
    "sketch": samples.sketch,
    "validate": schemas.validate,
}

_MEMORY = 1 << 30


def main(loaded: Callable[[], None]) -> None:
    """Serve until the other side closes the socket. All is loaded once `loaded` is called."""
    stream = _own_socket()
    schemas.warm_up()
    samples.warm_up()
    expressions.warm_up()
    loaded()
    _confine()
    clock = Clock()
    _send(stream, {"status": "ready"})
    while size := stream.read(4):
        request = strict_json.loads(stream.read(int.from_bytes(size)).decode())
        _send(stream, _answer(clock, request))


def _answer(clock: Clock, request: dict[str, Any]) -> dict[str, Any]:
    try:
        try:
            clock.start(request["timeout_ms"])
            result = JOBS[request["job"]](**request["arguments"])
        finally:
            clock.stop()
    except TimeUp as time_up:
        return {"status": "timed_out", "at": time_up.at}
    except MemoryError:
        return {"status": "failed", "error": "needs too much memory"}
    except Exception as error:
        return {"status": "failed", "error": f"could not be evaluated ({type(error).__name__})"}
    return {"status": "done", "result": result}


def _send(stream: BufferedRWPair, message: dict[str, Any]) -> None:
    content = strict_json.dumps(message).encode()
    stream.write(len(content).to_bytes(4) + content)
    stream.flush()


def _own_socket() -> BufferedRWPair:
    """The socket that came as standard input and output; those two point elsewhere now: libraries print."""
    stream = socket.socket(fileno=os.dup(0)).makefile("rwb")
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 0)
    os.dup2(nowhere, 1)
    os.close(nowhere)
    return stream


def _confine() -> None:
    """From here on: no new file, no network, no endless memory, nothing printed."""
    sys.set_int_max_str_digits(0)  # JSON's numbers have more than Python reads by itself; here a clock bounds it
    os.dup2(0, 2)
    limits = (resource.RLIMIT_AS, _MEMORY), (resource.RLIMIT_CORE, 0), (resource.RLIMIT_NOFILE, 0)
    for limit, most in limits:
        with contextlib.suppress(ValueError, OSError):  # not every system has every limit
            resource.setrlimit(limit, (most, most))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C ends the parent, whose socket then ends us
