"""Secrets inside texts, known by what stands before them or by how they look."""

from __future__ import annotations

import base64
import binascii
import re
from bisect import bisect_left
from collections.abc import Iterator

from lib.redaction.names import is_sensitive

REDACTED = "[redacted]"

# Each pattern begins where a run of its characters begins, is bounded, or takes all it has passed over:
# none rereads what it has read, so time stays linear in the length of the text.
_PEM = re.compile(r"-----BEGIN [A-Z0-9 ]{1,40}-----.*?(?:-----END [A-Z0-9 ]{1,40}-----|\Z)", re.DOTALL)
_HEADER = re.compile(
    r"(?i)((?<![A-Za-z0-9])(?:authorization|cookie)[\\\"']*+[ \t]{0,3}[:=][ \t]{0,3}[\\\"']*+)"
    r"[^\r\n\\\"']++"
)
_NAME = re.compile(
    r"(?<![\w.-])(?:--?(?P<option>[A-Za-z][\w.-]{0,63}+)(?:=|[ \t]{1,3}(?!-)"  # as commands are given it
    r"|[\\\"']{1,3},\s{0,3}(?=[\\\"']{1,3}[^-\\\"']))"  # or a list of what they are given
    r"|(?P<name>[A-Za-z][\w.-]{0,63}+)[\\\"']*+\s{0,3}(?:=>|[:=])\s{0,3})"
)
_ELEMENT = re.compile(r"<(?P<whole>(?:[\w-]{1,40}:)?(?P<name>[A-Za-z][\w.-]{0,63}+))(?:\s[^<>]{0,200}+)?>")
# Text, and what stands in it for text or for nothing: CDATA, in which "<" means itself, and comments.
_CONTENT = re.compile(r"(?:[^<]++|<!\[CDATA\[.*?(?:\]\]>|\Z)|<!--.*?(?:-->|\Z))++", re.DOTALL)
_END_TAG = re.compile(r"</([\w:.-]{1,120})\s{0,9}>")
# What signs an address opens what it leads to.
_SIGNED = re.compile(r"(?i)([?&](?:[a-z-]{1,20}-)?sig(?:nature)?=)[^&\s#\"']++")
_VALUE = re.compile(
    rf"(?!{re.escape(REDACTED)})"
    r"(?:(?P<quote>[\"'])(?:(?!(?P=quote))[^\\]|\\.)*+(?P=quote)?"
    # JSON inside of JSON: a text ends where its quote comes again with as many backslashes.
    r"|(?P<escaped>\\++(?P<mark>[\"']))"
    r"(?:[^\\\"']|(?!(?P=escaped))\\++(?P=mark)?|(?!(?P=mark))[\"'])*+(?P=escaped)?"
    r"|[\[{][^\r\n]*+|[^\s,;&\"')}\]]++)",
    re.DOTALL,
)
_BASIC = re.compile(r"(?i)(?<![A-Za-z0-9])(basic[ \t]{1,3})([A-Za-z0-9+/_-]{6,}+={0,2})")
_WORD = re.compile("[A-Za-z][a-z]+")
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
#: RFC 9562 section 4. One of some thousands reads like the number of a card or an account, and is neither.
UUID = "[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"
# And W3C Trace Context section 3.2, whose span may be all of digits.
_ID = re.compile(rf"(?<![A-Za-z0-9])({UUID}|[0-9a-f]{{2}}-[0-9a-f]{{32}}-[0-9a-f]{{16}}-[0-9a-f]{{2}})(?![A-Za-z0-9])")
# Groups of digits; an international telephone number has a plus before it.
_DIGITS = re.compile(
    r"(?:(?<![^\s(\"',;:/])(?P<plus>\+)|(?<![A-Za-z0-9.]))"
    r"[0-9]{2,19}(?![A-Za-z0-9])(?:[ \u00a0-][0-9]{2,19}(?![A-Za-z0-9]))*+"
)
_GROUP = re.compile("[0-9]+")
#: Nobody writes a card with less before its first gap, as phones, sizes, amounts and many orders have.
_SHORTEST_FIRST_GROUP = 4
#: ITU-T E.164: no telephone number has more digits.
_LONGEST_PHONE = 15
_CARD = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})|(?:5[1-5]|2[2-7])\d{14}|3[47]\d{13}|3(?:0[0-5]|[68]\d)\d{11}|(?:6\d|35)\d{14,17}"
)
# A US social security number: no area 000, 666 or 9xx, no group 00, no serial 0000.
_SSN = re.compile(r"(?<![A-Za-z0-9.-])(?!000|666|9)[0-9]{3}-(?!00)[0-9]{2}-(?!0000)[0-9]{4}(?![A-Za-z0-9-])")
_IBAN_START = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{2}[0-9]{2}(?=[ \u00a0-]?[A-Za-z0-9])")
#: How long an IBAN is, by country. What has another length, or a wrong check sum, is none.
_IBAN_COUNTRIES = {
    15: "NO",
    16: "BE",
    18: "DK FI FK FO GL NL SD",
    19: "MK SI",
    20: "AT BA EE KZ LT LU MN XK",
    21: "CH HR LI LV",
    22: "BG BH CR DE GB GE IE ME RS VA",
    23: "AE GI IL IQ OM SO TL",
    24: "AD CZ ES MD PK RO SA SE SK TN VG",
    25: "LY PT ST",
    26: "IS TR",
    27: "BI DJ FR GR IT MC MR SM",
    28: "AL AZ BY CY DO GT HU LB NI PL SV",
    29: "BR EG PS QA UA",
    30: "JO KW MU YE",
    31: "MT SC",
    32: "LC",
    33: "RU",
}
_IBAN_REST = {
    country: re.compile(rf"(?:[ \u00a0-]?[A-Za-z0-9]){{{length - 4}}}(?![A-Za-z0-9])")
    for length, countries in _IBAN_COUNTRIES.items()
    for country in countries.split()
}


def redact_text(text: str) -> str:
    """The text with secrets in it replaced, for log lines and error messages."""
    text = _PEM.sub(REDACTED, text)
    text = _HEADER.sub(rf"\1{REDACTED}", text)
    text = "".join(_without_content(text))
    text = "".join(_without_assigned(text))
    text = _SIGNED.sub(rf"\1{REDACTED}", text)
    text = _BASIC.sub(_without_basic, text)
    text = _TOKEN.sub(lambda match: (match["kept"] or match["user"] or "") + REDACTED, text)
    pieces = _ID.split(text)  # every second one is such an id
    pieces[::2] = [_without_numbers(piece) for piece in pieces[::2]]
    return "".join(pieces)


def is_card(digits: str) -> bool:
    """Whether digits are the number of a payment card, check digit included."""
    if not 13 <= len(digits) <= 19 or not _CARD.fullmatch(digits):
        return False
    doubled = [int(digit) * (1 + index % 2) for index, digit in enumerate(reversed(digits))]
    return sum(number - 9 if number > 9 else number for number in doubled) % 10 == 0


def _without_assigned(text: str) -> Iterator[str]:
    """The pieces of a text in which what is assigned to the name of a secret is replaced."""
    done = position = 0
    while name := _NAME.search(text, position):
        position = name.end()  # and not behind the value: https://h/?token=x is not "https: …"
        value = _VALUE.match(text, position) if is_sensitive(name["option"] or name["name"]) else None
        if value:
            quote = value["quote"] or value["escaped"] or ""
            yield f"{text[done:position]}{quote}{REDACTED}{quote}"
            done = position = value.end()
    yield text[done:]


def _without_content(text: str) -> Iterator[str]:
    """The pieces of a text in which what an element with the name of a secret holds is replaced."""
    done = position = 0
    ends: dict[str, list[int]] | None = None
    while tag := _ELEMENT.search(text, position):
        position = tag.end()
        if not is_sensitive(tag["name"]):
            continue
        content = _CONTENT.match(text, position)
        if ends is None:
            ends = _end_tags(text)
        end = content.end() if content else position
        if not tag[0].endswith("/>"):  # elements in it go too, if it has an end
            known = ends.get(tag["whole"], [])
            at = bisect_left(known, end)
            end = known[at] if at < len(known) else end
        if end > position:
            yield text[done:position] + REDACTED
            done = position = end
    yield text[done:]


def _end_tags(text: str) -> dict[str, list[int]]:
    """Where the end tags of each name begin."""
    found: dict[str, list[int]] = {}
    for tag in _END_TAG.finditer(text):
        found.setdefault(tag[1], []).append(tag.start())
    return found


def _without_basic(match: re.Match[str]) -> str:
    try:
        plain = base64.urlsafe_b64decode(match[2].replace("+", "-").replace("/", "_").rstrip("=") + "==")
    except (binascii.Error, ValueError):
        return match[0]
    # Only then is it a user and a password. Words such as "Overview" have a colon too, but beside what is no text.
    is_word = _WORD.fullmatch(match[2]) and not plain.decode(errors="replace").isascii()
    return match[0] if b":" not in plain or is_word else match[1] + REDACTED


def _without_numbers(text: str) -> str:
    text = "".join(_without_ibans(text))
    text = _SSN.sub(REDACTED, text)
    return _DIGITS.sub(_without_card, text)


def _without_ibans(text: str) -> Iterator[str]:
    done = position = 0
    while start := _IBAN_START.search(text, position):
        position = start.end()
        rest = _IBAN_REST.get(start[0][:2].upper())
        found = rest.match(text, position) if rest else None
        if found and _has_iban_checksum(start[0], found[0]):
            yield text[done : start.start()] + REDACTED
            done = position = found.end()
    yield text[done:]


def _has_iban_checksum(start: str, rest: str) -> bool:
    moved = re.sub(r"[ \u00a0-]", "", rest) + start
    return int("".join(str(int(character, 36)) for character in moved)) % 97 == 1


def _without_card(match: re.Match[str]) -> str:
    """The digits without cards, and without the two short groups behind each: when it ends, and its check digits."""
    text = match[0]
    groups = list(_GROUP.finditer(text))
    pieces, done, hidden_to = list[str](), 0, 0
    for first, group in enumerate(groups):
        last = _end_of_card(groups, first, is_phone=first == 0 and match["plus"] is not None)
        if last is None:
            continue
        if group.start() >= hidden_to:
            pieces += (text[done : group.start()], REDACTED)
        behind = [one for one in groups[last + 1 : last + 3] if len(one[0]) <= 4]
        done = hidden_to = max(hidden_to, (behind[-1] if behind else groups[last]).end())
    return "".join((*pieces, text[done:]))


def _end_of_card(groups: list[re.Match[str]], first: int, *, is_phone: bool) -> int | None:
    """The last group of the longest card that begins with the first one."""
    digits, end = "", None
    if len(groups[first][0]) < _SHORTEST_FIRST_GROUP:
        return None
    for last in range(first, len(groups)):
        digits += groups[last][0]
        if len(digits) > 19:
            break
        if is_card(digits) and not (is_phone and len(digits) <= _LONGEST_PHONE):
            end = last
    return end
