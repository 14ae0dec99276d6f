"""One place of a form, to be changed: typing, choosing branches, adding and moving rows."""

from __future__ import annotations

import itertools
from typing import Any

from lib.schemas.form.blank import empty
from lib.schemas.form.place import SHOWS, FormPlace
from lib.schemas.form.sample_scalars import sample_keys
from lib.schemas.parts import Parts
from lib.schemas.spec import Spec
from lib.serialization.json_values import ABSENT, copy, json_type


class Node(FormPlace["Node"]):
    """One place in the value: a field, an object or a list.

    A node is drawn by its `kind`, changed by its methods, and named in widget keys by `key`, which never holds
    a list index.
    """

    __slots__ = ()

    def _inside(self, role: str, name: str, parts: Parts, value: Any) -> Node:
        return Node(self.form, self, role, name, parts, value)

    # -- changing ---------------------------------------------------------------------------------

    def write(self, value: Any) -> None:
        """Take what was typed into the node's own field."""
        self.value, self.children, self.draft, self.problem = value, None, None, None
        self.auto = self.given = False
        self._tell_parents()

    def hold(self, text: str, problem: str) -> None:
        """Keep text that cannot be read, with what is wrong with it, beside the last value."""
        self.draft, self.problem, self.touched = text, problem, True
        self.form.edits += 1

    def replace(self, value: Any) -> None:
        """Put another value in place; its widgets start anew."""
        self.rev += 1
        self.settled, self._spec, self.as_json, self.implied = {}, None, False, False
        self.write(copy(value))
        self.given = value is not ABSENT

    def clear(self) -> None:
        """Empty the field: a property goes, a row or an entry becomes as empty as its kind allows."""
        self.write(ABSENT if self.role in ("property", "root") else empty(self.spec))

    def show_as_json(self, on: bool = True) -> None:
        """Edit this part as JSON text, or go back to its fields."""
        value = self.dump()
        self.rev += 1
        self.children, self.value, self.as_json, self.draft, self.problem = None, value, on, None, None
        self.settled, self._spec = {}, None
        self.form.edits += 1

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
        else:
            while parent is not None and parent.implied and not any(map(_is_typed, parent.opened())):
                parent._vanish()
                parent = parent.parent
        self.changed()

    def _appear(self) -> None:
        self.present = self.implied = True
        for child in self.opened():
            if child.role == "property" and child.required:
                child._fill_in(True)

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
        taken = {child.name for child in self.opened() if not child.hidden}
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
        self._drop_hidden(child.name)
        self.opened().append(child)
        child._tell_parents()
        child.touched = False

    def _drop_hidden(self, name: str) -> None:
        """Forget what waits under a name that the user gives to something else."""
        if not self.is_list:
            self.opened()[:] = [child for child in self.opened() if not (child.hidden and child.name == name)]

    def rename(self, name: str) -> None:
        """Give an entry another key in the same place; a key that is taken is kept beside it, refused."""
        assert self.parent is not None
        self.touched = True
        self.form.edits += 1
        self.refused_name = None
        if name == self.name:
            return
        others = [child for child in self.parent.opened() if child is not self and not child.hidden]
        if not name or any(child.name == name for child in others):
            self.refused_name = name, f"The key “{name}” is already there" if name else "A field needs a name"
            return
        self.parent._drop_hidden(name)
        self.name = name
        parts = self.parent.spec.child(name)
        if parts != self.parts:
            value = self.dump()
            self.parts = parts
            self.replace(value)
        self.changed()

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
        self.changed()
        if not self.spec.prefix:
            return
        for place, child in enumerate(self.opened()):
            if child.parts != self.spec.item(place):
                value = child.dump()
                child.parts = self.spec.item(place)
                child.replace(value)


def _is_typed(node: Node) -> bool:
    if node.hidden:
        return False
    if node.children is not None and node.implied:
        return any(map(_is_typed, node.children))
    return node.is_present and not node.auto
