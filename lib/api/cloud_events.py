"""CloudEvents 1.0 over HTTP, read strictly: structured, binary and batched mode, with JSON data.

Not the CloudEvents SDK: see docs/decisions/0020.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Literal
from urllib.parse import unquote_to_bytes

from lib.api.problems import ApiProblem
from lib.catalog.event_types import LONGEST_KEY
from lib.errors import InvalidInput
from lib.events.judging import LONGEST_NAME
from lib.serialization import strict_json
from lib.serialization.strict_json import JsonValue

Mode = Literal["structured", "binary", "batch"]

STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
MAX_BATCH = 500

_JSON = "application/json"
_HOW = (
    f"Send a CloudEvent: `Content-Type: {STRUCTURED}` with the whole event in the body, `{BATCH}` with an array "
    "of them, or `application/json` with the data in the body and the attributes in ce- headers."
)
_PREFIX = "ce-"
_NAME = re.compile(r"[a-z0-9]+")
# The attributes of the specification itself. An extension may be empty, as tracestate is.
_SPECIFIED = {"specversion", "id", "source", "type", "subject", "dataschema", "datacontenttype", "time"}
# RFC 3339. Python reads more: week dates, times without separators, an hour 24.
_TIME = re.compile(
    r"(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})[Tt](?P<minute>[0-9]{2}:[0-5][0-9]):(?P<second>[0-5][0-9]|60)(?:\.[0-9]+)?"
    r"(?P<offset>[Zz]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])"
)
# What a CloudEvents string may not hold: control characters, halves of surrogate pairs, noncharacters.
_FORBIDDEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef"
    + "".join(chr(plane << 16 | last) for plane in range(17) for last in (0xFFFE, 0xFFFF))
    + "]"
)
_JSON_TYPE = re.compile(r"[\w.+-]+/(?:[\w.+-]+\+)?json", re.ASCII)
# RFC 9110 section 5.6.6, and as it forgives: blanks around "=", and semicolons with nothing behind them.
_PARAMETER = re.compile(
    r";[ \t]*(?:(?P<name>[^\s=;\",]+)[ \t]*=[ \t]*"
    r"(?:\"(?P<quoted>(?:[^\"\\]|\\.)*+)\"|(?P<plain>[^\s;\",]*+))[ \t]*)?"
)
_BETWEEN = re.compile(r"[ \t\n\r]*")
_QUOTED_PAIR = re.compile(rb"\\(.)", re.DOTALL)
# Taking a batch apart leaves its numbers unread. parse reads them for each item.
_LENIENT = json.JSONDecoder(strict=False, parse_int=str, parse_float=str, parse_constant=str)


@dataclass(frozen=True)
class CloudEvent:
    """One event as its sender gave it; without data, `data` is None.

    `time` is checked and not kept: we say when an event came in.
    """

    id: str
    source: str
    type: str
    correlation_key: str | None
    schema_ref: str | None
    data: JsonValue


def mode(content_type: str, header_names: Iterable[str]) -> Mode:
    """How the request carries its events. Raises ApiProblem, which says how to send one."""
    media_type = _media_type(content_type)
    if any(charset not in ("utf-8", "utf8") for charset in _charsets(content_type)):
        raise ApiProblem("unsupported-media-type", "charset: only UTF-8 is accepted.")
    if media_type == STRUCTURED:
        return "structured"
    if media_type == BATCH:
        return "batch"
    if not any(name.lower().startswith(_PREFIX) for name in header_names):
        raise ApiProblem("unsupported-media-type", f"{_given(media_type)} is not a CloudEvent. {_HOW}")
    # Without a type the data, if there is any, is read as JSON, as an event without datacontenttype is.
    if media_type.startswith("application/cloudevents") or not _JSON_TYPE.fullmatch(media_type or "text/json"):
        raise ApiProblem("unsupported-media-type", f"{_given(media_type)}: the data must be JSON. {_HOW}")
    return "binary"


def structured(text: bytes | str) -> CloudEvent:
    """The event that a JSON document is. Raises InvalidInput naming the attribute and what is wrong."""
    envelope = strict_json.parse(text, field="event", max_depth=strict_json.MAX_DEPTH + 1)
    if not isinstance(envelope, dict):
        raise InvalidInput("event", "must be a JSON object")
    if envelope.pop("data_base64", None) is not None:
        raise InvalidInput("data_base64", "binary data is not accepted; send JSON in data")
    data = envelope.pop("data", None)  # an event may do without
    return _event({name: _text(name, value) for name, value in envelope.items() if value is not None}, data)


def binary(headers: Iterable[tuple[bytes, bytes]], body: bytes) -> CloudEvent:
    """The event whose attributes are in headers (raw) and whose data is the body. Raises InvalidInput."""
    attributes: dict[str, str] = {}
    for raw_name, raw_value in headers:
        header = raw_name.decode("latin-1").lower()
        if not header.startswith(_PREFIX):
            continue
        name = header.removeprefix(_PREFIX)
        if name in ("data", "datacontenttype"):
            raise InvalidInput(header, "must not be there: data is the body, and its type is Content-Type")
        if name in attributes:
            raise InvalidInput(header, "is given more than once")
        attributes[name] = _decoded(header, raw_value)
    data = strict_json.parse(body, field="data") if body else None
    return _event(attributes, data)


def batch(body: bytes) -> list[str]:
    """The items of a batch, as text: one that is broken must not spoil the others. Raises InvalidInput."""
    try:
        items = list(islice(_items(body.decode().removeprefix("\ufeff")), MAX_BATCH + 1))
    except UnicodeDecodeError:
        raise InvalidInput("batch", "is not UTF-8") from None
    except json.JSONDecodeError as error:
        raise InvalidInput("batch", strict_json.not_json(error)) from None
    except ValueError:
        raise InvalidInput("batch", "must be a JSON array of events") from None
    except RecursionError:
        raise InvalidInput("batch", f"is nested more than {strict_json.MAX_DEPTH} levels deep") from None
    if len(items) > MAX_BATCH:
        raise InvalidInput("batch", f"has more than {MAX_BATCH} events")
    return items


def _items(text: str) -> Iterable[str]:
    """Text of each element of a JSON array. Raises ValueError where it is none, with the place if it begins as one."""
    at = _skip(text, 0)
    if text[at : at + 1] != "[":
        raise ValueError
    at = _skip(text, at + 1)
    separator = ","
    if text[at : at + 1] == "]":
        separator, at = "]", _skip(text, at + 1)
    while separator == ",":
        _, end = _LENIENT.raw_decode(text, at)
        yield text[at:end]
        at = _skip(text, end)
        separator, at = text[at : at + 1], _skip(text, at + 1)
    if separator != "]":
        raise json.JSONDecodeError("Expecting ',' delimiter", text, min(end, len(text)))
    if at < len(text):
        raise json.JSONDecodeError("Extra data", text, at)


def _skip(text: str, at: int) -> int:
    match = _BETWEEN.match(text, at)
    return match.end() if match else at


def _event(attributes: Mapping[str, str], data: JsonValue) -> CloudEvent:
    for name, value in attributes.items():
        _check(name, value)
    if attributes.get("specversion", "1.0") != "1.0":
        raise InvalidInput("specversion", "must be 1.0, the version that is spoken here")
    for name in ("specversion", "id", "source", "type"):
        if name not in attributes:
            raise InvalidInput(name, "is missing; a CloudEvent needs specversion, id, source and type")
    _check_time(attributes.get("time"))
    content_type = attributes.get("datacontenttype", _JSON)
    if content_type != _JSON and not _JSON_TYPE.fullmatch(_media_type(content_type)):
        raise InvalidInput("datacontenttype", "must be application/json or left out")
    key = "correlationkey" if attributes.get("correlationkey") else "subject"
    # Longer ones would be refused later, by names that are ours and not the sender's.
    for name, longest in ((key, LONGEST_KEY), ("dataschema", LONGEST_NAME)):
        if len(attributes.get(name, "")) > longest:
            raise InvalidInput(name, f"must have 1 to {longest} characters")
    return CloudEvent(
        id=attributes["id"],
        source=attributes["source"],
        type=attributes["type"],
        correlation_key=attributes.get(key),
        schema_ref=attributes.get("dataschema"),
        data=data,
    )


def _check(name: str, value: str) -> None:
    if name not in _SPECIFIED and not _NAME.fullmatch(name):
        raise InvalidInput("event", f"has the attribute {_quoted(name[:80])}; names are of a-z and 0-9 only")
    if not value and name in _SPECIFIED:
        raise InvalidInput(name, "must not be empty")
    if not (value.isascii() and value.isprintable()) and _FORBIDDEN.search(value):
        raise InvalidInput(name, "has a control character or another that CloudEvents forbids")


def _check_time(time: str | None) -> None:
    if time is not None and not _is_time(time):
        raise InvalidInput("time", "must be a time with an offset, such as 2026-01-31T08:15:00Z")


def _is_time(text: str) -> bool:
    match = _TIME.fullmatch(text)
    if match is None or match["minute"] >= "24":
        return False
    try:
        minute = datetime.fromisoformat(f"{match['day']}T{match['minute']}:00{match['offset'].upper()}")
        if match["second"] == "60":  # a leap second ends a day in UTC
            minute = minute.astimezone(UTC)
    except (ValueError, OverflowError):  # there is no such day, or none in UTC that Python can name
        return False
    return match["second"] != "60" or (minute.hour, minute.minute) == (23, 59)


def _text(name: str, value: Any) -> str:
    """An attribute's canonical text."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    if name in _SPECIFIED:
        raise InvalidInput(name, "must be text")
    if isinstance(value, int):
        return str(value)
    kind = "must be text, a whole number, true or false" if _NAME.fullmatch(name) else "is not known"
    raise InvalidInput(name[:80], f"{kind}; other values belong in data")


def _decoded(header: str, raw: bytes) -> str:
    """A header's value: unquoted as HTTP has it, then percent-decoded once."""
    if len(raw) > 1 and raw.startswith(b'"') and raw.endswith(b'"'):
        raw = _QUOTED_PAIR.sub(rb"\1", raw[1:-1])
    try:
        return unquote_to_bytes(raw).decode()
    except UnicodeDecodeError:
        raise InvalidInput(header, "is not UTF-8 after percent-decoding") from None


def _media_type(value: str) -> str:
    return value.partition(";")[0].strip().lower()


def _charsets(content_type: str) -> list[str]:
    """Each charset that a Content-Type names, in lower case. What is quoted may have semicolons and quotes in it."""
    at, found = len(content_type.partition(";")[0]), list[str]()
    while at < len(content_type):
        parameter = _PARAMETER.match(content_type, at)
        if parameter is None:
            detail = "Content-Type: what stands behind the type must be name=value, with quotes around other values."
            raise ApiProblem("unsupported-media-type", detail)
        at = parameter.end()
        if (parameter["name"] or "").lower() == "charset":
            quoted = parameter["quoted"]
            given = parameter["plain"] if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
            found.append(given.lower())
    return found


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _given(media_type: str) -> str:
    return media_type[:80] or "A request without Content-Type and ce- headers"
