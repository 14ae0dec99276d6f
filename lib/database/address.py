"""DATABASE_URL as people and hosts write it, read by libpq's own rules."""

from __future__ import annotations

import re

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import URL, make_url

from lib.errors import ConfigurationError

_SCHEME = re.compile(r"^(?P<backend>[A-Za-z0-9]+)(?:\+\w+)?://")
_UNKNOWN_OPTION = re.compile(r'invalid URI query parameter: "(?P<name>.*)"')
#: What SQLAlchemy has a place of its own for.
_PLACES = {"user": "username", "password": "password", "dbname": "database"}
_SEARCH_PATH = re.compile(r"search_path\s*=\s*(?P<path>\S+)")
# What a role or a database may set is not to change what migrations and the engine do.
_OWNERS_OPTIONS = "-c search_path=public -c statement_timeout=0 -c lock_timeout=0"
#: A host that vanished says nothing, and nobody would notice for a quarter of an hour, or for two while idle.
LIVENESS = {
    "keepalives_idle": "15",  # seconds, as the next one
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "15000",  # milliseconds
}
_SPELLING = "postgresql://user:password@host:5432/database"
_ENCODED = "In the user and the password write @ as %40, / as %2F, : as %3A, # as %23, ? as %3F and % as %25."


def read(text: str, *, name: str) -> str:
    """The URL of a setting as SQLAlchemy spells it. `name` is the setting.

    Takes what libpq takes: a URL or `host=… dbname=…`, several hosts, any option that libpq knows. Unless it says
    otherwise, a host that vanished is noticed by LIVENESS.
    Raises ConfigurationError with a sentence that says how to write it; a password is never repeated.
    """
    written = text.strip()
    if match := _SCHEME.match(written):
        if match["backend"].lower() not in ("postgresql", "postgres"):
            raise ConfigurationError(f"{name} must name PostgreSQL, not {match['backend']}.")
        written = "postgresql://" + written[match.end() :]
        _refuse_raw_signs(written, name)
    try:
        given = {key: str(value) for key, value in conninfo_to_dict(written).items() if value is not None}
    except (ProgrammingError, UnicodeDecodeError) as error:
        raise ConfigurationError(_cause(str(error), name)) from None
    hosts = given.pop("host", given.get("hostaddr", "")).split(",")
    if any(not host or host[0] in "/@" for host in hosts):
        raise ConfigurationError(
            f"{name} leads to a Unix socket. Name a host, such as 127.0.0.1: over a socket, workflow runs do not "
            "survive a restart of the database."
        )
    for host in hosts:
        _refuse_no_name(host, name)
    ports = [port or "5432" for port in given.pop("port", "").split(",")]
    ports = ports * len(hosts) if len(ports) == 1 else ports
    if len(ports) != len(hosts) or not all(port.isascii() and port.isdigit() for port in ports):
        raise ConfigurationError(f"{name} must give one port for all hosts, or one for each.")
    given = LIVENESS | given
    place = {_PLACES[key]: given.pop(key) for key in list(given) if key in _PLACES}
    if len(hosts) == 1:
        url = URL.create("postgresql+psycopg", host=hosts[0], port=int(ports[0]), query=given, **place)
    else:
        query = {**given, "host": tuple(f"{host}:{port}" for host, port in zip(hosts, ports, strict=True))}
        url = URL.create("postgresql+psycopg", query=query, **place)  # type: ignore[arg-type]
    return url.render_as_string(hide_password=False)


def of_owner(text: str) -> str:
    """DATABASE_URL as `read` gives it, with what the owner's sessions need, DBOS's too.

    Raises ConfigurationError as well when it asks for another schema.
    """
    url = make_url(read(text, name="DATABASE_URL"))
    options = str(url.query.get("options", ""))
    given = _SEARCH_PATH.search(options)
    if given and given["path"].split(",")[0].strip('" ') != "public":
        raise ConfigurationError(
            f"DATABASE_URL sets search_path to {given['path']}, but the tables live in the schema public. Take that "
            "option out; to keep them apart from others, give them a database of their own."
        )
    settled = url.update_query_dict({"options": f"{options} {_OWNERS_OPTIONS}".strip()})
    return settled.render_as_string(hide_password=False)


def of_pages(text: str | None) -> str | None:
    """APP_DATABASE_URL as `read` gives it; None where pages have no login of their own."""
    return read(text, name="APP_DATABASE_URL") if text else None


def _refuse_raw_signs(written: str, name: str) -> None:
    """A raw @, / or ? in the password shows as a second @ in what should be user, password, host and port."""
    rest = written.removeprefix("postgresql://")
    place, _, _ = rest.partition("?")
    if place.count("@") > 1 or "@" in place.partition("/")[2] or "@" in rest.partition("#")[2]:
        raise ConfigurationError(f"{name} cannot be read: it has an @ too many. {_ENCODED}")


def _refuse_no_name(host: str, name: str) -> None:
    """What the system does not even look up, it tells in an error of its own."""
    try:
        host.encode("idna")
    except UnicodeError:
        raise ConfigurationError(f"{name} leads to {host[:80]}, which cannot be the name of a host.") from None


def _cause(error: str, name: str) -> str:
    if match := _UNKNOWN_OPTION.search(error):
        return f"{name} has the option {match['name']}, which PostgreSQL's client does not know. Take it out."
    if "percent-encoded" in error or "%" in error:
        return f"{name} cannot be read: a % in it begins no two hexadecimal digits. {_ENCODED}"
    return f"{name} is not a URL such as {_SPELLING}. {_ENCODED}"
