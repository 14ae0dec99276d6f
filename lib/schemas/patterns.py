"""Patterns as ECMA-262 has them, written for the engine, whose regular expressions are Rust's.

The engine itself sees to \\d, \\w, \\s, `$` and `.`. Known to differ: \\b follows Unicode beside a letter beyond ASCII.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

import jsonschema_rs

#: How far a pattern with a look around may search, and how large a compiled pattern may be, in bytes.
OPTIONS = jsonschema_rs.FancyRegexOptions(backtrack_limit=50_000, size_limit=1 << 20, dfa_size_limit=1 << 20)
_QUANTIFIER = re.compile(r"\{\d+(?:,\d*)?\}")
_NAME = re.compile(r"\(\?<([A-Za-z_$][\w$]*)>")
_GROUP = re.compile(r"\((?!\?)|\(\?<(?![=!])")
#: Escapes that mean the same in both; a letter that is none of them stands for itself nowhere.
_ESCAPE = re.compile(
    r"\\(?:u\{[0-9a-fA-F]+\}|u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}"
    r"|c[A-Za-z]|[pP]\{[^}]*\}|k<[^>]*>|0|[1-9]\d*|[dDwWsSbBtnrfv]|[^A-Za-z0-9])",
    re.DOTALL,
)
_CLASS_MEMBER = re.compile(rf"{_ESCAPE.pattern}|[^\\]", re.DOTALL)


class NoPattern(Exception):
    """A text is no ECMA-262 pattern."""


@lru_cache(maxsize=2000)
def finder(pattern: str) -> Callable[[str], bool] | None:
    """Tell whether a pattern finds something in a text; None for one that is none."""
    try:
        return jsonschema_rs.Draft202012Validator({"pattern": written(pattern)}, pattern_options=OPTIONS).is_valid
    except (NoPattern, jsonschema_rs.ValidationError, ValueError):
        return None


def matches(pattern: str, name: str) -> bool:
    """Tell whether a pattern finds something in a text; one that is none finds nothing."""
    found = finder(pattern)
    try:
        return found is not None and found(name)
    except ValueError:  # half a character
        return False


@lru_cache(maxsize=2000)
def written(pattern: str) -> str:
    """Write a pattern for the engine. Raises NoPattern for what surely is none."""
    if not set(pattern) & set("\\[{"):
        return pattern
    pieces, at = [], 0
    while at < len(pattern):
        char = pattern[at]
        if char == "\\":
            found = _ESCAPE.match(pattern, at)
            if found is None:
                raise NoPattern
            pieces.append(_escape(found[0], pattern))
            at = found.end()
        elif char == "[":
            piece, at = _class(pattern, at)
            pieces.append(piece)
        elif char in "{}" and not (found := _QUANTIFIER.match(pattern, at)):
            pieces.append(f"\\{char}")
            at += 1
        else:
            size = len(found[0]) if char == "{" and found else 1
            pieces.append(pattern[at : at + size])
            at += size
    return "".join(pieces)


def _escape(escape: str, pattern: str) -> str:
    kind = escape[1]
    if kind == "0":
        return "\\x00"
    if kind == "u" and "\\" in escape[1:]:  # two halves of one character
        return re.escape(bytes.fromhex(escape[2:6] + escape[8:]).decode("utf-16-be"))
    if kind == "k":
        return _named(escape[3:-1], pattern)
    return escape


def _named(name: str, pattern: str) -> str:
    """Refer to a named group by its number."""
    for number, group in enumerate(_GROUP.finditer(pattern), 1):
        named = _NAME.match(pattern, group.start())
        if named and named[1] == name:
            return f"\\{number}"
    raise NoPattern


def _class(pattern: str, start: int) -> tuple[str, int]:
    """Write a class of characters, and say where it ends."""
    at = start + 1
    negated = pattern[at : at + 1] == "^"
    at += negated
    members: list[str] = []
    while pattern[at : at + 1] != "]":
        found = _CLASS_MEMBER.match(pattern, at)
        if found is None:
            raise NoPattern
        at = found.end()
        low = _member(found[0])
        high = _CLASS_MEMBER.match(pattern, at + 1) if pattern[at : at + 1] == "-" else None
        if high is None or high[0] == "]" or _is_several(found[0]) or _is_several(high[0]):
            members.append(low)  # a hyphen that is between no two characters stands for itself
            continue
        members.append(f"{low}-{_member(high[0])}")
        at = high.end()
    if not members:
        return ("[\\s\\S]" if negated else "[^\\s\\S]"), at + 1
    return f"[{'^' if negated else ''}{''.join(members)}]", at + 1


def _is_several(member: str) -> bool:
    return len(member) > 1 and member[1] in "dDwWsSpP"


def _member(member: str) -> str:
    if member in ("\\b", "\\0"):
        return {"\\b": "\\x08", "\\0": "\\x00"}[member]
    if len(member) > 1 and member[1] in "Bk123456789":
        raise NoPattern
    if len(member) == 1:
        return f"\\{member}" if member in "[&~-^" else member
    return _escape(member, "")
