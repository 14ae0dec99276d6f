"""The facts of a breach, for the sentence about it."""

from __future__ import annotations

from collections.abc import Iterable

from lib.schemas.breaches import Breach
from lib.schemas.messages import Fault, kind
from lib.schemas.parts import listed
from lib.serialization.json_values import identity

_FORMS = ("anyOf", "oneOf")


def fault(breach: Breach) -> Fault:
    """Give what a breach is about. What is wrong inside a failed form is told at its own place."""
    if breach.keyword in _FORMS:
        return Fault(breach.keyword, breach.wanted, fits_several=not breach.branches)
    return Fault(breach.keyword, breach.wanted, kind(breach.value), breach.names, _because(breach))


def alternatives(breach: Breach) -> Fault | None:
    """Take the branches of a failed form together, if each allows other types or other values and says no more."""
    failed = [only for branch in breach.branches for only in branch]
    if not breach.branches or any(len(branch) != 1 for branch in breach.branches):
        return None
    if any(one.path != breach.path for one in failed):
        return None
    given = kind(breach.value)
    if all(one.keyword == "type" for one in failed):
        names = [name for one in failed for name in (one.wanted if isinstance(one.wanted, list) else [one.wanted])]
        return Fault("type", list(dict.fromkeys(name for name in names if isinstance(name, str))), given)
    if all(one.keyword in ("const", "enum") or _is_null(one) for one in failed):
        values = [value for one in failed for value in _values(one)]
        return Fault("enum", list({identity(value): value for value in values}.values()), given)
    return None


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
