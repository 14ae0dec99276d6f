"""Strict JSON: whatever `parse` accepts, PostgreSQL stores as jsonb and gives back equal.

Python's json module and PostgreSQL disagree about NUL, lone surrogates, NaN, numbers out of range and
repeated keys; refusing them here turns a failed transaction into a sentence for the sender. Numbers stay
exact: integers are int (Decimal above 4,300 digits), everything with a point or an exponent is Decimal, so
that 1.10 stays 1.10. Schemas are not looked at here.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from decimal import Context, Decimal
from itertools import accumulate
from typing import Any, NoReturn, TypeAlias

from lib.errors import InvalidInput

#: None, bool, int, float, Decimal, str, list and dict with str keys, nested.
JsonValue: TypeAlias = Any
_Path: TypeAlias = list[str | int]

MAX_BYTES = 256 * 1024
MAX_DEPTH = 64

# What PostgreSQL's numeric holds: digits before and after the decimal point.
_MAX_WHOLE_DIGITS = 131_072
_MAX_FRACTION_DIGITS = 16_383
# Above this int(text) raises, because its cost is quadratic; Decimal's is not.
_MAX_INT_DIGITS = 4_300

# Possessive, so that an unterminated string costs one pass. It ends at the quote or where the text does.
_STRING = r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?+'
_STRINGS = re.compile(_STRING.encode(), re.DOTALL)
_STEPS = bytes.maketrans(b"[{]}", b"\x01\x01\xff\xff")  # as signed bytes: one level down, one up
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_ESCAPES = re.compile(
    r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"  # a surrogate pair is one character
    r"|(?P<nul>u0000)|(?P<lone>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
# An integer that int() refuses.
_LONG = re.compile(r"(?<![0-9])[0-9]{4301}")
_NUMBER = re.compile(r"-?(?P<whole>[0-9]+)(?:\.(?P<fraction>[0-9]+))?(?:[eE](?P<exponent>[+-]?[0-9]+))?")
_TYPED = re.compile(r"(?P<sign>-?)(?=\.?[0-9])(?P<whole>[0-9]*)\.?(?P<fraction>[0-9]*)(?P<rest>(?:[eE][+-]?[0-9]+)?)")
_PLAIN_NUMBER = 10**18
# So short a number without an exponent needs no closer look.
_PLAIN_LENGTH = 20
# How dumps marks a Decimal until the encoder is done; a string of a value cannot begin like that.
_MARKED = re.compile(r'"\\u0000([^"]*)"')
_ANY_PRECISION = Context(prec=_MAX_WHOLE_DIGITS + _MAX_FRACTION_DIGITS)


def parse(
    text: bytes | str, *, field: str = "payload", max_bytes: int = MAX_BYTES, max_depth: int = MAX_DEPTH
) -> JsonValue:
    """Read one JSON document, strictly.

    Bytes must be UTF-8; one byte order mark at the start is dropped. Integers come as int (Decimal above
    4,300 digits), other numbers as Decimal. Raises InvalidInput naming `field` and the cause, with line and
    column where they help.
    """
    raw = text if isinstance(text, bytes) else _encoded(field, text)
    if len(raw) > max_bytes:
        raise InvalidInput(field, f"is {len(raw):,} bytes long; at most {max_bytes:,} are accepted")
    decoded = (_decoded(field, text) if isinstance(text, bytes) else text).removeprefix("\ufeff")
    if not decoded or decoded.isspace():
        raise InvalidInput(field, "is empty")
    if _deeper_than(raw, max_depth):
        raise InvalidInput(field, f"is nested more than {max_depth} levels deep")
    _refuse_unstorable_escapes(field, decoded)
    return _load(field, decoded)


def check(value: JsonValue, *, field: str = "payload", max_bytes: int = MAX_BYTES, max_depth: int = MAX_DEPTH) -> None:
    """Hold an already built value to the rules of `parse`. Raises InvalidInput naming the place in it."""
    for path, item in _walk(field, value, max_depth):
        if isinstance(item, str):
            check_text(item, field=field, path=path)
        elif isinstance(item, float | Decimal | int) and not isinstance(item, bool):
            if problem := _number_problem(_number_text(item)):
                raise InvalidInput(field, f"{problem}{_at(path)}")
        elif not isinstance(item, bool | list | tuple | dict | None):
            raise InvalidInput(field, f"holds a {type(item).__name__}, which is not JSON{_at(path)}")
    size = len(dumps(value).encode())
    if size > max_bytes:
        raise InvalidInput(field, f"is {size:,} bytes long; at most {max_bytes:,} are accepted")


def check_text(text: str, *, field: str, path: Sequence[str | int] = ()) -> None:
    """Hold a text to what PostgreSQL can store. Raises InvalidInput naming the character and its place."""
    if _is_plain(text):
        return
    if "\x00" in text:
        raise InvalidInput(field, f"has the character NUL, which cannot be stored{_at(path)}")
    if _LONE_SURROGATE.search(text):
        raise InvalidInput(field, f"has half a surrogate pair, which cannot be stored{_at(path)}")


def number(text: str, *, field: str = "number") -> int | Decimal:
    """Read one number as people type it: a plus sign, zeros in front or a bare point do no harm.

    Raises ValueError for what is no number, InvalidInput for one that `parse` refuses.
    """
    text = text.strip().removeprefix("+").replace("\u2212", "-")
    match = _TYPED.fullmatch(text)
    if match is None:
        raise ValueError(text)
    whole, fraction = match["whole"].lstrip("0") or "0", match["fraction"]
    literal = match["sign"] + whole + (f".{fraction}" if fraction else "") + match["rest"]
    read: int | Decimal = parse(literal, field=field)
    return read


def dumps(value: JsonValue) -> str:
    """Write a value that `parse` returned or `check` passed, exactly and without spaces."""
    return _write(value, str, sort_keys=False)


def loads(text: str) -> JsonValue:
    """Read back what `dumps` or PostgreSQL wrote: numbers stay exact, size and depth are not questioned."""
    return _load("payload", text)


def canonical(value: JsonValue, *, is_read: bool = False) -> bytes:
    """Bytes that are equal exactly when PostgreSQL calls the two jsonb values equal; for hashing.

    Keys are sorted and numbers written plainly: 1, 1.0 and 1e0 are the same. `is_read` says that the value came from
    `parse` or `loads`, and so has no float in it.
    """
    exact = value if is_read else loads(dumps(value))  # floats become Decimal too
    return _write(exact, _plain, sort_keys=True).encode()


def _encoded(field: str, text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        where = _line_and_column(text, error.start)
        raise InvalidInput(field, f"has half a surrogate pair {where}") from None


def _decoded(field: str, raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        where = _line_and_column(raw[: error.start].decode(), error.start)
        raise InvalidInput(field, f"is not UTF-8 {where}") from None


def _deeper_than(raw: bytes, max_depth: int) -> bool:
    """Whether brackets nest deeper than that, found without nesting calls; those in strings don't count."""
    if raw.count(b"[") + raw.count(b"{") <= max_depth:
        return False
    steps = _STRINGS.sub(b"", raw).translate(_STEPS, _NOT_BRACKETS)
    return max(accumulate(memoryview(steps).cast("b")), default=0) > max_depth


def _refuse_unstorable_escapes(field: str, text: str) -> None:
    if "\\u0000" not in text and "\\ud" not in text and "\\uD" not in text:
        return
    for match in _ESCAPES.finditer(text):
        if match["nul"] or match["lone"]:
            what = "the character NUL (\\u0000)" if match["nul"] else f"half a surrogate pair ({match[0]})"
            where = _line_and_column(text, match.start())
            raise InvalidInput(field, f"has {what}, which cannot be stored, {where}")


def _load(field: str, text: str) -> JsonValue:
    decoder = _DECODER if len(text) <= _MAX_INT_DIGITS or not _LONG.search(text) else _DECODER_OF_LONG
    try:
        if text.startswith("\ufeff"):
            raise InvalidInput(field, "begins with more than one byte order mark")
        return decoder.decode(text)
    except _Refused as refused:
        where = f", {_find(text, refused.literal)}" if refused.literal else ""
        raise InvalidInput(field, f"{refused.cause}{where}") from None
    except json.JSONDecodeError as error:
        raise InvalidInput(field, not_json(error)) from None


def not_json(error: json.JSONDecodeError) -> str:
    """What is wrong with a text that is no JSON, and where."""
    cause = error.msg[0].lower() + error.msg[1:].removesuffix(" at")
    return f"is not JSON: {cause} at line {error.lineno}, column {error.colno}"


class _Refused(Exception):
    """What JSON has that PostgreSQL cannot store, and how it is written there if that tells the place."""

    def __init__(self, cause: str, literal: str | None = None) -> None:
        self.cause, self.literal = cause, literal


def _constant(name: str) -> NoReturn:
    raise _Refused(f"has {name}, which is not a JSON number", name)


def _number(literal: str) -> Decimal:
    if (len(literal) > _PLAIN_LENGTH or "e" in literal or "E" in literal) and (problem := _number_problem(literal)):
        raise _Refused(problem, literal)
    return Decimal(literal)


def _integer(literal: str) -> int | Decimal:
    return int(literal) if len(literal) <= _MAX_INT_DIGITS else _number(literal)


def _unique(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    members = dict(pairs)
    if len(members) < len(pairs):
        twice = next(name for name, times in Counter(name for name, _ in pairs).items() if times > 1)
        raise _Refused(f"has the key {_quoted(twice)} more than once in one object")
    return members


# Kept, as making one costs as much as reading a small text.
_DECODER = json.JSONDecoder(parse_float=_number, parse_constant=_constant, object_pairs_hook=_unique)
_DECODER_OF_LONG = json.JSONDecoder(
    parse_int=_integer, parse_float=_number, parse_constant=_constant, object_pairs_hook=_unique
)


def _number_problem(literal: str) -> str | None:
    """Why PostgreSQL or a double cannot hold a number, or None."""
    if len(literal) < 300 and 1e-300 < abs(float(literal)) < 1e300:
        return None
    match = _NUMBER.fullmatch(literal)
    if match is None:
        return f"has {literal}, which is not a JSON number"
    # Only what a double can hold may have an exponent: written out, 1e99999 grows ten-thousandfold.
    power = match["exponent"] or "0"
    if len(power) > 20 or (match["exponent"] and (math.isinf(float(literal)) or _vanishes(literal))):
        return f"has a number out of range ({literal[:20]})"
    fraction = len(match["fraction"] or "") - int(power)
    whole = len(match["whole"].lstrip("0")) + int(power)
    if whole > _MAX_WHOLE_DIGITS or fraction > _MAX_FRACTION_DIGITS:
        return f"has a number with too many digits ({literal[:20]}…)"
    return None


def _vanishes(literal: str) -> bool:
    return float(literal) == 0 and any(digit in "123456789" for digit in re.split("[eE]", literal)[0])


def _number_text(number: float | Decimal | int) -> str:
    if isinstance(number, int) and number.bit_length() > 14_000:
        return "9" * (_MAX_WHOLE_DIGITS + 1)  # str() of it would raise; so long a number comes as Decimal
    if isinstance(number, Decimal) and number.is_nan():
        return "NaN"  # there are several
    return repr(number) if isinstance(number, float) else str(number)


def _walk(field: str, value: JsonValue, max_depth: int) -> Iterator[tuple[_Path, JsonValue]]:
    """(path, value) of everything inside that needs a look, without nesting calls. Keys are checked here.

    The path is one list that goes along: thousands of values need none of their own.
    """
    path: _Path = []
    levels: list[Iterator[tuple[str | int, JsonValue]]] = [iter([("", value)])]
    while levels:
        for part, member in levels[-1]:
            path[-1:] = [part] if len(levels) > 1 else []
            if _is_plain(member):
                continue
            yield path, member
            if isinstance(member, dict | list | tuple):
                if len(path) >= max_depth:
                    raise InvalidInput(field, f"is nested more than {max_depth} levels deep")
                levels.append(_entries(member, field, path))
                path.append("")
                break
        else:
            levels.pop()
            path[-1:] = []


def _entries(value: Any, field: str, path: _Path) -> Iterator[tuple[str | int, JsonValue]]:
    if not isinstance(value, dict):
        return iter(enumerate(value))
    for key in value:
        _check_key(key, field, path)
    return iter(value.items())


def _check_key(key: Any, field: str, path: _Path) -> None:
    if not isinstance(key, str):
        raise InvalidInput(field, f"has the key {key!r}, which is not text{_at(path)}")
    if not _is_plain(key):
        check_text(key, field=field, path=path)


def _is_plain(item: JsonValue) -> bool:
    """Whether a value can be stored without a closer look, as most can."""
    kind = type(item)
    if kind is str:
        return item.isascii() and "\0" not in item
    return item is None or kind is bool or (kind is int and -_PLAIN_NUMBER < item < _PLAIN_NUMBER)


def _write(value: JsonValue, decimal_text: Callable[[Decimal], str], *, sort_keys: bool) -> str:
    # json cannot write a Decimal as a number. It goes out as a string that begins with NUL, which no value
    # that passed parse or check holds, and loses its quotes afterwards.
    marked = 0

    def mark(item: Any) -> str:
        nonlocal marked
        if not isinstance(item, Decimal) or not item.is_finite():
            raise TypeError(f"{item!r} is not JSON")
        marked += 1
        return f"\x00{decimal_text(item)}"

    text = json.dumps(
        value, ensure_ascii=False, allow_nan=False, separators=(",", ":"), sort_keys=sort_keys, default=mark
    )
    if not marked and '"\\u0000' not in text:
        return text
    text, written = _MARKED.subn(r"\1", text)
    if written != marked:
        raise ValueError("a text begins with NUL; check() refuses such a value")
    return text


def _plain(number: Decimal) -> str:
    return format(_ANY_PRECISION.plus(number).normalize(_ANY_PRECISION), "f")


def _find(text: str, literal: str) -> str:
    start = literal[:40]
    token = re.compile(rf"{_STRING}|(?<![\w.+-]){re.escape(start)}", re.DOTALL)
    found = next((match.start() for match in token.finditer(text) if match[0] == start), 0)
    return _line_and_column(text, found)


def _line_and_column(text: str, index: int) -> str:
    line_start = text.rfind("\n", 0, index) + 1
    return f"at line {text.count(chr(10), 0, index) + 1}, column {index - line_start + 1}"


def _at(path: Sequence[str | int]) -> str:
    return " at /" + "/".join(str(part)[:80] for part in path) if path else ""


def _quoted(name: str) -> str:
    return json.dumps(name[:80], ensure_ascii=False)
