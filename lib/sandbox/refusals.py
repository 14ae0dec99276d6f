"""What is said when an expression is refused: one sentence with the function or operator and the place.

No sentence repeats a value: the reader may not be allowed to see the payload. What stands in the expression itself its
author may see.
"""

from __future__ import annotations

import re
from typing import Any

from lib.redaction import redact_text
from lib.serialization.json_values import json_text, json_type

_LONGEST = 200
#: Texts, quoted names and comments, in which a name means nothing.
ASIDE = r""""(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`|/\*.*?\*/"""
#: Codes of $error and $assert, whose message is the author's own, with what is said when there is none.
_AUTHORS_OWN = {
    "D3137": ("$error() function evaluated", "$error is called without a message"),
    "D3141": ("$assert() statement failed", "what $assert is given is not true"),
}
#: Codes of a function that is given what it does not take.
_OF_ARGUMENTS = frozenset({"T0410", "T0411", "T0412"})
#: What ~> hands its left side to without calling it, of which the engine says neither name nor place.
_HANDED_TO = re.compile(rf"{ASIDE}|~>(?:\s|/\*.*?\*/)*(?:(?P<function>\$\w+)(?!\w|\s*\()|(?P<transform>\|))", re.DOTALL)

# By JSONata's own codes. {name} is a function, {token} what stands there or an operator, {wanted} what should,
# {argument} a number, {kind} the kind of a value.
_SENTENCES = {
    "S0101": "has a text without its closing quote",
    "S0102": "has the number {token}, which is too large",
    "S0103": "has the escape \\{token} in a text, which does not exist",
    "S0104": "has \\u in a text without four hex digits behind it",
    "S0105": "has a quoted name without its closing backquote",
    "S0106": "has a comment without its */",
    "S0201": "has {token} where an operator is expected, or the end",
    "S0202": "has {token} where {wanted} is expected",
    "S0203": "ends where {wanted} is expected",
    "S0204": "uses the operator {token}, which does not exist",
    "S0205": "has {token} where it cannot stand",
    "S0207": "ends where a value is expected",
    "S0208": "has a function with a parameter that is no name with a $",
    "S0209": "filters a step behind its grouping, and the filter must come first",
    "S0210": "groups one step twice",
    "S0211": "has {token} where a value is expected",
    "S0212": "has something other than a name with a $ to the left of :=",
    "S0213": "has the fixed value {wanted} as a step of a path",
    "S0214": "has no name with a $ behind {token}",
    "S0215": "names a step behind its filter, and the name must come first",
    "S0216": "names a step behind its sorting, and the name must come first",
    "S0217": "uses % where there is no parent",
    "S0301": "has an empty regular expression",
    "S0302": "has a regular expression that is not valid or does not end",
    "S0401": "has a signature with a parameter for a type that takes none",
    "S0402": "has a signature with a choice of types that cannot be",
    "T0410": "argument {argument} of {name} is {kind}, which it does not take",
    "T0411": "{name} works on the context here, which it does not take as its argument {argument}",
    "T0412": "argument {argument} of {name} must be an array of {items}",
    "T1003": "a key of an object must be a string, and this one is {kind}",
    "T1005": "{name} is called and is not a function: attempted to invoke a non-function. Was a $ forgotten?",
    "T1006": "{name} is called and is not a function: attempted to invoke a non-function",
    "T1007": "{name} is given some of its arguments and is not a function. Was a $ forgotten?",
    "T1008": "{name} is given some of its arguments and is not a function",
    "T1010": "the function given to {name} as a pattern gives no match object",
    "T2001": "the left side of the {token} operator must evaluate to a number",
    "T2002": "the right side of the {token} operator must evaluate to a number",
    "T2003": "the left side of the range operator .. must evaluate to an integer",
    "T2004": "the right side of the range operator .. must evaluate to an integer",
    "T2006": "the right side of the ~> operator must be a function",
    "T2007": "the order-by operator ^ compares values of different kinds",
    "T2008": "the order-by operator ^ can only compare numbers or strings",
    "T2009": "the two sides of the {token} operator must be of the same kind",
    "T2010": "the two sides of the {token} operator must be numbers or strings",
    "T2011": "the second part of the transform operator |…|…| must give an object",
    "T2012": "the third part of the transform operator |…|…|…| must give a string or an array of strings",
    "T2013": "the transform operator |…|…| needs $clone, which is no function here",
    "D1001": "{name} calculates with a number that is too large",
    "D1002": "the - operator cannot negate what is not a number",
    "D1004": "the regular expression given to {name} matches a text of length zero",
    "D1009": "two keys of an object are the same",
    "D1011": "{name} nests or recurses too deeply",
    "D1013": "a key of an object begins with _jsonata_, which is reserved",
    "D2014": "the range operator .. would give too many numbers",
    "D2015": "{name} would give too many items",
    "D2016": "{name} needs too much memory",
    "D3001": "{name} is given a number that does not exist, such as 0 / 0",
    "D3010": "argument 2 of $replace cannot be empty",
    "D3011": "argument 4 of $replace cannot be negative",
    "D3012": "the function given to $replace must give a string",
    "D3020": "argument 3 of $split cannot be negative",
    "D3030": "{name} cannot make a number of its argument",
    "D3040": "argument 3 of $match cannot be negative",
    "D3050": "the function given to $reduce must have at least two parameters",
    "D3060": "$sqrt is given a negative number",
    "D3061": "$power gives a number that is too large or does not exist",
    "D3070": "$sort needs a function as argument 2, because the items are neither all numbers nor all strings",
    "D3080": "the picture given to $formatNumber has more than one ;",
    "D3081": "the picture given to $formatNumber has more than one decimal point",
    "D3082": "the picture given to $formatNumber has more than one %",
    "D3083": "the picture given to $formatNumber has more than one ‰",
    "D3084": "the picture given to $formatNumber has both % and ‰",
    "D3085": "the picture given to $formatNumber has no place for a digit",
    "D3086": "the picture given to $formatNumber has another character between its digits",
    "D3087": "the picture given to $formatNumber has a comma beside the decimal point",
    "D3088": "the picture given to $formatNumber has a comma at the end of the whole number",
    "D3089": "the picture given to $formatNumber has two commas side by side",
    "D3090": "the picture given to $formatNumber has # behind 0 in the whole number",
    "D3091": "the picture given to $formatNumber has 0 behind # in the fraction",
    "D3092": "the picture given to $formatNumber has an exponent beside % or ‰",
    "D3093": "the picture given to $formatNumber has an exponent that is not of zeros alone",
    "D3100": "the base given to $formatBase must be between 2 and 36",
    "D3110": "$toMillis is given something other than an ISO 8601 timestamp; say the form as argument 2",
    "D3130": "the number picture given to {name} is of a kind that it does not know",
    "D3131": "the digits of the picture given to {name} belong to different scripts",
    "D3132": "the date picture given to {name} has a part that it does not know",
    "D3133": "the date picture given to {name} asks for the name of something other than a month or a day",
    "D3134": "the date picture given to {name} has a timezone of more than four digits",
    "D3135": "the date picture given to {name} has a [ without its ]",
    "D3136": "the date picture given to {name} lacks parts that a timestamp needs",
    "D3138": "$single found more than one match",
    "D3139": "$single found no match",
    "D3140": "{name} is given a malformed URL",
    "D3150": "the timezone given to {name} must be hours and minutes, such as +0530",
    "U1001": "{name} needs too much memory",
    "U1006": "{name} takes too many steps",
}
_OPERATORS = re.compile(r"\W+|and|or|in")


def sentence(code: str, message: str, *, token: str | None, position: int | None, value: Any, source: str = "") -> str:
    """The refusal of an expression, the source, from what the engine says of its error."""
    if code in _AUTHORS_OWN:
        engines_own, ours = _AUTHORS_OWN[code]
        if message != engines_own:
            return redact_text(message)[:_LONGEST]
        return ours + _at(position)
    name = _name(token)
    if code in _OF_ARGUMENTS and not token:
        name, position = _handed_to(source) if not position else ("the function", position)
    return _said(code, message, name, token, value) + _at(position)


def _at(position: int | None) -> str:
    return f", at character {position}" if position else ""


def _handed_to(source: str) -> tuple[str, int | None]:
    """What ~> leads to in an expression and where, if it is one thing alone."""
    found = {
        one["function"] or "the transform operator |…|…|": one.end()
        for one in _HANDED_TO.finditer(source)
        if one["function"] or one["transform"]
    }
    return next(iter(found.items())) if len(found) == 1 else ("a function behind ~>", None)


def _said(code: str, message: str, name: str, token: str | None, value: Any) -> str:
    if code == "D1001" and token == "/":
        return "the / operator divides by zero or gives a number that is too large"
    if code == "U1001" and "nested" in message:
        code = "D1011"
    argument, items = re.search(r"rgument (\d+)", message), re.search(r'array of "?(\w+)', message)
    said = _SENTENCES.get(code, "{name} cannot be evaluated").format(
        name=name,
        token=_shown(token or ""),
        wanted=_shown(_written(value)),
        argument=argument[1] if argument else "1",
        items=items[1] if items else "another kind",
        kind=_kind(value),
    )
    return said


def _shown(token: str) -> str:
    """What stands in the expression; a number as people write it."""
    return token.removesuffix(".0")[:80]


def _written(value: Any) -> str:
    """A fixed value as it stands in an expression, or the bare text of what should."""
    is_fixed = value is None or isinstance(value, bool | int | float)
    return json_text(value, None) if is_fixed else str(value) if isinstance(value, str) else ""


def _name(token: str | None) -> str:
    if not token:
        return "the expression"
    return f"the {token} operator" if _OPERATORS.fullmatch(token) else f"${token[:80]}"


def _kind(value: Any) -> str:
    if value is None:
        return "missing or null, or a function"
    kind = "number" if isinstance(value, int | float) and not isinstance(value, bool) else json_type(value)
    return f"{'an' if kind[0] in 'ao' else 'a'} {kind}"
