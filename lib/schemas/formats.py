"""Checks of formats: jsonschema's own, made quick where they take long."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, lru_cache, partial

from jsonschema import FormatChecker


@cache
def quick_formats(checker: FormatChecker) -> FormatChecker:
    """Give a draft's checker with its answers kept, and IRIs of plain letters checked as the URIs they are.

    Parsing one IRI takes tens of milliseconds, a hundred times as long as a URI.
    """
    quick = FormatChecker(formats=())
    quick.checkers = {**checker.checkers}
    for name, plain in (("iri", "uri"), ("iri-reference", "uri-reference")):
        if name in checker.checkers and plain in checker.checkers:
            quick.checks(name)(_is_iri(partial(checker.conforms, format=plain), partial(checker.conforms, format=name)))
    return quick


def _is_iri(is_uri: Callable[[object], bool], parsed: Callable[[object], bool]) -> Callable[[object], bool]:
    remembered = lru_cache(maxsize=5000)(parsed)

    def is_iri(value: object) -> bool:
        if not isinstance(value, str):
            return True
        # With brackets or control characters the two checks differ.
        same = value.isascii() and value.isprintable() and not set("[]") & set(value)
        return is_uri(value) if same else remembered(value)

    return is_iri
