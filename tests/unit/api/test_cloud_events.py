"""CloudEvents are read strictly: what the specification forbids is refused with the attribute's name."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.api import cloud_events
from lib.api.cloud_events import CloudEvent
from lib.api.problems import ApiProblem
from lib.errors import InvalidInput
from lib.schemas.form import validate
from lib.serialization import strict_json

EVENT = {"specversion": "1.0", "id": "1", "source": "/s", "type": "T", "data": {"a": 1}}
HEADERS = {"ce-specversion": "1.0", "ce-id": "1", "ce-source": "/s", "ce-type": "T"}


def structured(**changes: Any) -> CloudEvent:
    event = {name: value for name, value in (EVENT | changes).items() if value is not ...}
    return cloud_events.structured(json.dumps(event))


def binary(body: bytes = b'{"a": 1}', **changes: bytes | str) -> CloudEvent:
    raw = HEADERS | {name.replace("_", "-"): value for name, value in changes.items()}
    headers = [(n.encode(), v.encode() if isinstance(v, str) else v) for n, v in raw.items()]
    return cloud_events.binary([*headers, (b"content-type", b"application/json")], body)


def test_both_modes_say_the_same() -> None:
    expected = CloudEvent("1", "/s", "T", "key", "ref", {"a": 1})
    assert structured(subject="key", dataschema="ref") == expected
    assert binary(ce_subject="key", ce_dataschema="ref") == expected


def test_the_correlation_key_extension_goes_before_the_subject() -> None:
    assert structured(subject="subject").correlation_key == "subject"
    assert structured(subject="subject", correlationkey="key").correlation_key == "key"
    assert structured(subject="subject", correlationkey=None).correlation_key == "subject"
    assert structured(correlationkey=17).correlation_key == "17" == binary(ce_correlationkey="17").correlation_key
    assert structured(correlationkey=True).correlation_key == "true"
    assert structured().correlation_key is None


def test_data_is_exact_and_may_be_anything_or_absent() -> None:
    exact = '{"specversion":"1.0","id":"1","source":"s","type":"T","data":1.10}'
    assert str(cloud_events.structured(exact).data) == "1.10"
    assert binary(b"1.10").data == Decimal("1.10")
    assert structured(data=None).data is None and structured(data="text").data == "text"
    assert structured(data=...).data is None is binary(b"").data
    deep = json.loads("[" * strict_json.MAX_DEPTH + "]" * strict_json.MAX_DEPTH)
    assert structured(data=deep).data == deep


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("specversion", {"specversion": "0.3"}),
        ("specversion", {"specversion": ...}),
        ("specversion", {"specversion": 1}),
        ("id", {"id": ...}),
        ("id", {"id": None}),
        ("id", {"id": ""}),
        ("id", {"id": 7}),
        ("source", {"source": ...}),
        ("source", {"source": ""}),
        ("source", {"source": ["a"]}),
        ("type", {"type": ...}),
        ("type", {"type": "a\nb"}),
        ("type", {"type": "a\x7fb"}),
        ("type", {"type": "a\x85b"}),
        ("type", {"type": "a\ufdd0b"}),
        ("type", {"type": "a\U0001ffffb"}),
        ("subject", {"subject": ""}),
        ("subject", {"subject": {"a": 1}}),
        ("time", {"time": "yesterday"}),
        ("time", {"time": "2026-01-01T00:00:00"}),
        ("time", {"time": ""}),
        ("dataschema", {"dataschema": ""}),
        ("datacontenttype", {"datacontenttype": ""}),
        ("datacontenttype", {"datacontenttype": "application/xml"}),
        ("data_base64", {"data": ..., "data_base64": "AA=="}),
        ("subject", {"subject": "x" * 513}),
        ("correlationkey", {"subject": "x", "correlationkey": "x" * 513}),
        ("dataschema", {"dataschema": "x" * 257}),
        ("event", {"Upper": "x"}),
        ("event", {"with-dash": "x"}),
        ("event", {"": "x"}),
        ("extension", {"extension": 1.5}),
        ("extension", {"extension": [1]}),
    ],
)
def test_what_the_specification_forbids_is_refused_by_name(field: str, changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput) as refused:
        structured(**changes)
    assert refused.value.field == field


def test_what_it_allows_is_taken() -> None:
    kept = structured(time="2026-01-31T08:15:00.123456789Z", extension="x", traceparent="00-ab", flag=False, unset=None)
    dated = structured(time="2016-12-31T23:59:60+00:00", datacontenttype="application/vnd.acme+json; charset=utf-8")
    assert (kept.type, kept.data) == (dated.type, dated.data) == (structured().type, structured().data)
    assert structured(data_base64=None) == structured()
    assert structured(subject="x" * 513, correlationkey="k").correlation_key == "k"
    named = structured(id="ünï ✓ \U0001f600", source="urn:uuid:1")
    assert (named.id, named.source) == ("ünï ✓ \U0001f600", "urn:uuid:1")


@pytest.mark.parametrize("name", ["tracestate", "correlationkey", "x"])
def test_an_extension_may_be_empty(name: str) -> None:
    assert structured(**{name: ""}) == structured() == binary(**{f"ce_{name}": ""})
    assert structured(subject="subject", correlationkey="").correlation_key == "subject"


TIMES = ["2026-01-31T08:15:00Z", "2026-01-31t08:15:00.5z", "2024-02-29T23:59:59-23:59", "2016-12-31T23:59:60Z"]
LEAP_SECONDS = ["1990-12-31T15:59:60-08:00", "2016-12-31T23:59:60.999Z", "2017-01-01T05:29:60+05:30"]
NO_TIMES = [
    *("2026-W05-6T08:15:00Z", "2026-031T08:15:00Z", "20260131T081500Z", "2026-01-31T08Z", "2026-01-31T08:15Z"),
    *("2026-01-31T08:60:00Z", "2026-01-31T24:00:00Z", "2026-01-31T08:15:61Z", "2026-02-29T08:15:00Z"),
    *("2026-01-31 08:15:00Z", "2026-01-31T08:15:00,5Z", "2026-01-31T08:15:00.Z", "2026-01-31T08:15:00+0100"),
    *("2026-01-31T08:15:00+24:00", "2026-01-31T08:15:00+01:60", "2026-01-31T08:15:00+01:00:30", "2026-01-31T08:15:00"),
    *("2026-01-31T08:15:60Z", "2016-12-31T23:59:60+01:00", "0001-01-01T00:59:60+23:59", "2026-01-31T08:15:00Z\u2028"),
    *("٢026-01-31T08:15:00Z", "0000-01-01T00:00:00Z", " 2026-01-31T08:15:00Z"),
]


@pytest.mark.parametrize("time", TIMES + LEAP_SECONDS)
def test_a_time_is_one_of_rfc_3339(time: str) -> None:
    assert structured(time=time) == structured() == binary(ce_time=time)


@pytest.mark.parametrize("time", NO_TIMES)
def test_another_time_is_refused(time: str) -> None:
    with pytest.raises(InvalidInput, match="time: must be a time with an offset"):
        structured(time=time)


@pytest.mark.parametrize("draft", ["draft-04/schema#", "draft-07/schema#", None])
def test_a_leap_second_is_a_time_in_a_payload_too(draft: str | None) -> None:
    schema: dict[str, Any] = {"format": "date-time"}
    if draft:
        schema["$schema"] = f"http://json-schema.org/{draft}"
    for time in TIMES + LEAP_SECONDS:
        assert validate(schema, time) == [], time
    no_leap_seconds = [time for time in NO_TIMES if ":60Z" in time or ":60+01" in time]
    assert len(no_leap_seconds) == 2
    for time in no_leap_seconds:
        assert validate(schema, time), time


offsets = st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(st.datetimes(timezones=offsets), st.sampled_from(["T", "t"]))
def test_any_instant_may_be_given(instant: datetime, separator: str) -> None:
    assert structured(time=instant.isoformat(separator)) == structured()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"id": 7}, "id: must be text"),
        ({"specversion": 1.0}, "specversion: must be text"),
        ({"time": 5}, "time: must be text"),
        ({"extension": 1.5}, "extension: must be text, a whole number, true or false; other values belong in data"),
        ({"größe": "x"}, 'event: has the attribute "größe"; names are of a-z and 0-9 only'),
    ],
)
def test_what_is_refused_of_an_attribute_is_true_of_it(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        structured(**changes)
    assert str(refused.value) == words


@pytest.mark.parametrize("text", ["", "[]", '"x"', "{", '{"id":1,"id":2}', "\\u0000", b"\xff{}", '{"data":NaN}'])
def test_what_is_no_event_is_refused(text: bytes | str) -> None:
    with pytest.raises(InvalidInput):
        cloud_events.structured(text)


# What CloudEvents allows in a string.
allowed = st.text(
    st.characters(exclude_categories=["Cc", "Cs"]).filter(
        lambda c: not (0xFDD0 <= ord(c) <= 0xFDEF or ord(c) & 0xFFFE == 0xFFFE)
    ),
    min_size=1,
)


@given(allowed)
def test_headers_are_percent_decoded(value: str) -> None:
    safe = "".join(chr(c) for c in range(0x21, 0x7F) if chr(c) not in '"%')
    assert binary(ce_id=quote(value, safe=safe)).id == value
    assert binary(ce_id="".join(f"%{byte:02x}" for byte in value.encode())).id == value


def test_headers_are_unquoted_first_and_decoded_once() -> None:
    assert binary(ce_id='"a \\"b\\" \\\\c%20d"').id == 'a "b" \\c d'
    assert binary(ce_id="%2541").id == "%41"
    assert binary(ce_id="100%").id == "100%"
    assert binary(ce_id="ü".encode()).id == "ü"


@pytest.mark.parametrize("value", ["%C0%A0", "%ff", "%E2%82", "%ED%A0%80", b"\xe2\x82"])
def test_headers_that_are_not_utf8_are_refused(value: bytes | str) -> None:
    with pytest.raises(InvalidInput, match="ce-id: is not UTF-8"):
        binary(ce_id=value)


@pytest.mark.parametrize(
    "changes", [{"ce_datacontenttype": "application/json"}, {"ce_data": "x"}, {"ce_id": "%00"}, {"ce_id": ""}]
)
def test_headers_are_held_to_the_same_rules(changes: dict[str, str]) -> None:
    with pytest.raises(InvalidInput):
        binary(**changes)


def test_a_header_that_comes_twice_is_refused() -> None:
    twice = [(n.encode(), v.encode()) for n, v in HEADERS.items()] + [(b"CE-Id", b"2")]
    with pytest.raises(InvalidInput, match="ce-id: is given more than once"):
        cloud_events.binary(twice, b"{}")


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(st.lists(anything), st.sampled_from([None, 1]))
def test_a_batch_falls_apart_into_its_items(values: list[Any], indent: int | None) -> None:
    items = cloud_events.batch(json.dumps(values, indent=indent).encode())
    assert [repr(json.loads(item)) for item in items] == [repr(value) for value in values]


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"[", b"[,]", b"[1,]", b"[1 2]", b"[1]]", b"[1]x", b"\xff", b'["]', b"[" * 100_000]
)
def test_what_is_no_array_is_no_batch(body: bytes) -> None:
    with pytest.raises(InvalidInput, match="batch"):
        cloud_events.batch(body)


@pytest.mark.parametrize(
    ("body", "place"),
    [
        (b'[{"a": 1},\n {"b": }]', "expecting value at line 2, column 8"),
        (b'[{"a": 1}\n {"b": 1}]', "expecting ',' delimiter at line 1, column 10"),
        (b"[1,\n]", "expecting value at line 2, column 1"),
        (b"[1]\n]", "extra data at line 2, column 1"),
    ],
)
def test_a_batch_that_is_no_json_is_told_where(body: bytes, place: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        cloud_events.batch(body)
    assert str(refused.value) == f"batch: is not JSON: {place}"


def test_one_broken_item_leaves_the_others_whole() -> None:
    long = b"9" * 5000
    items = cloud_events.batch(b'\xef\xbb\xbf [{"a":"\\u0000"}, {"a":1,"a":2}, NaN, {"b": 1e999}, ' + long + b"]")
    assert len(items) == 5 and items[1] == '{"a":1,"a":2}'


def test_a_batch_that_is_too_deep_is_told_so() -> None:
    with pytest.raises(InvalidInput, match="batch: is nested more than 64 levels deep"):
        cloud_events.batch(b"[" * 50_000 + b"]" * 50_000)


def test_a_batch_has_at_most_five_hundred() -> None:
    assert len(cloud_events.batch(b"[" + b"1," * 499 + b"1]")) == 500
    with pytest.raises(InvalidInput, match="more than 500"):
        cloud_events.batch(b"[" + b"1," * 500 + b"1]")


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [
        ("application/cloudevents+json", "structured"),
        ("Application/CloudEvents+JSON; charset=UTF-8", "structured"),
        ("application/cloudevents-batch+json", "batch"),
        ("application/json", "binary"),
        ("text/json", "binary"),
        ("", "binary"),
        ('application/vnd.acme+json;charset="utf-8"', "binary"),
        ('application/cloudevents+json; profile="a;charset=latin-1"', "structured"),
        (r'application/cloudevents+json; x="a\";charset=utf-16"; charset="\utf-8"', "structured"),
        ('application/json; x="a,b" ;; charset = utf8;', "binary"),
    ],
)
def test_the_content_type_decides_the_mode(content_type: str, expected: str) -> None:
    assert cloud_events.mode(content_type, ["CE-Id"]) == expected


@pytest.mark.parametrize(
    ("content_type", "names"),
    [
        ("", []),
        ("application/json", ["content-type"]),
        ("text/plain", ["ce-id"]),
        ("text/plain", []),
        ("application/x-www-form-urlencoded", ["ce-id"]),
        ("multipart/form-data; boundary=x", []),
        ("application/cloudevents+avro", ["ce-id"]),
        ("application/cloudevents+xml", []),
        ("application/cloudevents-batch+xml", []),
        ("application/cloudevents+json; charset=latin-1", []),
        ("application/cloudevents+json; charset=utf-8; charset=latin-1", []),
        ('application/cloudevents+json; x="a;b"; charset="UTF-16"', []),
        ("application/jsonp", ["ce-id"]),
    ],
)
def test_other_content_types_are_refused(content_type: str, names: list[str]) -> None:
    with pytest.raises(ApiProblem) as refused:
        cloud_events.mode(content_type, names)
    assert refused.value.status == 415
    assert "charset" in content_type or "application/cloudevents+json" in refused.value.detail


@pytest.mark.parametrize("behind", [", application/json", "; charset", '; x="a', '; x="a"b', "; x=a b", "; a=b, c/d"])
def test_what_is_no_content_type_is_refused(behind: str) -> None:
    with pytest.raises(ApiProblem) as refused:
        cloud_events.mode(f"application/cloudevents+json{behind}", ["ce-id"])
    assert refused.value.status == 415
