"""What hostile or careless senders put where a payload should be, and a workflow that takes whatever is accepted."""

from __future__ import annotations

import json

from lib.auth.actors import Actor
from lib.database import Database
from tests.support.tenant_catalog import add_entry, add_schema
from tests.support.workflow_runs import event_trigger, expr, publish, step

# Texts that stand where an event's data should be. What is accepted of them must start a run that ends.
DATA: dict[str, bytes] = {
    "NUL escaped": rb'{"a":"\u0000"}',
    "NUL in a key": rb'{"\u0000":1}',
    "NUL raw": b'{"a":"\x00"}',
    "control character raw": b'{"a":"\x01\n"}',
    "high surrogate": rb'{"a":"\ud800"}',
    "low surrogate": rb'{"a":"\udfff"}',
    "surrogates the wrong way round": rb'{"a":"\udc00\ud800"}',
    "surrogate in a key": rb'{"\ud800":1}',
    "surrogate as bytes": b'{"a":"\xed\xa0\x80"}',
    "surrogate pair": rb'{"a":"\ud83d\ude00"}',
    "NaN": b'{"a":NaN}',
    "Infinity": b'{"a":Infinity}',
    "-Infinity": b'{"a":-Infinity}',
    "1e400": b'{"a":1e400}',
    "-1e400": b'{"a":-1e400}',
    "1e-400": b'{"a":1e-400}',
    "1e131072": b'{"a":1e131072}',
    "exponent without end": b'{"a":1e' + b"9" * 5000 + b"}",
    "minus zero": b'{"a":-0.0,"b":-0}',
    "2^53+1": b'{"a":9007199254740993}',
    "4,301 digits": b'{"a":' + b"9" * 4301 + b"}",
    "131,072 digits": b'{"a":' + b"9" * 131_072 + b"}",
    "131,073 digits": b'{"a":' + b"9" * 131_073 + b"}",
    "20,000 decimals": b'{"a":0.' + b"1" * 20_000 + b"}",
    "leading zero": b'{"a":01}',
    "plus": b'{"a":+1}',
    "hexadecimal": b'{"a":0x10}',
    "bare point": b'{"a":.5,"b":1.}',
    "depth 64": b"[" * 64 + b"]" * 64,
    "depth 65": b"[" * 65 + b"]" * 65,
    "depth 1,500": b"[" * 1500 + b"]" * 1500,
    "depth 7,000": b'{"a":' * 7000 + b"1" + b"}" * 7000,
    "depth 100,000": b"[" * 100_000 + b"]" * 100_000,
    "depth without end": b"[" * 200_000,
    "brackets in a string": b'{"a":"' + b"[{" * 50_000 + b'"}',
    "same key twice": b'{"a":1,"a":2}',
    "same key twice, escaped": rb'{"a":1,"\u0061":2}',
    "key of 100,000": b'{"' + b"k" * 100_000 + b'":1}',
    "string of 200,000": b'{"a":"' + b"s" * 200_000 + b'"}',
    "30,000 escapes": b'{"a":"' + rb"\u00e9" * 30_000 + b'"}',
    "20,000 keys": json.dumps({f"k{n}": n for n in range(15_000)}).encode(),
    "60,000 nulls": b"[" + b"null," * 40_000 + b"null]",
    "empty key": b'{"":{"":""}}',
    "prototype": b'{"__proto__":{"admin":true},"constructor":{"prototype":{}}}',
    "looks like a mapping": b'{"$expr":"$eval(\'1\')","$ref":"file:///etc/passwd"}',
    "looks like a pointer": b'{"a/b":{"~0~1":1},"..":{"%":1}}',
    "SQL": b"{\"a\":\"'; SELECT set_config('app.tenant', 'x', false); --\"}",
    "placeholders": b'{"a":":tenant %s %(x)s {0} ${a} {{a}}"}',
    "script": b'{"a":"<script>alert(1)</script><img src=x onerror=alert(1)>"}',
    "remote image": b'{"a":"![x](http://127.0.0.1:1/x.png)"}',
    "formula": b'{"a":"=cmd|\' /C calc\'!A0"}',
    "right-to-left override": '{"a":"\u202egpj.exe\u2066\u200b"}'.encode(),
    "noncharacters": '{"a":"\ufdd0\uffff\U0010ffff"}'.encode(),
    "combining marks": ('{"a":"' + "e" + "\u0301" * 50_000 + '"}').encode(),
    "unterminated string": b'{"a":"' + b"x" * 100_000,
    "unterminated escapes": b'{"a":"' + b"\\" * 100_001,
    "unterminated object": b'{"a":1',
    "trailing comma": b'{"a":1,}',
    "single quotes": b"{'a':1}",
    "comment": b'{"a":1/*x*/}',
    "second value": b'{"a":1}{"b":2}',
    "nothing": b"",
    "invalid UTF-8": b'{"a":"\xff\xfe"}',
    "overlong UTF-8": b'{"a":"\xc0\xa0"}',
    "UTF-16": '{"a":1}'.encode("utf-16"),
    "byte order mark inside": b'\xef\xbb\xbf{"a":1}',
    "null": b"null",
    "true": b"true",
    "a number": b"1",
    "a string": b'"text"',
    "backtracking": b'{"a":"' + b"a" * 5000 + b'!"}',
    "card and password": b'{"card":"4111111111111111","password":"hunter2 ' + b"x" * 1000 + b'"}',
}


def take_anything(db: Database, actor: Actor) -> None:
    """Publish a workflow on ANYTHING, an event whose schema allows every payload, that returns what it was given."""
    add_schema(db, actor.tenant, "payload.Any.v1", {})
    add_entry(db, actor.tenant, "ANYTHING", ref="payload.Any.v1")
    end = step("end", "control.return", output=expr("payload"))
    trigger = event_trigger("ANYTHING", "payload.Any.v1")
    publish(actor.tenant, [end], name="Any", trigger=trigger)
