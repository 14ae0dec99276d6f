"""A terminal that closes ends what it started in order, and nohup keeps it running."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PROCESS = """
import signal, sys, threading
from lib.operations import stopping
signal.signal(signal.SIGHUP, getattr(signal, sys.argv[1]))
asked = threading.Event()
stopping.when_asked(asked.set)
print("there", flush=True)
sys.stdin.readline()
print("asked" if asked.is_set() else "goes on", flush=True)
stopping.leave()
"""


@pytest.mark.parametrize(("found", "says"), [("SIG_DFL", "asked"), ("SIG_IGN", "goes on")])
def test_a_terminal_that_closes_ends_it_in_order_unless_that_is_not_wanted(found: str, says: str) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", PROCESS, found], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout and process.stdout.readline() == "there\n"
    for _ in range(2):  # by its shell and by the system
        process.send_signal(signal.SIGHUP)
    assert process.communicate("\n", timeout=30)[0] == f"{says}\n"
    assert process.returncode == 0
