"""Takes secrets out of values and texts before they are shown, logged, exported or copied.

Four rules, any of which is enough: the schema marks the place (x-sensitive, writeOnly, format password), a
tenant's JSON pointer names it, its key says so (password, apiKey, …), or the text itself looks like a
secret (a bearer token, a card number, a private key, …). When in doubt it is redacted. Pure: nothing is
fetched, nothing is changed in place, and time grows with the size of the input only.
"""

from __future__ import annotations

import base64
import binascii
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from lib import payloads
from lib.errors import InvalidInput
from lib.payloads import JsonValue
from lib.redaction.schema_marks import NOWHERE, MarkedPlace, marks

REDACTED = "[redacted]"

# JSON text inside JSON text inside …: beyond this it is treated as plain text.
_MAX_JSON_IN_TEXT = 8


def redact(value: JsonValue, *, schema: JsonValue = None, pointers: Iterable[str] = ()) -> JsonValue:
    """A copy of the value in which every secret, of whatever type, is "[redacted]"; keys and order stay.

    `schema` is the JSON Schema of the value, of which only local references are followed. In `pointers`,
    `*` stands for any key or index: /items/*/card.
    """
    return _redact(value, marks(schema), [_Pointers.of(pointers)], _MAX_JSON_IN_TEXT)


def redact_text(text: str) -> str:
    """The text with secrets in it replaced, for log lines and error messages."""
    text = _PEM.sub(REDACTED, text)
    text = _HEADER.sub(rf"\1{REDACTED}", text)
    text = "".join(_without_assigned(text))
    text = _BASIC.sub(_without_basic, text)
    text = _TOKEN.sub(lambda match: (match["kept"] or match["user"] or "") + REDACTED, text)
    return _DIGITS.sub(_without_card, text)


def is_sensitive(key: str) -> bool:
    """Whether a key names a secret, in any spelling: whole words only, so "tokenizer" does not."""
    return _names_secret(key if len(key) <= 200 else key[:100] + " " + key[-100:])


# Words, and words in a row, that name a secret …
_WORDS = re.compile(
    r"\b(?:secret|token|password|passwd|pwd|passphrase|passcode|authorization|cookie|credential|bearer|jwt|otp"
    r"|ssn|social security|iban|pan|cvv|cvc|security code|card n(?:umber|o|um|r)|credit card"
    r"|bank account number|(?:api|access|private|secret|signing|encryption|account|master|ssh) key"
    r"|apikey)s?\b"
)
# … and how a name written without any gap ends when it is one: dbpassword, xapikey.
_ENDS = re.compile(
    r"(?:secret|token|password|passwd|passphrase|authorization|cookie|credential|apikey|accesskey|privatekey"
    r"|secretkey|signingkey|encryptionkey|cardnumber|cardno|creditcard|socialsecuritynumber)s?$"
)


@lru_cache(maxsize=4096)
def _names_secret(key: str) -> bool:
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", unicodedata.normalize("NFKC", key))
    name = " ".join(words).lower()
    return bool(_WORDS.search(name) or _ENDS.search(name.replace(" ", "")))


def _redact(value: JsonValue, place: MarkedPlace, pointers: list[_Pointers], json_levels: int) -> JsonValue:
    root: list[JsonValue] = [None]
    todo: list[tuple[Any, Any, JsonValue, MarkedPlace, list[_Pointers]]] = [(root, 0, value, place, pointers)]
    while todo:  # a loop, so that no depth of nesting is too deep
        target, slot, item, place, pointers = todo.pop()
        if place.sensitive or any(pointer.ends for pointer in pointers):
            target[slot] = REDACTED
        elif isinstance(item, Mapping):
            copy = target[slot] = dict.fromkeys(item)
            named = _names_a_secret(item)
            for key, member in item.items():
                if is_sensitive(key) or (named and key in ("value", "values")):
                    copy[key] = REDACTED
                else:
                    todo.append((copy, key, member, place.member(key), _below(pointers, key)))
        elif isinstance(item, list | tuple):
            items = target[slot] = [None] * len(item)
            for index, member in enumerate(item):
                todo.append((items, index, member, place.item(index), _below(pointers, str(index))))
        elif isinstance(item, str):
            target[slot] = _redact_string(item, json_levels)
        elif isinstance(item, int) and 10**12 <= item < 10**19 and _is_card(str(item)):
            target[slot] = REDACTED
        else:
            target[slot] = item
    return root[0]


def _redact_string(text: str, json_levels: int) -> str:
    if json_levels and text.lstrip()[:1] in ("{", "["):
        try:
            inside = payloads.parse(text, max_bytes=len(text) * 4)
        except InvalidInput:
            return redact_text(text)
        redacted = _redact(inside, NOWHERE, [], json_levels - 1)
        return text if redacted == inside else payloads.dumps(redacted)
    return redact_text(text)


def _names_a_secret(item: Mapping[str, JsonValue]) -> bool:
    """Whether this is a pair such as {"name": "Authorization", "value": …}."""
    if "value" not in item and "values" not in item:
        return False
    names = (item.get(key) for key in ("name", "key", "header", "field"))
    return any(isinstance(name, str) and is_sensitive(name) for name in names)


# Each pattern begins where a run of its characters begins, is bounded, or takes all it has passed over:
# none rereads what it has read, so time stays linear in the length of the text.
_PEM = re.compile(r"-----BEGIN [A-Z0-9 ]{1,40}-----.*?(?:-----END [A-Z0-9 ]{1,40}-----|\Z)", re.DOTALL)
_HEADER = re.compile(
    r"(?i)((?<![A-Za-z0-9])(?:authorization|cookie)[\\\"']*+[ \t]{0,3}[:=][ \t]{0,3}[\\\"']*+)"
    r"[^\r\n\\\"']++"
)
_NAME = re.compile(r"(?<![\w.-])([A-Za-z][\w.-]{0,63}+)[\\\"']*+\s{0,3}(?:=>|[:=])\s{0,3}")
_VALUE = re.compile(
    rf"(?!{re.escape(REDACTED)})"
    r"(?:(?P<quote>\\*+[\"'])[^\"']*+[\"']?|[\[{][^\r\n]*+|[^\s,;&\"')}\]]++)"
)
_BASIC = re.compile(r"(?i)(?<![A-Za-z0-9])(basic[ \t]{1,3})([A-Za-z0-9+/_-]{6,}+={0,2})")
_TOKEN = re.compile(
    r"(?P<kept>(?<![A-Za-z0-9])[Bb](?i:earer)[ \t]{1,3})[A-Za-z0-9._~+/=-]{6,}+"
    r"|(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{5,}+\.[A-Za-z0-9_-]++\.[A-Za-z0-9_-]*+"
    r"|(?<![A-Za-z0-9])(?:"
    r"[sprw]k_(?:live|test|prod)_[A-Za-z0-9]{8,}+|(?:sk|pk|rk)-[A-Za-z0-9_-]{20,}+|whsec_[A-Za-z0-9+/=_-]{16,}+"
    r"|wec_[0-9a-f]{32}_[A-Za-z0-9_-]{16,}+"
    r"|gh[a-z]_[A-Za-z0-9]{20,}+|github_pat_[A-Za-z0-9_]{20,}+|glpat-[A-Za-z0-9_-]{16,}+"
    r"|xox[a-z]-[A-Za-z0-9-]{10,}+|(?:AKIA|ASIA)[A-Z0-9]{16}|AIza[A-Za-z0-9_-]{30,}+|npm_[A-Za-z0-9]{30,}+"
    r"|SG\.[A-Za-z0-9_-]{10,80}\.[A-Za-z0-9_-]{10,}+|ya29\.[A-Za-z0-9_-]{20,}+|shp[a-z]{2}_[A-Za-z0-9]{16,}+)"
    r"|(?P<user>://[^\s/:@]{0,100}:)[^\s/@]{1,200}(?=@)"
)
_DIGITS = re.compile(r"(?<![A-Za-z0-9.])[0-9]{2,19}(?:[ \u00a0-][0-9]{2,19}){0,6}(?![A-Za-z0-9])")
_CARD = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})|(?:5[1-5]|2[2-7])\d{14}|3[47]\d{13}|3(?:0[0-5]|[68]\d)\d{11}|(?:6\d|35)\d{14,17}"
)


def _without_assigned(text: str) -> Iterator[str]:
    """The pieces of a text in which what is assigned to the name of a secret is replaced."""
    done = position = 0
    while name := _NAME.search(text, position):
        position = name.end()  # and not behind the value: https://h/?token=x is not "https: …"
        value = _VALUE.match(text, position) if is_sensitive(name[1]) else None
        if value:
            quote = value["quote"] or ""
            yield f"{text[done:position]}{quote}{REDACTED}{quote}"
            done = position = value.end()
    yield text[done:]


def _without_basic(match: re.Match[str]) -> str:
    try:
        plain = base64.urlsafe_b64decode(match[2].replace("+", "-").replace("/", "_").rstrip("=") + "==")
    except (binascii.Error, ValueError):
        return match[0]
    return match[1] + REDACTED if b":" in plain else match[0]  # only then is it a user and a password


def _without_card(match: re.Match[str]) -> str:
    groups = re.split(r"[ \u00a0-]", match[0])
    for first in range(len(groups)):
        for last in range(first + 1, len(groups) + 1):
            if _is_card("".join(groups[first:last])):
                return REDACTED
    return match[0]


def _is_card(digits: str) -> bool:
    if not 13 <= len(digits) <= 19 or not _CARD.fullmatch(digits):
        return False
    doubled = [int(digit) * (1 + index % 2) for index, digit in enumerate(reversed(digits))]
    return sum(number - 9 if number > 9 else number for number in doubled) % 10 == 0


@dataclass
class _Pointers:
    """JSON pointers as a tree of their parts; `ends` where one of them does."""

    parts: dict[str, _Pointers] = field(default_factory=dict)
    ends: bool = False

    @classmethod
    def of(cls, pointers: Iterable[str]) -> _Pointers:
        root = cls()
        for pointer in pointers:
            node = root
            for part in pointer.split("/")[1:] if pointer.startswith("/") else filter(None, [pointer]):
                node = node.parts.setdefault(part.replace("~1", "/").replace("~0", "~"), cls())
            node.ends = True
        return root


def _below(pointers: list[_Pointers], key: str) -> list[_Pointers]:
    found = (pointer.parts.get(part) for pointer in pointers for part in (key, "*"))
    return [pointer for pointer in found if pointer is not None]
