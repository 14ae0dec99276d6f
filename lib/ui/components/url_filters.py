"""Filters that the URL has, so that a URL is a view to share.

A page declares its parameters once. Streamlit binds a widget to the parameter of its key: it writes and reads the label
of a choice, "Beta", and drops what it cannot read. People type "beta", or the name that another page has for the
parameter. `UrlFilters.begin` reads the URL before any widget does. It spells every value as its widget will, and keeps
what the URL asks for in vain, to be told until one filters anew. A link from a page to itself is read in the same way:
Streamlit would leave every widget as it is whose parameter the link does not name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal, TypeVar

import streamlit as st
from streamlit.errors import StreamlitAPIException

from lib.ui.components import guard, links
from lib.ui.components.text import code, escape, shorten
from lib.ui.components.url_parameters import (
    ALL,
    Choice,
    Clearable,
    Names,
    Number,
    Parameter,
    Position,
    Text,
    asked,
    emptied,
    held,
    spelled,
)

T = TypeVar("T")

_ARRIVED_AT, _PLACE = "filters_of", "place"
_IS_KNOWN, _IS_AHEAD = "what_was_sent_is_known", "filters_are_ahead_of_url"
_TEXT_WIDTH = 320


@dataclass(frozen=True)
class UrlFilters:
    """What a page's URL may ask for. `aliases` are names that other pages have for the same, and people will try.

    `implied` has for a choice the value that other parameters imply, such as a custom range by its ends. Of `preferred`
    somebody's preference decides where the URL says nothing. `more` are names of parameters that others read and write.
    """

    page: str
    filters: tuple[Clearable, ...] = ()
    others: tuple[Parameter, ...] = ()
    positions: tuple[Position, ...] = ()
    aliases: Mapping[str, str] = field(default_factory=dict)
    implied: Mapping[str, tuple[str, tuple[str, str]]] = field(default_factory=dict)
    preferred: tuple[Parameter, ...] = ()
    more: tuple[str, ...] = ()
    labels: Literal["visible", "collapsed"] = "collapsed"

    def asked_for(self) -> dict[str, list[str]]:
        """What is looked at, as the URL says it: all that this page understands, but no place in a list.

        Widgets know it before the URL does: a fragment that is drawn alone finds the URL of before.
        """
        by_url = {name: st.query_params.get_all(name) for name in sorted(self.names())}
        by_widgets = {
            one.key: spelled(one, st.session_state[one.key])
            for one in (*self.filters, *self.others, *self.preferred)
            if one.key in st.session_state
        }
        return {name: found for name, found in (by_url | by_widgets).items() if any(found)}

    def names(self) -> frozenset[str]:
        """Names of the parameters that say what is looked at."""
        declared = (one.key for one in (*self.filters, *self.others, *self.preferred))
        return frozenset([*declared, *(name for _, by in self.implied.values() for name in by), *self.more])

    def is_led_here(self) -> bool:
        """Whether a link from this page to itself was followed: the URL has changed, and no widget with it."""
        if guard.has_acted() or guard.goes_back():
            return False
        asked_for = set(st.query_params)
        if self.aliases.keys() & asked_for:
            return True  # the URL never keeps them
        if any(
            asked_for & set(by) and st.session_state.get(key, value) != value
            for key, (value, by) in self.implied.items()
        ):
            return True  # nor these, while something else is chosen
        return _differ_from_url((*self.filters, *self.others, *self.positions))

    def take_in(self) -> None:
        """Once a session, when its first page is drawn: draw it anew if its widgets hold what the URL did not say.

        A browser that lost its connection comes to a new session with what was chosen meanwhile, and with the URL of
        before. The page knows of it once its widgets are drawn, and has read the URL by then.
        """
        if st.session_state.get(_IS_KNOWN):
            return
        st.session_state[_IS_KNOWN] = True
        is_narrowed_anew = _differ_from_url((*self.filters, *self.others))
        if is_narrowed_anew or _differ_from_url(self.positions):
            guard.note_act()
            st.session_state[_IS_AHEAD] = is_narrowed_anew
            st.rerun()

    def narrows(self) -> bool:
        """Whether the page is narrowed, or was when it was left."""
        return any(
            one.key in st.session_state and st.session_state[one.key] != emptied(one)
            for one in (*self.filters, *self.others)
        )

    def ask_for(self, wanted: Mapping[str, list[str]]) -> None:
        """Have the page that is drawn already look at this and nothing else. Its widgets hold what the URL may not."""
        guard.note_act()
        for one in (*self.filters, *self.others, *self.positions):
            if one.key in st.session_state:
                values = wanted.get(one.key, [])
                is_vain = any(in_vain(one, value) for value in values)
                st.session_state[one.key] = emptied(one) if is_vain else held(one, values)
        for name, values in wanted.items():
            if name not in st.session_state:
                st.query_params[name] = values

    def begin(self, *known: Parameter) -> None:
        """Whenever someone comes to the page: spell the URL as the widgets do, and keep what it asks for in vain.

        `known` are parameters whose options the database has.
        """
        stays = st.session_state.get(_ARRIVED_AT) == self.page
        if st.session_state.pop(_IS_AHEAD, False):
            self.changed()
        if stays:
            if not self.is_led_here():
                return
            _tell_browser()
        st.session_state[_ARRIVED_AT] = self.page
        given = {name: st.query_params.get_all(name) for name in st.query_params}
        parameters = {one.key: one for one in (*self.filters, *self.others, *self.preferred, *self.positions, *known)}
        wanted, complaints = self._read(given, parameters)
        for key, (value, by) in self.implied.items():
            if wanted.keys() & set(by) and wanted.setdefault(key, [value]) != [value]:
                for name in by:  # or they would imply it once its default is taken out of the URL
                    wanted.pop(name, None)
        for key in parameters.keys() & wanted.keys() & st.session_state.keys():
            if stays and given.get(key) != wanted[key]:
                # Its widget is there, and alone may write the parameter: as the URL has it, it would drop it.
                st.session_state[key] = held(parameters[key], wanted[key])
            else:
                del st.session_state[key]  # what it held when this page was left is no longer asked for
        if stays or parameters.keys() & wanted.keys():  # at its bare address a page is as it was left
            for key in parameters.keys() - wanted.keys() - {one.key for one in self.preferred}:
                if key in st.session_state:
                    st.session_state[key] = emptied(parameters[key])  # taken out, its widget would keep it
        st.session_state[_complaints(self.page)] = {key: complaints[key] for key in parameters if key in complaints}
        if _respell(given, wanted) and not stays:
            st.rerun()  # a widget reads the URL only before this run has touched it

    def _read(
        self, given: Mapping[str, list[str]], parameters: Mapping[str, Parameter]
    ) -> tuple[dict[str, list[str]], dict[str, str]]:
        """What a URL asks for by the keys of the parameters, and a sentence for each that it asks for in vain."""
        written = {self.aliases.get(name, name): name for name in given}
        wanted = {
            self.aliases.get(name, name): named  # what is named without a value is not asked for
            for name, values in given.items()
            if (named := [value for value in values if value])
        }
        complaints = {}
        for key in parameters.keys() & wanted.keys():
            values = wanted.pop(key)
            if not isinstance(parameters[key], Names):
                values = values[-1:]  # the others nobody would read
            vain = [(value, reason) for value in values if (reason := in_vain(parameters[key], value))]
            if vain:
                complaints[key] = left_out(written[key], *vain[0])
            else:
                wanted[key] = [parameters[key].read(value) for value in values]
        return wanted, complaints

    def value(self, parameter: Parameter) -> Any:
        """What the parameter asks for before its widget is drawn, once `begin` was called; None for any choice."""
        if parameter.key in st.session_state:
            value = st.session_state[parameter.key]
        else:
            try:
                value = held(parameter, st.query_params.get_all(parameter.key))
            except ValueError:  # only with the answer is it known what there is
                value = emptied(parameter)
        return None if isinstance(parameter, Choice) and value == ALL else value

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
            "on_change": guard.callback(partial(self._chosen, choice.key, changed or self.changed)),
            "args": args,
        }
        if choice.width is not None:
            common["width"] = choice.width
        options = list(choice.options)
        if choice.segmented:
            value = st.segmented_control(
                choice.label, options, default=choice.default, required=True, wrap=True, **common
            )
        else:
            value = st.selectbox(
                choice.label,
                options,
                index=None if choice.default is None else options.index(choice.default),
                accept_new_options=choice.others,
                **common,
            )
        chosen: T | None = choice.default if value is None else value
        return None if chosen == ALL else chosen

    def _chosen(self, key: str, changed: Callable[..., object], *args: Any) -> None:
        """Callback: a choice has changed. What the URL has for another one would choose that once more."""
        value, by = self.implied.get(key, (None, ()))
        if st.session_state[key] != value:
            for name in by:
                st.query_params.pop(name, None)
        changed(*args)

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

    def search(self, text: Text, *, width: int | Literal["stretch"]) -> str:
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
        if written in ("", ALL):
            return  # nothing is asked for: a widget holds that by its value, not as the URL would spell it
        if reason := in_vain(parameter, written):
            if isinstance(parameter, Number) and parameter.key in st.session_state:
                st.session_state[parameter.key] = parameter.last  # the list got shorter while one was at its end
                st.rerun()
            _respell({parameter.key: [written]}, {})
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
                st.session_state[one.key] = emptied(one)
        for key in keys:
            _, by = self.implied.get(key, ("", ()))
            for name in by:
                st.query_params.pop(name, None)
        self.changed()


def _differ_from_url(parameters: Iterable[Parameter]) -> bool:
    """Whether a widget of these holds anything else than the URL says."""
    return any(
        spelled(one, st.session_state[one.key]) != st.query_params.get_all(one.key)
        for one in parameters
        if one.key in st.session_state
    )


def has_come_to(place: object) -> bool:
    """Whether somebody comes to this place in this run, from another one or in a new tab. Its URL is read anew then."""
    if st.session_state.get(_PLACE) == place:
        return False
    st.session_state[_PLACE] = place
    st.session_state.pop(_ARRIVED_AT, None)
    return True


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


def _tell_browser() -> None:
    """Have the browser's address say what the URL is: after a link from a page to itself Streamlit leaves it as it was.

    Whatever parameter is written, all of them are told.
    """
    if tenant := st.query_params.get(links.TENANT):
        st.query_params[links.TENANT] = tenant


def _complaints(page: str) -> str:
    return f"{page}_complaints"
