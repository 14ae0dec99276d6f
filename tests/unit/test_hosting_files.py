"""The container file and the units say what the application needs; tests/e2e/operations/test_hosting.py runs them."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
from prometheus_client import generate_latest

from lib import telemetry
from lib.operations import prometheus, stopping
from lib.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
HOSTING = ROOT / "docs" / "hosting"
CONTAINERFILE = (HOSTING / "Containerfile").read_text(encoding="utf-8")
UNITS = sorted(HOSTING.glob("*.service"))


def test_the_linter_finds_nothing_in_the_container_file() -> None:
    linter = Path(sysconfig.get_path("scripts")) / "hadolint"
    assert linter.exists(), "requirements-dev.txt has it"
    done = subprocess.run([linter, HOSTING / "Containerfile"], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_the_container_is_no_root_and_starts_without_a_shell() -> None:
    assert re.findall(r"^USER (.+)$", CONTAINERFILE, re.MULTILINE) == ["10001:10001"]
    for line in re.findall(r"^(?:CMD|ENTRYPOINT)\s.*$|^\s+CMD\s.*$", CONTAINERFILE, re.MULTILINE):
        assert re.match(r"\s*CMD \[", line), line
    # What is installed is pinned, and nothing is fetched once it runs.
    assert all("==" in line for line in (ROOT / "requirements.txt").read_text().splitlines() if line[:1].isalpha())


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.stem)
def test_systemd_takes_the_units(unit: Path, tmp_path: Path) -> None:
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd is not installed")
    here = tmp_path / unit.name
    text = unit.read_text(encoding="utf-8").replace("/srv/event-catalog/.venv/bin/python", sys.executable)
    here.write_text(text, encoding="utf-8")
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", here], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    safe = ["systemd-analyze", "security", "--offline=true", "--threshold=30", "--no-pager", here]
    done = subprocess.run(safe, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.stem)
def test_the_units_leave_room_for_every_setting(unit: Path) -> None:
    told = dict(re.findall(r"^(\w+)=(.*)$", unit.read_text(encoding="utf-8"), re.MULTILINE))
    [longest] = [one.le for one in Settings.model_fields["stop_grace_seconds"].metadata if hasattr(one, "le")]
    assert int(told["TimeoutStopSec"]) >= longest + stopping._LONGEST_SECONDS
    # AUDIT_CHECKPOINT_FILE needs a place, and the guide names it.
    assert told["ProtectSystem"] == "strict"
    assert f"/var/lib/{told['StateDirectory']}/" in (ROOT / "docs" / "hosting.md").read_text(encoding="utf-8")


def test_units_and_container_serve_in_the_same_way() -> None:
    assert [unit.stem for unit in UNITS] == ["event-catalog-web", "event-catalog-worker"]
    [command] = re.findall(r"^ExecStart=(.*)$", UNITS[0].read_text(encoding="utf-8"), re.MULTILINE)
    [inside] = re.findall(r"^CMD \[(.*)\]$", CONTAINERFILE, re.MULTILINE)
    served = [re.sub(r"^\S*/python$|^(127\.0\.0\.1|0\.0\.0\.0)$", "", part) for part in shlex.split(command)]
    words = [part.strip(' "') for part in inside.split(",")]
    assert [re.sub(r"^python$|^0\.0\.0\.0$", "", part) for part in words] == served


def test_the_guide_names_metrics_and_settings_that_there_are() -> None:
    guide = (ROOT / "docs" / "hosting.md").read_text(encoding="utf-8")
    alerts = guide.split("Worth an alert:")[1].split("\n## ")[0]
    named = set(re.findall(r"event_catalog_[a-z_]+", alerts))
    told = {f"event_catalog_{name}" for name in prometheus._HELP}
    told |= set(re.findall(r"^# TYPE (\w+) counter", generate_latest(telemetry.registry).decode(), re.MULTILINE))
    assert len(named) >= 5 and named <= told
    settings = set(re.findall(r"`([A-Z]+(?:_[A-Z]+)+)(?:=[^`]*)?`", guide))
    of_others = {name for name in settings if name.startswith(("OTEL_", "STREAMLIT_", "FORWARDED_"))}
    assert len(settings) > 10
    assert {name.lower() for name in settings - of_others} <= set(Settings.model_fields)


def test_what_alerts_ask_for_the_rate_of_is_there_before_it_happens() -> None:
    """A rate does not see a counter that appears as 1."""
    guide = (ROOT / "docs" / "hosting.md").read_text(encoding="utf-8")
    asked = re.findall(r"rate\((\w+)(\{[^}]*\})", guide)
    tell = (
        "from prometheus_client import generate_latest; from lib import telemetry;"
        "print(generate_latest(telemetry.registry).decode())"
    )
    told = subprocess.check_output([sys.executable, "-c", tell], cwd=ROOT, text=True, timeout=60).splitlines()
    assert len(asked) == guide.count("rate(") > 1
    assert {f"{name}{labels} 0.0" for name, labels in asked} <= set(told)
