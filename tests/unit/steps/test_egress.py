"""What requests may reach, and how they end: every hostile address, name, redirect and answer."""

from __future__ import annotations

import ipaddress
import itertools
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from lib.settings import settings
from lib.steps import RunFacts, egress, run_definition
from lib.steps.egress import Failed, Policy, Refused, Request, reachable, send
from tests.unit.steps.test_steps import MemoryJournal

PUBLIC = ["93.184.216.34", "1.1.1.1", "2606:4700:4700::1111"]
NEVER = [
    "0.0.0.0",
    "0.1.2.3",
    "100.64.0.1",
    "169.254.169.254",
    "168.63.129.16",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.1.1.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:93.184.216.34",
    "::ffff:169.254.169.254",
    "64:ff9b::7f00:1",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:5db8:d822::",
    "3fff::1",
    "fe80::1",
    "fec0::1",
    "ff02::1",
]
PRIVATE = ["127.0.0.1", "127.9.9.9", "10.0.0.1", "172.16.0.1", "192.168.1.1", "::1", "fd00::1", "fd00:ec2::254"]


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_reachable(address: str) -> None:
    assert reachable(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", NEVER)
def test_special_addresses_never_are(address: str) -> None:
    assert not reachable(ipaddress.ip_address(address))
    assert not reachable(ipaddress.ip_address(address), private=True)


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses_are_on_request(address: str) -> None:
    assert not reachable(ipaddress.ip_address(address))
    assert reachable(ipaddress.ip_address(address), private=True)


class Canary:
    """A server on loopback that notes every request; `answer` decides what comes back."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.seen: list[tuple[str, str, dict[str, str], bytes]] = []
        self.answer: Callable[[BaseHTTPRequestHandler], None] = lambda handler: reply(handler, 204)
        canary = self

        class Handler(BaseHTTPRequestHandler):
            def handle_request(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                canary.seen.append((self.command, self.path, dict(self.headers), body))
                canary.answer(self)

            do_GET = do_POST = do_PUT = do_HEAD = handle_request

            def log_message(self, *_: Any) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign]
        self._server.daemon_threads = True
        if context:
            self._server.socket = context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def reply(handler: BaseHTTPRequestHandler, status: int, body: bytes = b"", **headers: str) -> None:
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


@pytest.fixture
def canary() -> Iterator[Canary]:
    running = Canary()
    yield running
    running.stop()


def request(url: str, **more: Any) -> Request:
    return Request(**{"method": "GET", "headers": {}, "timeout_seconds": 5.0, **more, "url": url})


def resolves_to(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> list[str]:
    """Makes every name resolve to these addresses; gives the list of names asked for."""
    asked: list[str] = []

    def getaddrinfo(host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        asked.append(host)
        return [(0, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return asked


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1",
        "0177.0.0.1",
        "2130706433",
        "0x7f000001",
        "①②⑦.0.0.1",
        "localhost",
        "LOCALHOST.",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[0:0:0:0:0:ffff:7f00:1]",
        "0",
        "2852039166",
    ],
)
def test_no_spelling_of_this_machine_is_reached(host: str, canary: Canary) -> None:
    """Not even when its very spelling is allowed."""
    url = f"http://{host}:{canary.port}/"
    spelled = [host, "127.0.0.1", "localhost", "::1"]
    allowed = tuple((name.strip("[]").lower().rstrip("."), canary.port) for name in spelled)
    with pytest.raises((Refused, Failed)):
        send(request(url), policy=Policy(allowed))
    assert canary.seen == []


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://example.com/", "EGRESS_ALLOW"),
        ("http://evil.test/?http://good.test", "EGRESS_ALLOW"),
        ("http://good.test.evil.test/", "EGRESS_ALLOW"),
        ("http://xgood.test/", "EGRESS_ALLOW"),
        ("http://good.test:8080/", "EGRESS_ALLOW"),
        ("http://wild.test/", "EGRESS_ALLOW"),
        ("http://good.test@evil.test/", "user name"),
        ("http://user:secret@good.test/", "user name"),
        ("http://evil.test\\@good.test/", "backslash"),
        ("http://good.test/\r\nHost: evil.test", "control"),
        ("ftp://good.test/", "http"),
        ("file:///etc/passwd", "http"),
        ("gopher://good.test/", "http"),
        ("good.test", "http"),
        ("", "http"),
        ("http://", "host"),
        ("http://good.test:99999/", "read"),
        ("http://[::1/", "read"),
    ],
)
def test_refused_before_anything_is_sent(url: str, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = resolves_to(monkeypatch, "127.0.0.1")
    with pytest.raises(Refused, match=words):
        send(request(url), policy=Policy.parse("good.test, *.wild.test, :".removesuffix(", :")))
    assert asked == []


def test_nothing_is_allowed_by_default() -> None:
    with pytest.raises(Refused, match="EGRESS_ALLOW"):
        send(request("https://example.com/"), policy=Policy.parse(""))


def test_malformed_setting_is_named() -> None:
    with pytest.raises(Refused, match="http://x"):
        Policy.parse("good.test, http://x")


def test_policy_matches_names_and_ports() -> None:
    policy = Policy.parse(" Good.Test , *.wild.test:8443, [2606:4700::1]:80 ")
    policy.check("good.test", 443, 443)
    policy.check("a.b.wild.test", 8443, 443)
    policy.check("2606:4700::1", 80, 80)
    for host, port in (("good.test", 8443), ("wild.test", 8443), ("a.wild.test", 443), ("notwild.test", 8443)):
        with pytest.raises(Refused):
            policy.check(host, port, 443)


def test_every_address_of_a_name_is_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    resolves_to(monkeypatch, "93.184.216.34", "127.0.0.1")
    with pytest.raises(Refused, match=r"127\.0\.0\.1"):
        send(request("http://good.test/"), policy=Policy.parse("good.test"))


def test_name_is_resolved_once(monkeypatch: pytest.MonkeyPatch, canary: Canary) -> None:
    """The address that was checked is the one connected to, under the name's own Host header."""
    asked: list[str] = []
    real = socket.getaddrinfo

    def getaddrinfo(host: str, port: int, *args: Any, **kwargs: Any) -> Any:
        if host == "rebind.test":
            asked.append(host)
            return [(0, socket.SOCK_STREAM, 6, "", ("127.0.0.1" if len(asked) == 1 else "10.9.9.9", port))]
        return real(host, port, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    policy = Policy((("rebind.test", canary.port),), private=True)
    assert send(request(f"http://rebind.test:{canary.port}/a?b=c#d"), policy=policy).status == 204
    assert asked == ["rebind.test"]
    assert canary.seen[0][1] == "/a?b=c"
    assert canary.seen[0][2]["Host"] == f"rebind.test:{canary.port}"


def test_second_address_is_tried_when_the_first_does_not_answer(
    monkeypatch: pytest.MonkeyPatch, canary: Canary
) -> None:
    real = socket.getaddrinfo
    monkeypatch.setattr(
        socket,
        "getaddrinfo",
        lambda host, port, *a, **k: (
            [(0, 1, 6, "", (ip, port)) for ip in ("127.0.0.2", "127.0.0.1")]
            if host == "two.test"
            else real(host, port, *a, **k)
        ),
    )
    policy = Policy((("two.test", canary.port),), private=True)
    assert send(request(f"http://two.test:{canary.port}/"), policy=policy).status == 204


@pytest.fixture
def call(canary: Canary) -> Callable[..., egress.Response]:
    def send_to_canary(**more: Any) -> egress.Response:
        policy = Policy((("127.0.0.1", canary.port),), private=True)
        return send(request(f"http://127.0.0.1:{canary.port}/", **more), policy=policy)

    return send_to_canary


def test_json_both_ways_is_exact(canary: Canary, call: Callable[..., egress.Response]) -> None:
    canary.answer = lambda handler: reply(
        handler, 200, b'{"n": 1.10, "big": 9007199254740993}', Content_Type="application/json", Set_Cookie="a=b"
    )
    answer = call(method="POST", body={"n": Decimal("1.10")}, headers={"X-Id": "7"})
    assert answer.body == {"n": Decimal("1.10"), "big": 9007199254740993}
    assert "set-cookie" not in answer.headers
    _, _, headers, body = canary.seen[0]
    assert (body, headers["Content-Type"], headers["X-Id"]) == (b'{"n":1.10}', "application/json", "7")


def test_no_header_goes_out_twice(canary: Canary, call: Callable[..., egress.Response]) -> None:
    call(
        method="POST", body={}, headers={"user-agent": "mine", "accept-ENCODING": "identity", "content-type": "a/json"}
    )
    _, _, headers, _ = canary.seen[0]
    sent = [(name.lower(), value) for name, value in headers.items()]
    assert (
        len(sent) == len(dict(sent)) and dict(sent)["user-agent"] == "mine" and dict(sent)["content-type"] == "a/json"
    )


@pytest.mark.parametrize("name", ["Idempotency-Key", "idempotency-key", "IDEMPOTENCY-KEY"])
def test_the_key_of_the_run_goes_out_and_no_other(name: str, canary: Canary, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EGRESS_ALLOW", f"127.0.0.1:{canary.port}")
    monkeypatch.setenv("EGRESS_ALLOW_PRIVATE", "1")
    settings.cache_clear()
    arguments = {"url": f"http://127.0.0.1:{canary.port}/", "headers": {name: "mine", "X-Id": "7"}}
    call = {"id": "call", "type": "action.call", "config": {"action": "http.request", "input": arguments}}
    try:
        run_definition({"steps": [call]}, RunFacts("run-1", {}, {}), MemoryJournal())
    finally:
        monkeypatch.undo()
        settings.cache_clear()
    _, _, headers, _ = canary.seen[0]
    keys = [(given, value) for given, value in headers.items() if given.lower() == "idempotency-key"]
    assert keys == [("Idempotency-Key", "run-1:call")] and headers["X-Id"] == "7"


@pytest.mark.parametrize("body", [b"plain", b'{"a": NaN}', b'{"a":1,"a":2}', b"\xff\x00"])
def test_what_is_not_strict_json_comes_as_text(
    body: bytes, canary: Canary, call: Callable[..., egress.Response]
) -> None:
    canary.answer = lambda handler: reply(handler, 200, body, Content_Type="application/json")
    text = call().body
    assert isinstance(text, str) and "\x00" not in text


@pytest.mark.parametrize(
    ("status", "passing"),
    [
        (301, False),
        (302, False),
        (307, False),
        (308, False),
        (400, False),
        (404, False),
        (429, True),
        (500, True),
        (503, True),
    ],
)
def test_other_answers_are_failures(
    status: int, passing: bool, canary: Canary, call: Callable[..., egress.Response]
) -> None:
    canary.answer = lambda handler: reply(handler, status, b"x", Location="http://127.0.0.1/elsewhere")
    with pytest.raises(Failed) as caught:
        call()
    assert (caught.value.code, caught.value.passing) == (f"http_{status}", passing)
    assert len(canary.seen) == 1  # no redirect was followed


def test_answer_is_capped(canary: Canary, call: Callable[..., egress.Response]) -> None:
    canary.answer = lambda handler: reply(handler, 200, b"x" * egress.MAX_RESPONSE_BYTES)
    assert len(call().body) == egress.MAX_RESPONSE_BYTES
    canary.answer = lambda handler: reply(handler, 200, b"x" * (egress.MAX_RESPONSE_BYTES + 1))
    with pytest.raises(Failed, match="bytes"):
        call()


TICK = 0.05
# A minute: what ends sooner was ended by the clock.
TICKS = 1200


def trickle(handler: BaseHTTPRequestHandler) -> Iterator[bytes]:
    """A byte at a time, each well within any socket's timeout, and no length."""
    handler.wfile.write(b"HTTP/1.0 200 OK\r\n\r\n")
    yield from itertools.repeat(b"x", TICKS)


def trickle_headers(handler: BaseHTTPRequestHandler) -> Iterator[bytes]:
    handler.wfile.write(b"HTTP/1.0 200 OK\r\n")
    yield from (f"X-{number}: y\r\n".encode() for number in range(TICKS))


def silence(handler: BaseHTTPRequestHandler) -> Iterator[bytes]:
    yield from itertools.repeat(b"", TICKS)


class Slow:
    """An answer over a minute, which counts its ticks: on a busy machine they take longer, and so they are no more."""

    def __init__(self, parts: Callable[[BaseHTTPRequestHandler], Iterator[bytes]]) -> None:
        self._parts = parts
        self._ended = threading.Event()
        self.ticks = 0

    def __call__(self, handler: BaseHTTPRequestHandler) -> None:
        for part in self._parts(handler):
            handler.wfile.write(part)
            if self._ended.wait(TICK):
                break
            self.ticks += 1

    def end(self) -> int:
        """Stop answering; how many ticks there were."""
        self._ended.set()
        return self.ticks


@pytest.mark.parametrize("parts", [trickle, trickle_headers, silence])
def test_one_clock_bounds_the_whole_exchange(
    parts: Callable[[BaseHTTPRequestHandler], Iterator[bytes]], canary: Canary, call: Callable[..., egress.Response]
) -> None:
    canary.answer = answer = Slow(parts)
    with pytest.raises(Failed) as caught:
        call(timeout_seconds=10 * TICK)
    assert answer.end() < 20
    assert (caught.value.code, caught.value.passing) == ("timeout", True)


def test_the_clock_bounds_the_look_up_too(monkeypatch: pytest.MonkeyPatch, canary: Canary) -> None:
    is_over, is_answered = threading.Event(), threading.Event()

    def getaddrinfo(host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        is_over.wait(20)
        is_answered.set()
        return [(0, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    policy = Policy((("slow.test", canary.port),), private=True)
    with pytest.raises(Failed) as caught:
        send(request(f"http://slow.test:{canary.port}/", timeout_seconds=2 * TICK), policy=policy)
    assert not is_answered.is_set()
    assert (caught.value.code, caught.value.passing) == ("timeout", True)
    is_over.set()
    assert is_answered.wait(20) and canary.seen == []


@pytest.mark.parametrize(
    "headers",
    [
        {"X": "a\r\nEvil: 1"},
        {"X\r\nEvil": "1"},
        {"X": "é\u2028"},
        {"Host": "evil.test"},
        {"Content-Length": "0"},
        {"transfer-encoding": "chunked"},
        {"": "x"},
        {"a b": "x"},
    ],
)
def test_headers_cannot_smuggle(headers: dict[str, str], canary: Canary, call: Callable[..., egress.Response]) -> None:
    with pytest.raises(Refused):
        call(headers=headers)
    assert canary.seen == []


def test_nobody_there_may_pass(call: Callable[..., egress.Response], canary: Canary) -> None:
    canary.stop()
    with pytest.raises(Failed) as caught:
        call()
    assert (caught.value.code, caught.value.passing) == ("network", True)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate for secure.test, with its key in the same file."""
    path = tmp_path_factory.mktemp("tls") / "secure.pem"
    key = path.with_suffix(".key")
    try:
        subprocess.run(
            [
                "openssl",
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:prime256v1",
                "-nodes",
                "-days",
                "2",
                "-subj",
                "/CN=secure.test",
                "-addext",
                "subjectAltName=DNS:secure.test",
                "-keyout",
                str(key),
                "-out",
                str(path),
            ],
            check=True,
            capture_output=True,
        )
    except FileNotFoundError:
        pytest.skip("openssl makes the certificate")
    path.write_text(path.read_text() + key.read_text())
    return path


def test_tls_is_checked_against_the_name(monkeypatch: pytest.MonkeyPatch, certificate: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server = Canary(context)
    real = socket.getaddrinfo
    monkeypatch.setattr(
        socket,
        "getaddrinfo",
        lambda host, port, *a, **k: (
            [(0, 1, 6, "", ("127.0.0.1", port))] if host.endswith(".test") else real(host, port, *a, **k)
        ),
    )
    policy = Policy((("secure.test", server.port), ("other.test", server.port)), private=True)
    try:
        with pytest.raises(Failed):  # nobody vouches for the certificate
            send(request(f"https://secure.test:{server.port}/"), policy=policy)
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert send(request(f"https://secure.test:{server.port}/"), policy=policy).status == 204
        with pytest.raises(Failed):  # the certificate is for another name
            send(request(f"https://other.test:{server.port}/"), policy=policy)
        assert len(server.seen) == 1
        server.answer = answer = Slow(trickle)
        with pytest.raises(Failed):
            send(request(f"https://secure.test:{server.port}/", timeout_seconds=10 * TICK), policy=policy)
        assert answer.end() < 20
    finally:
        server.stop()
