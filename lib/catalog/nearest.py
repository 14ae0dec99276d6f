"""Which names are most like one that does not exist."""

from __future__ import annotations

import difflib
import heapq
from collections.abc import Collection, Iterable

#: Comparing takes long, so of very many names only those are compared that share the most pairs of letters.
_MOST_COMPARED = 200
_LONGEST = 200
_ENOUGH_ALIKE, _SURELY_MEANT = 0.5, 0.7


def nearest(name: str, texts: Collection[str], *, limit: int) -> list[str]:
    """The texts that are most like a name, nearest first. All of them are as `comparable` makes them."""
    wanted = comparable(name)
    if len(texts) > _MOST_COMPARED:
        pairs = _pairs(wanted)
        texts = heapq.nlargest(_MOST_COMPARED, texts, key=lambda text: len(pairs & _pairs(text)))
    return difflib.get_close_matches(wanted, texts, limit, _ENOUGH_ALIKE)


def names(name: str, known: Iterable[str], *, limit: int) -> list[str]:
    """The known names that are most like this one, nearest first."""
    by_text = {comparable(one): one for one in known}
    return [by_text[text] for text in nearest(name, by_text, limit=limit)]


def comparable(name: str) -> str:
    """A name without what people spell one way or another."""
    return name[:_LONGEST].casefold().replace("_", " ")


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """“ Did you mean DEVICE_OFFLINE?”, to stand behind a sentence; empty where no name is much like it."""
    found = names(name, known, limit=1)
    if not found or difflib.SequenceMatcher(None, comparable(name), comparable(found[0])).ratio() < _SURELY_MEANT:
        return ""
    return f" Did you mean {found[0]}?"


def _pairs(text: str) -> set[str]:
    return {text[at : at + 2] for at in range(len(text) - 1)}
