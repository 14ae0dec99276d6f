"""Filters that the URL has, so that a URL is a view to share.

A page declares its parameters once. Streamlit binds a widget to the parameter of its key: it writes and reads the label
of a choice, "Beta", and drops what it cannot read. People type "beta", or the name that another page has for the
parameter. `UrlFilters.begin` reads the URL before any widget does. It spells every value as its widget will, and keeps
what the URL asks for in vain, to be told until one filters anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

import streamlit as st
from streamlit.errors import StreamlitAPIException

from lib.ui.components import guard
from lib.ui.components.text import code, escape, shorten
from lib.ui.components.url_parameters import ALL, Choice, Clearable, Names, Parameter, Position, Text, asked

T = TypeVar("T")

_ARRIVED_AT = "filters_of"
_TEXT_WIDTH = 320


@dataclass(frozen=True)
class UrlFilters:
    """What a page's URL may ask for. `aliases` are names that other pages have for the same, and people will try.

    `implied` has for a choice the value that other parameters imply, such as a custom range by its ends.
    """

    page: str
    filters: tuple[Clearable, ...] = ()
    others: tuple[Parameter, ...] = ()
    positions: tuple[Position, ...] = ()
    aliases: Mapping[str, str] = field(default_factory=dict)
    implied: Mapping[str, tuple[str, tuple[str, str]]] = field(default_factory=dict)
    labels: Literal["visible", "collapsed"] = "collapsed"

    def begin(self, *known: Parameter) -> None:
        """Whenever someone comes to the page: spell the URL as the widgets do, and keep what it asks for in vain.

        `known` are parameters whose options the database has.
        """
        if st.session_state.get(_ARRIVED_AT) == self.page:
            return
        st.session_state[_ARRIVED_AT] = self.page
        given = {name: st.query_params.get_all(name) for name in st.query_params}
        written = {self.aliases.get(name, name): name for name in given}
        spelled = {self.aliases.get(name, name): values for name, values in given.items()}
        complaints = {}
        parameters = {one.key: one for one in (*self.filters, *self.others, *self.positions, *known)}
        for key in parameters.keys() & spelled.keys():
            values = spelled.pop(key)
            vain = [(value, reason) for value in values if (reason := in_vain(parameters[key], value))]
            if vain:
                complaints[key] = left_out(written[key], *vain[0])
            else:
                spelled[key] = [parameters[key].read(value) for value in values]
        for key, (value, by) in self.implied.items():
            if spelled.keys() & set(by):
                spelled.setdefault(key, [value])
        for key in parameters.keys() & spelled.keys():
            st.session_state.pop(key, None)  # what it held when this page was left is no longer asked for
        st.session_state[_complaints(self.page)] = {key: complaints[key] for key in parameters if key in complaints}
        if _respell(given, spelled):
            st.rerun()  # a widget reads the URL only before this run has touched it

    def choose(
        self,
        choice: Choice[T],
        *,
        changed: Callable[..., object] | None = None,
        args: tuple[Any, ...] = (),
        disabled: bool = False,
    ) -> T | None:
        """Draw the choice and read it; None for what narrows nothing. `changed` is what else a change does."""
        common: dict[str, Any] = {
            "key": choice.key,
            "bind": "query-params",
            "format_func": choice.shown,
            "label_visibility": self.labels,
            "help": choice.help,
            "disabled": disabled,
            "on_change": guard.callback(changed or self.changed),
            "args": args,
        }
        if choice.width is not None:
            common["width"] = choice.width
        options = list(choice.options)
        if choice.segmented:
            value = st.segmented_control(choice.label, options, default=choice.default, required=True, **common)
        else:
            value = st.selectbox(
                choice.label,
                options,
                index=None if choice.default is None else options.index(choice.default),
                placeholder=choice.placeholder or None,
                accept_new_options=choice.others,
                **common,
            )
        chosen: T | None = choice.default if value is None else value
        return None if chosen == ALL else chosen

    def type_text(self, text: Text) -> str | None:
        """Draw a field for an exact text and read it; None when it is empty."""
        typed = st.text_input(
            text.label,
            key=text.key,
            bind="query-params",
            placeholder=text.placeholder,
            help=text.help,
            width=_TEXT_WIDTH,
            on_change=guard.callback(self.changed),
        )
        return typed or None

    def search(self, text: Text, *, width: int) -> str:
        """Draw a field that searches while one types, and read it."""
        typed = st.text_input(
            text.label,
            key=text.key,
            bind="query-params",
            type="search",
            live="200ms",
            placeholder=text.placeholder,
            label_visibility=self.labels,
            width=width,
            on_change=guard.callback(self.changed),
        )
        return typed or ""

    def choose_names(self, names: Names, known: Iterable[str]) -> tuple[str, ...]:
        """Draw a field for names and read them."""
        chosen = st.multiselect(
            names.label,
            list(known),
            key=names.key,
            bind="query-params",
            width=names.width,
            placeholder=names.placeholder,
            label_visibility=self.labels,
            accept_new_options=True,
            on_change=guard.callback(self.changed),
        )
        return tuple(chosen)

    def check(self, parameter: Parameter) -> None:
        """What `begin` does, for a parameter of which only the answer to the page's query says what it can be."""
        written = str(asked(parameter.key) or "")
        if not written:
            return
        if reason := in_vain(parameter, written):
            complaints = st.session_state.setdefault(_complaints(self.page), {})
            complaints[parameter.key] = left_out(parameter.key, written, reason)
        elif _respell({parameter.key: [written]}, {parameter.key: [parameter.read(written)]}):
            st.rerun()

    def draw_complaints(self) -> None:
        """Tell what the URL asks for in vain."""
        for complaint in st.session_state.get(_complaints(self.page), {}).values():
            st.warning(complaint, icon=":material/link_off:")

    def changed(self) -> None:
        """Callback: a filter has changed. Back to the beginning of the list, with nothing more to complain of."""
        forget_complaints(self.page)
        for position in self.positions:
            position.reset()

    def clear(self) -> None:
        """Callback: back to everything, from the beginning."""
        self.take_out(*(one.key for one in self.filters))

    def take_out(self, *keys: str) -> None:
        """Callback: back to what these filters hold when they narrow nothing."""
        for one in self.filters:
            if one.key in keys:
                st.session_state[one.key] = list(one.cleared) if isinstance(one, Names) else one.cleared
        for key in keys:
            _, by = self.implied.get(key, ("", ()))
            for name in by:
                st.query_params.pop(name, None)
        self.changed()


def in_vain(parameter: Parameter, written: str) -> str | None:
    """What the value is not, as `left_out` says it; None when it can be read."""
    try:
        parameter.read(written)
    except ValueError as error:
        return str(error)
    return None


def left_out(name: str, value: str, reason: str) -> str:
    """A sentence in Markdown, for a parameter as it is written in the URL."""
    return f"{code(name)} in the address is left out: {code(shorten(value, 40))} is {escape(reason)}."


def forget_complaints(page: str) -> None:
    """What the URL asked for in vain is told no longer."""
    st.session_state.pop(_complaints(page), None)


def _respell(given: Mapping[str, list[str]], spelled: Mapping[str, list[str]]) -> bool:
    """Write the parameters that are spelled otherwise into the URL; whether there were any."""
    changed = False
    for name in dict.fromkeys((*given, *spelled)):
        if given.get(name) == spelled.get(name):
            continue
        try:
            if name in spelled:
                st.query_params[name] = spelled[name]
            else:
                del st.query_params[name]
        except StreamlitAPIException:
            continue  # it is bound to a widget already, which will read it or drop it
        changed = True
    return changed


def _complaints(page: str) -> str:
    return f"{page}_complaints"
