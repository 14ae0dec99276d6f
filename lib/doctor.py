"""`python -m lib.doctor`: whether the application can start with these settings, and if not, what to do.

It changes nothing. It ends with 0 when all is well, and with 3 otherwise, like everything that cannot start.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator

from lib import command_line, database
from lib.database.checks import Check
from lib.errors import ConfigurationError
from lib.operations import fitting_settings
from lib.settings import Settings, settings


def main() -> int:
    """Print every check with its state; the process's exit status."""
    argparse.ArgumentParser("python -m lib.doctor", description=__doc__).parse_args()
    try:
        given = settings()
    except ConfigurationError as error:
        command_line.say(_line(Check("settings", "cannot be read", str(error))))
        return error.exit_code
    checks = []
    for check in _checks(given):
        command_line.say(_line(check))
        checks.append(check)
    failed = [check for check in checks if check.problem]
    command_line.say(f"\n{len(failed)} of {len(checks)} checks failed." if failed else "\nAll is well.")
    return ConfigurationError.exit_code if failed else 0


def _checks(given: Settings) -> Iterator[Check]:
    yield Check("settings", "read")
    # All processes have the same settings, so those of workers are checked where they are processes of their own, too.
    yield from fitting_settings.examine(given, serves=True, executes=True)
    yield from database.examine(given)


def _line(check: Check) -> str:
    state = "FAILED" if check.problem else "ok"
    return f"{state:7}{check.name}: {check.found}" + (f"\n       {check.problem}" if check.problem else "")


if __name__ == "__main__":
    sys.exit(main())
