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
    r"(?:(?<![\w.-])|(?<=%22))(?:--?(?P<option>[A-Za-z][\w.-]{0,63}+)(?:=|[ \t]{1,3}(?!-)"  # as commands are given it
    r"|[\\\"']{1,3},\s{0,3}(?=[\\\"']{1,3}[^-\\\"']))"  # or a list of what they are given
    # A name may begin with low lines, and stand with its value in an address, where “=” is %3D.
    r"|(?P<name>_{0,2}[A-Za-z][\w.-]{0,63}+)(?:[\\\"']*+\s{0,3}(?:=>|[:=→])\s{0,3}|(?:%22)?%3[ADad](?:%22)?))"
)
# The words before a name on its line, as in “API key: …”.
_WORDS_BEFORE = re.compile(r"(?:[^\W\d_]{2,20} ){1,3}\Z")
_LONGEST_WORDS = 63
# What is said of a name: “the password is x1y2z3”, “DB_PASSWORD x1y2z3”. It is a secret if it has letters and digits.
_TOLD = re.compile(
    r"(?<![\w.-])(?P<name>[A-Za-z][\w-]{1,63}+)(?P<verb>(?:[ \t]{1,3}(?:is|was))?[ \t]{1,3})"
    r"(?!/)(?=[A-Za-z!#$%*+/_.-]{0,60}[0-9])(?=[0-9!#$%*+/_.-]{0,60}[A-Za-z])(?P<value>[^\s,;:=&\"'()\[\]{}<>|]{6,}+)(?![:=(])"
)
_DIGIT, _CODED = re.compile("[0-9]"), re.compile("(?i)otp|pin|code")
_CODE = re.compile(
    r"(?i)((?<![A-Za-z0-9])(?:otp|pin|passcode|(?:verification|security|access|login|log-in|sms|mfa|2fa|one-time|recovery"
    r"|confirmation|authentication) code)[ \t]{0,3}(?:[:=]|(?:is|was)\b:?|[ \t])[ \t]{0,3})[0-9]{4,8}(?![A-Za-z0-9-])"
)
# Programs that are given a password behind -p, and those that are given user:password behind -u.
_ASKED = re.compile(
    r"((?<![\w-])(?:(?:sshpass|(?:docker|podman|az|helm registry) login)\b[^\r\n|;&]{0,100}?[ \t]-p[ \t=]?"
    r"|(?:mysql|mariadb)[\w-]{0,20}\b[^\r\n|;&]{0,100}?[ \t]-p(?=[^\s])"
    r"|curl\b[^\r\n|;&]{0,100}?[ \t](?:-u|--user|--proxy-user|-U)[ \t=]{0,3}[\"']?[^\s:\"']{1,100}:))[^\s\"']{1,200}+"
)
# A number or an account in groups goes on behind a gap.
_GROUPED = re.compile(r"(?=[A-Z]*[0-9])[A-Z0-9]{2,8}\Z")
_FURTHER_GROUPS = re.compile(r"(?:[ \u00a0-](?=[A-Z]*[0-9]|[A-Z]{4}(?![A-Za-z]))[A-Z0-9]{1,8}(?![A-Za-z0-9]))++")
_ELEMENT = re.compile(r"<(?P<whole>(?:[\w-]{1,40}:)?(?P<name>[A-Za-z][\w.-]{0,63}+))(?:\s[^<>]{0,200}+)?>")
# Text, and what stands in it for text or for nothing: CDATA, in which "<" means itself, and comments.
_CONTENT = re.compile(r"(?:[^<]++|<!\[CDATA\[.*?(?:\]\]>|\Z)|<!--.*?(?:-->|\Z))++", re.DOTALL)
_END_TAG = re.compile(r"</([\w:.-]{1,120})\s{0,9}>")
# What signs an address opens what it leads to, as does the code of a sign-in (RFC 6749 section 4.1.2).
_SIGNED = re.compile(
    r"(?i)([?&](?:(?:[a-z-]{1,20}-)?sig(?:nature)?=|code=(?=[^&\s#\"'0-9]{0,60}[0-9])(?=[^&\s#\"']{16})))[^&\s#\"']++"
)
_VALUE = re.compile(
    rf"(?!{re.escape(REDACTED)})"
    r"(?:(?P<quote>[\"'])(?:(?!(?P=quote))[^\\]|\\.)*+(?P=quote)?"
    # JSON inside of JSON: a text ends where its quote comes again with as many backslashes.
    r"|(?P<escaped>\\++(?P<mark>[\"']))"
    r"(?:[^\\\"']|(?!(?P=escaped))\\++(?P=mark)?|(?!(?P=mark))[\"'])*+(?P=escaped)?"
    # A block of YAML: its lines are those that are set in.
    r"|[|>][+-]?[0-9]?[ \t]*\r?\n(?:[ \t]+[^\r\n]*+(?:\r?\n|\Z))*+"
    r"|[\[{][^\r\n]*+|[^\s,;&\"')}\]]++)",
    re.DOTALL,
)
_BASIC = re.compile(r"(?i)(?<![A-Za-z0-9])(basic[ \t]{1,3})([A-Za-z0-9+/_-]{6,}+={0,2})")
_WORD = re.compile("[A-Za-z][a-z]+")
_TOKEN = re.compile(
    r"(?P<kept>(?<![A-Za-z0-9])[Bb](?i:earer)[ \t]{1,3})[A-Za-z0-9._~+/=-]{6,}+"
    r"|(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{5,}+(?:\.[A-Za-z0-9_-]*+){2,4}+"
    r"|(?<![A-Za-z0-9])(?:"
    r"[sprw]k_(?:live|test|prod)_[A-Za-z0-9]{8,}+|(?:sk|pk|rk)-[A-Za-z0-9_-]{20,}+|whsec_[A-Za-z0-9+/=_-]{16,}+"
    r"|wec_[0-9a-f]{32}_[A-Za-z0-9_-]{16,}+"
    r"|gh[a-z]_[A-Za-z0-9]{20,}+|github_pat_[A-Za-z0-9_]{20,}+|glpat-[A-Za-z0-9_-]{16,}+"
    r"|xox[a-z]-[A-Za-z0-9-]{10,}+|(?:AKIA|ASIA)[A-Z0-9]{16}|AIza[A-Za-z0-9_-]{30,}+|npm_[A-Za-z0-9]{30,}+"
    r"|SG\.[A-Za-z0-9_-]{10,80}\.[A-Za-z0-9_-]{10,}+|ya29\.[A-Za-z0-9_-]{20,}+|shp[a-z]{2}_[A-Za-z0-9]{16,}+"
    r"|xapp-[A-Za-z0-9-]{15,}+|pypi-[A-Za-z0-9_-]{16,}+|do[opr]_v1_[0-9a-f]{32,}+|hv[sbr]\.[A-Za-z0-9_-]{20,}+"
    r"|SK[0-9a-f]{32}(?![A-Za-z0-9])|key-[0-9a-z]{32}(?![A-Za-z0-9])|dapi[0-9a-f]{32}|1//0[A-Za-z0-9_-]{20,}+"
    r"|EAA[A-Za-z0-9]{30,}+|sq0[a-z]{3}-[A-Za-z0-9_-]{20,}+|PMAK-[0-9a-f]{20,}+-[0-9a-f]{20,}+|NRAK-[A-Z0-9]{20,}+"
    r"|(?:hf|lin_api|glsa|glc|dckr_pat|rubygems|figd|sbp|secret|ntn)_[A-Za-z0-9_-]{30,}+|ATATT3[A-Za-z0-9_=-]{30,}+"
    r"|GOCSPX-[A-Za-z0-9_-]{20,}+|AGE-SECRET-KEY-1[A-Z0-9]{50,}+|pat-[a-z]{2}[0-9]-[0-9a-f-]{36}|xkeysib-[0-9a-f-]{40,}+"
    # Of a bot of Telegram's; in its addresses behind “bot”.
    r"|(?:bot)?[0-9]{8,10}:[A-Za-z0-9_-]{35}(?![A-Za-z0-9_-]))"
    # Addresses that whoever has them may post to.
    r"|(?P<hook>hooks\.slack\.com/(?:services|workflows|triggers)/|/api/webhooks/[0-9]{1,20}/"
    r"|webhook\.office\.com/webhookb2/)[^\s\"'<>]{1,300}+"
    r"|(?P<user>://[^\s/:@]{0,100}:)[^\s/@]{1,200}(?=@)"
    r"|(?P<alone>://)(?=[^\s/:@]{0,100}[0-9])[A-Za-z0-9_~-]{20,100}+(?=@)"
)
#: RFC 9562 section 4. One of some thousands reads like the number of a card or an account, and is neither.
UUID = "[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"
# And W3C Trace Context section 3.2, whose span may be all of digits.
_ID = re.compile(rf"(?<![A-Za-z0-9])({UUID}|[0-9a-f]{{2}}-[0-9a-f]{{32}}-[0-9a-f]{{16}}-[0-9a-f]{{2}})(?![A-Za-z0-9])")
# Groups of digits; an international telephone number has a plus before it.
_DIGITS = re.compile(
    r"(?:(?<![^\s(\"',;:/])(?P<plus>\+)|(?<![A-Za-z0-9.]))"
    r"[0-9]{2,19}(?![A-Za-z0-9])(?:[ \u00a0-][0-9]{1,19}(?![A-Za-z0-9]))*+"
)
_GROUP = re.compile("[0-9]+")
#: Nobody writes a card with less before its first gap, as phones, sizes, amounts and many orders have.
_SHORTEST_FIRST_GROUP = 4
#: ITU-T E.164: no telephone number has more digits.
_LONGEST_PHONE = 15
# What issuers have, by the lengths that they give out. National ones keep to four digits of their own.
_CARD = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})"  # Visa
    r"|(?:5[1-5]\d\d|222[1-9]|22[3-9]\d|2[3-6]\d\d|27[01]\d|2720)\d{12}"  # Mastercard
    r"|220[0-4]\d{12,15}"  # Mir
    r"|3[47]\d{13}|3(?:0[0-5]|[68]\d)\d{11}|35(?:2[89]|[3-8]\d)\d{12,15}"  # American Express, Diners, JCB
    r"|6\d{15}|(?:6[02357]\d\d|64[4-9]\d|81[0-7]\d)\d{13,15}|8[12]\d{14}"  # UnionPay, Discover, RuPay, girocard
    r"|(?:50(?:18|20|38|6[0-2]|6[67]|7[89]|8\d|9\d)|5614|589[35])\d{12,15}"  # Maestro, Verve, Elo, RuPay
    r"|(?:8600|9704|9792|9860)\d{12,15}"  # Uzcard, Napas, Troy, Humo
)
# How the US mail writes the numbers of its parcels: 22 digits in fours, from 92 to 95.
_PARCEL = re.compile("9[2-5][0-9]{2}(?:[ \u00a0-][0-9]{4}){4}[ \u00a0-][0-9]{2}")
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
    if _DIGIT.search(text):  # most texts are told from these more cheaply than by the patterns
        text = "".join(_without_told(text))
        text = _CODE.sub(rf"\1{REDACTED}", text) if _CODED.search(text) else text
    text = _ASKED.sub(rf"\1{REDACTED}", text) if " -" in text or "\t-" in text else text
    text = _SIGNED.sub(rf"\1{REDACTED}", text)
    text = _BASIC.sub(_without_basic, text)
    text = _TOKEN.sub(_without_token, text)
    pieces = _ID.split(text)  # every second one is such an id
    pieces[::2] = [_without_numbers(piece) for piece in pieces[::2]]
    return "".join(pieces)


def is_card(digits: str, *, is_in_groups: bool = False) -> bool:
    """Whether digits are the number of a payment card, check digit included.

    Cards of 13 digits are issued no more. In one group, what has the check digit of an article number (EAN-13) is one.
    """
    if not 13 <= len(digits) <= 19 or not _CARD.fullmatch(digits):
        return False
    if len(digits) == 13 and not is_in_groups and _has_article_check(digits):
        return False
    doubled = [int(digit) * (1 + index % 2) for index, digit in enumerate(reversed(digits))]
    return sum(number - 9 if number > 9 else number for number in doubled) % 10 == 0


def _without_token(match: re.Match[str]) -> str:
    return (match["kept"] or match["hook"] or match["user"] or match["alone"] or "") + REDACTED


def _has_article_check(digits: str) -> bool:
    """Whether the last digit is the check digit of GS1, as articles and parcels have it."""
    return sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(reversed(digits))) % 10 == 0


def _without_assigned(text: str) -> Iterator[str]:
    """The pieces of a text in which what is assigned to the name of a secret is replaced."""
    done = position = 0
    while name := _NAME.search(text, position):
        position = name.end()  # and not behind the value: https://h/?token=x is not "https: …"
        value = _VALUE.match(text, position) if _is_named_secret(text, name) else None
        if value:
            quote = value["quote"] or value["escaped"] or ""
            yield f"{text[done:position]}{quote}{REDACTED}{quote}"
            further = _FURTHER_GROUPS.match(text, value.end()) if _GROUPED.match(value[0]) else None
            done = position = (further or value).end()
    yield text[done:]


def _is_named_secret(text: str, name: re.Match[str]) -> bool:
    """Whether an assigned name is that of a secret, by itself or with the words before it: an API key."""
    if is_sensitive(name["option"] or name["name"]):
        return True
    start = name.start("name")
    if start < 1 or text[start - 1] != " ":
        return False
    before = _WORDS_BEFORE.search(text, max(0, start - _LONGEST_WORDS), start)
    words = before[0].split() if before else []
    ends = (" ".join(words[-count:]) for count in range(1, len(words) + 1))
    # It is the name that has to make a secret of them: “password changed by: Bob” names none.
    return any(is_sensitive(f"{end} {name['name']}") and not is_sensitive(f"{end} x") for end in ends)


def _without_told(text: str) -> Iterator[str]:
    """The pieces of a text in which what is said of the name of a secret is replaced."""
    done = position = 0
    while told := _TOLD.search(text, position):
        position = told.end("name")
        if is_sensitive(told["name"]):
            yield text[done : told.end("verb")] + REDACTED
            done = position = told.start("value") + len(told["value"].rstrip(".!?"))
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
    if _PARCEL.fullmatch(text) and _has_article_check("".join(one[0] for one in groups)):
        return text
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
        if is_card(digits, is_in_groups=last > first) and not (is_phone and len(digits) <= _LONGEST_PHONE):
            end = last
    return end
