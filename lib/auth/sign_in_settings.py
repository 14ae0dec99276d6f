"""Whether the settings of sign-in fit each other, and what follows from them. A start without that is refused."""

from __future__ import annotations

from urllib.parse import urlsplit

from lib.errors import ConfigurationError
from lib.settings import Settings

CALLBACK_PATH = "/oauth2callback"
#: What a proxy may sign with: a key that only the proxy has. A shared secret, or no signature, is not among them.
PROXY_ALGORITHMS = frozenset(
    {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"}
)
_SHORTEST_SECRET = 32
_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})


def check(settings: Settings) -> None:
    """Raise ConfigurationError if nobody could sign in, or if strangers could act as anyone on a real database."""
    if settings.auth == "oidc":
        _check_oidc(settings)
    elif settings.auth == "proxy":
        _check_proxy(settings)
    elif not settings.embedded and settings.auth is None:
        raise ConfigurationError(
            "DATABASE_URL is set but no sign-in is configured, so anyone who reaches this address could act as "
            "anyone. Set AUTH=oidc or AUTH=proxy, or AUTH=off if that is what you want (for a trial)."
        )


def metadata_url(settings: Settings) -> str:
    """Where the provider describes itself."""
    return settings.oidc_metadata_url or f"{(settings.oidc_issuer or '').rstrip('/')}/.well-known/openid-configuration"


def redirect_uri(settings: Settings) -> str:
    """Where the provider sends people back to."""
    return settings.oidc_redirect_uri or f"{(settings.public_url or '').rstrip('/')}{CALLBACK_PATH}"


def origin(settings: Settings) -> str | None:
    """Scheme and host that people's browsers know the app by, if the settings say."""
    url = settings.public_url or settings.oidc_redirect_uri
    if url is None:
        return None
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def proxy_algorithms(settings: Settings) -> list[str]:
    """What the proxy's token may be signed with."""
    return [name.strip() for name in settings.proxy_algorithms.split(",") if name.strip()]


def contact(settings: Settings) -> str:
    """Whom somebody without access may ask."""
    return settings.access_contact or settings.first_admin or "whoever runs this catalog"


def _check_oidc(settings: Settings) -> None:
    _require(
        "oidc",
        {
            "OIDC_ISSUER or OIDC_METADATA_URL": settings.oidc_issuer or settings.oidc_metadata_url,
            "OIDC_CLIENT_ID": settings.oidc_client_id,
            "OIDC_CLIENT_SECRET": settings.oidc_client_secret,
            "PUBLIC_URL or OIDC_REDIRECT_URI": settings.public_url or settings.oidc_redirect_uri,
            "COOKIE_SECRET": settings.cookie_secret,
        },
    )
    for name in ("oidc_issuer", "oidc_metadata_url", "oidc_redirect_uri", "public_url"):
        _check_url(name, getattr(settings, name))
    if not redirect_uri(settings).endswith(CALLBACK_PATH):
        raise ConfigurationError(f"OIDC_REDIRECT_URI must end in {CALLBACK_PATH}.")
    if settings.cookie_secret and len(settings.cookie_secret.get_secret_value()) < _SHORTEST_SECRET:
        raise ConfigurationError(f"COOKIE_SECRET must have at least {_SHORTEST_SECRET} characters, drawn at random.")


def _check_proxy(settings: Settings) -> None:
    _require(
        "proxy",
        {
            "PROXY_HEADER": settings.proxy_header,
            "PROXY_JWKS_URL or PROXY_KEY_FILE": settings.proxy_jwks_url or settings.proxy_key_file,
            "PROXY_ISSUER": settings.proxy_issuer,
            "PROXY_AUDIENCE": settings.proxy_audience,
        },
    )
    _check_url("proxy_jwks_url", settings.proxy_jwks_url)
    _check_url("public_url", settings.public_url)
    unknown = set(proxy_algorithms(settings)) - PROXY_ALGORITHMS
    if unknown or not proxy_algorithms(settings):
        raise ConfigurationError(
            f"PROXY_ALGORITHMS must be some of {', '.join(sorted(PROXY_ALGORITHMS))}, separated by commas."
        )


def _require(auth: str, needed: dict[str, object]) -> None:
    missing = [name for name, value in needed.items() if not value]
    if missing:
        raise ConfigurationError(f"AUTH={auth} needs {', '.join(missing)}; .env.example says what each is.")


def _check_url(name: str, url: str | None) -> None:
    """Tokens and secrets go there, so it must be TLS, or this machine."""
    if url is None:
        return
    parts = urlsplit(url)
    if parts.scheme == "http" and parts.hostname not in _LOCAL:
        raise ConfigurationError(f"{name.upper()} must begin with https://; http:// is for this machine alone.")
