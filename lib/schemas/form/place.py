"""One place of a form, to be read: its value, what the schema says of it, and what is inside.

A place that nobody opened keeps its value untouched, so whatever was loaded comes out again as it was. Which
conditions of the schema hold is judged by the value as it stands: `changed` judges them again.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any, Generic, TypeVar

from lib.schemas.form.ground import Ground
from lib.schemas.form.violations import Path
from lib.schemas.parts import Parts
from lib.schemas.spec import SchemaChoice, Spec
from lib.serialization.json_values import ABSENT, json_type

#: The JSON types that the field of each kind can show; enum, const and json show what they are given.
SHOWS = {
    "object": {"object"},
    "array": {"array"},
    "string": {"string"},
    "integer": {"integer", "number", "string"},  # typed text that is no number stays what it is
    "number": {"integer", "number", "string"},
    "boolean": {"boolean"},
    "null": set[str](),
    "choice": set[str](),
}
#: How often the conditions of one place are judged after a change; conditions that undo each other have no end.
ROUNDS = 8

NodeT = TypeVar("NodeT", bound="FormPlace[Any]")


class FormPlace(ABC, Generic[NodeT]):
    """A field, an object or a list. `role` is root, property, extra (a key of the user's choice) or item."""

    __slots__ = (
        "_dumped",
        "_spec",
        "as_json",
        "auto",
        "children",
        "draft",
        "form",
        "given",
        "hidden",
        "holding",
        "implied",
        "is_list",
        "name",
        "parent",
        "parts",
        "present",
        "problem",
        "refused_name",
        "rev",
        "role",
        "segment",
        "settled",
        "shown",
        "stash",
        "touched",
        "value",
    )

    def __init__(self, form: Ground, parent: NodeT | None, role: str, name: str, parts: Parts, value: Any) -> None:
        self.form, self.parent, self.role, self.name, self.parts = form, parent, role, name, parts
        self.segment = name if role == "property" else f"@{form.new_row()}" if parent else ""
        self.value: Any = value
        self.children: list[NodeT] | None = None
        self.is_list = False  # of an opened place: whether its children are rows
        self.present = True  # of an opened object or list: whether it is there at all
        self.implied = False  # it is there only because something was typed inside
        self.auto = False  # the form filled it in, nobody typed it
        self.given = False  # it came with a whole value that was put in
        self.hidden = False  # the schema has no such field now; what was entered waits until it has again
        self.settled: dict[Any, int | str] = {}
        self.holding: dict[Any, int] = {}  # outcomes of the conditions here
        self.stash: dict[tuple[Any, ...], tuple[tuple[Any, ...], Any]] = {}  # by branch: picks and value
        self.rev = 0
        self.draft: str | None = None  # JSON text that cannot be read yet
        self.problem: str | None = None  # what is wrong with it
        self.refused_name: tuple[str, str] | None = None  # a key that was typed and is not taken, and why
        self.as_json = False
        self.touched = False
        self.shown: bool | None = None  # whether the user wants to see inside; None leaves it to the drawing
        self._spec: Spec | None = None
        self._dumped: tuple[Any] | None = None  # the value of an opened place, until it changes

    @abstractmethod
    def _inside(self, role: str, name: str, parts: Parts, value: Any) -> NodeT:
        """Make a place inside this one."""

    @property
    def key(self) -> str:
        """A stable name for widget keys: rows keep theirs when moved; replaced values get a new one."""
        above = self.parent.key + "/" if self.parent else ""
        pointer = self.segment.replace("~", "~0").replace("/", "~1")
        pointer = pointer.encode(errors="backslashreplace").decode()  # half characters cannot be sent
        return above + pointer + (f"~r{self.rev}" if self.rev else "")

    @property
    def path(self) -> Path:
        """Where the node stands in the value, as jsonschema writes paths."""
        if self.parent is None:
            return ()
        if self.role == "item":
            return (*self.parent.path, self.parent.opened().index(self))
        return (*self.parent.path, self.name)

    @property
    def spec(self) -> Spec:
        """What the schema says here, with the branches picked and the conditions judged; the value picks where
        nobody did."""
        if self._spec is None:
            self.holding = {}
            self._spec = self.form.settle(self.parts, self.dump(), self.settled, self.holding, needed=self.required)
        return self._spec

    @property
    def named(self) -> Spec:
        """What the schema says here before any branch is picked; titles and notes of the place itself."""
        return self.form.document.spec(self.parts)

    @property
    def kind(self) -> str:
        """The kind of field that can show both the schema's wish and the value as it is."""
        if self.as_json or self.draft is not None:
            return "json"
        if self.value is ABSENT or self.value is None or self.children is not None:
            return self.spec.kind
        return self.spec.kind if json_type(self.value) in SHOWS.get(self.spec.kind, _ANY) else "json"

    @property
    def required(self) -> bool:
        """Whether the schema wants the node to be there."""
        if self.parent is None or self.role != "property":
            return True
        return self.name in self.parent.spec.required

    @property
    def problems(self) -> list[str]:
        """Why what was typed here is not taken: the text of the value, or the key."""
        return [*filter(None, [self.problem, self.refused_name and self.refused_name[1]])]

    @property
    def is_present(self) -> bool:
        """Whether the node has a value, null included."""
        return self.present if self.children is not None else self.value is not ABSENT

    @property
    def is_null(self) -> bool:
        return self.children is None and self.value is None

    def choices(self) -> Iterator[tuple[SchemaChoice, int | str | None]]:
        """Yield the choices of this place from outermost in, each with the picked branch, if any."""
        self.spec  # noqa: B018  # lets the value pick first
        settled: dict[Any, int | str] = {**self.holding}
        while (choice := self.form.document.spec(self.parts, settled).choice) is not None:
            picked = self.settled.get(choice.source)
            yield choice, picked
            if picked is None:
                return
            settled[choice.source] = picked

    def dump(self) -> Any:
        """Give the value as it stands, ABSENT when there is none. It is shared: do not change it."""
        if self.children is None:
            return self.value
        if not self.present:
            return ABSENT
        if self._dumped is None:
            self._dumped = (self._gathered(self.children),)
        return self._dumped[0]

    def _gathered(self, children: list[NodeT]) -> Any:
        if self.is_list:
            return [child.dump() for child in children]
        dumped = ((child.name, child.dump()) for child in children if not child.hidden)
        return {name: value for name, value in dumped if value is not ABSENT}

    # -- opening ----------------------------------------------------------------------------------

    def opened(self) -> list[NodeT]:
        """Open an object or a list and give its children, in the order in which they are written out."""
        if self.children is None:
            spec = self.spec
            self.present, self.is_list, self._dumped = self.value is not ABSENT, spec.kind == "array", None
            if self.is_list:
                rows = self.value if isinstance(self.value, list | tuple) else ()
                self.children = [self._item(place, value) for place, value in enumerate(rows)]
            else:
                self.children = self._fields(self.value if isinstance(self.value, dict) else {})
            for child in self.children:
                child.given = self.given and child.value is not ABSENT
            self.value = ABSENT
        return self.children

    def _fields(self, value: dict[str, Any]) -> list[NodeT]:
        """Make a node a key: those of the value in its order, missing ones after the one listed before."""
        names = self._ordered(list(value), set(value))
        return [self._field(name, value.get(name, ABSENT)) for name in names]

    def _ordered(self, names: list[str], taken: set[str]) -> list[str]:
        """Put the missing names of the schema's fields after the one listed before."""
        if not names:
            return list(self.spec.names)
        followers: dict[str | None, list[str]] = {}
        anchor: str | None = None
        for name in self.spec.names:
            if name in taken:
                anchor = name
            else:
                followers.setdefault(anchor, []).append(name)
        return followers.get(None, []) + [one for name in names for one in (name, *followers.get(name, ()))]

    def _field(self, name: str, value: Any) -> NodeT:
        role = "property" if name in self.spec.names else "extra"
        return self._inside(role, name, self.spec.child(name), value)

    def _item(self, place: int, value: Any) -> NodeT:
        return self._inside("item", "", self.spec.item(place), value)

    def fields(self) -> list[NodeT]:
        """List the fields that the schema names, in its order."""
        children = {child.name: child for child in self.opened() if child.role == "property"}
        return [children[name] for name in self.spec.names if name in children]

    def extras(self) -> list[NodeT]:
        """List the entries whose keys are the user's own."""
        return [child for child in self.opened() if child.role == "extra" and not child.hidden]

    # -- conditions -------------------------------------------------------------------------------

    def changed(self) -> None:
        """Say that the value here is another one: conditions are judged again, here and all the way up."""
        self.form.edits += 1
        place: FormPlace[Any] | None = self
        while place is not None:
            place._dumped = None
            if place._spec is not None and place._spec.conditional:
                place._judge_again()
            place = place.parent

    def _judge_again(self) -> None:
        for _ in range(ROUNDS):
            before, held = self.spec, self.holding
            self._spec = None
            if self.spec is before and self.holding == held:
                return
            if self.children is not None:
                self._refit(before.required)
            self._renew_widgets(before)

    def _refit(self, required: frozenset[str]) -> None:
        """Give the children what the schema says of them now. `required` are the fields that were before."""
        assert self.children is not None
        if self.spec.kind != ("array" if self.is_list else "object"):
            self.value, self.children, self._dumped = self.dump(), None, None
            return
        if self.is_list:
            for place, child in enumerate(self.children):
                child._take(self.spec.item(place))
        else:
            by_name = {child.name: child for child in self.children}
            names = self._ordered(list(by_name), set(by_name))
            self.children[:] = [by_name[name] if name in by_name else self._field(name, ABSENT) for name in names]
            for child in self.children:
                self._show_or_hide(child)
                child._take(self.spec.child(child.name))
                if self.present and (child.name in self.spec.required) != (child.name in required):
                    child._fill_in(child.name in self.spec.required)
        self._dumped = None

    def _show_or_hide(self, child: NodeT) -> None:
        """Let a field go that the schema no longer has, unless it came with a whole value and is still allowed."""
        if child.name in self.spec.names:
            child.role, child.hidden = "property", False
        elif child.role == "property":
            child.role = "extra"
            child.hidden = not (child.given and child.is_present and self._allows(child))
            self._dumped = None

    def _allows(self, child: NodeT) -> bool:
        """Tell whether a key may stay that is no field of the schema now."""
        if not self.spec.allows_key(child.name):
            return False
        child.hidden, self._dumped = False, None
        value = self.dump()
        is_valid = self.form.validator.is_valid
        without = {name: item for name, item in value.items() if name != child.name}
        return is_valid(self.parts, value) or not is_valid(self.parts, without)

    def _take(self, parts: Parts) -> None:
        """Stand under other parts of the schema, with the value as it is."""
        if [id(part.schema) for part in parts] != [id(part.schema) for part in self.parts]:
            before = self.spec
            self.parts, self._spec = parts, None
            if self.children is not None:
                self._refit(before.required)
            self._renew_widgets(before)

    def _renew_widgets(self, before: Spec) -> None:
        """A widget keeps the number of its option, which is another one among other options."""
        self.rev += _offered(self.spec) != _offered(before)

    def _fill_in(self, needed: bool) -> None:
        """Fill a field in that a condition now requires, as far as the schema fixes it; empty it again after."""
        if needed and not self.is_present:
            start = self.form.blank(self.spec)
            if start is not ABSENT:
                self.value, self.children, self._dumped, self.auto = start, None, None, True
                self.rev += 1
        elif not needed and self.auto and not self.hidden:
            self.value, self.children, self._dumped, self.auto = ABSENT, None, None, False
            self.rev += 1


def _offered(spec: Spec) -> Any:
    """What the widgets of a place let choose from."""
    return spec.options, spec.choice and spec.choice.source, [id(part.schema) for part in spec.items]


_ANY = {"null", "boolean", "integer", "number", "string", "array", "object"}
