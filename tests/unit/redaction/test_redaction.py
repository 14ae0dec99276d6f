"""Secrets go, everything else stays: by schema, by pointer, by name and by look."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lib.redaction import REDACTED, Redacted, is_sensitive, redact, redact_key, redact_text
from lib.serialization import strict_json
from tests.support import work

SECRET = "Zq7-planted-Xw9"

SENSITIVE = """secret secrets clientSecret client_secret clientsecret token accessToken access_token accesstoken
tokens password Password PASSWORD passwords passwd pwd dbPassword dbpassword user-password password2 passphrase
apiKey api_key api-key apikey API_KEY APIKey x-api-key X-API-Key xapikey api.key authorization Authorization
Proxy-Authorization cookie Set-Cookie cookies ssn SSN social_security_number cardNumber card_number card-no
cardnumber creditCard cvv CVV2 cvc pan PAN iban customer_iban privateKey private_key PrivateKey privatekey
accessKey secretAccessKey credential credentials jwt bearer otp ｐａｓｓｗｏｒｄ
card Card paymentCard debitCard debit_card debitcard giftCards pass dbPass smtp_pass pin PIN cardPin pin_code pw userPw
auth x-auth X-Auth xauth basicAuth session Session sessionId session_id sessionid sessId sessionKey mfaCode mfa_code
mfacode 2faCode totp otpCode authCode verificationCode oneTimeCode backup_codes bank_account bankAccount bankaccount
bankAccountNumber account_number accountNumber accountNo cvcCode cvv2 securityCode routingNumber routing_number sortCode
clientSecret refreshToken refresh_token userCredentials Passwort dbpasswort Kennwort motDePasse contraseña
licenseKey clientKeyData mnemonic seedPhrase senha wachtwoord lösenord hasło пароль Пароль2 密码 パスワード
connect.sid clave kataSandi""".split()

HARMLESS = """tokenizer discard secretary cardinality cardholder cardboard panel company span expansion compass
keyboard key primaryKey foreign_key author authorized authorId passenger description issue_number pinned
botpress cookiecutter ticketNumber
card_type cardType cardBrand cardId card_holder postcard scorecard wildcard discarded passenger passed passCount bypass
compass boarding_passenger pinned pinnedAt pinCount spin shipping opinion authorName author_id authMethod authorised
oauthProvider session_count sessionCount sessionStartedAt sessions_total obsession accountId accountName bank
bankName statusCode reasonCode countryCode postal_code code codes errorCode factor mfaEnabled keyResult turnkey
spanId japan expandable power pwned widthPx sortOrder routing
maxTokens total_tokens promptTokens output_cached_tokens palabraClave clientKeyboard phrase""".split()


@pytest.mark.parametrize("key", [*SENSITIVE, "api key", "Card Number"])
def test_names_of_secrets(key: str) -> None:
    assert is_sensitive(key)
    assert redact({key: SECRET, "other": 1}) == {key: REDACTED, "other": 1}


@pytest.mark.parametrize("key", HARMLESS)
def test_names_that_only_look_alike(key: str) -> None:
    assert not is_sensitive(key)


def test_a_padded_name_is_seen() -> None:
    assert is_sensitive("password " + "y" * 100_000)
    assert is_sensitive("y" * 100_000 + " password")


@pytest.mark.parametrize("value", [None, True, 5, 1.5, "", [], {}, [1, {"a": 2}], {"a": [1]}])
def test_any_type_is_replaced(value: Any) -> None:
    assert redact({"password": value}) == {"password": REDACTED}


POLICIES: dict[str, tuple[dict[str, Any], Any, Any]] = {
    "x-sensitive": ({"properties": {"a": {"x-sensitive": True}}}, {"a": 1, "b": 2}, {"a": REDACTED, "b": 2}),
    "writeOnly": ({"properties": {"a": {"writeOnly": True}}}, {"a": [1]}, {"a": REDACTED}),
    "format password": ({"properties": {"a": {"format": "password"}}}, {"a": "x"}, {"a": REDACTED}),
    "marks that say no": (
        {"properties": {"a": {"x-sensitive": False, "writeOnly": False}}},
        {"a": 1},
        {"a": 1},
    ),
    "the whole value": ({"x-sensitive": True}, {"a": 1}, REDACTED),
    "nested": (
        {"properties": {"c": {"properties": {"d": {"x-sensitive": True}}}}},
        {"c": {"d": 1, "e": 2}},
        {"c": {"d": REDACTED, "e": 2}},
    ),
    "$ref and $defs": (
        {"properties": {"a": {"$ref": "#/$defs/s"}}, "$defs": {"s": {"x-sensitive": True}}},
        {"a": 1},
        {"a": REDACTED},
    ),
    "$ref of $ref": (
        {
            "properties": {"a": {"$ref": "#/$defs/r"}},
            "$defs": {"r": {"$ref": "#s"}, "s": {"$anchor": "s", "writeOnly": True}},
        },
        {"a": 1},
        {"a": REDACTED},
    ),
    "$ref beside its own keywords": (
        {"properties": {"a": {"$ref": "#/$defs/s", "x-sensitive": True}}, "$defs": {"s": {}}},
        {"a": 1},
        {"a": REDACTED},
    ),
    "$ref into an embedded schema": (
        {
            "$ref": "/s",
            "$id": "https://x.example/",
            "$defs": {
                "s": {
                    "$id": "/s",
                    "$ref": "#/$defs/t",
                    "$defs": {"t": {"properties": {"a": {"writeOnly": True}}}},
                }
            },
        },
        {"a": 1},
        {"a": REDACTED},
    ),
    "recursive $ref": (
        {"properties": {"n": {"$ref": "#"}, "s": {"x-sensitive": True}}},
        {"n": {"n": {"s": 1, "t": 2}}},
        {"n": {"n": {"s": REDACTED, "t": 2}}},
    ),
    "remote $ref is not followed": (
        {"properties": {"a": {"$ref": "http://127.0.0.1:1/"}}},
        {"a": 1},
        {"a": 1},
    ),
    "items": ({"items": {"properties": {"a": {"writeOnly": True}}}}, [{"a": 1}, 2], [{"a": REDACTED}, 2]),
    "prefixItems": ({"prefixItems": [{}, {"writeOnly": True}], "items": {}}, [1, 2, 3], [1, REDACTED, 3]),
    "items behind prefixItems": (
        {"prefixItems": [{}], "items": {"writeOnly": True}},
        [1, 2, 3],
        [1, REDACTED, REDACTED],
    ),
    "items as a list, draft 7": (
        {"items": [{}, {"writeOnly": True}], "additionalItems": {"writeOnly": True}},
        [1, 2, 3],
        [1, REDACTED, REDACTED],
    ),
    "additionalProperties": (
        {"properties": {"a": {}}, "additionalProperties": {"writeOnly": True}},
        {"a": 1, "b": 2},
        {"a": 1, "b": REDACTED},
    ),
    "patternProperties": (
        {"patternProperties": {"^(a+)+$": {"writeOnly": True}}},
        {"a" * 40 + "!": 1},
        {"a" * 40 + "!": REDACTED},
    ),
    "allOf": ({"allOf": [{"properties": {"a": {"writeOnly": True}}}, {}]}, {"a": 1}, {"a": REDACTED}),
    "anyOf, the branch that is not taken": (
        {"anyOf": [{"required": ["z"], "properties": {"a": {"writeOnly": True}}}, {"properties": {"a": {}}}]},
        {"a": 1},
        {"a": REDACTED},
    ),
    "oneOf, additionalProperties of one branch": (
        {"oneOf": [{"properties": {"a": {}}}, {"additionalProperties": {"writeOnly": True}}]},
        {"a": 1},
        {"a": REDACTED},
    ),
    "then": ({"if": {}, "then": {"properties": {"a": {"writeOnly": True}}}}, {"a": 1}, {"a": REDACTED}),
    "not a schema": ("nonsense", {"a": 1}, {"a": 1}),  # type: ignore[dict-item]
    "broken parts": ({"properties": [1], "items": 5, "allOf": {"a": 1}, "$ref": 3}, {"a": [1]}, {"a": [1]}),
    "keyword as a property name": (
        {"properties": {"writeOnly": {"type": "string"}}},
        {"writeOnly": "x"},
        {"writeOnly": "x"},
    ),
}


@pytest.mark.parametrize(("schema", "value", "expected"), POLICIES.values(), ids=POLICIES.keys())
def test_marks_of_the_schema(schema: Any, value: Any, expected: Any) -> None:
    assert redact(value, schema=schema) == expected


@pytest.mark.parametrize(
    ("pointers", "expected"),
    [
        (["/a/b"], {"a": {"b": REDACTED, "c": [1, 2]}, "m": {"x": {"v": 1}, "y": {"v": 2}}, "s/t": 3}),
        (["/a/c/1"], {"a": {"b": 0, "c": [1, REDACTED]}, "m": {"x": {"v": 1}, "y": {"v": 2}}, "s/t": 3}),
        (
            ["/a/c/*"],
            {"a": {"b": 0, "c": [REDACTED, REDACTED]}, "m": {"x": {"v": 1}, "y": {"v": 2}}, "s/t": 3},
        ),
        (
            ["/m/*/v"],
            {"a": {"b": 0, "c": [1, 2]}, "m": {"x": {"v": REDACTED}, "y": {"v": REDACTED}}, "s/t": 3},
        ),
        (
            ["/m/*/w", "/m/x/v"],
            {"a": {"b": 0, "c": [1, 2]}, "m": {"x": {"v": REDACTED}, "y": {"v": 2}}, "s/t": 3},
        ),
        (["/s~1t", "/a"], {"a": REDACTED, "m": {"x": {"v": 1}, "y": {"v": 2}}, "s/t": REDACTED}),
        (["/nothing/here"], {"a": {"b": 0, "c": [1, 2]}, "m": {"x": {"v": 1}, "y": {"v": 2}}, "s/t": 3}),
        ([""], REDACTED),
    ],
)
def test_pointers_of_the_tenant(pointers: list[str], expected: Any) -> None:
    value = {"a": {"b": 0, "c": [1, 2]}, "m": {"x": {"v": 1}, "y": {"v": 2}}, "s/t": 3}
    assert redact(value, pointers=pointers) == expected


TEXTS = {
    "Bearer abc123.def": "Bearer [redacted]",
    "sent bearer abc123.def to": "sent bearer [redacted] to",
    "the bearer of news": "the bearer of news",
    "Basic dXNlcjpwYXNz": "Basic [redacted]",
    "basic understanding": "basic understanding",
    "Basic Overview, Basic Operations of BASIC Opening": "Basic Overview, Basic Operations of BASIC Opening",
    "Basic OnBhc3M=, Basic dTpwYXNz": "Basic [redacted], Basic [redacted]",
    'curl -H "Authorization: Token abc" http://h/': 'curl -H "Authorization: [redacted]" http://h/',
    "Cookie: a=b; c=d\nHost: h": "Cookie: [redacted]\nHost: h",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc-_ ok": "[redacted] ok",
    "card 4111 1111 1111 1111, thanks": "card [redacted], thanks",
    "4111-1111-1111-1111": "[redacted]",
    "378282246310005": "[redacted]",
    "4111 1111 1111 1111 12/29": "[redacted]/29",
    "10 20 30 40 50 4111 1111 1111 1111": "10 20 30 40 50 [redacted]",
    "29-11-2026 10 4111-1111-1111-1111 123 of 12 4111 1111 1111 1111 99999": (
        "29-11-2026 10 [redacted] of 12 [redacted] 99999"
    ),
    "4111 11 11 11 11 11 11, 411111 1111111111, 3782 822463 10005": "[redacted], [redacted], [redacted]",
    "card: 4111 1111 1111 1111, IBAN: GB29 NWBK 6016 1331 9268 19.": "card: [redacted], IBAN: [redacted].",
    "6212 3456 7890 1234 7, 8212345678901238, 4006 3813 3392 4": "[redacted], [redacted], [redacted]",
    "2200 7000 0000 0009, 6759649826438453, 9860 1000 0000 0008": "[redacted], [redacted], [redacted]",
    # Articles and parcels have a check digit of their own, and one in ten that of a card too.
    "EAN 4006381333931, 4006381333924 and 4222222222222": "EAN 4006381333931, 4006381333924 and [redacted]",
    "9400 6531 5408 5152 9461 99": "9400 6531 5408 5152 9461 99",
    "+4111111111111111 +49 4111 1111 1111 1111 q=a+378282246310005": "+[redacted] +49 [redacted] q=a+[redacted]",
    "4111111111111112": "4111111111111112",
    # These have the check digit of a card, but nobody writes one so: phones, orders, amounts, company numbers, sizes.
    "+4915112345677, +49 740 47321445 (+4910000000004)": "+4915112345677, +49 740 47321445 (+4910000000004)",
    "35-2677726-25951916": "35-2677726-25951916",
    "379 212 259 931 602 VND": "379 212 259 931 602 VND",
    "300 526 440 60787": "300 526 440 60787",
    "406 1144 831 128 104 330": "406 1144 831 128 104 330",
    "2033-07-30 2031-12-24 2015-09-12": "2033-07-30 2031-12-24 2015-09-12",
    "1764021234567": "1764021234567",
    "2026-11-24 22:08:57": "2026-11-24 22:08:57",
    "550e8400-e29b-41d4-a716-446655440000": "550e8400-e29b-41d4-a716-446655440000",
    "+44 20 7946 0958": "+44 20 7946 0958",
    "use sk_live_4eC39HqLyjWDarjtT1zdp7dc now": "use [redacted] now",
    "ghp_16C7e42F292c6912E7710c838347Ae178B4a": "[redacted]",
    "AKIAIOSFODNN7EXAMPLE": "[redacted]",
    "xoxb-123456789012-abcdef": "[redacted]",
    "postgresql://app:hunter2@db/x": "postgresql://app:[redacted]@db/x",
    "https://h/?token=abc&x=1": "https://h/?token=[redacted]&x=1",
    "password=hunter2 failed": "password=[redacted] failed",
    "PASSWORD: 'hun ter2', next": "PASSWORD: '[redacted]', next",
    'got {"password": "hun ter2", "a": 1} from': 'got {"password": "[redacted]", "a": 1} from',
    r'"{\"password\":\"hunter2\",\"a\":1}"': r'"{\"password\":\"[redacted]\",\"a\":1}"',
    "-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY----- tail": "[redacted] tail",
    "-----BEGIN PRIVATE KEY-----\ncut off": "[redacted]",
    "pay to DE89 3704 0044 0532 0130 00 today": "pay to [redacted] today",
    "GB82WEST12345698765432": "[redacted]",
    "iban nl91abna0417164300.": "iban [redacted].",
    "DE88370400440532013000": "DE88370400440532013000",
    "DE89 3704 0044 0532 0130 001": "DE89 3704 0044 0532 0130 001",
    "AB12 CDEF GHIJ KLMN OPQR": "AB12 CDEF GHIJ KLMN OPQR",
    "AB12DE89370400440532013000": "AB12DE89370400440532013000",
    "ssn 078-05-1120 given": "ssn [redacted] given",
    "078-05-1120, 123-45-6789": "[redacted], [redacted]",
    "000-12-3456 666-12-3456 912-12-3456 123-00-4567 123-45-0000": (
        "000-12-3456 666-12-3456 912-12-3456 123-00-4567 123-45-0000"
    ),
    "call 123-456-7890 or 1-123-45-6789-2": "call 123-456-7890 or 1-123-45-6789-2",
    "order 2026-11-24-0001 of 123-45-67890": "order 2026-11-24-0001 of 123-45-67890",
    "https://user:pa$s@host/x": "https://user:[redacted]@host/x",
    "pin=4711; session=abc": "pin=[redacted]; session=[redacted]",
    "author: Jane, passenger: Bob, card_type: visa": "author: Jane, passenger: Bob, card_type: visa",
    "time 12:34, a=b, ratio: 5": "time 12:34, a=b, ratio: 5",
    "tokenizer: fast": "tokenizer: fast",
    "tool --password hunter2 --user x": "tool --password [redacted] --user x",
    "tool --api-key=hunter2 -v": "tool --api-key=[redacted] -v",
    "tool --no-password --user x": "tool --no-password --user x",
    "tool -token 'hun ter2'": "tool -token '[redacted]'",
    "a - password - b": "a - password - b",
    "<user>ann</user><password>hunter2</password>": "<user>ann</user><password>[redacted]</password>",
    '<ns:apiKey type="x"><![CDATA[hunter2]]></ns:apiKey>': '<ns:apiKey type="x">[redacted]</ns:apiKey>',
    "<password><![CDATA[a<b]]></password><a/>": "<password>[redacted]</password><a/>",
    "<password>\n <![CDATA[hunter2]]></password>": "<password>[redacted]</password>",
    "<password><!-- mine -->hunter2</password>": "<password>[redacted]</password>",
    "<password><![CDATA[hunter2": "<password>[redacted]",
    "<body><![CDATA[<password>hunter2</password>]]></body>": "<body><![CDATA[<password>[redacted]</password>]]></body>",
    "<author>Jane</author>": "<author>Jane</author>",
    "<password><value>x</value></password> <a>b</a>": "<password>[redacted]</password> <a>b</a>",
    "<n:card a='b'>\n<no>4711</no> 12/29</n:card ><card/>y<pin>1</pin>": (
        "<n:card a='b'>[redacted]</n:card ><card/>y<pin>[redacted]</pin>"
    ),
    "<pin><![CDATA[1</pin>2]]></pin> <token> <id>": "<pin>[redacted]</pin> <token>[redacted]<id>",
    "ran ['a', '--password', 'hun ter2', '--token', '-v']": "ran ['a', '--password', '[redacted]', '--token', '-v']",
    "https://h/f?sv=1&sig=aB%2B1&x=2": "https://h/f?sv=1&sig=[redacted]&x=2",
    "https://h/f?X-Amz-Signature=0aff#a": "https://h/f?X-Amz-Signature=[redacted]#a",
    "https://h/cb?code=4/0AVGzR1Bxyzabcde&scope=a, ?a=1&code=SUMMER-2026": (
        "https://h/cb?code=[redacted]&scope=a, ?a=1&code=SUMMER-2026"
    ),
    "the signature=good": "the signature=good",
    "API key: abc123, Card number = 12; mot de passe : x": (
        "API key: [redacted], Card number = [redacted]; mot de passe : [redacted]"
    ),
    "password changed by: Bob, sort key: a": "password changed by: Bob, sort key: a",
    "//npm.example/:_authToken=abc": "//npm.example/:_authToken=[redacted]",
    "a=1&q=%7B%22password%22%3A%22x%22%7D&b=2": "a=1&q=%7B%22password%22%3A%22[redacted]&b=2",
    "password%3Dhunter2": "password%3D[redacted]",
    "password: |-\n  hun\n  ter2\nnext: 1": "password: [redacted]next: 1",
    "The password is hunter2!": "The password is [redacted]!",
    "ENV DB2_PASSWORD hunter2\nlogin bob pwd hunter2": "ENV DB2_PASSWORD [redacted]\nlogin bob pwd [redacted]",
    "The password is wrong. The token at position 12 is bad": "The password is wrong. The token at position 12 is bad",
    "Your verification code is 123456, OTP: 4711, code 123456": (
        "Your verification code is [redacted], OTP: [redacted], code 123456"
    ),
    "curl -s -u 'bob:hunter2' h; mkdir -p a; sshpass -p hunter2 ssh h": (
        "curl -s -u 'bob:[redacted]' h; mkdir -p a; sshpass -p [redacted] ssh h"
    ),
    "mysql -uroot -phunter2 db, docker login -u bob -p hunter2": (
        "mysql -uroot -p[redacted] db, docker login -u bob -p [redacted]"
    ),
    "https://hooks.slack.com/services/T0/B0/abc": "https://hooks.slack.com/services/[redacted]",
    "https://discord.com/api/webhooks/12/abc-_d": "https://discord.com/api/webhooks/12/[redacted]",
    "https://api.telegram.org/bot123456789:AAEhBOweik6ad9r_QXMENQjcrGbqCr4K-bc/x": "https://api.telegram.org/[redacted]/x",
    "https://ghp1abcdefghijklmnopqr@h/, ssh://git@h/": "https://[redacted]@h/, ssh://git@h/",
    "eyJhbGciOiJSU0EifQ.abc.def.ghi.jkl.": "[redacted].",
    "": "",
}


@pytest.mark.parametrize(("text", "expected"), TEXTS.items(), ids=lambda text: text[:25])
def test_secrets_in_texts(text: str, expected: str) -> None:
    assert redact_text(text) == expected
    assert redact({"note": [text]}) == {"note": [expected]}
    assert redact_text(expected) == expected


# Ids that read like the number of an account or a card, with its check digits; and what stands around them.
IDS = (
    "a8a342a2-ad38-4db6-b34d-7a1fb489e4a0",
    "c1ac70f8-f730-41fe-be48-3282e1911943",
    "54749819-3748-4555-9dac-aa317a45a3ef",
    "41111111-1111-1111-8888-888888888888",
    "00-d9c262db49d49ab79b009b713a7d00d6-6635857818369714-01",
)


@pytest.mark.parametrize("around", ["{}", "{0}:{0}", "order-{}", "evt_{}", "https://h/e/{}?of={0}", "Run {}, not {0}."])
@pytest.mark.parametrize("text", IDS)
def test_an_id_is_no_secret(text: str, around: str) -> None:
    text = around.replace("{}", "{0}").format(text)
    assert redact({"a": text, "b": [text], text: 1}) == {"a": text, "b": [text], text: 1}
    assert not Redacted.of({}).holds(text)


@given(st.uuids(), st.uuids())
def test_no_id_is_a_secret(one: UUID, other: UUID) -> None:
    assert redact_text(f"{one}:{other}") == f"{one}:{other}"


@pytest.mark.parametrize("text", IDS)
def test_a_secret_beside_an_id_is_seen(text: str) -> None:
    for secret in ("4111111111111111", "4111 1111 1111 1111", "GB82 WEST 1234 5698 7654 32", "078-05-1120"):
        assert redact_text(f"{secret} {text} {secret}") == f"{REDACTED} {text} {REDACTED}"
        assert redact_text(f"{text}/{secret}/{text}") == f"{text}/{REDACTED}/{text}"
    assert redact_text(f"token={text}") == f"token={REDACTED}"


def test_a_time_is_no_secret() -> None:
    text = "2026-11-28T16:42:09.123456+00:00"
    assert redact({"a": text, "b": [text]}) == {"a": text, "b": [text]}
    assert Redacted.of({}).name(text) == text


def test_card_numbers_as_numbers() -> None:
    assert redact([4111111111111111, 4111111111111112, 1764021234567, True, Decimal("4111111111111111.0")]) == [
        REDACTED,
        4111111111111112,
        1764021234567,
        True,
        REDACTED,
    ]


def test_keys_that_are_secrets_themselves() -> None:
    cards = {"4111111111111111": 1, "4111 1111 1111 1111": {"a": 2}, "https://u:abc123.def@h/": 3, "plain": 4}
    shown = redact(cards)
    assert shown == {REDACTED: 1, "[redacted] 2": {"a": 2}, "https://u:[redacted]@h/": 3, "plain": 4}
    assert redact(shown) == shown
    assert Redacted.known(cards, shown).hidden >= {"4111111111111111", "4111 1111 1111 1111", "abc123.def"}


def test_name_and_value_pairs() -> None:
    headers = [
        {"name": "Authorization", "value": "x"},
        {"name": "Accept", "value": "x"},
        {"key": "api_key", "values": [1]},
        {"Name": "Cookie", "Value": "x"},
    ]
    assert redact(headers) == [
        {"name": "Authorization", "value": REDACTED},
        {"name": "Accept", "value": "x"},
        {"key": "api_key", "values": REDACTED},
        {"Name": "Cookie", "Value": REDACTED},
    ]


@pytest.mark.parametrize("name", ["name", "field", "Property", "type"])
@pytest.mark.parametrize(
    "sides",
    [
        *[("oldValue", "newValue"), ("old", "new"), ("from", "to"), ("before", "after"), ("Previous", "Current")],
        *[("old_value", "new_value"), ("fromString", "toString"), ("OLD_VALUE", "NewValue"), ("valueString", "v")],
    ],
)
def test_what_a_secret_was_and_is(name: str, sides: tuple[str, str]) -> None:
    changed = {name: "password", **dict.fromkeys(sides, "hunter2"), "by": "ann"}
    assert redact(changed) == {name: "password", **dict.fromkeys(sides, REDACTED), "by": "ann"}
    harmless = {**changed, name: "title"}
    assert redact(harmless) == harmless


def test_headers_one_behind_the_other() -> None:
    raw = ["Host", "a", "Authorization", "hunter2", "x-api-key", "k", "Cookie", "c"]
    shown = ["Host", "a", "Authorization", REDACTED, "x-api-key", REDACTED, "Cookie", REDACTED]
    assert redact({"rawHeaders": raw}) == {"rawHeaders": shown}
    for words in (["token", "expired"], ["Cookie", "banner", "seen"], ["Cookie", "a", "b c", "d"], []):
        assert redact({"tags": words}) == {"tags": words}


def test_an_object_that_is_written_as_pairs() -> None:
    headers = [["Authorization", "x"], ["Accept", "x"], ["x-api-key", {"a": 1}]]
    assert redact(headers) == [["Authorization", REDACTED], ["Accept", "x"], ["x-api-key", REDACTED]]
    assert redact([["password", "a", "b"], ["name", "c"]]) == [["password", REDACTED, REDACTED], ["name", "c"]]
    assert redact({"changed": ["password", "email"]}) == {"changed": ["password", "email"]}
    assert redact([["password", "email"], ["name"]]) == [["password", "email"], ["name"]]


def test_arguments_of_a_command() -> None:
    given = ["tool", "--password", "hunter2", "-token", 5, "--pin", "--user", "ann", "--api-key=k-1", "x", "--secret"]
    assert redact({"args": given})["args"] == [
        *("tool", "--password", REDACTED, "-token", REDACTED, "--pin", "--user", "ann"),
        *(f"--api-key={REDACTED}", "x", "--secret"),
    ]
    assert Redacted.of(["--password", "hunter2"]).hidden == {"hunter2"}


def test_json_inside_a_text() -> None:
    text = json.dumps({"user": "u", "password": "a, b\nc", "n": [1.10]})
    assert json.loads(redact(text)) == {"user": "u", "password": REDACTED, "n": [1.10]}
    # What only reading it as JSON can find, and what follows stays:
    text = json.dumps({"credentials": {"user": "u", "x": [SECRET]}, "n": 1})
    assert json.loads(redact(text)) == {"credentials": REDACTED, "n": 1}
    assert json.loads(redact(r'{"p\u0061ssword": "x y"}')) == {"password": REDACTED}
    untouched = '{ "user" : "u" }'
    assert redact(untouched) == untouched


def spellings(secret: str) -> dict[str, Any]:
    """The secret, wherever it may hide."""
    nested: Any = {"password": secret}
    for _ in range(6):
        nested = {"body": json.dumps(nested)}
    return {
        "key": {"password": secret},
        "key of a list": {"apiKeys": [secret, {"a": secret}]},
        "deep": {"a": [{"b": {"client_secret": {"value": secret}}}]},
        "header": {"headers": {"Authorization": f"Token {secret}"}},
        "header pair": {"headers": [{"name": "X-Api-Key", "value": secret}]},
        "bearer": f"Bearer {secret}",
        "bearer in a sentence": f"called with bearer {secret} and failed",
        "header in a text": f"POST /x\r\nauthorization: {secret}\r\n\r\n",
        "cookie in a text": f"Set-Cookie: session={secret}; Path=/",
        "query": f"https://h/x?access_token={secret}&y=1",
        "credentials of a URL": f"amqp://user:{secret}@host/",
        "assignment": f"export DB_PASSWORD={secret}",
        "quoted assignment": f"password: '{secret} x'",
        "JSON": json.dumps({"a": {"password": secret}}),
        "JSON in a text": "body " + json.dumps({"token": secret, "x": 1}),
        "JSON in JSON": nested,
        "broken JSON": json.dumps({"token": secret})[:-1],
        "JSON twice escaped in a text": "log " + json.dumps(json.dumps({"token": secret})),
        "key block": f"-----BEGIN EC PRIVATE KEY-----\n{secret}\n-----END EC PRIVATE KEY-----",
        "python": str({"password": secret}),
    }


@pytest.mark.parametrize("where", spellings(SECRET))
def test_a_planted_secret_is_gone(where: str) -> None:
    redacted = redact({"payload": spellings(SECRET)[where]})
    assert SECRET not in json.dumps(redacted)
    assert "[redacted]" in json.dumps(redacted)


def test_a_short_secret_is_hidden_where_it_is_the_whole_value() -> None:
    redacted = Redacted.of({"cvv": "123", "pin": 42})
    value = {"code": "123", "number": 123, "items": ["123", 12, "42"], "text": "room 123", "123": True}
    assert redacted.mask(value) == {
        "code": REDACTED,
        "number": REDACTED,
        "items": [REDACTED, 12, "42"],
        "text": "room 123",
        "123": True,
    }


# What was hidden, and must be under other names too: the whole of it, what follows a scheme, a part of a text.
HIDDEN: dict[str, tuple[Any, set[str]]] = {
    "value": ({"password": "hunter2", "n": 1}, {"hunter2"}),
    "number": ({"pin": 17}, {"17"}),
    "scheme": ({"Authorization": "Bearer abc.def"}, {"Bearer abc.def", "abc.def"}),
    "in a text": ({"note": "my password: hunter2, thanks"}, {"hunter2"}),
    "twice in a text": ({"note": "token=abcd and pin=4711"}, {"abcd", "4711"}),
    "JSON in a text": ({"note": '{ "password": "hunter2" }'}, {"hunter2"}),
    "nothing": ({"note": "plain", "a": [1, None, True]}, set()),
}


@pytest.mark.parametrize(("value", "texts"), HIDDEN.values(), ids=HIDDEN.keys())
def test_what_was_hidden_is_known(value: Any, texts: set[str]) -> None:
    assert Redacted.of(value).hidden == texts


def test_names_that_senders_choose() -> None:
    redacted = Redacted.of({"pin": 17, "password": "4711", "token": "Zq7Xv9Kp2Rm4"})
    assert redacted.name("T-4711") == "T-4711" and not redacted.holds("T-4711"), "by chance"
    assert redacted.name("4711") == redacted.name("17") == REDACTED and redacted.holds("17")
    assert redacted.name("psa/Zq7Xv9Kp2Rm4") == "psa/[redacted]"
    assert Redacted.of(None).name("https://u:p@h/") == "https://u:[redacted]@h/"


def test_what_was_hidden_in_another_value_is_hidden_here_too() -> None:
    redacted = Redacted.of({"token": "Zq7Xv9Kp2Rm4"}).also([Redacted.known({"a": "Tn5Wc8Yd1Qe6"}, {"a": REDACTED})])
    assert redacted.payload == {"token": "Zq7Xv9Kp2Rm4"} and redacted.shown == {"token": REDACTED}
    assert redacted.mask(["of Zq7Xv9Kp2Rm4", "Tn5Wc8Yd1Qe6", "x"]) == ["of [redacted]", REDACTED, "x"]
    assert redacted.holds("psa/Tn5Wc8Yd1Qe6") and not redacted.holds("psa/x")
    assert redacted.errors([("/a", '"Tn5Wc8Yd1Qe6" is not allowed')]) == [
        {"path": "/a", "message": '"[redacted]" is not allowed'}
    ]


@pytest.mark.parametrize("secret", ['a"b', "it's", "\\", 'a\\"b', "a\nb", '"'])
@pytest.mark.parametrize("levels", [1, 2, 3])
def test_an_assigned_text_ends_at_its_own_quote(secret: str, levels: int) -> None:
    def written(value: Any) -> str:
        for _ in range(levels):
            value = json.dumps(value)
        return str(value)

    shown = redact_text("x: " + written({"password": f"Zq7{secret}Xw9", "user": "bob"}))
    assert "Zq7" not in shown and "Xw9" not in shown and "bob" in shown


def test_a_number_is_known_as_expressions_write_it() -> None:
    redacted = Redacted.of({"pin": Decimal("47110.50"), "token": Decimal("47E3")})
    assert redacted.mask(["47110.5", "of 47000", Decimal("47110.5")]) == [REDACTED, "of [redacted]", REDACTED]


# Neither quotes of our sentences nor what stands in for a secret.
secrets = st.text(st.characters(exclude_characters="[redacted]", exclude_categories=["Cs"]), min_size=4, max_size=80)
around = st.text("[redacted] .", max_size=190)
many = st.sampled_from([0, 50])


@given(secrets, around, around, many)
def test_no_sentence_holds_a_copy(secret: str, before: str, after: str, others: int) -> None:
    redacted = Redacted.of({"password": secret, "tokens": [f"other {n}" for n in range(others)]})
    for text in (f"{before}{secret}{after}", json.dumps([f"{before}{secret}"]), repr({secret: 1}) + secret):
        shown = redacted.sentence(text)
        assert secret not in shown and json.dumps(secret)[1:-1] not in shown
        assert str(redacted.mask(text)).count(REDACTED) >= 1 and secret not in str(redacted.mask(text))


@given(secrets, around, st.integers(4, 80))
def test_what_was_cut_short_is_known_by_its_beginning(secret: str, before: str, kept: int) -> None:
    assert secret[:4] not in Redacted.of({"password": secret}).sentence(before + secret[:kept])


def test_our_sentences_are_searched_where_they_quote() -> None:
    redacted = Redacted.of({"pin": "text", "password": "Zq7X", "cvc": "Q7x"})
    said = redacted.errors([("/aZq7Xb", 'Must be text. "Zq7X", "aZq7X" and "Q7x" are not allowed here.')])
    (told,) = said
    assert told["path"] == "/a[redacted]b"
    assert told["message"] == 'Must be text. "[redacted]", "a[redacted]" and "[redacted]" are not allowed here.'


def test_many_secrets_are_looked_up_and_not_searched_for_one_by_one() -> None:
    redacted = Redacted.of({"tokens": [f"secret {n:04}" for n in range(2000)]})
    values = [f"a secret {n:04} and {n:04}" for n in range(2000)]
    masked = list[Any]()
    assert work.calls(lambda: masked.extend(redacted.mask(values))) < 400_000, "2,000 times 2,000 is four millions"
    assert masked == [f"a [redacted] and {n:04}" for n in range(2000)]


def test_many_secrets_cost_no_search_in_each_sentence() -> None:
    """A quarter of a megabyte holds 20,000 secrets and as many faults as are told."""
    redacted = Redacted.of({"tokens": [f"secret {n:04}" for n in range(2000)]})
    said = [(f"/f{n}", f'Must be text, and not "secret {n:04}".') for n in range(50)]
    told = list[Any]()
    assert work.calls(lambda: told.extend(redacted.errors(said))) < 100_000, "50 times 2,000 searches are more"
    assert {one["message"] for one in told} == {'Must be text, and not "[redacted]".'}


@given(st.lists(st.text("ab", min_size=4, max_size=8), max_size=40), st.text("abc", max_size=30))
def test_looking_up_finds_what_searching_finds(hidden: list[str], text: str) -> None:
    few, many = (Redacted.of({"tokens": [*hidden, *(f"filler {n}" for n in range(count))]}) for count in (0, 500))
    shown = many.mask(f"<{text}>")
    assert not [secret for secret in hidden if secret in str(shown)]
    assert (REDACTED in str(shown)) == (REDACTED in str(few.mask(f"<{text}>")))


# A value, and how many calls redacting and checking it may take.
TINY: dict[str, tuple[Any, int, int]] = {
    "numbers": (1, 4, 4),
    "texts": ("ab", 6, 6),
    "empty texts": ("", 4, 6),
    "empty objects": ({}, 4, 16),
    "empty lists": ([], 4, 16),
    "nulls": (None, 4, 4),
    "objects": ({"a": 1}, 28, 28),
}


@pytest.mark.parametrize("kind", TINY)
def test_tiny_values_cost_a_few_calls_each(kind: str) -> None:
    """A quarter of a megabyte holds 100,000 of them, and all are looked at in the process that serves pages."""
    value, redacting, checking = TINY[kind]
    payload = {"items": [copy.deepcopy(value) for _ in range(1000)]}
    assert Redacted.of(payload).shown == payload
    assert work.calls(lambda: Redacted.of(payload)) < 1000 * redacting
    assert work.calls(lambda: strict_json.check(payload)) < 1000 * checking


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=20,
)


def shape(value: Any) -> Any:
    """Keys and lengths alone."""
    if isinstance(value, dict):
        return {key: shape(member) for key, member in value.items()}
    return [shape(member) for member in value] if isinstance(value, list) else None


@given(json_values, st.sampled_from(SENSITIVE), st.sampled_from(sorted(spellings(""))))
def test_no_surroundings_hide_the_secret_or_lose_anything_else(value: Any, key: str, where: str) -> None:
    planted = {"before": value, "hidden": [spellings(SECRET)[where], {key: SECRET}], "after": value}
    original = copy.deepcopy(planted)
    redacted = redact(planted)
    assert SECRET not in json.dumps(redacted)
    assert planted == original
    assert list(redacted) == list(planted)
    assert redacted["hidden"][1] == {key: REDACTED}
    assert redact(redacted) == redacted


@given(json_values)
def test_without_secrets_the_structure_is_kept(value: Any) -> None:
    def harmless(item: Any) -> Any:  # the same with keys that name nothing
        if isinstance(item, dict):
            return {f"k{number}": harmless(member) for number, member in enumerate(item.values())}
        return [harmless(member) for member in item] if isinstance(item, list) else item

    assert shape(redact(harmless(value))) == shape(harmless(value))


@given(st.text())
def test_redacting_twice_changes_nothing_more(text: str) -> None:
    once = redact_text(text)
    assert redact_text(once) == once


SIZE = 256 * 1024

VENDORS = """xapp-1-A01-123-abcdef0123456789 pypi-AgEIcHlwaS5vcmcCJDU3YmM2 dop_v1_0123456789abcdef0123456789abcdef
hvs.CAESIJ1234567890abcdefghijklmnop SK0123456789abcdef0123456789abcdef key-3ax6xnjp29jd6fds4gc373sgvjxteol0
dapi0123456789abcdef0123456789abcdef 1//0gabcdefghijklmnopqrstuvwxyz EAACEdEose0cBA1234567890abcdefghijklmnop
sq0atp-ABCDEFGHIJKLMNOPQRSTUV PMAK-5f0e1d2c3b4a5968778695a4-b3c2d1e0f1a2b3c4d5e6f7 NRAK-ABCDEFGHIJKLMNOPQRSTUVWXYZ0
hf_abcdefghijklmnopqrstuvwxyzABCDEFGH lin_api_abcdefghijklmnopqrstuvwxyz0123456789ABCD
glsa_abcdefghijklmnopqrstuvwxyz012345_01234567 ATATT3xFfGF0abcdefghijklmnopqrstuvwxyz
GOCSPX-abcdefghijklmnopqrstuvwxyz12
AGE-SECRET-KEY-1QL3Z7HJY54PW3HYWW5AYYFG7ZQGVC7W3J2ELW8ZMRJ2KG5SFN9AQMCAC8P pat-na1-11111111-2222-3333-4444-555555555555
""".split()


@pytest.mark.parametrize("token", VENDORS)
def test_a_token_is_known_by_what_its_vendor_begins_it_with(token: str) -> None:
    assert redact_text(f"use {token}, or else") == f"use {REDACTED}, or else"
    assert redact_text(f"a{token[:9]} {token[:9]}") == f"a{token[:9]} {token[:9]}"


@pytest.mark.parametrize("key", ["label", "param", "id", "k", "Name"])
@pytest.mark.parametrize("value", ["value", "val", "v"])
def test_a_name_and_its_value_beside_each_other(key: str, value: str) -> None:
    assert redact({key: "Password", value: "a"}) == {key: "Password", value: REDACTED}
    assert redact({key: "Colour", value: "a"}) == {key: "Colour", value: "a"}


HOSTILE: dict[str, Callable[[], Any]] = {
    unit: (lambda unit=unit: unit * (SIZE // len(unit)))
    for unit in [
        "eyJ",
        "eyJaaaaa.",
        "bearer   ",
        "-----BEGIN A-----",
        "-----BEGIN ",
        "1 ",
        "41 ",
        "4",
        "a",
        "a=",
        "password=",
        'password="',
        "://",
        "://a:b",
        "sk-",
        "SG.aaaaaaaaaaaa",
        "\\",
        'a"""',
        "authorization:",
        "basic aaaaaaaa ",
        "DE89 ",
        "DE89",
        "de89 a ",
        "078-05-",
        "a    :",
        "<a ",
        "<a>",
        "<aa:a b",
        "<pin>",
        "<pin><a>",
        "</pin>",
        "<pin><a></pin>",
        '"--pin", ',
        "--a ",
        "-a-",
        "?a-",
        "&sig",
        "4111 1111 1111 1112 ",
        "4111 11 ",
        "+49 ",
        "[",
        '{"a":',
        "a\\",
        "token ",
        'token\\"',
        "the a1b2c3 ",
        "pin 4711x ",
        "curl -u ",
        "mysql -p",
        "docker login ",
        "ab ab ab: ",
        "pin: 4A ",
        "%22a%22%3A",
        "pin: |\n ",
        "://aaaaaaaaaaaaaaaaaaaa1",
        "otp ",
    ]
}
HOSTILE |= {
    "short texts": lambda: ["ab"] * 52_000,
    "numbers": lambda: [1] * 130_000,
    "keys": lambda: {f"key{number}": "x" for number in range(20_000)},
    "JSON texts": lambda: ['{"a":1}'] * 26_000,
    "pairs": lambda: [["a", 1]] * 26_000,
    "arguments": lambda: ["--pin", "a"] * 15_000,
    "card keys": lambda: {str(4 * 10**15 + number): 1 for number in range(12_000)},
}


ORDINARY = ["(ordinary words)"] * 16_000


@pytest.mark.parametrize("value", HOSTILE.values(), ids=HOSTILE.keys())
def test_time_grows_with_size_only(value: Callable[[], Any]) -> None:
    built = value()
    # The dearest takes 1.7 times as much, a quadratic pattern thousands of times.
    assert work.compared(lambda: redact(built), lambda: redact(ORDINARY), most=3) <= 3


def test_any_depth() -> None:
    value: Any = SECRET
    for _ in range(50_000):
        value = [value]
    schema: Any = {"writeOnly": True}
    for _ in range(300):
        schema = {"items": schema}
    redacted = redact(value, schema=schema)
    for _ in range(300):
        redacted = redacted[0]
    assert redacted == REDACTED


def test_a_schema_that_doubles_at_every_step() -> None:
    definitions = {
        f"d{n}": {
            "anyOf": [{"$ref": f"#/$defs/d{n + 1}"}] * 2,
            "additionalProperties": {"$ref": f"#/$defs/d{n + 1}"},
        }
        for n in range(60)
    }
    schema = {
        "$ref": "#/$defs/d0",
        "$defs": {**definitions, "d60": {"properties": {"s": {"writeOnly": True}}}},
    }
    assert redact({"s": 1, "t": {"s": 2}}, schema=schema) == {"s": REDACTED, "t": {"s": REDACTED}}


@given(st.from_regex(r"(?:(?:[Bb]asic|BEARER|AKIA|[A-Za-z]{1,17})[,.;!?:]? ?){1,5}", fullmatch=True))
@example("Please use Basic dXNlcjpwYXNz now.")
@example("the bearer abcdefghijkl said so")
@example("SG.abcdefghij.abcdefghij")
def test_a_sentence_is_shown_as_its_text_would_be(sentence: str) -> None:
    assert redact(sentence) == redact_text(sentence)


def test_what_has_no_secret_in_it_is_not_copied() -> None:
    values = ["4009a8ec-6343-5a95-a455-1acef028db55", "2026-03-02T09:15:30Z", "All is well again.", 1, ""]
    payload = {"a": [{"b": values}], "note": "(see below)"}
    found = Redacted.of(payload, schema={"properties": {"pin": {"writeOnly": True}}}, pointers=["/c"])
    assert found.shown is payload and not found.hidden
    assert Redacted.of({**payload, "c": 1}, pointers=["/c"]).shown == {**payload, "c": REDACTED}


@given(st.from_regex(r"[A-Za-z0-9_]{1,24}", fullmatch=True))
@example("4111111111111111")
@example("AKIAABCDEFGHIJKLMNOP")
def test_a_key_is_shown_as_its_text_would_be(key: str) -> None:
    assert redact_key(key) == redact_text(key)
