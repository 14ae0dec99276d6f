"""What a command prints, and how it ends where somebody breaks it off: in a sentence, and never in a traceback.

A command imports this before anything else: what it loads takes a second, and Ctrl-C may come meanwhile.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from types import TracebackType
from typing import NoReturn

from lib.errors import CatalogError, end_process

# As a shell says it of a process that wrote to a pipe which nobody read any more.
_NOBODY_READS = 141
# No command says anything else with it than that it could not do its work.
_NOT_WRITTEN = 2


def say(text: str) -> None:
    """Print the text at once, with escapes for characters that the output's encoding lacks.

    Where it cannot be written the process ends. So what must not be done unseen, such as a token that is shown once,
    is said before it is committed.
    """
    if not sys.stdout:  # as Python has it where there was none to begin with
        _end("it is closed")
    encoding = sys.stdout.encoding or "utf-8"
    try:
        print(text.encode(encoding, "backslashreplace").decode(encoding), flush=True)
    except BrokenPipeError:
        _forget_output()
        sys.exit(_NOBODY_READS)
    except OSError as error:
        _forget_output()
        _end(str(error.strerror))


def complain(text: str) -> None:
    """Print the text on stderr, if anybody reads that."""
    with suppress(OSError):
        print(text, file=sys.stderr, flush=True)


def _end(why: str) -> NoReturn:
    end_process(CatalogError(f"The output cannot be written: {why}."), exit_code=_NOT_WRITTEN)


def _forget_output() -> None:
    """What is still kept to be written would fail once more when the process ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _excepthook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Say what ends the process. After Ctrl-C Python then ends it by that signal, as shells expect."""
    if issubclass(kind, KeyboardInterrupt):
        complain("Stopped before the end.")
    else:
        sys.__excepthook__(kind, error, trace)


sys.excepthook = _excepthook
