"""Tells breaches as violations: each in one sentence, at the place of the value that it is about."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from lib.schemas import choosing
from lib.schemas.breaches import Breach, Path
from lib.schemas.document import SchemaDocument
from lib.schemas.faults import alternatives, fault
from lib.schemas.messages import Fault, sentence, sentence_of_key

#: Keywords whose faults are shown at the members that they name.
_OF_MEMBERS = ("required", "additionalProperties", "propertyNames")
#: Which branch someone has picked, by the path of the value and the id of the branch list.
Picks = Mapping[tuple[Path, Any], int | str]


@dataclass(frozen=True, slots=True)
class SchemaViolation:
    """One thing wrong: `path` is where it is, `shown_at` the field that should say so."""

    path: Path
    message: str
    keyword: str = ""
    field: Path | None = None

    @property
    def shown_at(self) -> Path:
        return self.path if self.field is None else self.field


def violations(
    document: SchemaDocument, breaches: Iterable[Breach], picks: Picks | None = None
) -> Iterator[SchemaViolation]:
    """Yield the violations behind breaches. A failed anyOf or oneOf speaks through the branch that was picked, else
    through the one that the value means."""
    try:
        for breach in breaches:
            yield from _violations(document, breach, picks or {})
    except RecursionError:  # choices inside one another without a reasonable end
        yield SchemaViolation((), sentence(Fault("not")), "not")


def first(document: SchemaDocument, breaches: Iterable[Breach], most: int) -> list[SchemaViolation]:
    """The first violations behind breaches, each once whatever fields it is shown at, the outermost first."""
    found: dict[SchemaViolation, None] = {}
    for violation in violations(document, breaches):
        found.setdefault(replace(violation, field=None))
        if len(found) >= most:
            break
    return ordered(found)


def ordered(violations: Iterable[SchemaViolation]) -> list[SchemaViolation]:
    """Violations without repetition, the outermost first."""
    return sorted(dict.fromkeys(violations), key=lambda violation: [str(step) for step in violation.path])


def branch_breaches(document: SchemaDocument, breach: Breach, picked: int | str | None = None) -> tuple[Breach, ...]:
    """What is wrong with one branch of a failed anyOf or oneOf: the picked one, else the one that the value means."""
    if not breach.branches:
        return ()
    if isinstance(picked, int) and picked < len(breach.branches):
        return breach.branches[picked]
    branches = choosing.branches_of(document, breach)
    speaking = {number: one for number, one in branches.items() if any(b.keyword != "false" for b in one.breaches)}
    return breach.branches[choosing.closest(document, speaking or branches, breach.value, breach.path)]


def _violations(document: SchemaDocument, breach: Breach, picks: Picks) -> Iterator[SchemaViolation]:
    if not breach.branches:
        yield from _plain(breach)
        return
    picked = picks.get((breach.path, id(breach.wanted)))
    together = alternatives(breach)
    for path, said in together:
        yield _violation(breach, said) if path == breach.path else SchemaViolation(path, sentence(said), "enum")
    if together:
        return
    inner = branch_breaches(document, breach, picked)
    leaves = [leaf for one in inner for leaf in _violations(document, one, picks)]
    yield from leaves
    if all(leaf.path != breach.path for leaf in leaves):
        yield _violation(breach, fault(breach))


def _violation(breach: Breach, said: Fault) -> SchemaViolation:
    """The violation at the place of a breach; one of a key is shown at the field of that name."""
    if breach.key is None:
        return SchemaViolation(breach.path, sentence(said), breach.keyword)
    return SchemaViolation(breach.path, sentence_of_key(breach.key, said), breach.keyword, (*breach.path, breach.key))


def _plain(breach: Breach) -> Iterator[SchemaViolation]:
    said = fault(breach)
    at_members = breach.keyword in _OF_MEMBERS and isinstance(breach.value, dict)
    if not at_members or not breach.names:
        yield _violation(breach, said)
    for name in breach.names if at_members else ():
        yield SchemaViolation(breach.path, sentence(said), breach.keyword, (*breach.path, name))
