"""How much one import may hold, counted before it is walked: what several events share counts for each of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from lib.catalog.interchange.documents import Unreadable

_MOST_PLACES = 2_000_000
#: As many characters of a text or a key take as long as one place.
_CHARACTERS = 100


class Allowance:
    """The places that one import may still hold."""

    def __init__(self) -> None:
        self.left = _MOST_PLACES

    def take(self, places: int) -> None:
        """Count places. Raises Unreadable when there were not so many left, and from then on."""
        self.left -= places
        if self.left < 0:
            raise Unreadable("comes after more than one import may hold; import fewer files at once")

    def take_texts(self, texts: Iterable[str]) -> None:
        """Count texts, of which only long ones matter. Raises Unreadable like `take`."""
        self.take(sum(map(len, texts)) // _CHARACTERS)

    def take_all_of(self, value: Any) -> None:
        """Count all places of a JSON value, whatever it means. Raises Unreadable like `take`."""
        waiting = [value]
        while waiting:
            one = waiting.pop()
            self.take(1)
            if isinstance(one, str):
                self.take_texts([one])
            elif isinstance(one, Mapping):
                self.take_texts(one)
                waiting += one.values()
            elif isinstance(one, list):
                waiting += one
