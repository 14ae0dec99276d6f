"""HTTP requests to addresses that a workflow's author chose. They reach nothing but what the operator allows.

The host must be allowed by name (EGRESS_ALLOW). It is resolved once, every address is checked, and the
connection goes to one of those very addresses: a name that resolves differently a moment later gains
nothing. Redirects are not followed. One clock bounds the look-up and the whole exchange, the answer's size is capped.
"""

from __future__ import annotations

import http.client
import ipaddress
import re
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import SplitResult, urlsplit

from lib.errors import CatalogError, InvalidInput
from lib.serialization import strict_json
from lib.serialization.strict_json import JsonValue
from lib.settings import egress_hosts

MAX_RESPONSE_BYTES = 1024 * 1024
_DEFAULT_PORTS = {"http": 80, "https": 443}
#: Response headers worth keeping; cookies and the like stay out of the run.
_KEPT_HEADERS = (
    "content-type",
    "content-length",
    "date",
    "etag",
    "last-modified",
    "retry-after",
    "x-request-id",
)
#: Headers that the request itself decides.
_OWN_HEADERS = (
    "host",
    "content-length",
    "transfer-encoding",
    "connection",
    "upgrade",
    "te",
    "trailer",
    "expect",
)

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

# Python calls some of these global. They are relays into other networks, or not for one receiver.
_NEVER = [
    ipaddress.ip_network(network)
    for network in (
        "192.0.0.0/24",  # protocol assignments
        "192.88.99.0/24",  # 6to4 relays
        "168.63.129.16/32",  # metadata of a cloud, in public space
        "2001::/23",  # Teredo and other protocol assignments
        "2002::/16",  # 6to4: holds an IPv4 address
        "3fff::/20",  # documentation
    )
]
# IPv6 that is not in here is mapped, compatible or translated IPv4, local, multicast or unassigned.
_IPV6_UNICAST = ipaddress.IPv6Network("2000::/3")
_PRIVATE = [
    ipaddress.ip_network(network)
    for network in ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1/128", "fc00::/7")
]


class Refused(CatalogError):
    """The request may not be sent, or not like that; trying again changes nothing."""


class Failed(CatalogError):
    """The request was sent, or tried; `passing` says whether another attempt may succeed."""

    def __init__(self, code: str, message: str, *, passing: bool) -> None:
        super().__init__(message)
        self.code = code
        self.passing = passing


@dataclass(frozen=True)
class Policy:
    """Which hosts may be reached: (host or *.domain, port or None for the scheme's own)."""

    allowed: tuple[tuple[str, int | None], ...]
    private: bool = False

    @staticmethod
    def parse(setting: str, *, private: bool = False) -> Policy:
        """The policy that EGRESS_ALLOW states. Raises Refused naming an entry that is not host[:port]."""
        try:
            return Policy(egress_hosts(setting), private)
        except ValueError as error:
            raise Refused(f"EGRESS_ALLOW: {error}.") from None

    def check(self, host: str, port: int, default_port: int) -> None:
        """Raise Refused, naming the setting, unless host and port are allowed."""
        for pattern, allowed_port in self.allowed:
            fits = host.endswith(pattern[1:]) if pattern.startswith("*.") else host == pattern
            if fits and port == (allowed_port or default_port):
                return
        shown = host if port == default_port else f"{host}:{port}"
        raise Refused(f"requests to {shown} are not allowed; the setting EGRESS_ALLOW lists the hosts that are.")


@dataclass(frozen=True)
class Request:
    """A request; a body that is not a text goes out as JSON. The timeout covers the whole exchange."""

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"]
    url: str
    headers: Mapping[str, str]
    body: JsonValue = None
    timeout_seconds: float = 10.0


@dataclass(frozen=True)
class Response:
    """An answer 2xx: the body is the JSON value if it is JSON, else text; headers by lower-case name."""

    status: int
    headers: dict[str, str]
    body: JsonValue


def check(url: str, *, policy: Policy) -> None:
    """Raise Refused if a request to this URL would be refused before its host is looked up."""
    parts, host, port = _target(url)
    policy.check(host, port, _DEFAULT_PORTS[parts.scheme])


def send(request: Request, *, policy: Policy) -> Response:
    """Send one request.

    Raises Refused when policy forbids it, Failed when it does not get an answer 2xx.
    """
    deadline = time.monotonic() + request.timeout_seconds
    url, host, port = _target(request.url)
    policy.check(host, port, _DEFAULT_PORTS[url.scheme])
    connection = http.client.HTTPConnection(host, port)
    try:
        addresses = _resolve(host, port, deadline)
        for address in addresses:
            if not reachable(address, private=policy.private):
                raise Refused(f"{host} resolves to {address}, which is not a public address.")
        connection.sock = _connect(addresses, port, deadline)
        return _exchange(connection, request, url, host, deadline)
    except TimeoutError:
        raise _too_slow(request) from None
    except (OSError, http.client.HTTPException) as error:
        if time.monotonic() >= deadline:
            raise _too_slow(request) from None
        raise Failed("network", f"{host} did not answer properly ({type(error).__name__}).", passing=True) from error
    finally:
        connection.close()


def reachable(address: IPAddress, *, private: bool = False) -> bool:
    """Whether an address is one public host's own; `private` admits private networks and this machine."""
    if private and any(address in network for network in _PRIVATE if network.version == address.version):
        return True
    if any(address in network for network in _NEVER if network.version == address.version):
        return False
    if isinstance(address, ipaddress.IPv6Address) and address not in _IPV6_UNICAST:
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def _target(text: str) -> tuple[SplitResult, str, int]:
    """The URL's parts, its host in ASCII lower case, and its port."""
    if re.search(r"[\x00-\x20\x7f\\]", text):
        raise Refused("the URL holds a space, a backslash or a control character.")
    try:
        url = urlsplit(text)
        port = url.port
        host = (url.hostname or "").rstrip(".").encode("idna").decode("ascii").lower() if url.hostname else ""
    except ValueError:  # UnicodeError is one
        raise Refused("the URL cannot be read.") from None
    if url.scheme not in _DEFAULT_PORTS:
        raise Refused("the URL must begin with http:// or https://.")
    if url.username is not None or url.password is not None:
        raise Refused("the URL must not hold a user name or password; use a header.")
    if not host:
        raise Refused("the URL names no host.")
    return url, host, port or _DEFAULT_PORTS[url.scheme]


def _resolve(host: str, port: int, deadline: float) -> list[IPAddress]:
    """The addresses of a host. Raises TimeoutError when they are not found in time."""
    try:
        found = _look_up(host, port).result(timeout=max(0.0, deadline - time.monotonic()))
    except TimeoutError:
        raise
    except (OSError, UnicodeError):
        raise Failed("unknown_host", f"{host} cannot be resolved.", passing=True) from None
    # A scope (%eth0) can only belong to an address that is refused anyway.
    return list(dict.fromkeys(ipaddress.ip_address(str(entry[4][0]).split("%")[0]) for entry in found))


def _look_up(host: str, port: int) -> Future[list[Any]]:
    """What the system answers, in a thread of its own: a look-up cannot be stopped, only left alone."""
    answer = Future[list[Any]]()

    def ask() -> None:
        try:
            answer.set_result(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except Exception as error:
            answer.set_exception(error)

    threading.Thread(target=ask, name="looking up a host", daemon=True).start()
    return answer


def _connect(addresses: list[IPAddress], port: int, deadline: float) -> socket.socket:
    """A connection to the first address that takes one."""
    for index, address in enumerate(addresses):
        left = deadline - time.monotonic()
        if left <= 0:
            break
        try:
            return socket.create_connection((str(address), port), timeout=left / (len(addresses) - index))
        except OSError:
            if index == len(addresses) - 1:
                raise
    raise TimeoutError


def _exchange(
    connection: http.client.HTTPConnection, request: Request, url: SplitResult, host: str, deadline: float
) -> Response:
    live = [connection.sock]
    # A socket's own timeout starts anew with every byte; this clock does not.
    clock = threading.Timer(max(0.0, deadline - time.monotonic()), _hang_up, [live])
    clock.daemon = True
    clock.start()
    try:
        if url.scheme == "https":
            context = ssl.create_default_context()
            secure = context.wrap_socket(live[0], server_hostname=host, do_handshake_on_connect=False)
            live[0] = connection.sock = secure
            secure.do_handshake()
        target = (url.path or "/") + (f"?{url.query}" if url.query else "")
        body, headers = _encode(request)
        connection.default_port = _DEFAULT_PORTS[url.scheme]  # the Host header leaves it out
        try:
            connection.request(request.method, target, body=body, headers=headers)
        except (ValueError, UnicodeError):
            raise Refused("the request holds characters that HTTP does not allow in a URL or header.") from None
        answer = _answer(connection.getresponse(), host)
        if time.monotonic() >= deadline:  # a body without a length, cut off by the clock, looks complete
            raise TimeoutError
        return answer
    finally:
        clock.cancel()


def _hang_up(live: list[socket.socket]) -> None:
    try:
        socket.socket.shutdown(live[0], socket.SHUT_RDWR)  # past TLS, whose own shutdown would take turns
    except OSError:
        pass  # it is closed already


def _encode(request: Request) -> tuple[bytes | None, dict[str, str]]:
    for name in request.headers:
        if not re.fullmatch(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+", name):
            raise Refused(f"{name[:80]!r} is not a header name.")
        if name.lower() in _OWN_HEADERS:
            raise Refused(f"the header {name} is set by the request itself.")
    headers = {"User-Agent": "workflow-event-catalog", "Accept-Encoding": "identity"}
    body = request.body.encode() if isinstance(request.body, str) else None
    if request.body is not None and body is None:
        body = strict_json.dumps(request.body).encode()
        headers["Content-Type"] = "application/json"
    given = {name.lower() for name in request.headers}  # in whatever case: a name must not go out twice
    defaults = {name: value for name, value in headers.items() if name.lower() not in given}
    return body, {**defaults, **request.headers}


def _answer(response: http.client.HTTPResponse, host: str) -> Response:
    status = response.status
    if 300 <= status < 400:
        raise Failed(f"http_{status}", f"{host} answered {status}; redirects are not followed.", passing=False)
    if not 200 <= status < 300:
        passing = status == 429 or status >= 500
        raise Failed(f"http_{status}", f"{host} answered {status} {response.reason}.", passing=passing)
    raw = response.read(MAX_RESPONSE_BYTES + 1)
    if len(raw) > MAX_RESPONSE_BYTES:
        raise Failed("too_large", f"{host} answered more than {MAX_RESPONSE_BYTES:,} bytes.", passing=False)
    headers = {name: value for name in _KEPT_HEADERS if (value := response.getheader(name)) is not None}
    return Response(status, headers, _decode(raw, headers.get("content-type", "")))


def _decode(raw: bytes, content_type: str) -> JsonValue:
    if not raw:
        return None
    if re.match(r"application/(json|[\w.+-]+\+json)\b", content_type, re.IGNORECASE):
        try:
            return strict_json.parse(raw, field="response", max_bytes=MAX_RESPONSE_BYTES)
        except InvalidInput:
            pass  # then it is a text that only claims to be JSON
    return raw.decode("utf-8", errors="replace").replace("\x00", "\ufffd")


def _too_slow(request: Request) -> Failed:
    return Failed("timeout", f"no complete answer within {request.timeout_seconds:g} seconds.", passing=True)
