"""The log of a process: one handler for every logger, ours and those of libraries, in one of two formats.

A line has the ids of the work under way (lib.telemetry.context). What does not print is written as its escape, in both
formats, so no text can begin a line of its own, colour a terminal or turn the direction of what follows. Of an error
the log has its type and where it happened, never its text, which may hold a payload.
"""

from __future__ import annotations

import json
import logging
import sys
import threading
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime
from types import TracebackType

from lib.errors import CatalogError
from lib.serialization.json_values import printable
from lib.settings import Settings
from lib.telemetry import context, traces

#: Libraries that tell at INFO what an operator wants to know; of all others the log has warnings.
_TELLING = ("lib", "alembic", "uvicorn", "streamlit")
#: Says every request, with what its URL carries.
_SILENT = "uvicorn.access"
_MOST_CAUSES = 5


def set_up(settings: Settings) -> None:
    """Have every logger of this process write to stderr in the format and from the level that are set."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter(settings))
    handler.setLevel(settings.log_level)
    for logger in list(logging.root.manager.loggerDict.values()):
        if isinstance(logger, logging.Logger):
            adopt(logger)
    for old in list(logging.root.handlers):
        logging.root.removeHandler(old)
    logging.root.addHandler(handler)
    logging.root.setLevel(logging.WARNING)
    for name in _TELLING:
        logging.getLogger(name).setLevel(logging.INFO)
    logging.getLogger("lib").setLevel(settings.log_level)
    logging.captureWarnings(True)
    sys.excepthook = _uncaught
    threading.excepthook = lambda args: _uncaught(args.exc_type, args.exc_value, args.exc_traceback)


def formatter(settings: Settings) -> logging.Formatter:
    """The format that is set, else JSON where machines are likely to read the log: beside a database of its own."""
    is_json = settings.log_format == "json" if settings.log_format else not settings.embedded
    return JsonLines() if is_json else TextLines()


def adopt(logger: logging.Logger) -> None:
    """Take the logger's own handlers and level away, so that its lines go where all others go."""
    if logger.name == _SILENT:
        logger.handlers[:], logger.propagate = [], False
        return
    # One that does nothing stays: a library that finds none may add its own again.
    logger.handlers[:] = [logging.NullHandler()]
    logger.propagate = True
    logger.setLevel(logging.NOTSET)


class TextLines(logging.Formatter):
    """For people: time, level, logger and message, then the ids; below it where an error happened."""

    def format(self, record: logging.LogRecord) -> str:
        """The lines of a record."""
        known = "".join(f" {name}={printable(value)}" for name, value in _ids(record).items())
        line = f"{_time(record)} {record.levelname} {record.name}: {_message(record)}{known}"
        return line + "".join(f"\n    {part}" for part in _error(record))


class JsonLines(logging.Formatter):
    """For machines: one JSON object a line. `error` is the type of an error, `error_trace` where it happened."""

    def format(self, record: logging.LogRecord) -> str:
        """The line of a record."""
        said: dict[str, object] = {
            "time": _time(record),
            "level": record.levelname,
            "logger": record.name,
            "message": _message(record),
            "process": record.process,
            **{name: printable(value) for name, value in _ids(record).items()},
        }
        if error := _error(record):
            said["error"], said["error_trace"] = error[0], error[1:]
        return json.dumps(said)


def where(error: BaseException) -> list[str]:
    """What an error is, what caused it, and where each happened. An expected one needs no more than its type."""
    return [printable(part) for part in _parts(error)]


def _parts(error: BaseException) -> Iterator[str]:
    current: BaseException | None = error
    for number in range(_MOST_CAUSES):
        if current is None:
            return
        # Of texts only the system's own is harmless: "No space left on device".
        text = current.strerror if isinstance(current, OSError) and isinstance(current.strerror, str) else ""
        yield ("caused by " if number else "") + type(current).__name__ + (f": {text}" if text else "")
        if isinstance(current, CatalogError):
            return
        for frame in traceback.extract_tb(current.__traceback__):
            yield f"{frame.filename}:{frame.lineno} in {frame.name}"
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)


def _error(record: logging.LogRecord) -> list[str]:
    error = getattr(record, "error", None) or (record.exc_info and record.exc_info[1])
    return where(error) if isinstance(error, BaseException) else []


def _ids(record: logging.LogRecord) -> dict[str, str]:
    """Those of the work under way, and those that the line was given with `extra`."""
    known = {**context.ids(), **{name: str(value) for name, value in record.__dict__.items() if name in context.NAMES}}
    return {name: known[name] for name in context.NAMES if name in known} | dict(traces.ids())


def _message(record: logging.LogRecord) -> str:
    try:
        return printable(record.getMessage())
    except Exception:  # a library's arguments do not fit its message
        return printable(str(record.msg))


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _uncaught(kind: type[BaseException], error: BaseException | None, _: TracebackType | None) -> None:
    if error is not None and not issubclass(kind, KeyboardInterrupt | SystemExit):
        logging.getLogger(__name__).critical("Nobody handles this error.", extra={"error": error})
