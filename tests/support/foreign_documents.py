"""Documents that others wrote, out of their packages: fetched when a test asks for one, and not part of the project."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest


def npm(package: str, folder: Path) -> Path:
    """The unpacked files of a package of npm; skips the test where it cannot be had."""
    client = shutil.which("npm")
    if client is None:
        pytest.skip("needs npm")
    packed = subprocess.run(
        [client, "pack", "--silent", "--pack-destination", str(folder), package],
        capture_output=True,
        text=True,
        timeout=240,
    )
    if packed.returncode:
        pytest.skip(f"npm cannot pack {package}: {packed.stderr[-300:]}")
    unpacked = folder / package.replace("/", "+")
    with tarfile.open(folder / packed.stdout.split()[-1]) as archive:
        archive.extractall(unpacked, filter="data")
    return unpacked / "package"


def pypi(package: str, folder: Path) -> Path:
    """The unpacked wheel of a package of PyPI; skips the test where it cannot be had."""
    given = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    loaded = subprocess.run(
        [*given, "--only-binary=:all:", "--dest", str(folder), package], capture_output=True, text=True, timeout=240
    )
    if loaded.returncode:
        pytest.skip(f"pip cannot download {package}: {loaded.stderr[-300:]}")
    wheel = next(folder.glob("*.whl"))
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / wheel.stem)
    return folder / wheel.stem
