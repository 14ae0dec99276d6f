"""Words and numbers as people read them, and text that Streamlit must not take for Markdown."""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime

from lib.serialization.counting import plural as plural
from lib.serialization.counting import several

NOTHING = "—"
#: Of a figure that is as good as the same.
AS_BEFORE = "as before"

_ROUNDED = 100_000
# From so many times as much on, a change is said in times.
_TIMES = 10

# What Markdown and Streamlit's directives act on, at the start of a line too; an entity would be another character.
_MARKDOWN = re.compile(r"[\\`*_~$:\[\]<>#|!(){}]|^[-+=]|&(?=#?\w+;)")
# The same with as few backslashes as possible: underscores inside words, most colons and signs do nothing in a label.
_LABEL = re.compile(
    r"[\\`*~$\[\]<]|(?<![^\W_])_|_(?![^\W_])|:(?=[^\W\d_])|&(?=#?\w+;)"
    r"|^(?:>|#(?=#*(?!\S))|[+-](?!\S)|-(?=-)|=(?==*$))"
)
_ITEM = re.compile(r"^(\d+)([.)])(?!\S)")
# What is replaced where it is escaped, too, as that happens in the finished text: emoji and icons by their names,
# addresses that become links, signs that become arrows and dashes.
_REPLACED = re.compile(
    r"(?<=:)(?=(?!\d\d:)[\w+-]+:|material/|//)|(?<=@)(?=[\w-])|(?<=www)(?=\.)"
    r"|(?<=(?<!\S)[<>~-])(?=(?:-|->|>|=)(?!\S))",
    re.IGNORECASE,
)
_JOINER = "\N{WORD JOINER}"  # has no width, and parts what stands before it from what follows

# Categories of characters that nobody sees, but that end a line or turn the direction of the text around them.
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
# These two shape the letters of several scripts, and compose emoji.
_SHAPING = "\N{ZERO WIDTH NON-JOINER}\N{ZERO WIDTH JOINER}"

_BRACKETS = re.compile(r"\\[\\\[\]]|[\[\]]")
_LOOKALIKES = {"[": "\N{FULLWIDTH LEFT SQUARE BRACKET}", "]": "\N{FULLWIDTH RIGHT SQUARE BRACKET}"}
_BACKTICKS = re.compile("`+")


def escape(text: str) -> str:
    """The text on one line, with all that Markdown or Streamlit would act on made inert."""
    return _inert(text, _MARKDOWN)


def plain(text: str) -> str:
    """`escape` for the label of a widget: screen readers are given labels as they are written, backslashes and all."""
    return _inert(text, _LABEL)


def unseen(words: str) -> str:
    """Label of a button that is drawn as its icon alone: screen readers say the words, contrast.css hides them.

    Streamlit would name the button by the icon, such as “more_vert icon”.
    """
    return f"*{plain(words)}*"


def code(text: str) -> str:
    """The text as inline code, exactly and on one line; what nobody would see is written as `\\n` or `\\u202e`.

    A bracket without its partner becomes a look-alike: it would end a directive such as `:small[…]` around the code.
    """
    text = _paired(_visible(text)).replace(":material/", f":{_JOINER}material/") or " "
    fence = "`" * (max(map(len, _BACKTICKS.findall(text)), default=0) + 1)
    # Markdown takes away one blank at both ends.
    padding = " " if "`" in (text[0], text[-1]) or (text[0] == text[-1] == " " and text.strip()) else ""
    return f"{fence}{padding}{text}{padding}{fence}"


def unbroken(text: str) -> str:
    """The text, such as a date, as one word for whoever breaks lines: at no blank and at no hyphen."""
    return text.replace("-", f"-{_JOINER}").replace(" ", "\N{NO-BREAK SPACE}")


def one_line(text: str) -> str:
    """The text on one line, with what nobody would see written out: for what is no Markdown."""
    return _visible(" ".join(text.split()))


def _inert(text: str, markup: re.Pattern[str]) -> str:
    marked = markup.sub(r"\\\g<0>", _REPLACED.sub(_JOINER, one_line(text)))
    return _ITEM.sub(r"\1\\\2", marked)


def _visible(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(c.encode("unicode_escape").decode() if _is_unseen(c) else c for c in text)


def _is_unseen(character: str) -> bool:
    return unicodedata.category(character) in _UNSEEN and character not in _SHAPING


def _paired(text: str) -> str:
    """The text with a look-alike for every bracket without its partner, as Streamlit's directives count them."""
    opened: list[int] = []
    alone: list[int] = []
    for found in _BRACKETS.finditer(text):
        if found[0] == "[":
            opened.append(found.start())
        elif found[0] == "]":
            if opened:
                opened.pop()
            else:
                alone.append(found.start())
    characters = list(text)
    for place in (*opened, *alone):
        characters[place] = _LOOKALIKES[characters[place]]
    return "".join(characters)


def shorten(text: str, limit: int) -> str:
    """The text cut at a word within `limit` characters, with an ellipsis if something was cut."""
    if len(text) <= limit:
        return text
    cut = text[: limit - 1]
    return (cut.rsplit(" ", 1)[0] if " " in cut[limit // 2 :] else cut).rstrip(" ,;:.") + "…"


def count(number: int) -> str:
    """1284 → 1,284; from 100,000 on in thousands, millions or billions: 128k, 1.3M, 2.0B. `exactly` has the rest."""
    if number < _ROUNDED:
        return f"{number:,}"
    if number < 999_500:
        return f"{number / 1000:.0f}k"
    if number < 999_950_000:
        return f"{number / 1_000_000:.1f}M"
    return f"{number / 1_000_000_000:.1f}B"


def exactly(number: int, definition: str = "") -> str:
    """A figure's definition, with the exact number if `count` rounds it."""
    if number < _ROUNDED:
        return definition
    return f"{definition.rstrip('.')}. Exactly {number:,}.".removeprefix(". ")


def percent(share: float | None) -> str:
    """0.987 → 98.7 %; only a true 1 is 100 %, only a true 0 is 0 %."""
    if share is None:
        return NOTHING
    if share in (0, 1):
        return f"{share * 100:.0f} %"
    if share < 0.0005:
        return "< 0.1 %"
    return f"{min(share * 100, 99.9):.1f} %"


def changed_by(part: float) -> str:
    """0.125 → +12.5 %, -0.5 → −50.0 %, from ten times on ×12.

    As before where it would read as none, and −100 % only where nothing is left.
    """
    if part >= _TIMES - 1:
        return f"×{part + 1:,.0f}"
    said = f"{part if part == -1 else max(part, -0.999):+,.1%}".replace("%", " %").replace("-", "\N{MINUS SIGN}")
    return AS_BEFORE if said[1:] == "0.0 %" else said


def duration(seconds: float | None) -> str:
    """0.0042 → 4 ms, 2.94 → 2.9 s, 75 → 1 min 15 s, 7260 → 2 h 1 min."""
    if seconds is None:
        return NOTHING
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s" if whole % 60 else f"{whole // 60} min"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def of_total(shown: int, total: object, noun: str) -> str:
    """50 of 10,517 events; 3 events where that is all, or where nobody counted them."""
    if total is None or str(total) == f"{shown:,}":
        return plural(shown, noun)
    return f"{shown:,} of {total} {several(noun)}"


def ago(then: datetime, now: datetime) -> str:
    """a moment ago, 2 minutes ago, 1 hour ago, 3 days ago."""
    minutes = int((now - then).total_seconds() // 60)
    for size, noun in ((60 * 24, "day"), (60, "hour"), (1, "minute")):
        if minutes >= size:
            return f"{plural(minutes // size, noun)} ago"
    return "a moment ago"
