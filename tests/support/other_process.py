"""Another process of the application on the same database, which does what a test asks it and keeps its own memory.

`python -m tests.support.other_process OWNER_URL APP_URL` reads calls from its input, a line of JSON each: a function of
this repository by its full name, and its arguments. It answers each with a line.
"""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

from lib import database
from lib.database import Database
from tests.support.waiting import PATIENCE

ROOT = Path(__file__).resolve().parents[2]


class OtherProcess:
    """The process, as the test that asks it."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def ask(self, function: str, *args: Any) -> None:
        """Let it call that function of a test module, and go on here."""
        out = cast(IO[str], self._process.stdin)
        out.write(json.dumps([function, args]) + "\n")
        out.flush()

    def answer(self) -> Any:
        """What the function gave that it was asked for first."""
        line = cast(IO[str], self._process.stdout).readline()
        assert line, "the other process has ended"
        answer = json.loads(line)
        assert "error" not in answer, answer["error"]
        return answer["value"]

    def call(self, function: str, *args: Any) -> Any:
        """Let it call that function, and give what that gave."""
        self.ask(function, *args)
        return self.answer()


@contextmanager
def other_process(db: Database) -> Iterator[OtherProcess]:
    """A process on the same database, until the context ends."""
    urls = [engine.url.render_as_string(hide_password=False) for engine in (db.owner, db.app)]
    command = [sys.executable, "-m", "tests.support.other_process", *urls]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield OtherProcess(process)
    finally:
        cast(IO[str], process.stdin).close()
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        cast(IO[str], process.stdout).close()


def _serve(owner_url: str, app_url: str) -> None:
    out = sys.stdout
    sys.stdout = sys.stderr  # what is printed along the way is no answer
    owner, app = database.owner_engine(owner_url), database.app_engine(app_url)
    database.use(Database(owner, app, app_has_login=True, statement_timeout_ms=5000, server=None))
    for line in sys.stdin:
        name, args = json.loads(line)
        module, _, function = name.rpartition(".")
        try:
            answer = {"value": getattr(importlib.import_module(module), function)(*args)}
        except Exception:
            answer = {"error": traceback.format_exc()}
        out.write(json.dumps(answer) + "\n")
        out.flush()
    database.current().dispose()


if __name__ == "__main__":
    _serve(*sys.argv[1:])
