"""Every `python -m lib…` says what it does when asked, and does nothing with arguments that it does not know."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
COMMANDS = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__main__")
    for path in (ROOT / "lib").rglob("*.py")
    if 'if __name__ == "__main__":' in path.read_text(encoding="utf-8")
)


def run(command: str, argument: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """The command with that argument; if it went to work, a folder would tell."""
    environment = {**os.environ, "DATABASE_URL": "", "DATA_DIR": str(folder / "data")}
    program = [sys.executable, "-m", command, argument]
    return subprocess.run(program, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_that_is_asked_for_help_does_nothing_else(command: str, tmp_path: Path) -> None:
    done = run(command, "--help", tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"usage: python -m {command}")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("command", COMMANDS)
def test_an_argument_that_a_command_does_not_know_is_refused(command: str, tmp_path: Path) -> None:
    done = run(command, "--no-such-thing", tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"python -m {command}: error: " in done.stderr
    assert not list(tmp_path.iterdir())
