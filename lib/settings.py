"""Settings from the environment (and .env). Every one is documented in .env.example.

`python -m lib.settings` prints the port, so that `make run` need not know where a setting comes from.
"""

from __future__ import annotations

import argparse
import math
import re
from functools import cache
from pathlib import Path
from typing import Literal
from urllib.parse import SplitResult, urlsplit

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from lib.errors import ConfigurationError, end_process

ROOT = Path(__file__).resolve().parent.parent
_EGRESS_HOST = re.compile(r"(?P<host>\[[0-9a-f:.]+\]|(?:\*\.)?[a-z0-9_.-]+)(?::(?P<port>[0-9]{1,5}))?")
_LAST_PORT = 65535
_NOT_IN_AN_ADDRESS = re.compile(r'[\x00-\x20\x7f"<>\\^`{|}]')
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
# What a policy of frame-ancestors takes: a word of its own, a scheme, or a site. It goes into a header.
_FRAMING_SITE = re.compile(
    r"\*|'self'|'none'|[a-z][a-z0-9+.-]*:"
    r"|(?!(?:self|none)$)(?:[a-z][a-z0-9+.-]*://)?(?:\*\.)?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*(?::(?:[0-9]+|\*))?"
    r"(?:/[!-+\--:<-~]*)?",
    re.IGNORECASE,
)


def web_address(url: str) -> SplitResult | None:
    """The parts of an address of the web, http or https with a host; None if that is none."""
    try:
        parts = urlsplit(url)
        is_one = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        return None
    return parts if is_one and not _NOT_IN_AN_ADDRESS.search(url) else None


def egress_hosts(allowed: str) -> tuple[tuple[str, int | None], ...]:
    """The hosts that EGRESS_ALLOW names: (host or *.domain, port or None for the scheme's own).

    Raises ValueError naming an entry that is neither.
    """
    hosts: list[tuple[str, int | None]] = []
    for entry in filter(None, (part.strip().lower() for part in allowed.split(","))):
        match = _EGRESS_HOST.fullmatch(entry)
        if match is None or web_address(f"http://{entry}") is None:
            raise ValueError(f"{entry[:80]!r} is not host, host:port or *.domain")
        hosts.append((match["host"].strip("[]").rstrip("."), int(match["port"]) if match["port"] else None))
    return tuple(hosts)


class Settings(BaseSettings):
    """What can be set from outside; names are the environment variables in lower case."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", env_ignore_empty=True)

    #: SQLAlchemy or libpq URL of the owner; unset means the embedded server.
    database_url: str | None = None
    #: URL that pages and the API use; its login must be a member of event_catalog_app.
    app_database_url: str | None = None
    #: Where the embedded server keeps its data.
    data_dir: Path = ROOT / ".data"
    #: Where `make run` serves the app, on localhost.
    port: int = Field(default=8501, ge=1, le=_LAST_PORT)
    #: Load the demo tenants into the embedded database on first start.
    demo: bool = True
    #: Invented events a minute that go on in the demo tenants of the embedded database while the app runs; 0: none.
    demo_events_per_minute: float = Field(default=6, ge=0, le=600)
    #: How people are identified; unset is allowed with the embedded database only.
    auth: Literal["off", "oidc", "proxy"] | None = None
    #: Where people reach the app, such as https://catalog.example.com.
    public_url: str | None = None
    #: E-mail address of the first admin, who gets a tenant while there is none but the demo's.
    first_admin: str | None = None
    #: Whom people without access are told to ask; unset: FIRST_ADMIN.
    access_contact: str | None = None
    #: Hours after which a sign-in is over, used or not, and after which it is over unused.
    session_hours: int = Field(default=12, ge=1, le=720)
    session_idle_hours: int = Field(default=2, ge=1, le=720)

    #: With AUTH=oidc: the provider, by its issuer or the address of its metadata, and how it knows this app.
    oidc_issuer: str | None = None
    oidc_metadata_url: str | None = None
    oidc_client_id: str | None = None
    oidc_client_secret: SecretStr | None = None
    #: Where the provider sends people back; unset: PUBLIC_URL/oauth2callback.
    oidc_redirect_uri: str | None = None
    #: The claim by which the provider vouches for the e-mail address.
    oidc_verified_claim: str = "email_verified"
    #: Signs the cookies; the same for every web process.
    cookie_secret: SecretStr | None = None

    #: With AUTH=proxy: the header with the proxy's signed token, and how to check the token.
    proxy_header: str | None = None
    proxy_jwks_url: str | None = None
    #: A public key, as PEM or JWK(S), instead of PROXY_JWKS_URL.
    proxy_key_file: Path | None = None
    proxy_issuer: str | None = None
    proxy_audience: str | None = None
    proxy_algorithms: str = "RS256,ES256"
    #: Where the proxy signs people out, such as /cdn-cgi/access/logout.
    proxy_sign_out_url: str | None = None

    #: Where workflow runs execute: in this process, or in `python -m lib.worker` processes.
    worker: Literal["in-process", "external"] = "in-process"
    #: Seconds for which a web process that was told to end still takes requests, while /readyz says so.
    stop_grace_seconds: float = Field(default=0, ge=0, le=300)
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    #: How a line of the log looks; unset: text with the embedded database, json otherwise.
    log_format: Literal["text", "json"] | None = None
    #: Where traces go by OTLP over HTTP, such as http://localhost:4318; unset: there are none.
    otel_exporter_otlp_endpoint: str | None = None
    #: Days after which events are dropped with their runs, a month at a time; unset: never. Their counts stay.
    retention_days: int | None = Field(default=None, ge=1, le=36500)
    #: The same for events and runs that failed, when those are to stay longer.
    retention_error_days: int | None = Field(default=None, ge=1, le=36500)
    #: File that gets a checkpoint of the audit trail once a day; unset: the log has it alone.
    audit_checkpoint_file: Path | None = None
    #: Milliseconds after which a page's statement is cancelled.
    statement_timeout_ms: int = Field(default=5000, ge=100, le=2_147_483_647)
    #: Runs that one worker process executes at a time; one tenant gets half of them. Give all workers the same.
    worker_concurrency: int = Field(default=16, ge=2, le=256)
    #: Where steps may send HTTP requests: host, host:port or *.domain, comma-separated. Empty: nowhere.
    egress_allow: str = ""
    #: Let it reach private and loopback addresses of allowed hosts too; for trials on one machine.
    egress_allow_private: bool = False

    #: Sites that may show the pages in a frame, as the policy of that name spells them. Empty: none.
    frame_ancestors: str = ""

    #: Requests a second that one API token may make for long, and how many at once after a pause.
    api_rate_per_second: float = Field(default=200, gt=0, le=1_000_000)
    api_burst: int = Field(default=400, ge=1, le=1_000_000)

    # What follows is told at the start, not by the first run, request or hour that needs it. It is told whatever the
    # other settings are: a value that nothing reads now may be read after the next change of them.

    @field_validator("egress_allow")
    @classmethod
    def _check_egress(cls, allowed: str) -> str:
        egress_hosts(allowed)
        return allowed

    @field_validator(
        "public_url",
        "oidc_issuer",
        "oidc_metadata_url",
        "oidc_redirect_uri",
        "proxy_jwks_url",
        "otel_exporter_otlp_endpoint",
    )
    @classmethod
    def _check_url(cls, url: str | None) -> str | None:
        if url is not None and web_address(url) is None:
            raise ValueError("is not a URL such as https://example.com")
        return url

    @field_validator("proxy_sign_out_url")
    @classmethod
    def _check_sign_out(cls, url: str | None) -> str | None:
        if url is not None and web_address(f"https://example.com{url}" if url.startswith("/") else url) is None:
            raise ValueError("is neither a path such as /sign-out nor a URL such as https://example.com")
        return url

    @field_validator("proxy_header")
    @classmethod
    def _check_header(cls, name: str | None) -> str | None:
        if name is not None and not _HEADER_NAME.fullmatch(name):
            raise ValueError("is not the name of a header, such as X-Token")
        return name

    @field_validator("frame_ancestors")
    @classmethod
    def _check_framing(cls, sites: str) -> str:
        for site in sites.split():
            if not _FRAMING_SITE.fullmatch(site):
                raise ValueError(f"{site[:80]!r} is not a site such as https://intranet.example")
        return sites

    @field_validator("retention_error_days")
    @classmethod
    def _check_longer(cls, days: int | None, others: ValidationInfo) -> int | None:
        if days is not None and days < (others.data.get("retention_days") or math.inf):
            raise ValueError("needs RETENTION_DAYS, and must not be fewer than those")
        return days

    @property
    def embedded(self) -> bool:
        """Whether this process brings its own PostgreSQL."""
        return self.database_url is None


@cache
def settings() -> Settings:
    """The settings of this process, read once.

    Raises ConfigurationError naming each variable that does not fit, or saying that .env cannot be read.
    """
    try:
        return Settings()
    except ValidationError as error:
        problems = "; ".join(
            f"{str(e['loc'][0]).upper()}: {e['msg'].removeprefix('Value error, ')}" for e in error.errors()
        )
        raise ConfigurationError(f"Settings: {problems}") from None
    except UnicodeDecodeError:
        raise ConfigurationError("Settings: the file .env is not text in UTF-8.") from None
    except OSError as error:
        raise ConfigurationError(f"Settings: the file .env cannot be read: {error.strerror}.") from None


if __name__ == "__main__":
    argparse.ArgumentParser("python -m lib.settings", description=__doc__).parse_args()
    try:
        print(settings().port)
    except ConfigurationError as error:
        end_process(error)
