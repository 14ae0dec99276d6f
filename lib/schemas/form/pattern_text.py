"""Text that a regular expression matches: enough of JavaScript's grammar for the patterns of schemas."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

#: Pieces written before nothing is repeated any more.
MOST_PIECES = 1500
#: Characters to choose from, the most natural first.
ALPHABET = "aA1bcdefghijklmnopqrstuvwxyzBCDEFGHIJKLMNOPQRSTUVWXYZ023456789-_.:/@ +#%&=,;~!?$*()[]{}<>|'\"\\^`"
SHORTHANDS: dict[str, Callable[[str], bool]] = {
    "d": str.isdigit,
    "w": lambda char: char.isalnum() or char == "_",
    "s": str.isspace,
    "D": lambda char: not char.isdigit(),
    "W": lambda char: not (char.isalnum() or char == "_"),
    "S": lambda char: not char.isspace(),
}
CONTROLS = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "v": "\v", "0": "\0"}
PIECE = re.compile(r"\{(\d+)(,)?(\d+)?\}|[*+?]")


def pattern_text(pattern: str, grow: int = 0, turn: int = 0) -> str:
    """Write a text that a pattern should match; the caller checks that it does.

    `grow` repeats open-ended pieces that many times more; `turn` chooses other letters, to get another text.
    """
    return _Writer(pattern, grow, turn, _Shared()).alternatives()


@dataclass
class _Shared:
    """What the writers of one text share: pieces written so far, and the letters to choose from by place."""

    pieces: int = 0
    letters: dict[int, list[str]] = field(default_factory=dict)


class _Writer:
    """Reads a pattern once, from left to right, and writes the text as it goes."""

    def __init__(self, pattern: str, grow: int, turn: int, shared: _Shared) -> None:
        self.pattern, self.grow, self.turn, self.at, self.shared = pattern, grow, turn, 0, shared

    def peek(self) -> str:
        return self.pattern[self.at : self.at + 1]

    def take(self) -> str:
        char = self.peek()
        self.at += 1
        return char

    def alternatives(self) -> str:
        written = [self.sequence()]
        while self.peek() == "|":
            self.take()
            written.append(self.sequence())
        return written[self.turn % len(written)]

    def sequence(self) -> str:
        written = ""
        while self.peek() and self.peek() not in "|)":
            start = self.at
            piece = self.atom()
            least, most = self.repeats()
            count = min(most, least + self.grow)
            if self.shared.pieces > MOST_PIECES:  # repetitions inside repetitions
                count = min(count, 1)
            if count > 1 and self.pattern[start] in "([\\.":
                piece = "".join(self.again(start, turn) for turn in range(count))
            elif count != 1:
                piece *= count
            written += piece
        return written

    def again(self, start: int, turn: int) -> str:
        """Write the atom that starts at a place once more, with other letters."""
        other = _Writer(self.pattern, 0, self.turn + turn if turn else self.turn, self.shared)
        other.at = start
        return other.atom()

    def repeats(self) -> tuple[int, int]:
        found = PIECE.match(self.pattern, self.at)
        if not found:
            return 1, 1
        self.at = found.end()
        if self.peek() in ("?", "+") and self.peek():
            self.take()
        if found[0] in ("*", "+", "?"):
            return {"*": (0, 10**4), "+": (1, 10**4), "?": (0, 1)}[found[0]]
        least = int(found[1])
        return least, int(found[3]) if found[3] else 10**4 if found[2] else least

    def atom(self) -> str:
        self.shared.pieces += 1
        char = self.take()
        if char == "(":
            return self.group()
        if char == "[":
            return self.choose(self.char_class())
        if char == "\\":
            return self.escape()
        if char == ".":
            return self.choose(lambda _: True)
        return "" if char in "^$" else char

    def group(self) -> str:
        found = re.compile(r"\?(?:[:=!]|<[=!]|P?<\w+>|[a-z]+:?)").match(self.pattern, self.at)
        if found:
            self.at = found.end()
        inner = self.alternatives()
        self.take()
        return "" if found and found[0][1:] in ("=", "!", "<=", "<!") else inner

    def escape(self) -> str:
        char = self.take()
        if char in SHORTHANDS:
            return self.choose(SHORTHANDS[char])
        if char in "pP":
            return self.choose(self.property(char))
        return "" if char in "bBAZz" or (char.isdigit() and char != "0") else self.escaped(char)

    def property(self, char: str) -> Callable[[str], bool]:
        """Read a Unicode property such as \\p{Lu}; its first letter is enough."""
        found = re.compile(r"\{([^}]*)\}").match(self.pattern, self.at)
        name = found[1] if found else ""
        self.at = found.end() if found else self.at
        tests: dict[str, Callable[[str], bool]] = {"N": str.isdigit, "Lu": str.isupper, "Z": str.isspace}
        test = tests.get(name) or tests.get(name[:1], str.isalpha)
        return test if char == "p" else lambda one: not test(one)

    def escaped(self, char: str) -> str:
        found = re.compile(r"u\{?([0-9a-fA-F]{4,6})\}?|x([0-9a-fA-F]{2})").match(self.pattern, self.at - 1)
        if char in "ux" and found:
            self.at = found.end()
            return chr(int(found[1] or found[2], 16))
        return CONTROLS.get(char, char)

    def char_class(self) -> Callable[[str], bool]:
        negated = self.peek() == "^"
        self.at += negated
        tests: list[Callable[[str], bool]] = []
        while self.peek() and self.peek() != "]":
            tests.append(self.class_member())
        self.take()
        return lambda char: any(test(char) for test in tests) != negated

    def class_member(self) -> Callable[[str], bool]:
        low = self.take()
        if low == "\\":
            low = self.take()
            if low in SHORTHANDS:
                return SHORTHANDS[low]
            if low in "pP":
                return self.property(low)
            low = self.escaped(low)
        if self.peek() != "-" or self.pattern[self.at + 1 : self.at + 2] in ("]", ""):
            return lambda char: char == low
        self.take()
        high = self.take()
        if high == "\\":
            high = self.escaped(self.take())
        return lambda char: low <= char <= high

    def choose(self, test: Callable[[str], bool]) -> str:
        fitting = self.shared.letters.get(self.at)
        if fitting is None:
            fitting = [char for char in ALPHABET if test(char)]
            fitting = fitting or [chr(code) for code in range(0x250) if test(chr(code))]
            self.shared.letters[self.at] = fitting
        return fitting[self.turn % len(fitting)] if fitting else ""
