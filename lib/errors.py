"""Every error of the domain, in one tree. A message is a sentence fit for the person who reads it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from typing import ClassVar, NoReturn


def end_process(error: CatalogError, *, exit_code: int | None = None) -> NoReturn:
    """End this process with the error's sentence on stderr, and with its exit code or that one."""
    with suppress(OSError):  # nobody reads it, and the exit code says enough
        print("\n".join(map(printable, error.for_operators.splitlines())), file=sys.stderr)
    sys.exit(error.exit_code if exit_code is None else exit_code)


def printable(text: str) -> str:
    """The text without what a terminal would obey."""
    return "".join(character if character.isprintable() else "?" for character in text)


class CatalogError(Exception):
    """Something the catalog refuses or cannot do; str() of it may be shown to the user."""

    #: How a process ends that this keeps from its work.
    exit_code: ClassVar[int] = 1

    @property
    def for_operators(self) -> str:
        """What whoever runs the process is told."""
        return str(self)


class InvalidInput(CatalogError):
    """A value that cannot be accepted; `field` names where it stands."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.cause = message

    @property
    def sentence(self) -> str:
        """The same for people. A cause in lower case is said of the field: "must not be empty"."""
        cause = self.cause if self.cause.endswith(".") else f"{self.cause}."
        return f"{self.field[:1].upper()}{self.field[1:]} {cause}" if cause[:1].islower() else f"{self.field}: {cause}"


class NotFound(CatalogError):
    """There is no such thing, or none that this tenant may see: both read the same."""


class DownloadEnded(CatalogError):
    """A link to a file was used, or its time is over."""

    def __init__(self) -> None:
        super().__init__(
            "This link is good for one download within minutes, and it was used or its time is over. "
            "Open Export again for a new one."
        )


class PermissionDenied(CatalogError):
    """The actor's permission does not reach this far.

    Whoever ends the transaction in which it was raised calls `keep`, as what is written in it is rolled back.
    """

    def __init__(self, message: str, keep: Callable[[], None] | None = None) -> None:
        super().__init__(message)
        self._keep = keep

    def keep(self) -> None:
        """Write down that it was refused, the first time this is called."""
        keep, self._keep = self._keep, None
        if keep:
            keep()


class TokenEnded(CatalogError):
    """The API token that acts is none, has expired or was revoked."""

    def __init__(self) -> None:
        super().__init__("This token is not known here, has expired or was revoked.")


class SignInRefused(CatalogError):
    """What says who somebody is does not hold, or is not there."""

    def __init__(self) -> None:
        super().__init__("You are not signed in.")


class SignInUnavailable(CatalogError):
    """Whoever vouches for people cannot be asked right now."""

    def __init__(self) -> None:
        super().__init__("The sign-in service does not answer at the moment. Please try again in a few minutes.")


class TookTooLong(CatalogError):
    """A statement was stopped at its time."""


class Conflict(CatalogError):
    """Someone else changed it first, or the name is taken."""


class ChangedMeanwhile(Conflict):
    """Somebody, perhaps the same person in another tab, changed it after it was looked at. Nothing was written."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"{what} was changed since you opened it, so nothing was saved. Close this and open it again: "
            "it shows what holds now."
        )


class SchemaConflict(Conflict):
    """A schema differs from the one already registered under the same ref."""


class MappingError(InvalidInput):
    """A mapping or an expression that cannot be applied; `field` is the target it was for."""

    @property
    def sentence(self) -> str:
        """Target and cause: a cause here is about an expression, not about the target."""
        return str(self)

    @property
    def target(self) -> str:
        """The target, as the mapping spells it."""
        return self.field


class DatabaseUnavailable(CatalogError):
    """The database does not answer, or cannot store anything; it may again in a moment."""

    def __init__(self, message: str = "The database does not answer at the moment.", *, why: str | None = None) -> None:
        super().__init__(message)
        self._why = why

    @property
    def for_operators(self) -> str:
        """The same with why, which names hosts and logins."""
        return f"{self} Why: {self._why}" if self._why else str(self)


class ConfigurationError(CatalogError):
    """The settings or the database do not fit; nothing was started."""

    exit_code = 3


class QueryFileError(CatalogError):
    """A .sql file of ours is malformed; names file and line."""


class StepFailed(CatalogError):
    """A workflow step could not do what its configuration asks; `code` says why to a machine."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
