"""The form behind the widgets: a tree of nodes over a JSON value that opens only where it is looked at."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lib.errors import InvalidInput
from lib.schemas.form.ground import Ground
from lib.schemas.form.node import Node
from lib.schemas.form.violations import Path, SchemaViolation
from lib.schemas.judge import unusable_sentences
from lib.schemas.messages import Fault, sentence
from lib.serialization import strict_json
from lib.serialization.json_values import ABSENT, copy


class Form(Ground):
    """A value being edited under a schema. `root` is the node of the whole value."""

    def __init__(self, schema: Any, value: Any = ABSENT) -> None:
        super().__init__(schema)
        self._entered: Node | None = None
        # What was wrong after so many edits and picks: most reruns only open and close parts.
        self._checked: tuple[tuple[int, int], list[SchemaViolation]] | None = None
        self.open_left = 40  # fields that parts may still show without being asked
        start = self.blank(self.document.spec(self.document.root)) if value is ABSENT else value
        self.root = Node(self, None, "root", "", self.document.root, start)
        self.root.given = value is not ABSENT

    @property
    def entered(self) -> Node | None:
        """The part that is shown by itself, None for the whole form."""
        node = self._entered
        while node is not None and node.parent is not None:
            if node.hidden or node.parent.children is None or node not in node.parent.children:
                return None
            node = node.parent
        return self._entered

    def enter(self, node: Node) -> None:
        """Show one part by itself; the root brings back the whole."""
        self._entered = None if node.parent is None else node

    def nodes(self) -> Iterator[Node]:
        """Yield every node made so far that is part of the value or may become one, parents first."""
        waiting = [self.root]
        while waiting:
            node = waiting.pop()
            yield node
            waiting.extend(child for child in reversed(node.children or ()) if not child.hidden)

    def _telling(self) -> Iterator[tuple[Node, Path]]:
        """Yield the nodes that hold a picked branch or a problem, with their paths.

        Most nodes are single fields without either: they cost no more than a look.
        """
        waiting: list[tuple[Node, Path]] = [(self.root, ())]
        while waiting:
            node, path = waiting.pop()
            if node.settled or node.problems:
                yield node, path
            for place, child in enumerate(node.children or ()):
                if (child.children or child.settled or child.problem or child.refused_name) and not child.hidden:
                    waiting.append((child, (*path, place if node.is_list else child.name)))

    def drafts(self) -> list[SchemaViolation]:
        """List what was typed and is not taken: texts that are not JSON yet, and keys that cannot be."""
        return [SchemaViolation(path, one, "draft") for node, path in self._telling() for one in node.problems]

    def violations(self) -> list[SchemaViolation]:
        """List what is wrong with the value as it stands, drafts that are not JSON included."""
        state = (self.edits, self.picks)
        if self._checked is None or self._checked[0] != state:
            self._checked = (state, self._check())
        return list(self._checked[1])

    def _check(self) -> list[SchemaViolation]:
        value = self.root.dump()
        drafts = self.drafts()
        if value is ABSENT:
            return [*drafts, SchemaViolation((), sentence(Fault("required")), "required")]
        picks: dict[tuple[Path, Any], int | str] = {}
        for node, path in self._telling():
            picks |= {(path, source): number for source, number in node.settled.items()}
        return [*drafts, *self._unusable(), *_unstorable(value), *self.validator.violations(value, picks)]

    def _unusable(self) -> Iterator[SchemaViolation]:
        """What of the schema cannot be checked, as the server says it."""
        if self.validator.unusable:
            yield SchemaViolation((), unusable_sentences(self.validator.unusable), "schema_error")


def _unstorable(value: Any) -> Iterator[SchemaViolation]:
    """What no JSON text could bring in, because it cannot be stored."""
    try:
        strict_json.check(value)
    except InvalidInput as refusal:
        yield SchemaViolation((), f"This {refusal.cause}.", "json")


def load(schema: Any, value: Any = ABSENT) -> Form:
    """Open a form for a schema on a value; without one, on defaults and fixed values alone."""
    return Form(schema, value)


def dump(form: Form) -> Any:
    """Give the form's value: equal to what was loaded, in keys, order and number types, where unedited."""
    return copy(form.root.dump())
