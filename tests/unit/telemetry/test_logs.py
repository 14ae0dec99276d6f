"""A line of the log is one line, has the ids of what it is about, and cannot be bent by what others wrote."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import threading
from collections.abc import Iterator
from uuid import uuid4

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lib.errors import DatabaseUnavailable
from lib.settings import Settings
from lib.telemetry import context, logs

CANARY = "Zq7-of-a-payload"
#: What ends lines, colours terminals, rings, clears, turns the direction of text or hides in it.
BENT = "a\rb\nc\x1b[2Jd\x1b]0;e\x07f\x00g\x9bh\x85i\u2028j\u202ek\u2066l\u200fm\ufeffn\ud800o\x7f"


def line(formatter: logging.Formatter, message: str, *arguments: object, **extra: object) -> str:
    record = logging.getLogger("lib.somewhere").makeRecord(
        "lib.somewhere", logging.WARNING, __file__, 1, message, arguments, None, extra=extra
    )
    return formatter.format(record)


@given(st.text(), st.text(min_size=1), st.text(min_size=1))
@example(BENT, BENT, BENT)
@example('"}{"level":"x"', '","x":"', "%s")
def test_what_anybody_wrote_stays_where_it_was_put(event_type: str, tenant: str, header: str) -> None:
    with context.about(tenant=tenant, request_id=header):
        told = line(logs.JsonLines(), "Event %s failed.", event_type)
        shown = line(logs.TextLines(), "Event %s failed.", event_type)
    assert told.isascii() and told.isprintable() and shown.isprintable()
    said = json.loads(told)
    assert said.keys() == {"time", "level", "logger", "message", "process", "tenant", "request_id"}
    # Inert too when a reader of the log has decoded the line.
    assert all(value.isprintable() for value in said.values() if isinstance(value, str))
    assert (said["level"], said["logger"]) == ("WARNING", "lib.somewhere")
    if event_type.isprintable():
        assert said["message"] == f"Event {event_type} failed."
    assert said["message"] in shown


def test_a_line_has_the_ids_of_the_work_under_way_and_its_own() -> None:
    run = uuid4()
    with context.about(request_id="r", tenant="t"):
        with context.about(event_id="e"):
            inside = json.loads(line(logs.JsonLines(), "said", run_id=run))
        context.also_about(tenant="u")
        beside = json.loads(line(logs.JsonLines(), "said"))
    after = json.loads(line(logs.JsonLines(), "said"))
    assert {name: inside.get(name) for name in context.NAMES} == {
        "request_id": "r",
        "tenant": "t",
        "event_id": "e",
        "run_id": str(run),
    }
    assert (beside["tenant"], beside.get("event_id")) == ("u", None)
    assert not after.keys() & set(context.NAMES)


def failing() -> Exception:
    try:
        try:
            raise KeyError(CANARY)
        except KeyError as error:
            raise ValueError(f"no {CANARY}") from error
    except ValueError as error:
        return error


def test_an_error_is_told_in_fields_without_its_text() -> None:
    error = failing()
    by_extra = line(logs.JsonLines(), "It failed.", error=error)
    record = logging.LogRecord("x", logging.ERROR, __file__, 1, "It failed.", (), (type(error), error, None))
    for told in (by_extra, logs.JsonLines().format(record)):
        said = json.loads(told)
        assert said["message"] == "It failed." and said["error"] == "ValueError"
        assert "caused by KeyError" in said["error_trace"]
        assert any(f"in {failing.__name__}" in part for part in said["error_trace"])
        assert CANARY not in told
    shown = line(logs.TextLines(), "It failed.", error=error)
    assert CANARY not in shown and "ValueError" in shown and shown.splitlines()[1].startswith("    ")


def test_an_expected_error_comes_without_a_trace() -> None:
    try:
        raise DatabaseUnavailable
    except DatabaseUnavailable as error:
        said = json.loads(line(logs.JsonLines(), "It waits.", error=error))
    assert (said["error"], said["error_trace"]) == ("DatabaseUnavailable", [])


def test_of_the_systems_own_errors_the_text_is_told() -> None:
    assert logs.where(OSError(28, "No space left on device"))[0] == "OSError: No space left on device"


@pytest.fixture
def as_before() -> Iterator[None]:
    """Puts logging back as it was."""
    root = logging.root
    kept = (root.handlers[:], root.level, sys.excepthook, threading.excepthook)
    each = {
        name: (one.handlers[:], one.propagate, one.level)
        for name, one in root.manager.loggerDict.items()
        if isinstance(one, logging.Logger)
    }
    yield
    logging.captureWarnings(False)
    root.handlers[:], root.level, sys.excepthook, threading.excepthook = kept
    for name, (handlers, propagate, level) in each.items():
        logger = logging.getLogger(name)
        logger.handlers[:], logger.propagate = handlers, propagate
        logger.setLevel(level)


def test_every_logger_goes_the_same_way(as_before: None, capsys: pytest.CaptureFixture[str]) -> None:
    names = ["lib.runs", "streamlit.runtime", "uvicorn.error", "dbos", "alembic.runtime.migration", "any.library"]
    for name in names:  # as libraries do that bring their own
        logging.getLogger(name).addHandler(logging.StreamHandler(sys.stderr))
        logging.getLogger(name).propagate = False
    logs.set_up(Settings(database_url="postgresql://unused"))
    for name in names:
        logging.getLogger(name).warning("of %s", name)
        logging.getLogger(name).debug("not of %s", name)
    threading.Thread(target=lambda: 1 / 0, name="breaks").start()
    for thread in threading.enumerate():
        if thread.name == "breaks":
            thread.join()
    said = [json.loads(told) for told in capsys.readouterr().err.splitlines()]
    assert [(one["logger"], one["message"]) for one in said[:-1]] == [(name, f"of {name}") for name in names]
    assert (said[-1]["level"], said[-1]["error"]) == ("CRITICAL", "ZeroDivisionError")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, logs.TextLines),
        ({"database_url": "postgresql://unused"}, logs.JsonLines),
        ({"log_format": "json"}, logs.JsonLines),
        ({"database_url": "postgresql://unused", "log_format": "text"}, logs.TextLines),
    ],
)
def test_lines_are_json_where_machines_read_them(given: dict[str, str], expected: type) -> None:
    settings = Settings(_env_file=None, **given)  # type: ignore[call-arg, arg-type]
    assert type(logs.formatter(settings)) is expected


def test_a_process_that_breaks_off_says_so_in_one_line() -> None:
    script = (
        "from lib.settings import Settings; from lib.telemetry import logs;"
        f"logs.set_up(Settings(log_format='json')); raise ValueError('{CANARY}')"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    (told,) = done.stderr.splitlines()
    assert json.loads(told)["error"] == "ValueError" and CANARY not in told and done.returncode == 1
