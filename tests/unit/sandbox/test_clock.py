"""Time that a job may use is kept to, by code that hears signals and by code that does not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from lib import sandbox
from lib.errors import MappingError
from lib.mapping import expressions
from lib.sandbox.clock import OVERDUE
from tests.support.children import SLOW_EXPRESSION

ROOT = Path(__file__).parents[3]

JOB = f"""
import jlens
from lib.sandbox.clock import Clock
Clock().start(50)
jlens.Expression("{SLOW_EXPRESSION}").evaluate_json("{{}}")
"""


def test_a_process_that_does_not_hear_the_clock_is_ended() -> None:
    ended = subprocess.run([sys.executable, "-c", JOB], cwd=ROOT, timeout=120, check=False)
    assert ended.returncode == -OVERDUE


def test_the_caller_learns_that_it_took_too_long() -> None:
    sandbox.stop()
    with pytest.raises(MappingError, match="took too long and was stopped"):
        expressions.evaluate(SLOW_EXPRESSION, {}, timeout_ms=500)
    sandbox.stop()
