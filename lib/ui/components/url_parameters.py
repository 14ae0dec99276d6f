"""Kinds of parameters that a URL may have: how each is written, read and cleared. url_filters draws them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Generic, Literal, Protocol, TypeVar

import streamlit as st

from lib.database.paging import Cursor
from lib.errors import InvalidInput
from lib.serialization import strict_json

T = TypeVar("T")

#: The choice that narrows nothing.
ALL: Literal["all"] = "all"


class Parameter(Protocol):
    """A parameter of the URL, of which `read` makes the spelling that its widget understands."""

    @property
    def key(self) -> str:
        """Its name in the URL, and its widget's key."""
        ...

    def read(self, written: str) -> str:
        """The value as it is spelled; raises ValueError with what it is not."""
        ...


class Clearable(Parameter, Protocol):
    """A parameter that is a filter."""

    @property
    def cleared(self) -> object:
        """What its widget holds when it narrows nothing."""
        ...


class Position(Parameter, Protocol):
    """A parameter that says where in the list one is, which means nothing once a filter has changed."""

    def reset(self) -> None:
        """Go back to the beginning."""
        ...


@dataclass(frozen=True)
class Choice(Generic[T]):
    """One of several values, each with its label: a segmented control, or a select box.

    Without options any value will do: they are not known yet, or others may be typed. Of a select box, `placeholder`
    are the words for the choice that narrows nothing, which is the first of its options. Without such an option,
    Escape would empty the box.
    """

    key: str
    label: str
    options: Mapping[T, str] = field(default_factory=dict)
    placeholder: str = ""
    default: T | None = None
    segmented: bool = False
    width: int | Literal["stretch", "content"] | None = None
    help: str | None = None
    noun: str = ""
    others: bool = False

    def __post_init__(self) -> None:
        if self.has_any:
            object.__setattr__(self, "options", {ALL: self.placeholder, **self.options})
            object.__setattr__(self, "default", ALL)

    @property
    def has_any(self) -> bool:
        """Whether its first option was added to those given, and narrows nothing."""
        return bool(self.placeholder) and not self.segmented

    @property
    def cleared(self) -> T | None:
        """What its widget holds when it narrows nothing."""
        return self.default

    def of(self, options: Mapping[T, str]) -> Choice[T]:
        """The same among these options, as the database has them."""
        return replace(self, options=options)

    def read(self, written: str) -> str:
        """The label of what is asked for by label or value, in any case."""
        known = {value: label for value, label in self.options.items() if not (self.has_any and value == ALL)}
        if not known or (self.others and written not in self.options.values()):
            return _storable(written)
        sought = written.casefold()
        for value, label in self.options.items():
            if sought in (label.casefold(), str(value).casefold()):
                return label
        raise ValueError(f"not {self.noun or 'one of ' + ', '.join(known.values())}")

    def shown(self, value: T) -> str:
        """The label of a value; one that was typed is its own."""
        return self.options.get(value, str(value))


@dataclass(frozen=True)
class Text:
    """A text that is searched for as it is written."""

    key: str
    label: str
    placeholder: str = ""
    help: str | None = None
    cleared: str = ""

    def read(self, written: str) -> str:
        """The text itself."""
        return _storable(written)


@dataclass(frozen=True)
class Names:
    """Any number of names, others than the known ones too."""

    key: str
    label: str
    placeholder: str = ""
    width: int = 240
    cleared: Sequence[str] = ()

    def read(self, written: str) -> str:
        """The name itself."""
        return _storable(written)


@dataclass(frozen=True)
class Flag:
    """Whether something is switched on."""

    key: str
    cleared: bool = False

    def read(self, written: str) -> str:
        """In lower case, as Streamlit writes it."""
        if written.lower() not in ("true", "false"):
            raise ValueError("not one of true, false")
        return written.lower()


@dataclass(frozen=True)
class Place:
    """A place in a list, as a cursor is written. No widget is bound to it."""

    key: str

    def read(self, written: str) -> str:
        """The place itself, if it is one."""
        if Cursor.parse(written) is None:
            raise ValueError("no place in the list")
        return written

    def asked(self) -> Cursor | None:
        """The place that the URL names."""
        return Cursor.parse(st.query_params.get(self.key))

    def reset(self) -> None:
        """Back to the beginning of the list."""
        st.query_params.pop(self.key, None)


@dataclass(frozen=True)
class Number:
    """A number of up to six digits that counts from 1, such as that of a page. `reset` is for one with a widget."""

    key: str
    noun: str = "page"
    last: int | None = None
    cleared: int = 1

    def up_to(self, last: int) -> Number:
        """The same among this many."""
        return replace(self, last=last)

    def read(self, written: str) -> str:
        """The number without zeros before it."""
        digits = written.lstrip("0")
        if not (digits.isdecimal() and len(digits) < 7):
            raise ValueError(f"no number of a {self.noun}")
        if self.last is not None and int(digits) > self.last:
            raise ValueError(f"past the last {self.noun}, {self.last}")
        return str(int(digits))

    def reset(self) -> None:
        """Back to the first page."""
        st.session_state[self.key] = self.cleared

    def asked(self) -> int:
        """The number before its widget is drawn: the widget's of the last run, else the URL's, else 1."""
        try:
            return int(self.read(str(asked(self.key) or self.cleared)))
        except ValueError:
            return self.cleared


def asked(key: str) -> Any:
    """A filter's value before its widget is drawn: the widget's of the last run, else the URL's."""
    return st.session_state[key] if key in st.session_state else st.query_params.get(key)


def emptied(parameter: Parameter) -> Any:
    """What the parameter's widget holds when it narrows nothing; None for a place in a list, which has no widget."""
    return list(parameter.cleared) if isinstance(parameter, Names) else getattr(parameter, "cleared", None)


def spelled(parameter: Parameter, held: Any) -> list[str]:
    """How the URL has what the parameter's widget holds."""
    if held is None or held == emptied(parameter):
        return []
    if isinstance(parameter, Choice):
        return [parameter.shown(held)]
    if isinstance(parameter, Names):
        return list(held)
    return [str(held).lower() if isinstance(parameter, Flag) else str(held)]


def held(parameter: Parameter, written: Sequence[str]) -> Any:
    """What the parameter's widget holds when the URL has these values; raises ValueError with what they are not."""
    read = [parameter.read(one) for one in written]
    if not read:
        return emptied(parameter)
    if isinstance(parameter, Choice):
        return next((value for value, label in parameter.options.items() if label == read[-1]), read[-1])
    if isinstance(parameter, Names):
        return read
    if isinstance(parameter, Flag):
        return read[-1] == "true"
    return int(read[-1]) if isinstance(parameter, Number) else read[-1]


def _storable(written: str) -> str:
    """The text itself, if anything stored can hold or equal it."""
    try:
        strict_json.check_text(written, field="text")
    except InvalidInput as error:
        raise ValueError(f"not to be found, as it {error.cause}") from None
    return written
