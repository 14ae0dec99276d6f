"""Sample texts, keys and numbers that keep a schema's formats, patterns, lengths and bounds."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from itertools import chain, pairwise
from typing import Any

from lib.schemas.form.pattern_text import pattern_text
from lib.schemas.spec import Spec

#: Numbers tried beside the most natural one.
NEIGHBOURS = 20
#: Repetitions of one piece of a pattern at most.
LONGEST = 500
FORMATS = {
    "date-time": "2026-03-{day:02}T09:15:30Z",
    "date": "2026-03-{day:02}",
    "time": "09:15:{day:02}Z",
    "duration": "PT{day}M",
    "email": "sample{n}@example.com",
    "idn-email": "sample{n}@example.com",
    "hostname": "sample{n}.example.com",
    "idn-hostname": "sample{n}.example.com",
    "ipv4": "192.0.2.{day}",
    "ipv6": "2001:db8::{day}",
    "uri": "https://example.com/{slug}{n}",
    "url": "https://example.com/{slug}{n}",
    "iri": "https://example.com/{slug}{n}",
    "uri-reference": "https://example.com/{slug}{n}",
    "iri-reference": "https://example.com/{slug}{n}",
    "uri-template": "https://example.com/{slug}{n}/{{id}}",
    "uuid": "{identifier}",
    "json-pointer": "/{slug}{n}",
    "relative-json-pointer": "{day}/{slug}",
    "regex": "^[a-z]{{{day}}}$",
    "byte": "c2FtcGxl",
    "base64": "c2FtcGxl",
    "color": "#3366{day:02}",
}


def sample_texts(spec: Spec, name: str, turn: int, identifier: str) -> Iterator[str]:
    """Yield texts for a place, the most natural first; the caller takes the first valid one."""
    least = int(max([0, *spec.number_keyword("minLength")]))
    most = int(min([10**6, *spec.number_keyword("maxLength")]))
    words = re.sub(r"[\W_]+|(?<=[a-z0-9])(?=[A-Z])", " ", name).strip().lower()
    made = []
    if spec.format in FORMATS:
        slug = words.replace(" ", "-").encode("ascii", "ignore").decode() or "sample"
        made = [
            FORMATS[spec.format].format(day=turn % 28 + 2, n=turn + 1 if turn else "", slug=slug, identifier=identifier)
        ]
    yield from made
    natural = f"Sample {words}".strip() + (f" {turn + 1}" if turn else "")
    patterns = [pattern for pattern in spec.keyword("pattern") if isinstance(pattern, str)]
    matching = [text for pattern in patterns for text in _matching(pattern, least, most, turn)]
    yield from matching
    for text in matching[:: len(matching) // 12 + 1]:
        yield from _padded(text, least)
        for given in made:  # a format and a pattern: one written over the start or the end of the other
            yield from (text + given[len(text) :], given[: -len(text)] + text, text + given, given + text)
    for first, second in pairwise(patterns):
        one, other = pattern_text(first, 0, turn), pattern_text(second, 0, turn)
        yield from chain((one + other, other + one), _padded(one + other, least))
        yield one + "a" * max(0, least - len(one + other)) + other
    for given in made:
        yield from _padded(given, least)
    yield (natural + " sample" * (least // 7 + 1))[:least] if len(natural) < least else natural[:most]
    yield from (str((turn + more) % 10) * max(1, least) for more in range(10))
    yield from ("", (natural + " sample" * 6)[:most], ("sample" * 60)[:most], "x" * min(most, max(least, 1)))


def _matching(pattern: str, least: int, most: int, turn: int) -> Iterator[str]:
    for grow in (2, 0, 1, 3, 5, 8, least, max(0, least - 1), max(0, least - 2), max(0, most // 2)):
        yield pattern_text(pattern, min(grow, LONGEST), turn)
        yield pattern_text(pattern, min(grow, LONGEST), turn + 1)


def _padded(text: str, least: int) -> Iterator[str]:
    """Yield a text that is too short with letters before, and with letters after it."""
    pad = "a" * min(least - len(text), 10 * LONGEST)
    if pad:
        yield from (pad + text, text + pad)


def sample_numbers(spec: Spec, turn: int) -> Iterator[int | float]:
    """Yield numbers for a place: the most natural one, those beside it, and some far away or between."""
    yield sample_number(spec, turn)
    yield from (sample_number(spec, other) for other in range(turn + 1, turn + NEIGHBOURS))
    yield from (sample_number(spec, other) for other in range(turn))
    yield from (0, -1, 2, 10, 100, -100, 10**6, -(10**6))
    if spec.kind == "number":
        yield from (1.5, 0.5, -0.5, 0.25, 2.5)
    for keyword in ("minimum", "maximum"):
        yield from spec.number_keyword(keyword)


def sample_number(spec: Spec, turn: int) -> int | float:
    """Choose a number within the bounds of a place and on its steps, near to 1."""
    whole = spec.kind == "integer"
    steps = [abs(_exact(step)) for step in spec.number_keyword("multipleOf") if step]
    step = _common_multiple([*steps, Decimal(1)] if whole else steps or [Decimal(1)])
    low, high = _bounds(spec, whole or bool(steps), step)
    if not steps and not whole and low is not None and high is not None and high - low < 2:
        return _plain(low + (high - low) * Decimal(turn + 1) / Decimal(turn + 2), whole)
    start = Decimal(1) if low is None else max(low, min(Decimal(1), high if high is not None else Decimal(1)))
    start = min(start, high) if high is not None and low is None else start
    number = (start / step).to_integral_value(ROUND_CEILING) * step if whole or steps else start
    if high is not None and number > high:
        number = (high / step).to_integral_value(ROUND_FLOOR) * step
    moved = number + turn * step
    return _plain(moved if high is None or moved <= high else number - turn * step, whole)


def _bounds(spec: Spec, stepped: bool, step: Decimal) -> tuple[Decimal | None, Decimal | None]:
    """Give the lowest and highest number; excluded limits are moved inside by one step, or a little."""
    edge = step if stepped else Decimal("0.5")
    lows = [_exact(limit) for limit in spec.number_keyword("minimum")]
    highs = [_exact(limit) for limit in spec.number_keyword("maximum")]
    out_low = [_exact(limit) for limit in spec.number_keyword("exclusiveMinimum")]
    out_high = [_exact(limit) for limit in spec.number_keyword("exclusiveMaximum")]
    out_low += lows if True in spec.keyword("exclusiveMinimum") else []  # the spelling of draft 4
    out_high += highs if True in spec.keyword("exclusiveMaximum") else []
    if out_low and out_high and not stepped:
        edge = min(edge, abs(min(out_high) - max(out_low)) / 4)
    low = max([*lows, *(_beyond(limit, edge, stepped) for limit in out_low)], default=None)
    high = min([*highs, *(-_beyond(-limit, edge, stepped) for limit in out_high)], default=None)
    return low, high


def _beyond(limit: Decimal, edge: Decimal, stepped: bool) -> Decimal:
    """Move up from an excluded limit: to the next step, or by the edge."""
    return ((limit / edge).to_integral_value(ROUND_FLOOR) + 1) * edge if stepped else limit + edge


def _common_multiple(steps: list[Decimal]) -> Decimal:
    """Give the least number that is a multiple of all steps."""
    ratios = [step.as_integer_ratio() for step in steps]
    scale = math.lcm(*(below for _, below in ratios))
    return Decimal(math.lcm(*(above * scale // below for above, below in ratios))) / scale


def _exact(number: Any) -> Decimal:
    return Decimal(str(number))


def _plain(number: Decimal, whole: bool) -> int | float:
    return int(number) if whole or number == number.to_integral_value() else float(number)


def sample_keys(spec: Spec) -> Iterator[str]:
    """Yield keys for a map that its patterns or propertyNames allow."""
    names = [schema for schema in spec.keyword("propertyNames") if isinstance(schema, dict)]
    patterns = [schema["pattern"] for schema in names if isinstance(schema.get("pattern"), str)]
    patterns += [pattern for pattern, _ in spec.patterns] if spec.closed or not spec.additional else []
    for schema in names:
        yield from (name for name in schema.get("enum", ()) if isinstance(name, str))
    for turn in range(100):
        for pattern in patterns:
            yield pattern_text(pattern, 2, turn) or "key"
        if not patterns:
            yield "key" if not turn else f"key{turn + 1}"
