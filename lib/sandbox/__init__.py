"""Runs what tenants wrote (JSONata, JSON Schema) in child processes that can be killed.

Neither can be bounded inside a thread: a regular expression, a uniqueItems or a recursion may take hours,
and nothing stops it. A child bounds the memory and the CPU time of each job. It is CPU time so that a good
expression does not fail because the machine is busy. A child that does not answer is killed, and the next one is
started. Children hold no setting, no connection and no open file of ours.

Nobody waits for a free child without end, and what is done `within` some seconds spends no more on its jobs together.

This side only knows jobs by name; lib/sandbox/child.py, which the child runs, says what they do.
"""

from __future__ import annotations

import atexit
import math
import os
import queue
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from lib.errors import CatalogError
from lib.sandbox.clock import OVERDUE
from lib.serialization import strict_json

#: One serves, the second takes over while the first is busy with something slow.
CHILDREN = 2
#: Seconds that a job waits for a free child. So long, because a run fails over an expression that was not tried.
MOST_WAITING = 30.0
#: Characters of an expression. A longer one is refused.
LONGEST_EXPRESSION = 10_000

_ROOT = Path(__file__).resolve().parents[2]
_START_SECONDS = 30.0
# Passed on to children; everything else (passwords!) is not.
_ENVIRONMENT = ("PATH", "LD_LIBRARY_PATH", "PYTHONHOME", "PYTHONPATH", "SYSTEMROOT")
# In KiB. Without it, the allocator of the expression engine reserves at once all the addresses that a child may have.
_SETTINGS = {"MIMALLOC_ARENA_RESERVE": "32768"}


class SandboxError(CatalogError):
    """A job gave no answer; the message says why."""


class TimedOut(SandboxError):
    """A job used up its time and was stopped."""

    def __init__(self, message: str = "took too long and was stopped", *, at: int | None = None) -> None:
        super().__init__(message)
        #: For a job of several parts: the number of the part it happened in, if the child could still say.
        self.at = at


class NotTried(TimedOut):
    """A job was not begun, as its time was over before. That says nothing of the job: later it may be done."""


class _Budget:
    """Seconds that jobs may still take together, their waiting included."""

    def __init__(self, seconds: float) -> None:
        self.left = seconds

    @contextmanager
    def spent(self) -> Iterator[None]:
        """Take the time of the block from it."""
        since = time.monotonic()
        try:
            yield
        finally:
            self.left -= time.monotonic() - since


_ENDLESS = _Budget(math.inf)
_budget: ContextVar[_Budget] = ContextVar("budget")


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """While the block runs, its jobs begin only until they took so many seconds together; then they raise NotTried.

    A block inside another one spends the time of that. Time that passes between jobs does not count.
    """
    if _budget.get(_ENDLESS) is not _ENDLESS:
        yield
        return
    before = _budget.set(_Budget(seconds))
    try:
        yield
    finally:
        _budget.reset(before)


def run(job: str, arguments: dict[str, Any], *, timeout_ms: int) -> Any:
    """Run a job by name and return what it returns; JSON both ways. Safe from any thread.

    `timeout_ms` is CPU time; the child has at most four times that and a second to answer. Raises TimedOut, NotTried
    when no child was free in time or the block around has no time left, or SandboxError when the child ran out of
    memory or died.
    """
    budget = _budget.get(_ENDLESS)
    if budget.left <= 0:
        raise NotTried("was not tried: what came before it took all of the time")
    request = strict_json.dumps({"job": job, "arguments": arguments, "timeout_ms": timeout_ms}).encode()
    with budget.spent():
        reply = _asked(_free_child(min(budget.left, MOST_WAITING)), request, timeout_ms)
    if reply["status"] == "timed_out":
        raise TimedOut(at=reply["at"])
    if reply["status"] == "failed":
        raise SandboxError(reply["error"])
    return reply["result"]


def _free_child(seconds: float) -> _Child | None:
    try:
        return _idle.get(timeout=seconds)
    except queue.Empty:
        raise NotTried("was not tried: other work kept all processes busy") from None


def _asked(child: _Child | None, request: bytes, timeout_ms: int) -> dict[str, Any]:
    """The reply of a child that was at rest, and then is again; another one takes the place of one that fails."""
    try:
        child = child or _Child()
        return child.ask(request, timeout_ms)
    except BaseException as error:
        overdue = child is not None and child.kill() == -OVERDUE
        child = _Child()  # starting takes a second: better now, beside other work, than in the next call
        if isinstance(error, TimeoutError) or overdue:
            raise TimedOut from None
        if isinstance(error, OSError | EOFError):
            raise SandboxError("broke its process, most likely by needing too much memory") from error
        raise
    finally:
        _idle.put(child)


def start() -> None:
    """Start a child without waiting for it, so that the first job need not wait a second either."""
    child = _idle.get()
    _idle.put(child or _Child())


def stop() -> None:
    """End the children at rest; the next job starts new ones."""
    resting = [_idle.get() for _ in range(_idle.qsize())]
    for child in filter(None, resting):
        child.kill()
    for _ in resting:
        _idle.put(None)


class _Child:
    """One child process and the socket to it."""

    def __init__(self) -> None:
        self._socket, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "lib.sandbox"],
                cwd=_ROOT,
                env={name: os.environ[name] for name in _ENVIRONMENT if name in os.environ} | _SETTINGS,
                stdin=theirs.fileno(),
                stdout=theirs.fileno(),
            )
        self._ready = False

    def ask(self, request: bytes, timeout_ms: int) -> dict[str, Any]:
        """Send a request and wait for its reply. Raises TimeoutError, EOFError, OSError."""
        if not self._ready:
            self._receive(time.monotonic() + _START_SECONDS)
            self._ready = True
        deadline = time.monotonic() + (timeout_ms * 4 + 1000) / 1000
        self._socket.settimeout(deadline - time.monotonic())
        self._socket.sendall(len(request).to_bytes(4) + request)
        reply: dict[str, Any] = strict_json.loads(self._receive(deadline).decode())
        return reply

    def kill(self) -> int:
        """End the process, whatever it is doing, and say with which code it ended."""
        self._process.kill()
        self._socket.close()
        return self._process.wait()

    def _receive(self, deadline: float) -> bytes:
        return self._read(int.from_bytes(self._read(4, deadline)), deadline)

    def _read(self, size: int, deadline: float) -> bytes:
        received = bytearray()
        while len(received) < size:
            self._socket.settimeout(max(deadline - time.monotonic(), 0.001))
            chunk = self._socket.recv(size - len(received))
            if not chunk:
                raise EOFError
            received += chunk
        return bytes(received)


#: Children at rest; None stands for one that is not started yet. Last in, first out keeps one warm.
_idle: queue.LifoQueue[_Child | None] = queue.LifoQueue()


def _fill() -> None:
    for _ in range(CHILDREN):
        _idle.put(None)


def _forget() -> None:
    """In a forked copy of this process: the children are the original's."""
    global _idle
    _idle = queue.LifoQueue()
    _fill()


_fill()
atexit.register(stop)
os.register_at_fork(after_in_child=_forget)
