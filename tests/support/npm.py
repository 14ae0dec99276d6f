"""Packages of npm, for tests that let others' software talk to ours. They are installed where a test asks for them."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from lib.settings import ROOT


class NpmMissing(Exception):
    """There is no Node here, or npm cannot install the package; the text says why."""


def script(name: str, *, package: str, folder: Path) -> list[str]:
    """The command that runs a script of tests/support in this folder, beside the installed package. Raises NpmMissing.

    The package is named with its version, such as cloudevents@10.0.0.
    """
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        raise NpmMissing("needs Node and npm")
    install = [npm, "install", "--prefix", str(folder), "--no-audit", "--no-fund", package]
    installed = subprocess.run(install, capture_output=True, text=True, timeout=240)
    if installed.returncode:
        raise NpmMissing(f"npm cannot install {package}: {installed.stderr[-300:]}")
    return [node, shutil.copy(ROOT / "tests/support" / name, folder)]
