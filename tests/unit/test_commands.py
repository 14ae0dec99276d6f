"""Every `python -m lib…` says what it does when asked, and does nothing with arguments that it does not know."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

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


def comparing(folder: Path, old: Path | None = None) -> list[str]:
    """A command that needs no database: it says that the new schema breaks readers of the old one."""
    (folder / "old.json").write_text(json.dumps({"type": "object"}))
    (folder / "new.json").write_text(json.dumps({"type": "object", "required": ["b"]}))
    return [sys.executable, "-m", "lib.catalog", "check", str(old or folder / "old.json"), str(folder / "new.json")]


def ended(program: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(program, cwd=ROOT, stderr=subprocess.PIPE, text=True, timeout=60, **options)


# `lib.settings` answers at once, to make.
@pytest.mark.parametrize("command", [one for one in COMMANDS if one != "lib.settings"])
def test_a_command_is_ready_for_ctrl_c_before_it_loads_the_rest(command: str) -> None:
    program = f"import runpy, sys; sys.argv[1:] = ['--help']; runpy.run_module({command!r}, run_name='__main__')"
    listed = f"import atexit, sys; atexit.register(lambda: print(*sys.modules, file=sys.stderr)); {program}"
    loaded = ended([sys.executable, "-c", listed], stdout=subprocess.DEVNULL).stderr.split()
    ours = [name for name in loaded if name.startswith("lib.") and not command.startswith(name)]
    assert ours[:2] == ["lib.errors", "lib.command_line"]


def test_an_output_that_nobody_reads_is_no_verdict(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = ended(comparing(tmp_path), stdout=writing)
    os.close(writing)
    assert (done.returncode, done.stderr) == (141, "")


def test_an_output_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = ended(comparing(tmp_path), stdout=full)
    assert (done.returncode, done.stderr) == (2, "The output cannot be written: No space left on device.\n")
    done = ended(["sh", "-c", 'exec "$@" >&-', "sh", *comparing(tmp_path)])
    assert (done.returncode, done.stderr) == (2, "The output cannot be written: it is closed.\n")


def test_an_output_without_the_characters_has_their_numbers(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = ended(comparing(tmp_path), stdout=subprocess.PIPE, env=environment)
    assert (done.returncode, done.stderr) == (1, "")
    assert "old.json \\u2192 " in done.stdout


def test_a_complaint_that_nobody_reads_changes_no_exit_code(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    program = comparing(tmp_path, tmp_path / "missing.json")
    done = subprocess.run(program, cwd=ROOT, stderr=writing, stdout=subprocess.PIPE, timeout=60)
    os.close(writing)
    assert (done.returncode, done.stdout) == (2, b"")


def heeding_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_a_command_that_is_stopped_says_so_in_a_sentence(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "held.json")
    program = comparing(tmp_path, tmp_path / "held.json")
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    # Where a shell runs the tests in the background, they ignore Ctrl-C, and so would the command.
    process = subprocess.Popen(program, cwd=ROOT, preexec_fn=heeding_interrupts, **pipes)
    with (tmp_path / "held.json").open("w"):  # as soon as the command reads it
        process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=60)  # a signal that came just before it read is seen once the file is closed
    assert said == ("", "Stopped before the end.\n") and process.returncode == -signal.SIGINT
