"""The proxies of docs/hosting from Debian's packages, in front of web processes, with a certificate of their own."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.waiting import PATIENCE, wait_for

PROGRAMS = {"haproxy": Path("/usr/sbin/haproxy"), "nginx": Path("/usr/sbin/nginx")}
DOCUMENTS = Path(__file__).resolve().parents[2] / "docs" / "hosting"


@dataclass(frozen=True)
class Proxy:
    """A proxy that listens, by TLS and without."""

    url: str
    plain_url: str
    #: Whether it asks web processes by itself if they are ready.
    checks: bool


@contextmanager
def in_front_of(name: str, web_ports: Sequence[int], ports: tuple[int, int], folder: Path) -> Iterator[Proxy]:
    """The proxy as its document configures it, but for ports and the place of the certificate."""
    folder.mkdir()
    certificate, key = _certificate(folder)
    tls, plain = ports
    process = (
        _haproxy(folder, certificate, key, web_ports, tls, plain)
        if name == "haproxy"
        else _nginx(folder, certificate, key, web_ports, tls, plain)
    )
    try:
        _wait(process, tls)
        yield Proxy(f"https://localhost:{tls}", f"http://localhost:{plain}", checks=name == "haproxy")
    finally:
        process.terminate()
        process.wait(PATIENCE)


def _replaced(name: str, replacements: dict[str, str]) -> str:
    text = (DOCUMENTS / name).read_text(encoding="utf-8")
    for said, now in replacements.items():
        assert said in text, f"{name} no longer says {said}"
        text = text.replace(said, now)
    return text


def _haproxy(
    folder: Path, certificate: Path, key: Path, web_ports: Sequence[int], tls: int, plain: int
) -> subprocess.Popen[bytes]:
    both = folder / "both.pem"
    both.write_bytes(certificate.read_bytes() + key.read_bytes())
    configuration = folder / "haproxy.cfg"
    configuration.write_text(
        _replaced(
            "haproxy.cfg",
            {
                "bind :80\n": f"bind 127.0.0.1:{plain}\n",
                "bind :443 ": f"bind 127.0.0.1:{tls} ",
                "/etc/haproxy/event-catalog.pem": str(both),
                "127.0.0.1:8501": f"127.0.0.1:{web_ports[0]}",
                "127.0.0.1:8502": f"127.0.0.1:{web_ports[1]}",
            },
        )
    )
    return _started([PROGRAMS["haproxy"], "-db", "-f", configuration], folder)


def _nginx(
    folder: Path, certificate: Path, key: Path, web_ports: Sequence[int], tls: int, plain: int
) -> subprocess.Popen[bytes]:
    servers = _replaced(
        "nginx.conf",
        {
            "listen 80;": f"listen 127.0.0.1:{plain};",
            "listen 443 ": f"listen 127.0.0.1:{tls} ",
            "/etc/nginx/event-catalog.crt": str(certificate),
            "/etc/nginx/event-catalog.key": str(key),
            "127.0.0.1:8501": f"127.0.0.1:{web_ports[0]}",
            "127.0.0.1:8502": f"127.0.0.1:{web_ports[1]}",
        },
    )
    (folder / "servers.conf").write_text(servers)
    places = "".join(
        f"{kind}_temp_path {folder / kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "nginx.conf").write_text(
        f"daemon off;\npid {folder / 'pid'};\nerror_log {folder / 'error.log'} notice;\n"
        f"{'user root;' if os.geteuid() == 0 else ''}\nworker_processes 1;\nevents {{ worker_connections 1024; }}\n"
        f"http {{\naccess_log {folder / 'access.log'};\n{places}include {folder / 'servers.conf'};\n}}\n"
    )
    return _started([PROGRAMS["nginx"], "-p", folder, "-c", folder / "nginx.conf"], folder)


def _certificate(folder: Path) -> tuple[Path, Path]:
    certificate, key = folder / "crt.pem", folder / "key.pem"
    subprocess.run(
        [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-days",
            "2",
            "-subj",
            "/CN=localhost",
            "-addext",
            "subjectAltName=DNS:localhost",
            "-keyout",
            key,
            "-out",
            certificate,
        ],
        check=True,
        stderr=subprocess.DEVNULL,
    )
    return certificate, key


def _started(command: Sequence[str | Path], folder: Path) -> subprocess.Popen[bytes]:
    with (folder / "log").open("ab") as log:
        return subprocess.Popen([str(one) for one in command], stdout=log, stderr=subprocess.STDOUT)


def _wait(process: subprocess.Popen[bytes], port: int) -> None:
    def listens() -> bool:
        assert process.poll() is None, "the proxy ended"
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    wait_for(listens)
