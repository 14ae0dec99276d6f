"""The signed token by which a proxy says whom it has let in: a JWT in a header of every request.

The signature is checked with the proxy's public key, from a file or from its JWKS address. That address is the only one
asked, and only for a key that is not known yet. The issuer, the audience and the times are checked, too.
"""

from __future__ import annotations

import json
import math
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal

import httpx2
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import Key, KeySet, import_key

from lib.auth import sign_in_settings
from lib.auth.sessions import Identity, moment, proof_of
from lib.errors import ConfigurationError, SignInRefused, SignInUnavailable
from lib.settings import Settings

_LEEWAY_SECONDS = 60
_FETCH_SECONDS = 5
#: Keys are asked for again after so long; for an unknown key, or after a failure, after the shorter time already.
_KEYS_LAST_SECONDS = 3600
_KEYS_REST_SECONDS = 10
_LONGEST_TOKEN = 16_384
_LARGEST_KEYS = 1_000_000
_KINDS: tuple[Literal["RSA", "EC", "OKP"], ...] = ("RSA", "EC", "OKP")


@dataclass(frozen=True)
class _Keys:
    """Public keys, and when they were read."""

    keys: Key | KeySet
    read_at: float


class ProxyTokens:
    """Checks the tokens of one proxy. Threads may share it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._reading = threading.Lock()
        self._known: _Keys | None = None
        self._failed_at = -math.inf
        self._claims = jwt.JWTClaimsRegistry(
            leeway=_LEEWAY_SECONDS,
            iss={"essential": True, "value": settings.proxy_issuer or ""},
            aud={"essential": True, "value": settings.proxy_audience or ""},
            exp={"essential": True},
            iat={"essential": True},
            sub={"essential": True},
            email={"essential": True},
        )

    def identity(self, token: str, *, browser: str) -> Identity:
        """Whom the token is about, in the browser with this id.

        Raises SignInRefused for a token that does not hold, SignInUnavailable when the keys cannot be had.
        """
        if not 0 < len(token) <= _LONGEST_TOKEN:
            raise SignInRefused
        claims = self._verified(token.removeprefix("Bearer "))
        email, name = claims["email"], claims.get("name")
        if not isinstance(email, str):
            raise SignInRefused
        return Identity(
            proof=proof_of("proxy", str(claims["iss"]), str(claims["sub"]), browser),
            email=email,
            # A proxy vouches for whom it lets in, unless it passes on that its provider does not.
            is_verified=claims.get("email_verified", True) in (True, "true"),
            name=name if isinstance(name, str) else "",
            issued_at=moment(claims["iat"]),
            is_reissued=True,
        )

    def _verified(self, token: str) -> dict[str, Any]:
        keys = self._keys()
        try:
            try:
                found = self._decode(token, keys)
            except (JoseError, ValueError):
                # The proxy may have begun to sign with another key since.
                newer = self._newer_keys(at_most=_KEYS_REST_SECONDS)
                if newer is keys:
                    raise
                found = self._decode(token, newer)
            self._claims.validate(found)
        except (JoseError, ValueError, TypeError, KeyError, OverflowError):
            raise SignInRefused from None
        return found

    def _decode(self, token: str, keys: Key | KeySet) -> dict[str, Any]:
        return dict(jwt.decode(token, keys, algorithms=sign_in_settings.proxy_algorithms(self._settings)).claims)

    def _keys(self) -> Key | KeySet:
        """The proxy's keys. Whoever finds some does not wait while another thread reads newer ones."""
        known = self._known
        if known and (time.monotonic() - known.read_at < _KEYS_LAST_SECONDS or self._reading.locked()):
            return known.keys
        return self._newer_keys(at_most=_KEYS_LAST_SECONDS)

    def _newer_keys(self, *, at_most: float) -> Key | KeySet:
        """The proxy's keys, read not longer ago than that; older ones while the read fails.

        Raises SignInUnavailable when there are none at all.
        """
        with self._reading:
            known, now = self._known, time.monotonic()
            if known and now - known.read_at < at_most:
                return known.keys
            if now - self._failed_at >= _KEYS_REST_SECONDS:
                try:
                    known = self._known = _Keys(public_keys(self._read()), time.monotonic())
                except (httpx2.HTTPError, OSError, ValueError, JoseError):
                    self._failed_at = time.monotonic()
            if known is None:
                raise SignInUnavailable
            return known.keys  # those that were good an hour ago still are

    def _read(self) -> bytes:
        if self._settings.proxy_key_file:
            return self._settings.proxy_key_file.read_bytes()
        answer = httpx2.get(self._settings.proxy_jwks_url or "", timeout=_FETCH_SECONDS, follow_redirects=False)
        answer.raise_for_status()
        if len(answer.content) > _LARGEST_KEYS:
            raise ValueError("too large to be keys")
        return answer.content


def public_keys(written: bytes) -> Key | KeySet:
    """A key as PEM, or one or several as JWK; raises ValueError or JoseError for anything else.

    A shared secret is no public key.
    """
    if written.lstrip().startswith(b"-----BEGIN"):
        return _pem(written)
    document = json.loads(written)
    if not isinstance(document, dict):
        raise ValueError("no JWK")
    listed = [key for key in document.get("keys", [document]) if isinstance(key, dict) and key.get("kty") != "oct"]
    return KeySet.import_key_set({"keys": listed})


def _pem(written: bytes) -> Key:
    # Each kind by its name: a text that is no key at all would be taken for a shared secret.
    for kind in _KINDS:
        with suppress(JoseError, ValueError, TypeError):
            return import_key(written, kind)
    raise ValueError("no public key")


def check_key_file(settings: Settings) -> None:
    """Raise ConfigurationError if there is a PROXY_KEY_FILE without a key in it."""
    if settings.proxy_key_file is None:
        return
    try:
        public_keys(settings.proxy_key_file.read_bytes())
    except (OSError, ValueError, JoseError, TypeError, AttributeError):
        raise ConfigurationError("PROXY_KEY_FILE has no public key in it, as PEM or JWK.") from None
