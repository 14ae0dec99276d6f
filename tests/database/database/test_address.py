"""DATABASE_URL is taken as libpq takes it, and what it does not take is refused in a sentence."""

from __future__ import annotations

import pytest
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import make_url
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

from lib.database import address
from lib.errors import ConfigurationError

TAKEN = [
    "postgresql://u:p@h/d",
    "postgres://u:p@h:6432/d",
    "postgresql+psycopg://u:p@h/d",
    "postgresql+psycopg2://u:p@h/d",
    "  postgresql://u:p@h/d\n",
    "postgresql://u:p%40%2F%3A@h/d",
    "postgresql://u:p@h/d?sslmode=require&connect_timeout=3",
    "postgresql://u:p@h/d?options=-csearch_path%3Dpublic",
    "postgresql://u:p@[::1]:5433/d",
    "postgresql://u:p@h1:5432,h2:5433/d?target_session_attrs=read-write",
    "postgresql://u:p@h1,h2/d",
    "host=h port=6000 dbname=d user=u password='p q'",
    "postgresql:///d?host=h&user=u",
    "postgresql://u@h/d",
    "postgresql://u@h/d?tcp_user_timeout=0&keepalives=0",
]


@pytest.mark.parametrize("written", TAKEN)
def test_it_connects_where_libpq_would(written: str) -> None:
    url = make_url(address.read(written, name="DATABASE_URL"))
    _, given = PGDialect_psycopg().create_connect_args(url)  # type: ignore[no-untyped-call]
    scheme, _, rest = written.strip().rpartition("://")
    wanted = {k: str(v) for k, v in conninfo_to_dict(f"postgresql://{rest}" if scheme else rest).items()}
    hosts = wanted.get("host", "").split(",")
    ports = [port or "5432" for port in wanted.get("port", "").split(",")]
    wanted["port"] = ",".join(ports if len(ports) == len(hosts) else ports * len(hosts))
    assert {key: str(value) for key, value in given.items()} == address.LIVENESS | wanted


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("mysql://u:p@h/d", "must name PostgreSQL, not mysql"),
        ("postgresql://u:p@ss@h/d", "write @ as %40"),
        ("postgresql://u:pa/ss@h/d", "/ as %2F"),
        ("postgresql://u:pa#s@h/d", "# as %23"),
        ("postgresql://u:p%zz@h/d", "% as %25"),
        ("postgresql://u:p@h/d?schema=public", "option schema, which PostgreSQL's client does not know"),
        ("postgresql://u:p@h/d?pgbouncer=true", "option pgbouncer"),
        ("postgresql:///d", "Unix socket"),
        ("postgresql://u@/d?host=/var/run/postgresql", "Unix socket"),
        ("postgresql://%2Fvar%2Frun/d", "Unix socket"),
        ("host=h1,h2,h3 port=1,2 user=u dbname=d", "one port for all hosts"),
        ("localhost", "is not a URL such as"),
        ("", "Unix socket"),
        ("postgresql://u:p@h:port/d", "one port"),
        ("host=h port=² user=u dbname=d", "one port"),
        ("postgresql://u:%ff@h/d", "is not a URL such as"),
        ("postgresql://u:p@a..b/d", "leads to a..b, which cannot be the name of a host"),
        (f"postgresql://u:p@{'x' * 64}/d", "which cannot be the name of a host"),
        ("host=127.0.0.1,.b user=u dbname=d", "leads to .b, which cannot be"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(written: str, says: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        address.read(written, name="DATABASE_URL")
    assert says in str(refused.value) and str(refused.value).startswith("DATABASE_URL ")
