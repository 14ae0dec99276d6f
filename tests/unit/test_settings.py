"""Settings: every one is documented, is read by some module, and comes from the environment or else from .env."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest
from dotenv import dotenv_values
from pydantic import ValidationError

from lib.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
NAMES = set(Settings.model_fields)
EXAMPLE = ROOT / ".env.example"
# A Python that only says what it was asked to serve; everything else it does.
PYTHON = f"""#!/bin/sh
if [ "$2" = streamlit ]; then echo "$@"; else exec {sys.executable} "$@"; fi
"""


def names_read() -> set[str]:
    """The settings that code of ours reads, wherever it got the settings from."""
    found = set()
    for path in [*(ROOT / "lib").rglob("*.py"), *(ROOT / "pages").rglob("*.py"), ROOT / "app.py"]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
                if re.fullmatch(r"(self\._?)?settings(\(\))?", ast.unparse(node.value)):
                    found.add(node.attr)
    return found


def test_every_setting_is_read() -> None:
    assert sorted(NAMES - names_read()) == []


def test_every_setting_is_documented_with_its_default(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.lower() in NAMES:
            monkeypatch.delenv(name)
    monkeypatch.chdir(ROOT)
    documented = dotenv_values(EXAMPLE)
    assert sorted(documented) == sorted(name.upper() for name in NAMES)
    defaults = Settings(_env_file=None).model_dump()  # type: ignore[call-arg]
    shown = Settings(_env_file=EXAMPLE).model_dump()  # type: ignore[call-arg]
    shown["data_dir"] = shown["data_dir"].resolve()
    assert shown == defaults


@pytest.mark.parametrize("number", ["inf", "-inf", "nan", "1e999", "9" * 30])
def test_every_number_has_bounds(number: str) -> None:
    numeric = [
        name
        for name, one in Settings.model_fields.items()
        if {int, float} & {one.annotation, *get_args(one.annotation)}
    ]
    assert len(numeric) > 8
    for name in numeric:
        with pytest.raises(ValidationError, match=name):
            Settings(_env_file=None, **{name: number})


@pytest.mark.parametrize(
    ("name", "bad", "good"),
    [
        *(
            (name, bad, "http://localhost:8501")
            for name in sorted(NAMES)
            if name.endswith(("_url", "_uri", "_issuer", "_endpoint"))
            and name not in ("database_url", "app_database_url", "proxy_issuer")  # libpq reads these; it is any text
            for bad in ("https://[host", "catalog.example.com", "https://a:99999", "https://a b", "ftp://a", " ")
        ),
        *(("proxy_sign_out_url", bad, "/cdn-cgi/access/logout") for bad in ("logout", "/a b", "javascript:alert(1)")),
        *(("proxy_header", bad, "Cf-Access-Jwt-Assertion") for bad in ("X Token", "X-Tökén", "X-Token:")),
        *(
            ("frame_ancestors", bad, "'self' https://*.a.example:* http://b:8080/c/ intranet *  data:")
            for bad in ("https://😀.example", "https://a,https://b", "https:/a", "https://a self", "<none>")
        ),
        *(("egress_allow", bad, "a, [::1]:80, *.b.example:443, 10.0.0.1") for bad in ("[1]", "a:0", "a:65536", "*")),
        ("retention_error_days", "30", None),
    ],
)
def test_what_cannot_be_is_refused_whatever_else_is_set(name: str, bad: str, good: str | None) -> None:
    with pytest.raises(ValidationError, match=f"(?m)^{name}$"):
        Settings(_env_file=None, **{name: bad})
    assert getattr(Settings(_env_file=None, **{name: good}), name) == good


def test_errors_are_not_to_go_before_the_rest() -> None:
    with pytest.raises(ValidationError, match="must not be fewer"):
        Settings(_env_file=None, retention_days=60, retention_error_days=59)  # type: ignore[call-arg]
    for days in (60, 61):
        assert Settings(_env_file=None, retention_days=60, retention_error_days=days)  # type: ignore[call-arg]


@pytest.mark.parametrize("auth", ["", "off"])
@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("PUBLIC_URL", "https://[host", "PUBLIC_URL: is not a URL such as https://example.com"),
        ("PUBLIC_URL", "catalog.example.com", "PUBLIC_URL: is not a URL such as https://example.com"),
        ("FIRST_ADMIN", "boss", "FIRST_ADMIN must be an address such as ada@example.com."),
    ],
)
def test_the_start_says_what_a_setting_should_be(tmp_path: Path, auth: str, name: str, value: str, says: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", "0"],
        cwd=ROOT,
        env={"PATH": "", "AUTH": auth, "DATA_DIR": str(tmp_path / "data"), name: value},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 3 and says in done.stderr and "Traceback" not in done.stderr
    assert not (tmp_path / "data").exists()


def test_the_readme_names_settings_that_there_are() -> None:
    section = (ROOT / "README.md").read_text(encoding="utf-8").split("## Settings")[1].split("\n## ")[0]
    rows = re.findall(r"^\| `([A-Z_]+)` \|", section, re.MULTILINE)
    assert len(rows) > 5
    assert {row.lower() for row in rows} <= NAMES


def run(folder: Path, dotenv: str | bytes | None, **environment: str) -> subprocess.CompletedProcess[str]:
    """`make run` in a folder with this .env, up to the command that would serve the app."""
    shutil.copy(ROOT / "Makefile", folder)
    (folder / "lib").symlink_to(ROOT / "lib")
    if dotenv is not None:
        (folder / ".env").write_bytes(dotenv if isinstance(dotenv, bytes) else dotenv.encode())
    python = folder / "bin" / "python"
    python.parent.mkdir()
    python.write_text(PYTHON)
    python.chmod(0o755)
    kept = {name: value for name, value in os.environ.items() if name.lower() not in NAMES}
    return subprocess.run(
        ["make", "--silent", "--assume-old=.venv/installed", "run", "BIN=bin"],
        cwd=folder,
        env={**kept, "PYTHONDONTWRITEBYTECODE": "1", **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize(
    ("dotenv", "environment", "port"),
    [
        (None, {}, 8501),
        ("DEMO=0\n", {}, 8501),
        ("PORT=\n", {}, 8501),
        ("PORT=9101\n", {}, 9101),
        ("\n# PORT=1\nexport PORT = '9101'\n", {}, 9101),
        ('PORT="9101" # mine\r\n', {}, 9101),
        ("port=9101", {}, 9101),
        ("BASE=91\nPORT=${BASE}01\n", {}, 9101),
        ("PORT=9101\n", {"PORT": "9102"}, 9102),
        ("PORT=9101\n", {"PORT": ""}, 9101),
        (None, {"PORT": "9102"}, 9102),
    ],
)
def test_make_run_serves_on_the_port_that_is_set(
    tmp_path: Path, dotenv: str | None, environment: dict[str, str], port: int
) -> None:
    done = run(tmp_path, dotenv, **environment)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["-m", "streamlit", "run", "app.py", "--server.port", str(port)]


@pytest.mark.parametrize(
    ("dotenv", "sentence"),
    [
        ("PORT=http\n", "Settings: PORT: Input should be a valid integer"),
        ("PORT=0\n", "Settings: PORT: Input should be greater than or equal to 1"),
        ("PORT=70000\n", "Settings: PORT: Input should be less than or equal to 65535"),
        (
            "FRAME_ANCESTORS='https://a; script-src *'\n",
            "Settings: FRAME_ANCESTORS: 'https://a;' is not a site such as",
        ),
        ("STATEMENT_TIMEOUT_MS=2147483648\n", "Settings: STATEMENT_TIMEOUT_MS: Input should be less than or equal"),
        ("EGRESS_ALLOW=a.example,https://b.example\n", "EGRESS_ALLOW: 'https://b.example' is not host, host:port or"),
        ("EGRESS_ALLOW=a.example:65536\n", "Settings: EGRESS_ALLOW: 'a.example:65536' is not host, host:port or"),
        ("PORT=9101; echo\n", "Settings: PORT: Input should be a valid integer"),
        ("WORKER=none\nLOG_LEVEL=loud\n", "WORKER: Input should be 'in-process' or 'external'; LOG_LEVEL: Input"),
        ("PORT=9101 # é\n".encode("latin-1"), "Settings: the file .env is not text in UTF-8."),
    ],
)
def test_make_run_says_what_a_setting_should_be(tmp_path: Path, dotenv: str | bytes, sentence: str) -> None:
    done = run(tmp_path, dotenv)
    assert done.returncode != 0
    assert done.stdout == ""
    assert sentence in done.stderr and "Traceback" not in done.stderr


def test_every_command_says_what_a_setting_should_be() -> None:
    for command in ("lib.worker", "lib.demo", "lib.auth", "lib.settings"):
        arguments = ["tenant", "Acme", "boss@acme.example"] if command == "lib.auth" else []
        done = subprocess.run(
            [sys.executable, "-m", command, *arguments],
            cwd=ROOT,
            env={"PORT": "http", "PATH": ""},
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert (done.returncode, done.stdout) == (3, "")
        assert "PORT: Input should be a valid integer" in done.stderr and "Traceback" not in done.stderr
