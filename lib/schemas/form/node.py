"""One place of a form: reading it, opening it, editing it.

A node that nobody opened keeps its value untouched, so whatever was loaded comes out again as it was.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

from lib.schemas.form.blank import empty
from lib.schemas.form.ground import Ground
from lib.schemas.form.sample_scalars import sample_keys
from lib.schemas.form.violations import Path
from lib.schemas.parts import Parts
from lib.schemas.spec import SchemaChoice, Spec
from lib.serialization.json_values import ABSENT, copy, json_type

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


class Node:
    """One place in the value: a field, an object or a list.

    `role` is root, property, extra (a key of the user's choice) or item. A node is drawn by its `kind`,
    changed by its methods, and named in widget keys by `key`, which never holds a list index.
    """

    __slots__ = (
        "_spec",
        "as_json",
        "auto",
        "children",
        "draft",
        "form",
        "implied",
        "name",
        "parent",
        "parts",
        "present",
        "problem",
        "rev",
        "role",
        "segment",
        "settled",
        "shown",
        "stash",
        "touched",
        "value",
    )

    def __init__(self, form: Ground, parent: Node | None, role: str, name: str, parts: Parts, value: Any) -> None:
        self.form, self.parent, self.role, self.name, self.parts = form, parent, role, name, parts
        self.segment = name if role == "property" else f"@{form.new_row()}" if parent else ""
        self.value: Any = value
        self.children: list[Node] | None = None
        self.present = True  # of an opened object or list: whether it is there at all
        self.implied = False  # it is there only because something was typed inside
        self.auto = False  # the form filled it in, nobody typed it
        self.settled: dict[Any, int | str] = {}
        self.stash: dict[tuple[Any, ...], tuple[tuple[Any, ...], Any]] = {}  # by branch: picks and value
        self.rev = 0
        self.draft: str | None = None  # JSON text that cannot be read yet
        self.problem: str | None = None  # what is wrong with a draft or a new key
        self.as_json = False
        self.touched = False
        self.shown: bool | None = None  # whether the user wants to see inside; None leaves it to the drawing
        self._spec: Spec | None = None

    # -- reading ----------------------------------------------------------------------------------

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
        """What the schema says here, with the branches picked; the value picks where nobody did."""
        if self._spec is None:
            value = self.value if self.children is None else ABSENT
            self._spec = self.form.settle(self.parts, value, self.settled, needed=self.required)
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
    def is_present(self) -> bool:
        """Whether the node has a value, null included."""
        return self.present if self.children is not None else self.value is not ABSENT

    @property
    def is_null(self) -> bool:
        return self.children is None and self.value is None

    def choices(self) -> Iterator[tuple[SchemaChoice, int | str | None]]:
        """Yield the choices of this place from outermost in, each with the picked branch, if any."""
        settled: dict[Any, int | str] = {}
        self.spec  # noqa: B018  # lets the value pick first
        while (choice := self.form.document.spec(self.parts, settled).choice) is not None:
            picked = self.settled.get(choice.source)
            yield choice, picked
            if picked is None:
                return
            settled[choice.source] = picked

    def dump(self) -> Any:
        """Give the value as it stands, ABSENT when there is none."""
        if self.children is None:
            return self.value
        if not self.present:
            return ABSENT
        if self.spec.kind == "array":
            return [child.dump() for child in self.children]
        dumped = ((child.name, child.dump()) for child in self.children)
        return {name: value for name, value in dumped if value is not ABSENT}

    # -- opening ----------------------------------------------------------------------------------

    def opened(self) -> list[Node]:
        """Open an object or a list and give its children, in the order in which they are written out."""
        if self.children is None:
            self.present = self.value is not ABSENT
            if self.spec.kind == "array":
                rows = self.value if isinstance(self.value, list | tuple) else ()
                self.children = [self._item(place, value) for place, value in enumerate(rows)]
            else:
                self.children = self._fields(self.value if isinstance(self.value, dict) else {})
            self.value = ABSENT
        return self.children

    def _fields(self, value: dict[str, Any]) -> list[Node]:
        """Make a node a key: those of the value in its order, missing ones after the one listed before."""
        names = list(value)
        if not names:
            names = list(self.spec.properties)
        elif missing := [name for name in self.spec.properties if name not in value]:
            followers: dict[str | None, list[str]] = {}
            anchor: str | None = None
            for name in self.spec.properties:
                if name in value:
                    anchor = name
                else:
                    followers.setdefault(anchor, []).append(name)
            names = followers.get(None, []) + [one for name in names for one in (name, *followers.get(name, ()))]
            assert len(names) == len(value) + len(missing)
        return [self._field(name, value.get(name, ABSENT)) for name in names]

    def _field(self, name: str, value: Any) -> Node:
        role = "property" if name in self.spec.properties else "extra"
        return Node(self.form, self, role, name, self.spec.child(name), value)

    def _item(self, place: int, value: Any) -> Node:
        return Node(self.form, self, "item", "", self.spec.item(place), value)

    def fields(self) -> list[Node]:
        """List the fields that the schema names, in its order."""
        children = {child.name: child for child in self.opened() if child.role == "property"}
        return [children[name] for name in self.spec.properties if name in children]

    def extras(self) -> list[Node]:
        """List the entries whose keys are the user's own."""
        return [child for child in self.opened() if child.role == "extra"]

    # -- changing ---------------------------------------------------------------------------------

    def write(self, value: Any) -> None:
        """Take what was typed into the node's own field."""
        self.value, self.children, self.draft, self.problem, self.auto = value, None, None, None, False
        self._tell_parents()

    def hold(self, text: str, problem: str) -> None:
        """Keep text that cannot be read, with what is wrong with it, beside the last value."""
        self.draft, self.problem, self.touched = text, problem, True

    def replace(self, value: Any) -> None:
        """Put another value in place; its widgets start anew."""
        self.rev += 1
        self.settled, self._spec, self.as_json, self.implied = {}, None, False, False
        self.write(copy(value))

    def clear(self) -> None:
        """Empty the field: a property goes, a row or an entry becomes as empty as its kind allows."""
        self.write(ABSENT if self.role in ("property", "root") else empty(self.spec))

    def show_as_json(self, on: bool = True) -> None:
        """Edit this part as JSON text, or go back to its fields."""
        value = self.dump()
        self.rev += 1
        self.children, self.value, self.as_json, self.draft, self.problem = None, value, on, None, None
        self.settled, self._spec = {}, None

    def choose(self, source: Any, number: int | str | None) -> None:
        """Follow another branch; what was entered under the last one is kept for the way back."""
        value, before = self.dump(), self.spec
        made = tuple(self.settled.items())
        for length in range(1, len(made) + 1):
            self.stash[made[:length]] = (made, value)
        settled: dict[Any, int | str] = {}
        for choice, picked in list(self.choices()):
            if choice.source == source:
                break
            settled[choice.source] = picked if picked is not None else choice.options[0].number
        if number is not None:
            settled[source] = number
        kept, entered = self.stash.get(tuple(settled.items()), ((), ABSENT))
        self.settled, self.rev, self.as_json = dict(kept) or settled, self.rev + 1, False
        self.value, self.children, self._spec = ABSENT, None, None
        if number is None:
            self.write(ABSENT)
        else:
            self.write(entered if kept else self._carry(value, before))

    def _carry(self, value: Any, before: Spec) -> Any:
        """Start a new branch: with its own fixed values, and with what was entered and fits here too."""
        spec = self.spec
        start = self.form.blank(spec)
        if start is ABSENT and self.role not in ("property", "root"):
            start = empty(spec)
        if isinstance(value, dict) and spec.kind == "object":
            start = start if isinstance(start, dict) else {}
            for name, item in value.items():
                known = name in spec.properties or bool(spec.matching(name))
                if self.form.validator.is_valid(spec.child(name), item) if known else name not in before.properties:
                    start[name] = item
        elif value is not ABSENT and json_type(value) in SHOWS.get(spec.kind, ()):
            if self.form.validator.is_valid(spec.parts, value):
                start = value
        return start

    def _tell_parents(self) -> None:
        """Objects appear with the first thing typed inside, and go with the last one taken away."""
        self.touched = True
        parent = self.parent
        if self.is_present:
            while parent is not None and not parent.present:
                parent._appear()
                parent = parent.parent
            return
        while parent is not None and parent.implied and not any(map(_is_typed, parent.opened())):
            parent._vanish()
            parent = parent.parent

    def _appear(self) -> None:
        self.present = self.implied = True
        for child in self.opened():
            if child.role == "property" and child.required and not child.is_present:
                start = self.form.blank(child.spec)
                if start is not ABSENT:
                    child.value, child.children, child.auto = start, None, True
                    child.rev += 1

    def _vanish(self) -> None:
        self.present = self.implied = False
        for child in self.opened():
            if child.is_present and child.role == "property":
                child.value, child.children, child.auto = ABSENT, None, False
                child.rev += 1

    # -- rows and entries -------------------------------------------------------------------------

    def add_item(self) -> Node:
        """Add an item at the end of a list, filled as far as the schema fixes it."""
        place = len(self.opened())
        child = self._item(place, ABSENT)
        self._start(child)
        return child

    def add_entry(self, name: str | None = None) -> Node:
        """Add a key of the user's own to an object; without a name, a free one is made up."""
        taken = {child.name for child in self.opened()}
        if name is None or name in taken:
            stem = name or "key"
            numbered = (f"{stem}{number}" for number in itertools.count(2))
            made_up = sample_keys(self.spec) if name is None else iter(())
            name = next(one for one in itertools.chain(made_up, numbered) if one not in taken)
        child = self._field(name, ABSENT)
        self._start(child)
        return child

    def _start(self, child: Node) -> None:
        start = self.form.blank(child.spec)
        child.value = empty(child.spec) if start is ABSENT else start
        self.opened().append(child)
        child._tell_parents()
        child.touched = False

    def rename(self, name: str) -> None:
        """Give an entry another key in the same place; a key that is taken is refused with a problem."""
        assert self.parent is not None
        self.touched = True
        if name == self.name:
            self.problem = None
            return
        if not name or any(child.name == name for child in self.parent.opened() if child is not self):
            self.problem = f"The key “{name}” is already there" if name else "A field needs a name"
            return
        self.name, self.problem = name, None
        parts = self.parent.spec.child(name)
        if parts != self.parts:
            value = self.dump()
            self.parts = parts
            self.replace(value)

    def duplicate(self) -> Node:
        """Copy a row and put the copy after it."""
        assert self.parent is not None
        rows = self.parent.opened()
        twin = Node(self.form, self.parent, self.role, self.name, self.parts, copy(self.dump()))
        rows.insert(rows.index(self) + 1, twin)
        self.parent._renumber()
        twin.touched = True
        return twin

    def move(self, steps: int) -> None:
        """Move a row up (negative) or down; it stops at the ends."""
        assert self.parent is not None
        rows = self.parent.opened()
        place = rows.index(self)
        rows.insert(max(0, min(len(rows) - 1, place + steps)), rows.pop(place))
        self.parent._renumber()

    def remove(self) -> None:
        """Take the node out: a row or an entry disappears, a property becomes absent."""
        if self.parent is None or self.role == "property":
            self.replace(ABSENT)
            return
        parent = self.parent
        parent.opened().remove(self)
        self.value, self.children = ABSENT, None
        self._tell_parents()
        parent.touched = True
        parent._renumber()

    def _renumber(self) -> None:
        """Give rows of a tuple the schema of their new place."""
        self.touched = True
        if not self.spec.prefix:
            return
        for place, child in enumerate(self.opened()):
            if child.parts != self.spec.item(place):
                value = child.dump()
                child.parts = self.spec.item(place)
                child.replace(value)


_ANY = {"null", "boolean", "integer", "number", "string", "array", "object"}


def _is_typed(node: Node) -> bool:
    if node.children is not None and node.implied:
        return any(map(_is_typed, node.children))
    return node.is_present and not node.auto
