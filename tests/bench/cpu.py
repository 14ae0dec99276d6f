"""CPU that processes take, those below them included: what holds on a busy machine, where seconds do not."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import psutil

from tests.e2e.conftest import RunningApp


@dataclass(frozen=True)
class Cpu:
    """Seconds of CPU: of the app's own process, of those that it started, and of PostgreSQL with its backends."""

    app: float
    children: float
    postgresql: float

    @property
    def total(self) -> float:
        """Of all of them."""
        return self.app + self.children + self.postgresql

    def __sub__(self, other: Cpu) -> Cpu:
        return Cpu(self.app - other.app, self.children - other.children, self.postgresql - other.postgresql)

    def __mul__(self, factor: float) -> Cpu:
        return Cpu(self.app * factor, self.children * factor, self.postgresql * factor)


@dataclass(frozen=True)
class Meter:
    """Reads the CPU of an app and of its embedded PostgreSQL; `idle` is what they take a second doing nothing."""

    app: psutil.Process
    postmaster: psutil.Process
    idle: Cpu = Cpu(0, 0, 0)

    @classmethod
    def of(cls, app: RunningApp) -> Meter:
        """The meter of an app that runs."""
        pid_file = app.data_dir / "postgres" / "postmaster.pid"
        return cls(psutil.Process(app.process.pid), psutil.Process(int(pid_file.read_text().split()[0])))

    def taken_by(self, act: Callable[[], object]) -> Cpu:
        """What it takes until it is done, without what they take anyway."""
        begun, before = time.monotonic(), self._read()
        act()
        return self._read() - before - self.idle * (time.monotonic() - begun)

    def _read(self) -> Cpu:
        app = self.app.cpu_times()
        return Cpu(app.user + app.system, _of_tree(self.app) - app.user - app.system, _of_tree(self.postmaster))


def _of_tree(root: psutil.Process) -> float:
    """CPU of a process and all below it since they began. The system adds those that have ended to their parents."""
    while True:
        try:
            return sum(sum(one.cpu_times()[:4]) for one in (root, *root.children(recursive=True)))
        except psutil.NoSuchProcess:
            root.cpu_times()  # raises if it is the root that is gone, else one ended meanwhile
