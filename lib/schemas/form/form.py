"""The form behind the widgets: a tree of nodes over a JSON value that opens only where it is looked at."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lib.errors import InvalidInput
from lib.schemas.form.ground import Ground
from lib.schemas.form.node import Node
from lib.schemas.form.samples import Sampler
from lib.schemas.form.violations import Path, SchemaViolation
from lib.schemas.judge import unusable_sentences
from lib.schemas.messages import Fault, sentence
from lib.serialization import strict_json
from lib.serialization.json_values import ABSENT, copy, same


class Form(Ground):
    """A value being edited under a schema. `root` is the node of the whole value."""

    def __init__(self, schema: Any, value: Any = ABSENT) -> None:
        super().__init__(schema)
        self._entered: Node | None = None
        # The value checked last and what was wrong with it: most reruns only open and close parts.
        self._checked: tuple[Any, dict[tuple[Path, Any], int | str], list[SchemaViolation]] | None = None
        self.open_left = 40  # fields that parts may still show without being asked
        if value is ABSENT:
            value = self.blank(self.document.spec(self.document.root))
        self.root = Node(self, None, "root", "", self.document.root, value)

    @property
    def entered(self) -> Node | None:
        """The part that is shown by itself, None for the whole form."""
        node = self._entered
        while node is not None and node.parent is not None:
            if node.parent.children is None or node not in node.parent.children:
                return None
            node = node.parent
        return self._entered

    def enter(self, node: Node) -> None:
        """Show one part by itself; the root brings back the whole."""
        self._entered = None if node.parent is None else node

    def nodes(self) -> Iterator[Node]:
        """Yield every node made so far, parents first."""
        waiting = [self.root]
        while waiting:
            node = waiting.pop()
            yield node
            waiting.extend(reversed(node.children or ()))

    def drafts(self) -> list[SchemaViolation]:
        """List the texts that are not JSON yet."""
        return [SchemaViolation(n.path, n.problem, "draft") for n in self.nodes() if n.problem is not None]

    def violations(self) -> list[SchemaViolation]:
        """List what is wrong with the value as it stands, drafts that are not JSON included."""
        picks: dict[tuple[Path, Any], int | str] = {}
        for node in self.nodes():
            if node.settled:
                picks |= {(node.path, source): number for source, number in node.settled.items()}
        value = self.root.dump()
        if value is ABSENT:
            return [*self.drafts(), SchemaViolation((), sentence(Fault("required")), "required")]
        if self._checked is None or self._checked[1] != picks or not same(self._checked[0], value):
            found = self.validator.violations(value, picks)
            self._checked = (value, picks, [*self._unusable(), *_unstorable(value), *found])
        return self.drafts() + self._checked[2]

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


def sample_of(node: Node) -> Any:
    """Make a sample for one place of a form."""
    return Sampler(node.form.document, node.form.validator).sample(node.parts)
