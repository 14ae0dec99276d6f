"""A proxy's token is taken when the proxy signed it for this app and now; whatever else is in the header is refused."""

from __future__ import annotations

import base64
import hmac
import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey, RSAKey

from lib.auth import proxy_tokens
from lib.auth.proxy_tokens import ProxyTokens
from lib.errors import ConfigurationError, SignInRefused, SignInUnavailable
from lib.settings import Settings
from tests.support.waiting import PATIENCE, wait_for

ISSUER, AUDIENCE, BROWSER = "https://acme.example.com", "the-catalog", "b" * 43
RSA = RSAKey.generate_key(2048, {"kid": "one"})
EC = ECKey.generate_key("P-256", {"kid": "two"})
STRANGER = RSAKey.generate_key(2048, {"kid": "one"})


@dataclass
class Published:
    """The proxy's JWKS address: what it answers, and how often it was asked."""

    url: str = ""
    keys: list[Any] = field(default_factory=lambda: [RSA, EC])
    body: bytes | None = None
    status: int = 200
    asked: int = 0
    #: It answers while this is set, and hangs while it is not.
    goes_on: threading.Event = field(default_factory=threading.Event)

    def answer(self) -> bytes:
        self.asked += 1
        self.goes_on.wait()
        return self.body if self.body is not None else json.dumps(KeySet(self.keys).as_dict(private=False)).encode()


@pytest.fixture
def published() -> Iterator[Published]:
    what = Published()
    what.goes_on.set()

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = what.answer()
            self.send_response(what.status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    what.url = f"http://127.0.0.1:{server.server_address[1]}/keys"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield what
    what.goes_on.set()
    server.shutdown()
    thread.join()
    server.server_close()


def proxy(**other: Any) -> ProxyTokens:
    given = {"auth": "proxy", "proxy_header": "X-Token", "proxy_issuer": ISSUER, "proxy_audience": AUDIENCE}
    return ProxyTokens(Settings(_env_file=None, **(given | other)))  # type: ignore[call-arg, arg-type]


@pytest.fixture
def tokens(published: Published) -> ProxyTokens:
    return proxy(proxy_jwks_url=published.url)


def claims(**other: Any) -> dict[str, Any]:
    now = int(time.time())
    given = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "7",
        "email": "Ada@Example.com",
        "name": "Ada",
        "iat": now,
        "nbf": now,
        "exp": now + 300,
    }
    return {name: value for name, value in (given | other).items() if value is not ...}


def signed(key: Any = RSA, alg: str = "RS256", **other: Any) -> str:
    header = {"alg": alg, "kid": key.kid} if key.kid else {"alg": alg}
    return jwt.encode(header, claims(**other), key, algorithms=[alg])


def test_a_token_of_the_proxy_says_who_it_is(tokens: ProxyTokens) -> None:
    for token in (signed(), f"Bearer {signed()}", signed(EC, "ES256"), signed(aud=["another", AUDIENCE])):
        found = tokens.identity(token, browser=BROWSER)
        assert (found.email, found.name, found.is_verified, found.is_reissued) == ("Ada@Example.com", "Ada", True, True)


def test_a_sign_in_is_one_persons_in_one_browser(tokens: ProxyTokens) -> None:
    first = tokens.identity(signed(), browser=BROWSER).proof
    assert tokens.identity(signed(iat=int(time.time()) - 9), browser=BROWSER).proof == first
    assert tokens.identity(signed(sub="8"), browser=BROWSER).proof != first
    assert tokens.identity(signed(), browser="c" * 43).proof != first


def test_what_the_provider_behind_the_proxy_has_not_verified_is_not_verified(tokens: ProxyTokens) -> None:
    for said in (False, "false", None, 0, "no"):
        assert not tokens.identity(signed(email_verified=said), browser=BROWSER).is_verified
    assert tokens.identity(signed(email_verified=True), browser=BROWSER).is_verified


def clock_goes_on(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    before = time.monotonic
    monkeypatch.setattr(proxy_tokens.time, "monotonic", lambda: before() + seconds)


def part(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def with_the_public_key_as_a_secret() -> str:
    said = f"{part({'alg': 'HS256', 'kid': 'one'})}.{part(claims())}"
    signature = hmac.digest(RSA.as_pem(private=False), said.encode(), "sha256")
    return f"{said}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def altered() -> str:
    head, _, signature = signed().split(".")
    return f"{head}.{part(claims(email='boss@example.com'))}.{signature}"


REFUSED: dict[str, Callable[[], str]] = {
    "nothing": lambda: "",
    "words": lambda: "Ada",
    "a name alone": lambda: "ada@example.com",
    "no signature": lambda: f"{part({'alg': 'none'})}.{part(claims())}.",
    "no signature, with a key id": lambda: f"{part({'alg': 'none', 'kid': 'one'})}.{part(claims())}.",
    "a shared secret": with_the_public_key_as_a_secret,
    "another key of that id": lambda: signed(STRANGER),
    "an unknown key": lambda: signed(RSAKey.generate_key(2048, {"kid": "three"})),
    "another algorithm of the key": lambda: signed(RSA, "PS256"),
    "other claims than were signed": altered,
    "another issuer": lambda: signed(iss="https://evil.example.com"),
    "no issuer": lambda: signed(iss=...),
    "another audience": lambda: signed(aud="another app"),
    "no audience": lambda: signed(aud=...),
    "over": lambda: signed(exp=int(time.time()) - 61),
    "without an end": lambda: signed(exp=...),
    "not yet": lambda: signed(nbf=int(time.time()) + 120),
    "issued in the future": lambda: signed(iat=int(time.time()) + 120),
    "issued never": lambda: signed(iat=...),
    "issued in words": lambda: signed(iat="now"),
    "issued long before time": lambda: signed(iat=-(10**15)),
    "issued at no number": lambda: signed(iat=float("nan")),
    "nobody": lambda: signed(sub=...),
    "a number for a subject": lambda: signed(sub=7),
    "no address": lambda: signed(email=...),
    "a list for an address": lambda: signed(email=["ada@example.com"]),
    "too long": lambda: signed(name="x" * 20_000),
    "a list of claims": lambda: f"{part({'alg': 'RS256', 'kid': 'one'})}.{part([1])}.x",
    "NUL": lambda: "\0" * 100,
    "not ASCII": lambda: "é.é.é",
}


@pytest.mark.parametrize("kind", REFUSED)
def test_everything_else_is_refused(tokens: ProxyTokens, kind: str) -> None:
    with pytest.raises(SignInRefused):
        tokens.identity(REFUSED[kind](), browser=BROWSER)


@given(st.text(max_size=400) | st.builds(lambda *parts: ".".join(parts), st.text(), st.text(), st.text()))
def test_no_text_is_taken_for_a_token_or_breaks_the_check(text: str) -> None:
    tokens = proxy(proxy_key_file=_key_file())
    with pytest.raises(SignInRefused):
        tokens.identity(text, browser=BROWSER)


def _key_file() -> Path:
    path = Path(__file__).with_name("unused")

    class Kept(type(path)):  # type: ignore[misc]
        def read_bytes(self) -> bytes:
            return RSA.as_pem(private=False)

    return Kept(path)


def test_keys_are_asked_for_once_and_again_for_an_unknown_one(
    tokens: ProxyTokens, published: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        tokens.identity(signed(), browser=BROWSER)
    assert published.asked == 1
    for _ in range(3):
        with pytest.raises(SignInRefused):
            tokens.identity(signed(STRANGER), browser=BROWSER)
    assert published.asked == 1  # asked a moment ago
    newer = RSAKey.generate_key(2048, {"kid": "newer"})
    published.keys = [newer]
    clock_goes_on(monkeypatch, 11)
    assert tokens.identity(signed(newer), browser=BROWSER).email == "Ada@Example.com"
    with pytest.raises(SignInRefused):
        tokens.identity(signed(), browser=BROWSER)  # the proxy has withdrawn that key
    assert published.asked == 2


@pytest.mark.parametrize("trouble", [{"status": 500}, {"body": b"<html>"}, {"body": b'{"keys": []}'}, {"body": b"[]"}])
def test_without_keys_nobody_is_let_in_and_old_keys_last_while_there_are_no_newer(
    tokens: ProxyTokens, published: Published, trouble: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in trouble.items():
        setattr(published, name, value)
    with pytest.raises(SignInUnavailable):
        tokens.identity(signed(), browser=BROWSER)
    published.status, published.body = 200, None
    clock_goes_on(monkeypatch, 11)
    tokens.identity(signed(), browser=BROWSER)
    for name, value in trouble.items():
        setattr(published, name, value)
    clock_goes_on(monkeypatch, 4000)
    assert tokens.identity(signed(), browser=BROWSER).email == "Ada@Example.com"


def test_keys_are_not_asked_for_again_right_after_a_failure(
    tokens: ProxyTokens, published: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    published.status = 500
    for asked in (1, 2):
        for _ in range(3):
            with pytest.raises(SignInUnavailable):
                tokens.identity(signed(), browser=BROWSER)
        assert published.asked == asked
        clock_goes_on(monkeypatch, 11)
    published.status = 200
    tokens.identity(signed(), browser=BROWSER)
    published.status = 500
    for asked in (4, 5):
        clock_goes_on(monkeypatch, 4000)
        for _ in range(3):
            assert tokens.identity(signed(), browser=BROWSER).email == "Ada@Example.com"
            with pytest.raises(SignInRefused):
                tokens.identity(signed(STRANGER), browser=BROWSER)
        assert published.asked == asked


@pytest.mark.parametrize("age", [11, 4000], ids=["fresh keys", "old keys"])
def test_nobody_with_a_known_key_waits_while_the_address_hangs(
    tokens: ProxyTokens, published: Published, age: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokens.identity(signed(), browser=BROWSER)
    monkeypatch.setattr(proxy_tokens, "_FETCH_SECONDS", 2 * PATIENCE)
    clock_goes_on(monkeypatch, age)
    published.goes_on.clear()
    with ThreadPoolExecutor(2) as people:
        try:
            stranger = people.submit(tokens.identity, signed(STRANGER), browser=BROWSER)
            wait_for(lambda: published.asked == 2)
            ada = people.submit(tokens.identity, signed(), browser=BROWSER)
            assert ada.result(PATIENCE).email == "Ada@Example.com"
            assert not stranger.done()
        finally:
            published.goes_on.set()
    with pytest.raises(SignInRefused):
        stranger.result()
    assert published.asked == 2


def test_a_secret_among_the_keys_is_no_key(published: Published) -> None:
    secret = OctKey.import_key("a secret that everybody reads here", {"kid": "s"})
    published.body = json.dumps({"keys": [secret.as_dict(private=True), RSA.as_dict(private=False)]}).encode()
    tokens = proxy(proxy_jwks_url=published.url)
    with pytest.raises(SignInRefused):
        tokens.identity(signed(secret, "HS256"), browser=BROWSER)
    assert tokens.identity(signed(), browser=BROWSER)


@pytest.mark.parametrize("key", [RSA, EC], ids=["RSA", "EC"])
@pytest.mark.parametrize("form", ["pem", "jwk", "jwks"])
def test_a_key_may_be_in_a_file(tmp_path: Path, key: Any, form: str) -> None:
    path = tmp_path / "key"
    written = {
        "pem": lambda: key.as_pem(private=False),
        "jwk": lambda: json.dumps(key.as_dict(private=False)).encode(),
        "jwks": lambda: json.dumps({"keys": [key.as_dict(private=False)]}).encode(),
    }
    path.write_bytes(written[form]())
    tokens = proxy(proxy_key_file=path)
    assert tokens.identity(signed(key, "RS256" if key is RSA else "ES256"), browser=BROWSER).email
    with pytest.raises(SignInRefused):
        tokens.identity(signed(STRANGER), browser=BROWSER)


def test_a_file_with_another_key_is_read_without_a_new_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "key"
    path.write_bytes(RSA.as_pem(private=False))
    tokens = proxy(proxy_key_file=path)
    assert tokens.identity(signed(), browser=BROWSER).email
    newer = RSAKey.generate_key(2048)
    path.write_bytes(newer.as_pem(private=False))
    clock_goes_on(monkeypatch, 11)
    assert tokens.identity(signed(newer), browser=BROWSER).email
    with pytest.raises(SignInRefused):
        tokens.identity(signed(), browser=BROWSER)


@pytest.mark.parametrize("written", [None, b"", b"no key", b"-----BEGIN PUBLIC KEY-----\nx\n", b"{}", b'{"keys": 7}'])
def test_the_start_is_refused_without_a_key_in_the_file(tmp_path: Path, written: bytes | None) -> None:
    path = tmp_path / "key"
    if written is not None:
        path.write_bytes(written)
    with pytest.raises(ConfigurationError, match="PROXY_KEY_FILE has no public key in it"):
        proxy_tokens.check_key_file(Settings(_env_file=None, proxy_key_file=path))  # type: ignore[call-arg]
