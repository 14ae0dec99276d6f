"""The official test suite of JSON Schema, as the source distribution of jsonschema carries it.

Nothing of it is part of the project. It is taken from the index of packages that pip uses, once for each machine.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import tarfile
import tempfile
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

from lib.serialization import strict_json

_NAME = "jsonschema-4.26.0"
_SHA256 = "0c26707e2efad8aa1bfc5b7ce170f3fccc2e4918ff85989ba9ffa9facb2be326"
#: The suite's folders, and the draft that each stands for.
DRAFTS = {
    "draft3": "http://json-schema.org/draft-03/schema#",
    "draft4": "http://json-schema.org/draft-04/schema#",
    "draft6": "http://json-schema.org/draft-06/schema#",
    "draft7": "http://json-schema.org/draft-07/schema#",
    "draft2019-09": "https://json-schema.org/draft/2019-09/schema",
    "draft2020-12": "https://json-schema.org/draft/2020-12/schema",
}


class NoSuite(Exception):
    """The index of packages cannot be reached."""


@dataclass(frozen=True)
class Case:
    """One value of the suite, with the schema that it is judged by."""

    file: str
    group: str
    name: str
    schema: Any
    value: Any
    valid: bool


def cases(draft: str, under: str = "") -> Iterator[Case]:
    """Yield the required cases of a draft, or those of one of its folders. Raises NoSuite."""
    with tarfile.open(_archive()) as archive:
        folder = f"{_NAME}/json/tests/{draft}/{under and f'{under}/'}"
        for member in sorted(archive.getmembers(), key=lambda one: one.name):
            file = member.name.removeprefix(folder)
            if not member.name.startswith(folder) or "/" in file or not file.endswith(".json"):
                continue
            held = archive.extractfile(member)
            assert held is not None
            for group in strict_json.loads(held.read().decode()):
                schema = group["schema"]
                if isinstance(schema, dict):
                    schema = {"$schema": DRAFTS[draft], **schema}
                for test in group["tests"]:
                    yield Case(file, group["description"], test["description"], schema, test["data"], test["valid"])


def _archive() -> Path:
    path = Path(tempfile.gettempdir()) / f"{_NAME}.{os.getuid()}.tar.gz"
    if not path.exists() or hashlib.sha256(path.read_bytes()).hexdigest() != _SHA256:
        content = _download()
        assert hashlib.sha256(content).hexdigest() == _SHA256
        part = path.with_suffix(f".{os.getpid()}")
        part.write_bytes(content)
        part.replace(path)
    return path


def _download() -> bytes:
    """Fetch the distribution as it is: pip itself would want to build it."""
    page = f"{_index().rstrip('/')}/jsonschema/"
    try:
        with urllib.request.urlopen(page, timeout=30) as response:
            listed = response.read().decode()
        found = re.search(rf'href="([^"]*{re.escape(_NAME)}\.tar\.gz[^"]*)"', listed)
        if found is None:
            raise NoSuite(f"The index of packages has no {_NAME}.tar.gz.")
        with urllib.request.urlopen(urljoin(page, found[1]), timeout=60) as response:
            content: bytes = response.read()
    except OSError as error:
        raise NoSuite(f"The index of packages cannot be reached: {error}") from None
    return content


def _index() -> str:
    """The index that pip is configured to use."""
    program = (
        "from pip._internal.commands import create_command as c;"
        "print(c('download').parser.get_default_values().index_url)"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    if found.returncode or not found.stdout.strip():
        raise NoSuite("pip does not say which index it uses.")
    return found.stdout.strip()
