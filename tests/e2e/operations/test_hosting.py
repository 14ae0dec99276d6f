"""The commands of the units and of the container, run on what the container file copies and nothing else."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import CloneFactory
from tests.e2e.conftest import ROOT, free_port
from tests.support.waiting import wait_for

HOSTING = ROOT / "docs" / "hosting"


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """A folder with what the container file copies."""
    for source, target in re.findall(r"^COPY (\S+) (\S+)$", (HOSTING / "Containerfile").read_text(), re.MULTILINE):
        if target.startswith("/"):
            continue
        kind = shutil.copytree if (ROOT / source).is_dir() else shutil.copy
        kind(ROOT / source, tmp_path / target)
    return tmp_path


def command(unit: str, port: int) -> list[str]:
    """The unit's command, with the Python of the tests and that port."""
    [written] = re.findall(r"^ExecStart=(.*)$", (HOSTING / unit).read_text(), re.MULTILINE)
    return [sys.executable, *(str(port) if part == "8501" else part for part in shlex.split(written)[1:])]


def environment(unit: str, file: Path) -> dict[str, str]:
    """What systemd would give the process: the unit's own variables and those of its file."""
    [own] = re.findall(r"^Environment=(.*)$", (HOSTING / unit).read_text(), re.MULTILINE)
    lines = [*own.split(), *file.read_text().splitlines()]
    kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    return {**kept, "HOME": "/nonexistent", **dict(line.split("=", 1) for line in lines)}


@pytest.mark.timeout(400)
def test_the_units_run_and_the_health_check_sees_it(clone: CloneFactory, image: Path) -> None:
    file = image / "environment"
    [check] = re.findall(r'^\s+CMD \["python", "-c", "(.*)"\]$', (HOSTING / "Containerfile").read_text(), re.MULTILINE)
    with clone() as db:
        url = db.owner.url.render_as_string(hide_password=False)
        file.write_text(f"DATABASE_URL={url}\nAUTH=off\nWORKER=external\n")
        port = free_port()
        running = {}
        for unit in ("event-catalog-web.service", "event-catalog-worker.service"):
            running[unit] = subprocess.Popen(
                command(unit, port),
                cwd=image,
                env=environment(unit, file),
                stdout=subprocess.DEVNULL,
                stderr=(image / f"{unit}.log").open("ab"),
            )

        def healthy() -> bool:
            asked = [sys.executable, "-c", check.replace("8501", str(port))]
            return subprocess.run(asked, capture_output=True, timeout=30).returncode == 0

        def said(unit: str) -> list[str]:
            return [json.loads(line)["message"] for line in (image / f"{unit}.log").read_text().splitlines()]

        try:
            assert not healthy()
            wait_for(healthy, 150)
            wait_for(lambda: "Worker ready." in said("event-catalog-worker.service"), 150)
        finally:
            for process in running.values():
                process.terminate()
            ended = {unit: process.wait(60) for unit, process in running.items()}
        assert ended == {"event-catalog-web.service": 0, "event-catalog-worker.service": 0}
        assert "Application shutdown complete." in said("event-catalog-web.service")
