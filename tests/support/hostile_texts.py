"""Values that a URL, a header or a box to type in can carry, and that PostgreSQL, UTF-8, int or datetime refuse."""

from __future__ import annotations

NOBODY = "00000000-0000-0000-0000-000000000000"

#: As the bytes that a URL carries percent-encoded; any may follow a good value, too.
BYTES: dict[str, bytes] = {
    "NUL": b"\0",
    "NUL inside": b"a\0b",
    "NUL after a name": b"TICKET_CREATED\0",
    "NUL as JSON": rb"\u0000",
    "half a surrogate pair": b"\xed\xa0\x80",
    "half a surrogate pair as JSON": rb"\ud800",
    "not UTF-8": b"\xff",
    "overlong UTF-8": b"\xc0\x80",
    "noncharacter": "\ufffe\uffff".encode(),
    "digits of another script": "٣²Ⅷ".encode(),
    "zero": b"0",
    "below zero": b"-1",
    "beyond int4": b"2147483648",
    "beyond int8": b"9223372036854775808",
    "more digits than int() reads": b"9" * 5000,
    "NaN": b"NaN",
    "infinity": b"-infinity",
    "year 0": b"0000-01-01",
    "year -1": b"-0001-01-01T00:00:00Z",
    "year 10000": b"10000-01-01",
    "before the first year": b"0001-01-01T00:00:00+23:59",
    "after the last year": b"9999-12-31T23:59:59.999999-23:59",
    "a slice of all time": b"0001-01-01T00:00:00+23:59/9999-12-31T23:59:59-23:59",
    "cursor before the first year": f"0001-01-01T00:00:00+23:59~{NOBODY}".encode(),
    "cursor after the last year": f"9999-12-31T23:59:59-23:59~{NOBODY}".encode(),
    "cursor with NUL": f"2026-01-01\x0000:00:00+00:00~{NOBODY}".encode(),
    "cursor of nonsense": b"infinity~\0",
    "id": NOBODY.encode(),
    "id with NUL": f"{NOBODY}\0".encode(),
    "long": b"x" * 20_000,
}

#: As Python holds them after a lenient decoder, such as the one of command lines.
TEXTS: dict[str, str] = {
    "NUL": "\0",
    "NUL inside": "a\0b",
    "high surrogate": "\ud800",
    "low surrogate": "a\udfff",
    "surrogates the wrong way round": "\udc00\ud800",
    "a byte that is not UTF-8": b"\xff".decode("utf-8", "surrogateescape"),
}
