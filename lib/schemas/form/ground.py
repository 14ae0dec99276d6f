"""What all nodes of one form stand on: the document, its validator, and the numbers of rows."""

from __future__ import annotations

from typing import Any

from lib.schemas.document import SchemaDocument
from lib.schemas.form.blank import blank
from lib.schemas.form.branches import settle
from lib.schemas.form.violations import Validator
from lib.schemas.parts import Parts
from lib.schemas.spec import Spec


class Ground:
    """A document to fill in."""

    def __init__(self, schema: Any) -> None:
        self.document = SchemaDocument(schema)
        self.validator = Validator(self.document)
        self._rows = 0
        self.edits = 0  # changes made so far
        self.picks = 0  # branches picked so far

    def new_row(self) -> int:
        """Hand out the next row id."""
        self._rows += 1
        return self._rows

    def blank(self, spec: Spec) -> Any:
        """Give what a place that must hold something starts from, ABSENT when the schema says nothing."""
        return blank(self.document, self.validator, spec, needed=True)

    def settle(
        self, parts: Parts, value: Any, settled: dict[Any, int | str], holding: dict[Any, int], *, needed: bool
    ) -> Spec:
        """Follow the choices and conditions of a place; new picks are added to `settled`, outcomes to `holding`."""
        picks = len(settled)
        spec = settle(self.document, self.validator, parts, value, settled, holding, needed=needed)
        self.picks += len(settled) - picks
        return spec
