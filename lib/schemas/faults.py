"""The facts of a breach, for the sentence about it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from lib.schemas.breaches import Breach, Path
from lib.schemas.messages import SAYS_MUST, Fault, kind
from lib.schemas.parts import listed
from lib.serialization.json_values import identity

_FORMS = ("anyOf", "oneOf")
_ITEMS = ("items", "additionalItems", "unevaluatedItems")
_COUNTED = ("contains", "minContains", "maxContains")
#: Alternatives that one sentence names.
_MOST_SAID = 3


def fault(breach: Breach) -> Fault:
    """Give what a breach is about. What is wrong inside a failed form is told at its own place."""
    if breach.keyword in _FORMS:
        return Fault(breach.keyword, breach.wanted, fits_several=not breach.branches)
    if breach.keyword in _ITEMS:
        return Fault(breach.keyword, breach.count)
    counted = breach.schema.get("contains") if breach.keyword in _COUNTED else None
    return Fault(breach.keyword, breach.wanted, kind(breach.value), breach.names, _because(breach), counted=counted)


def alternatives(breach: Breach) -> list[tuple[Path, Fault]]:
    """Take the branches of a failed form together, where one sentence for each place says what all of them ask for."""
    together = _one_fault_each(breach)
    if together is not None:
        return [(breach.path, together)]
    return list(_unknown_tags(breach))


def _one_fault_each(breach: Breach) -> Fault | None:
    """What the branches ask for, if each fails in one thing, and all of them at the same place."""
    failed = [only for branch in breach.branches for only in branch]
    if not breach.branches or any(one.path != breach.path for one in failed):
        return None
    if any(len(branch) != 1 for branch in breach.branches):
        return None
    if all(one.keyword == "required" for one in failed):
        missing = dict.fromkeys(name for one in failed for name in one.names)
        return Fault("required", names=tuple(missing), is_choice=True)
    given = kind(breach.value)
    if all(one.keyword == "type" for one in failed):
        names = [name for one in failed for name in (one.wanted if isinstance(one.wanted, list) else [one.wanted])]
        return Fault("type", list(dict.fromkeys(name for name in names if isinstance(name, str))), given)
    if all(one.keyword in ("const", "enum") or _is_null(one) for one in failed):
        return _listed(failed, given)
    others = [one for one in failed if one.keyword != "type"]
    if 1 < len(others) <= _MOST_SAID and all(one.keyword in SAYS_MUST for one in others):
        return Fault("either", [fault(one) for one in others])
    return None


def _unknown_tags(breach: Breach) -> Iterator[tuple[Path, Fault]]:
    """The fields inside that each branch fixes, and that have a value which none of them has.

    What else is wrong depends on the branch that was meant, and nobody knows which one.
    """
    branches = [branch for branch in breach.branches if not any(_is_type_of(one, breach) for one in branch)]
    fixed = [{one.path: one for one in branch if one.keyword in ("const", "enum")} for branch in branches]
    for path, one in fixed[0].items() if len(fixed) > 1 else ():
        if all(path in others for others in fixed):
            yield path, _listed([others[path] for others in fixed], kind(one.value))


def _listed(failed: Sequence[Breach], given: str) -> Fault:
    values = [value for one in failed for value in _values(one)]
    return Fault("enum", list({identity(value): value for value in values}.values()), given)


def _is_type_of(one: Breach, holder: Breach) -> bool:
    return one.keyword == "type" and one.path == holder.path


def _is_null(breach: Breach) -> bool:
    return breach.keyword == "type" and breach.wanted in ("null", ["null"])


def _values(breach: Breach) -> Iterable[object]:
    if breach.keyword == "type":
        return [None]
    return [breach.wanted] if breach.keyword == "const" else listed(breach.wanted)


def _because(breach: Breach) -> str:
    """Name the member that asks for the missing one."""
    if breach.keyword not in ("dependentRequired", "dependencies") or not isinstance(breach.value, dict):
        return ""
    for name, needed in breach.wanted.items():
        asked = [needed] if isinstance(needed, str) else listed(needed)
        if name in breach.value and breach.names and breach.names[0] in asked:
            return str(name)
    return ""
